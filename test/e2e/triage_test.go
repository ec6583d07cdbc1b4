//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestTriage mutes a new exception by the API, ends the exporter with kill -9, and lets the mute end
// as it said: the alert ends, comes back with what is news, and ends when an agent resolves it.
func TestTriage(t *testing.T) {
	f := fleet.New(fleet.Options{Seed: 1})
	t.Cleanup(func() { _ = f.Close() })
	p := f.Start(fleet.ProcessOptions{Service: "shop"})
	server, err := f.Serve(p)
	if err != nil {
		t.Fatal(err)
	}
	webhook := newReceiver(t)
	alertmanager := process.Alertmanager(t, webhook.URL)
	exporter := process.Exporter(t, fmt.Sprintf(`
global: {scraper: {refresh_interval: 1s}}
occurrence_labels: [version]
services:
- name: shop
  team: payments
  static_configs: [{targets: [%q], labels: {version: 3.1.4}}]
alerting:
  resend_delay: 1s
  alertmanagers: [{static_configs: [{targets: [%q]}]}]
`, server.Address(), strings.TrimPrefix(alertmanager.URL, "http://")), "--web.enable-mcp", "--web.user-header=X-Forwarded-User")
	waitForMetric(t, exporter, `periskop_target_up{`)
	raise := func() {
		p.Raise("CartError@1", periskop.Occurrence{Error: periskop.Exception{Class: "CartError", Message: "cart expired"}})
	}
	active := func(what, name string) {
		t.Helper()
		process.Eventually(t, what, func() error {
			body, err := process.Get(t.Context(), alertmanager.URL+"/api/v2/alerts")
			if err == nil && strings.Contains(body, `"alertname":"`+name+`"`) != (name != "") || err == nil && name == "" && strings.TrimSpace(body) != "[]" {
				err = fmt.Errorf("Alertmanager has %s", body)
			}
			return err
		})
	}
	raise()
	active("the alert of a new exception", "PeriskopNewException")
	if body, _ := process.Get(t.Context(), alertmanager.URL+"/api/v2/alerts"); !strings.Contains(body, `"team":"payments"`) || !strings.Contains(body, `"version":"3.1.4"`) {
		t.Errorf("team and version are missing in %s", body)
	}
	mute := `{"kind":"muted","until_grown_by":3,"reason":"known","filter":{"service_name":"shop"}}`
	if res, err := http.Post(exporter.URL+"/api/v1/decisions", "application/json", strings.NewReader(mute)); err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("mute: %v, %v", res, err)
	}
	exporter.Kill(t) // before it has told
	exporter.Start(t)
	active("no alert while it is muted", "")
	waitForMetric(t, exporter, `periskop_exception_muted{`)
	raise()
	waitForMetric(t, exporter, `periskop_exceptions_total{`)
	active("no alert while it is muted, after a restart", "")
	raise()
	raise()
	active("the alert of what was muted", "PeriskopExceptionRegressed")
	if metrics, err := process.Get(t.Context(), exporter.URL+"/metrics"); err != nil || strings.Contains(metrics, "periskop_exception_muted{") {
		t.Errorf("it is muted still: %v", err)
	}
	resolveAsAgent(t, exporter)
	active("no alert once it is resolved", "")
	trace := waitForTrace(t, exporter, "/exceptions?state=resolved")
	page, err := process.Get(t.Context(), exporter.URL+trace)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<b>Muted until it grew by 3</b>", "<b>Came back after it was muted until it grew by 3</b>", "<b>Resolved</b>", "<span>by <bdi>robot</bdi></span>", "fixed in 3.1.5"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing on the page:\n%s", want, page)
		}
	}
}

// resolveAsAgent finds the exception as a coding agent does, reads it, and resolves it.
func resolveAsAgent(t *testing.T, exporter *process.Program) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: exporter.URL + "/mcp", HTTPClient: &http.Client{Transport: robot{transport}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	call := func(name string, arguments map[string]any) string {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
		if err != nil || result.IsError {
			t.Fatalf("%s: %v, %+v", name, err, result)
		}
		return result.Content[0].(*mcp.TextContent).Text
	}
	found := call("search_exceptions", map[string]any{"query": "cart expired version=3.1.4"})
	_, rest, ok := strings.Cut(found, `"exception_id": "`)
	if !ok {
		t.Fatalf("the search finds %s", found)
	}
	id := rest[:16]
	if text := call("get_exception", map[string]any{"exception_id": id}); !strings.Contains(text, "## `CartError` in `shop`") || !strings.Contains(text, "cart expired") {
		t.Errorf("the exception is %s", text)
	}
	call("resolve_exception", map[string]any{"exception_id": id, "reason": "fixed in 3.1.5"})
}

// robot is who a proxy says that the agent is.
type robot struct{ next http.RoundTripper }

func (r robot) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Forwarded-User", "robot")
	return r.next.RoundTrip(req)
}
