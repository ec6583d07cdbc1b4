//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// clients are those whose captured sequences are replayed, one service each.
var clients = []string{"go", "python", "ruby", "scala"}

// TestSequences replays what the real client libraries served over restarts, and holds
// what Prometheus knows against what the programs had raised.
func TestSequences(t *testing.T) {
	f := fleet.New(fleet.Options{})
	t.Cleanup(func() { _ = f.Close() })
	replays := map[string]*fleet.Replay{}
	var config strings.Builder
	config.WriteString("global: {scraper: {refresh_interval: 1s}}\nservices:\n")
	for _, client := range clients {
		captures, err := fleet.ReadSequence(fmt.Sprintf("../../periskop/testdata/payloads/seq-%s/seq-%[1]s.json", client))
		if err != nil {
			t.Fatal(err)
		}
		replays[client] = &fleet.Replay{Captures: captures, EachScrape: true}
		server, err := f.Serve(replays[client])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&config, "- name: %s\n  static_configs: [{targets: [%q]}]\n", client, server.Address())
	}
	webhook := newReceiver(t)
	exporter := process.Exporter(t, config.String())
	alertmanager := process.Alertmanager(t, webhook.URL)
	prometheus := process.Prometheus(t, process.PrometheusOptions{
		Scrape:       []*process.Program{exporter},
		Rules:        process.Run(t, "rules", "--web.external-url="+exporter.URL),
		Alertmanager: alertmanager,
	})

	for _, client := range clients {
		captures := replays[client].Captures
		want := map[string]float64{}
		for key, n := range captures[len(captures)-1].Raised {
			want[key] = float64(n)
		}
		process.Eventually(t, "the counts of "+client, func() error {
			return equalCounts(t, prometheus, client, want)
		})
	}
	inconsistencies, err := process.Query(t.Context(), prometheus, "periskop_target_inconsistencies_total > 0")
	if err != nil || len(inconsistencies) > 0 {
		t.Errorf("inconsistencies: %v, %v", inconsistencies, err)
	}
	t.Run("alert", func(t *testing.T) { testAlert(t, exporter, webhook, replays["python"]) })
}

func equalCounts(t *testing.T, prometheus *process.Program, client string, want map[string]float64) error {
	samples, err := process.Query(t.Context(), prometheus, fmt.Sprintf(`sum by (aggregation_key) (periskop_exceptions_total{service_name=%q})`, client))
	if err != nil {
		return err
	}
	got := map[string]float64{}
	for _, s := range samples {
		got[s.Labels["aggregation_key"]] = s.Value
	}
	if diff := cmp.Diff(got, want); diff != "" {
		return fmt.Errorf("(-got +want):\n%s", diff)
	}
	return nil
}

// testAlert waits for a new exception to be told, and follows its link to the stack
// trace.
func testAlert(t *testing.T, exporter *process.Program, webhook *receiver, replay *fleet.Replay) {
	last := replay.Captures[len(replay.Captures)-1]
	report, err := periskop.Decode(last.Body)
	if err != nil {
		t.Fatal(err)
	}
	newest := report.Aggregates[len(report.Aggregates)-1]
	var alert alert
	process.Eventually(t, "the alert", func() error {
		var err error
		alert, err = webhook.firing("PeriskopNewException", newest.Key)
		return err
	})
	link := alert.Annotations["exception_url"]
	if !strings.HasPrefix(link, exporter.URL+"/trace/") {
		t.Fatalf("the alert links to %q", link)
	}
	page, err := process.Get(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	text, err := process.Get(t.Context(), link+"/text")
	if err != nil {
		t.Fatal(err)
	}
	occurrences := newest.Latest.Decode(nil)
	for _, line := range occurrences[len(occurrences)-1].Error.Stacktrace {
		if !strings.Contains(text, line) {
			t.Errorf("no stack frame %q in\n%s", line, text)
		}
	}
	if !strings.Contains(page, occurrences[0].Error.Class) {
		t.Errorf("no class %q on the page", occurrences[0].Error.Class)
	}
}

type alert struct {
	Status      string
	Labels      map[string]string
	Annotations map[string]string
}

// A receiver takes what Alertmanager sends.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	alerts []alert // guarded by mu
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	var message struct{ Alerts []alert }
	body, err := io.ReadAll(req.Body)
	if err != nil || json.Unmarshal(body, &message) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alerts = append(r.alerts, message.Alerts...)
}

// firing returns the alert of that name about that key.
func (r *receiver) firing(name, key string) (alert, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.alerts {
		if a.Status == "firing" && a.Labels["alertname"] == name && a.Labels["aggregation_key"] == key {
			return a, nil
		}
	}
	return alert{}, fmt.Errorf("%s about %q is not among %d alerts", name, key, len(r.alerts))
}
