package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Push sends the report to a URL, as the client libraries push it to a gateway. The
// truth counts it as reported on the address that is the URL, and does so before it is
// sent: the other side may count it before it answers. A push that failed is therefore to
// be repeated.
func (p *Process) Push(ctx context.Context, url string) error {
	body, totals := p.report()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", p.options.Client.contentType)
	p.truth.addReported(url, totals)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("push to %s: %s: %s", url, res.Status, answer)
	}
	return nil
}
