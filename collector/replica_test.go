package collector_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/periskop-exporter/periskop_exporter/collector"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

type shown struct{ x merge.Exposition }

func (s *shown) Expose(merge.Scraper) (*merge.Exposition, func()) { return &s.x, func() {} }

// TestReplica has every series bear the replica, whoever tells of it and in whatever format.
func TestReplica(t *testing.T) {
	registry := prometheus.NewRegistry()
	plain := prometheus.NewGauge(prometheus.GaugeOpts{Name: "plain", Help: "For the test."})
	other := prometheus.NewGauge(prometheus.GaugeOpts{Name: "other", Help: "For the test.", ConstLabels: prometheus.Labels{"replica": "of something else"}})
	registry.MustRegister(plain, other, collectors.NewGoCollector())
	s := &shown{merge.Exposition{
		Exceptions: []*merge.Series{{Labels: periskop.NewLabels(map[string]string{"service_name": "shop", "replica": "db-1"}), Value: 3}},
		Muted:      []merge.MutedException{{Service: "shop", ID: "0123456789abcdef"}},
	}}
	name := ""
	h := collector.Handler(collector.Options{Exceptions: s, Registry: registry, Replica: func() string { return name }})
	get := func(accept string) string {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Body.String()
	}
	for _, accept := range []string{"text/plain", "application/openmetrics-text;version=1.0.0"} {
		name = ""
		before := get(accept)
		if strings.Contains(before, `replica="a"`) || !strings.Contains(before, `replica="db-1"`) {
			t.Errorf("without a replica:\n%s", before)
		}
		name = "a"
		got := get(accept)
		for line := range strings.Lines(got) {
			if !strings.HasPrefix(line, "#") && !strings.Contains(line, `replica="a"`) {
				t.Errorf("%s: no replica in %s", accept, line)
			}
		}
		for _, want := range []string{
			`plain{replica="a"} 0`, `other{exported_replica="of something else",replica="a"} 0`,
			`periskop_exceptions_total{exported_replica="db-1",replica="a",service_name="shop"} 3`,
			`periskop_exception_muted{exception_id="0123456789abcdef",replica="a",service_name="shop"} 1`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s is missing in\n%s", accept, want, got)
			}
		}
		name = ""
		if again := get(accept); strings.Contains(again, `replica="a"`) {
			t.Errorf("it has stayed:\n%s", again)
		}
	}
}
