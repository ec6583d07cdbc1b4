//go:build e2e

package e2e_test

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// TestFaults breaks targets in every way that the fleet knows, and a discovery server
// and a file beside them. Each is told once when it begins and once when it ends, and a
// sound target goes on.
func TestFaults(t *testing.T) {
	faults := map[fleet.Fault]struct {
		result periskop.Result
		says   string // on the status page
	}{
		fleet.Down:          {periskop.Connection, "connection refused"},
		fleet.Hang:          {periskop.Timeout, ""},
		fleet.Drip:          {periskop.Timeout, ""},
		fleet.InternalError: {periskop.HTTPStatus, "500"},
		fleet.HTML:          {periskop.InvalidPayload, "HTML"},
		fleet.Garbage:       {periskop.InvalidPayload, "begins with"},
		fleet.Empty:         {periskop.InvalidPayload, "empty"},
		fleet.CutOff:        {periskop.Connection, ""},
		fleet.HalfReport:    {periskop.InvalidPayload, "not JSON"},
		fleet.RedirectLoop:  {periskop.HTTPStatus, "redirect"},
		fleet.Endless:       {periskop.TooLarge, "1048576 bytes"},
	}
	f := fleet.New(fleet.Options{Seed: 1})
	t.Cleanup(func() { _ = f.Close() })
	var config strings.Builder
	config.WriteString("global: {scraper: {refresh_interval: 1s, timeout: 500ms, body_size_limit: 1MB}}\nservices:\n")
	serve := func(service string) (*fleet.Process, *fleet.Server) {
		p := f.Start(fleet.ProcessOptions{Service: service})
		s, err := f.Serve(p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&config, "- name: %s\n  static_configs: [{targets: [%q]}]\n", service, s.Address())
		return p, s
	}
	sound, _ := serve("sound")
	servers := map[fleet.Fault]*fleet.Server{}
	for fault := range faults {
		_, servers[fault] = serve(name(fault))
	}
	config.WriteString("- name: no-file\n  file_sd_configs: [{files: [missing.json], refresh_interval: 1s}]\n")
	config.WriteString("- name: no-server\n  http_sd_configs: [{url: 'http://127.0.0.1:1/targets', refresh_interval: 1s}]\n")
	exporter := process.Exporter(t, config.String())
	for fault := range faults {
		waitForMetric(t, exporter, fmt.Sprintf(`periskop_target_up{service_name=%q,target=%q} 1`, name(fault), servers[fault].Address()))
	}

	for fault, server := range servers {
		if err := server.SetFault(fault); err != nil {
			t.Fatal(err)
		}
	}
	for fault, want := range faults {
		waitForMetric(t, exporter, fmt.Sprintf(`periskop_target_up{service_name=%q,target=%q} 0`, name(fault), servers[fault].Address()))
		process.Eventually(t, "scrapes of "+name(fault), func() error {
			return noSuch(exporter, t, fmt.Sprintf(`periskop_scrapes_total{result=%q,service_name=%q} 0`, want.result, name(fault)))
		})
	}
	status, err := process.Get(t.Context(), exporter.URL+"/status")
	if err != nil {
		t.Fatal(err)
	}
	status = html.UnescapeString(status)
	for fault, want := range faults {
		if !strings.Contains(status, want.says) || !strings.Contains(status, string(want.result)) {
			t.Errorf("%s: no %q, %q on the status page", fault, want.says, want.result)
		}
	}
	for _, want := range []string{"missing.json", "127.0.0.1:1/targets"} {
		if !strings.Contains(status, want) {
			t.Errorf("no discovery problem with %q on the status page", want)
		}
	}

	sound.Raise("still here", periskop.Occurrence{Error: periskop.Exception{Class: "E"}})
	waitForMetric(t, exporter, `service_name="sound",severity="error"} 1`)

	for _, server := range servers {
		process.Eventually(t, "the target is back", func() error { return server.SetFault(fleet.NoFault) })
	}
	for fault := range faults {
		waitForMetric(t, exporter, fmt.Sprintf(`periskop_target_up{service_name=%q,target=%q} 1`, name(fault), servers[fault].Address()))
	}
	log := exporter.Log(t)
	for fault := range faults {
		for _, message := range []string{"target is down", "target is back"} {
			if got := strings.Count(log, fmt.Sprintf("msg=%q component=scrape service=%s", message, name(fault))); got != 1 {
				t.Errorf("%s: %q is logged %d times, want once", fault, message, got)
			}
		}
	}
	for _, service := range []string{"no-file", "no-server"} {
		if got := strings.Count(log, "service="+service); got != 1 {
			t.Errorf("%s: logged %d times, want once", service, got)
		}
	}
}

// name is that of the service whose target has the fault.
func name(f fleet.Fault) string { return strings.ReplaceAll(string(f), " ", "-") }

func waitForMetric(t *testing.T, exporter *process.Program, want string) {
	t.Helper()
	process.Eventually(t, want, func() error {
		metrics, err := process.Get(t.Context(), exporter.URL+"/metrics")
		if err == nil && !strings.Contains(metrics, want) {
			err = fmt.Errorf("not among the metrics")
		}
		return err
	})
}

func noSuch(exporter *process.Program, t *testing.T, line string) error {
	metrics, err := process.Get(t.Context(), exporter.URL+"/metrics")
	if err == nil && strings.Contains(metrics, line+"\n") {
		err = fmt.Errorf("still %s", line)
	}
	return err
}
