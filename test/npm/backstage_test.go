//go:build e2e

package npm_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// An aggregate has what the pages of the plugin read. They break on one without an
// occurrence, and multiply its time with 1000.
type aggregate struct {
	Key        string `json:"aggregation_key"`
	TotalCount int    `json:"total_count"`
	Severity   string `json:"severity"`
	Latest     []struct {
		Timestamp int64  `json:"timestamp"`
		Severity  string `json:"severity"`
		Error     struct {
			Class      string   `json:"class"`
			Stacktrace []string `json:"stacktrace"`
		} `json:"error"`
	} `json:"latest_errors"`
}

// TestBackstage asks the exporter through the backend of Backstage's Periskop plugin.
func TestBackstage(t *testing.T) {
	f := fleet.New(fleet.Options{Seed: 1})
	t.Cleanup(func() { _ = f.Close() })
	p := f.Start(fleet.ProcessOptions{Service: "shop"})
	target, err := f.Serve(p)
	if err != nil {
		t.Fatal(err)
	}
	p.RaiseTimes("CartError@1", periskop.Occurrence{Error: periskop.Exception{Class: "CartError", Message: "cart expired"}}, 3)
	exporter := process.Exporter(t, fmt.Sprintf(
		"global: {scraper: {refresh_interval: 1s}}\nservices: [{name: shop, static_configs: [{targets: [%q]}]}]\n", target.Address()))
	backstage := process.Node(t, "testdata/backstage.js", "/api/periskop/health", exporter.URL)

	var got []aggregate
	process.Eventually(t, "the exception to be listed", func() error {
		body, err := process.Get(t.Context(), backstage.URL+"/api/periskop/exporter/shop")
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) == 0 {
			return fmt.Errorf("%s: %w", body, err)
		}
		return nil
	})
	for _, a := range got {
		if a.Key == "" || a.TotalCount == 0 || a.Severity == "" || len(a.Latest) == 0 {
			t.Errorf("an aggregate lacks something: %+v", a)
			continue
		}
		if o := a.Latest[0]; o.Timestamp < 1e9 || o.Timestamp > 1e11 || o.Error.Class == "" || o.Error.Stacktrace == nil {
			t.Errorf("an occurrence lacks something: %+v", o)
		}
	}
	testUnknown(t, backstage)
	testResolved(t, exporter, backstage, got[0].Key)
}

// testUnknown checks that the plugin shows the reason when there is no such service.
func testUnknown(t *testing.T, backstage *process.Program) {
	t.Helper()
	body, err := process.Get(t.Context(), backstage.URL+"/api/periskop/exporter/nowhere")
	if want := `{"body":"service nowhere not found\n"}`; err != nil || body != want {
		t.Errorf("unknown service: got %s, %v, want %s", body, err, want)
	}
}

// testResolved resolves as the Periskop server's own page does while it is developed, from
// another port of localhost, and as no page of another site can.
func testResolved(t *testing.T, exporter, backstage *process.Program, key string) {
	t.Helper()
	address := exporter.URL + "/services/shop/errors/" + url.PathEscape(key) + "/"
	for _, step := range []struct {
		origin string
		status int
	}{{"https://evil.example.com", http.StatusForbidden}, {"http://localhost:3000", http.StatusNoContent}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", step.origin)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != step.status {
			t.Errorf("from %s: got %s, want %d", step.origin, res.Status, step.status)
		}
	}
	body, err := process.Get(t.Context(), backstage.URL+"/api/periskop/exporter/shop")
	if err != nil || body != "[]" {
		t.Errorf("after it was resolved: got %s, %v, want an empty list", body, err)
	}
}
