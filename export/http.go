package export

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"
)

// httpClient sends over HTTP.
type httpClient struct {
	exporter *otlploghttp.Exporter
	exchange *exchange
	client   *http.Client
	timeout  time.Duration
	records  records
}

func newHTTPClient(s *Settings, headers map[string]string) (client, error) {
	client, err := commonconfig.NewClientFromConfig(s.HTTPClient, "otlp")
	if err != nil {
		return nil, err
	}
	watched := &exchange{next: client.Transport}
	options := []otlploghttp.Option{
		otlploghttp.WithEndpointURL(s.URL.String()),
		otlploghttp.WithHTTPClient(&http.Client{Transport: watched, CheckRedirect: client.CheckRedirect}),
		otlploghttp.WithHeaders(headers),
		otlploghttp.WithRetry(otlploghttp.RetryConfig{Enabled: false}),
		otlploghttp.WithCompression(otlploghttp.NoCompression),
	}
	if s.Compress {
		options = append(options, otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	exporter, err := otlploghttp.New(context.Background(), options...)
	if err != nil {
		return nil, err
	}
	return &httpClient{exporter: exporter, exchange: watched, client: client, timeout: s.Timeout}, nil
}

func (c *httpClient) close() {
	_ = c.exporter.Shutdown(context.Background()) // which has nothing to end
	c.client.CloseIdleConnections()
}

func (c *httpClient) send(ctx context.Context, entries []entry) outcome {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	c.exchange.reset()
	err := c.exporter.Export(ctx, c.records.of(entries))
	out := c.exchange.outcome(err)
	out.late = ctx.Err() != nil
	return out
}

// An exchange is a round tripper that keeps what was answered: the exporter of the SDK tells that
// in words alone.
type exchange struct {
	next http.RoundTripper

	status   int
	text     string
	header   http.Header
	body     []byte
	answered bool
}

func (x *exchange) reset() { *x = exchange{next: x.next} }

// maxAnswer is how much of an answer is looked at.
const maxAnswer = 64 << 10

// RoundTrip implements http.RoundTripper, for one request at a time.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := x.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	_ = res.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	x.answered, x.status, x.text, x.header, x.body = true, res.StatusCode, res.Status, res.Header, body
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// outcome judges what was answered; err is that of a request which was not.
func (x *exchange) outcome(err error) outcome {
	if !x.answered {
		return outcome{kind: again, err: peeled(err)}
	}
	v := kindOfStatus(x.status)
	if v != taken {
		return outcome{kind: v, after: retryAfter(x.header.Get("Retry-After"), time.Now()), err: quoted(x.text, string(x.body))}
	}
	var answer collector.ExportLogsServiceResponse
	if x.header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(x.body, &answer) != nil {
		return outcome{} // it is a success whatever it says
	}
	return partly(answer.GetPartialSuccess())
}

// partly returns what came of a request that was taken.
func partly(p *collector.ExportLogsPartialSuccess) outcome {
	n := p.GetRejectedLogRecords()
	if n <= 0 {
		return outcome{}
	}
	return outcome{rejected: int(min(n, 1<<30)), err: quoted("some were refused", p.GetErrorMessage())}
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(time.Duration(min(seconds, 1<<30))*time.Second, 0), maxPause)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxPause)
}
