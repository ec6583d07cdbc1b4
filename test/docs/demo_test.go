//go:build e2e_docs

package docs_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// A demo is what periskop_exporter demo runs.
type demo struct {
	exporter, prometheus *process.Program
	alertmanager         string // URL
	// exceptionID is that of an exception of checkout, which the examples are about.
	exceptionID string
}

var addressLine = regexp.MustCompile(`(?m)^  (Prometheus|Alertmanager) +(http://\S+)/$`)

// TestBesideDemo runs what the pages tell users to type.
func TestBesideDemo(t *testing.T) {
	d := startDemo(t)
	t.Run("queries", d.testQueries)
	t.Run("commands", d.testCommands)
	t.Run("commands in the text", d.testInline)
}

// startDemo runs the demo with all that it runs beside it, and waits until Prometheus
// has scraped it.
func startDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{exporter: process.MonitoredDemo(t)}
	process.Eventually(t, "the demo tells its addresses", func() error {
		for _, m := range addressLine.FindAllStringSubmatch(d.exporter.Log(t), -1) {
			if m[1] == "Prometheus" {
				d.prometheus = &process.Program{URL: m[2]}
			} else {
				d.alertmanager = m[2]
			}
		}
		if d.prometheus == nil || d.alertmanager == "" {
			return errors.New("not yet")
		}
		return nil
	})
	process.Eventually(t, "the demo's Prometheus has scraped it", func() error {
		samples, err := process.Query(t.Context(), d.prometheus, "periskop_exceptions_total")
		if err == nil && len(samples) == 0 {
			err = errors.New("no samples yet")
		}
		return err
	})
	d.exceptionID = d.anException(t)
	return d
}

// anException returns the ID of an exception of checkout.
func (d *demo) anException(t *testing.T) string {
	t.Helper()
	body, err := process.Get(t.Context(), d.exporter.URL+"/api/v1/exceptions?service_name=checkout")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data []struct {
			ID string `json:"exception_id"`
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Data) == 0 {
		t.Fatalf("no exceptions of checkout: %v in %s", err, body)
	}
	return answer.Data[0].ID
}

// host returns the address of a URL.
func host(url string) string { return strings.TrimPrefix(url, "http://") }
