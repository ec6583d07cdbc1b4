//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A shop is a service with one target, two exporters that watch it, and the
// Alertmanager that both of them tell.
type shop struct {
	fleet        *fleet.Fleet
	program      *fleet.Process
	server       *fleet.Server
	exporters    []*process.Program
	alertmanager *process.Program
	webhook      *receiver
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{fleet: fleet.New(fleet.Options{Seed: 1}), webhook: newReceiver(t)}
	t.Cleanup(func() { _ = s.fleet.Close() })
	s.program = s.fleet.Start(fleet.ProcessOptions{Service: "shop", Client: fleet.Python()})
	s.raise("history")
	var err error
	if s.server, err = s.fleet.Serve(s.program); err != nil {
		t.Fatal(err)
	}
	s.alertmanager = process.Alertmanager(t, s.webhook.URL)
	for i := range 2 {
		s.exporters = append(s.exporters, process.Exporter(t, fmt.Sprintf(`
global:
  scraper: {refresh_interval: 1s}
  external_labels: {region: eu, replica: "%d"}
services:
- name: shop
  static_configs: [{targets: [%q]}]
alerting:
  alerts_per_service: 4
  resend_delay: 2s
  alert_relabel_configs: [{regex: replica, action: labeldrop}]
  alertmanagers:
  - static_configs: [{targets: [%q]}]
`, i, s.server.Address(), strings.TrimPrefix(s.alertmanager.URL, "http://"))))
	}
	for _, e := range s.exporters {
		waitForMetric(t, e, `periskop_target_up{`)
		waitForMetric(t, e, `periskop_exporter_alertmanagers 1`)
	}
	return s
}

func (s *shop) raise(key string) {
	s.program.Raise(key, periskop.Occurrence{Error: periskop.Exception{
		Class: "ValueError", Message: "about " + key + " with password=hunter2",
		Stacktrace: []string{"Traceback (most recent call last):", `  File "/srv/shop.py", line 27, in sell`, "    stock.take()", "ValueError"},
	}})
}

// waitForAlert waits for the alert, and then holds what was told in all since the start against
// what is wanted: names with keys.
func (s *shop) waitForAlert(t *testing.T, name, key string, want ...string) alert {
	t.Helper()
	var a alert
	process.Eventually(t, name+" about "+key, func() error {
		var err error
		a, err = s.webhook.firing(name, key)
		return err
	})
	if diff := cmp.Diff(s.webhook.names(), want); diff != "" {
		t.Fatalf("told of (-got +want):\n%s", diff)
	}
	return a
}

// names returns the alerts that fired, each once however often it was told.
func (r *receiver) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, a := range r.alerts {
		out = append(out, strings.TrimSpace(a.Labels["alertname"]+" "+a.Labels["aggregation_key"]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestDirectAlerts goes through what a team sees in its first days. Each silence is
// shown by the next alert being the only one that came.
func TestDirectAlerts(t *testing.T) {
	s := newShop(t)
	s.raise("history")
	s.raise("first")
	want := []string{"PeriskopNewException first"}
	testDirectAlert(t, s, s.waitForAlert(t, "PeriskopNewException", "first", want...))

	// A deploy: a new process, which raises what is known, and something new.
	s.program = s.fleet.Restart(s.program)
	s.server.SetHandler(s.program)
	s.raise("history")
	s.raise("first")
	s.raise("second")
	want = append(want, "PeriskopNewException second")
	s.waitForAlert(t, "PeriskopNewException", "second", want...)

	// The exporters are killed and come back.
	for _, e := range s.exporters {
		e.Kill(t)
		e.Start(t)
	}
	s.raise("third")
	want = append(want, "PeriskopNewException third")
	s.waitForAlert(t, "PeriskopNewException", "third", want...)

	// What was resolved comes back.
	for _, e := range s.exporters {
		resolve(t, e, "history")
	}
	s.raise("history")
	want = append([]string{"PeriskopExceptionRegressed history"}, want...)
	s.waitForAlert(t, "PeriskopExceptionRegressed", "history", want...)

	// Alertmanager is away while many keys are new, of which no more is told one by one.
	s.alertmanager.Kill(t)
	for i := range 1000 {
		s.raise(fmt.Sprint("burst ", i))
	}
	for _, e := range s.exporters {
		waitForMetric(t, e, `aggregation_key="burst 999"`)
		process.Eventually(t, "a failure", func() error { return noSuch(e, t, "periskop_exporter_alerts_failed_total 0") })
	}
	s.alertmanager.Start(t)
	want = append([]string{"PeriskopExceptionRegressed history", "PeriskopManyExceptions"}, want[1:]...)
	many := s.waitForAlert(t, "PeriskopManyExceptions", "", want...)
	if summary := many.Annotations["summary"]; summary != "1000 more new or returned exceptions in shop" {
		t.Errorf("the summary of the burst is %q", summary)
	}
}

func testDirectAlert(t *testing.T, s *shop, a alert) {
	t.Helper()
	for name, want := range map[string]string{"service_name": "shop", "region": "eu", "replica": "", "severity": "warning"} {
		if got := a.Labels[name]; got != want {
			t.Errorf("label %s is %q, want %q", name, got, want)
		}
	}
	if m := a.Annotations["message"]; !strings.HasPrefix(m, "about first") || strings.Contains(m, "hunter2") {
		t.Errorf("the message is %q", m)
	}
	if frames := a.Annotations["stacktrace"]; frames != `File "/srv/shop.py", line 27, in sell: stock.take()` {
		t.Errorf("the stack trace is %q", frames)
	}
	link := a.Annotations["exception_url"]
	if !strings.HasPrefix(link, s.exporters[0].URL) && !strings.HasPrefix(link, s.exporters[1].URL) {
		t.Fatalf("it links to %q", link)
	}
	if page, err := process.Get(t.Context(), link); err != nil || !strings.Contains(page, "ValueError") {
		t.Errorf("the page behind the link: %v\n%s", err, page)
	}
}

func resolve(t *testing.T, exporter *process.Program, key string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, exporter.URL+"/services/shop/errors/"+url.PathEscape(key)+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("resolve %s: %s", key, res.Status)
	}
}
