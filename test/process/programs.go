package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Exporter runs the exporter with that configuration.
func Exporter(t testing.TB, config string, args ...string) *Program {
	t.Helper()
	return start(t, exporter(t, binary(t, "EXPORTER", "slim/periskop_exporter"), config, args))
}

func exporter(t testing.TB, path, config string, args []string) *Program {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	write(t, file, config)
	address := FreeAddress(t)
	data := filepath.Join(dir, "data")
	return &Program{
		name: "periskop_exporter", path: path,
		URL: "http://" + address, Config: file, Data: data, ready: "/-/ready",
		args: append([]string{
			"--config.file=" + file, "--web.listen-address=" + address,
			"--web.external-url=http://" + address, "--storage.path=" + data,
		}, args...),
	}
}

// Node runs a script with Node.js. It is given the address to listen on and args, and
// is up once it answers at the path ready.
func Node(t testing.TB, script, ready string, args ...string) *Program {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("%v; make e2e installs it", err)
	}
	address := FreeAddress(t)
	return start(t, &Program{
		name: "node", path: path, URL: "http://" + address, ready: ready,
		args: append([]string{script, address}, args...),
	})
}

// MonitoredDemo is Demo with a Prometheus, an Alertmanager and a VictoriaLogs. Their addresses
// are in its log.
func MonitoredDemo(t testing.TB) *Program {
	t.Helper()
	return demo(t, "--prometheus="+binary(t, "PROMETHEUS", "prometheus"), "--alertmanager="+binary(t, "ALERTMANAGER", "alertmanager"),
		"--victorialogs="+binary(t, "VICTORIA_LOGS", "victoria-logs"))
}

// Demo runs the exporter on its sample services.
func Demo(t testing.TB) *Program {
	t.Helper()
	return demo(t)
}

func demo(t testing.TB, args ...string) *Program {
	t.Helper()
	address := FreeAddress(t)
	return start(t, &Program{
		name: "demo", path: binary(t, "EXPORTER", "slim/periskop_exporter"),
		URL: "http://" + address, ready: "/-/ready",
		args: append([]string{"demo", "--port=" + address[strings.LastIndexByte(address, ':')+1:]}, args...),
	})
}

// Run runs the exporter's program with a subcommand that ends by itself, and returns
// what it prints.
func Run(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t, "EXPORTER", "slim/periskop_exporter"), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &stderr)
	}
	return string(out)
}

// PrometheusOptions are what a Prometheus does.
type PrometheusOptions struct {
	// Scrape are the programs that it scrapes, as job periskop.
	Scrape []*Program
	// Interval is how often it does. Defaults to every second.
	Interval time.Duration
	// Services are those whose metrics it scrapes; nil for all.
	Services []string
	// Federate is a Prometheus from which it federates all that it has scraped from the
	// program Federated, every FederateInterval.
	Federate, Federated *Program
	FederateInterval    time.Duration
	// Rules is a rule file.
	Rules string
	// Alertmanager is told what fires, if it is not nil.
	Alertmanager *Program
	// Args are further flags.
	Args []string
}

// Prometheus runs a real Prometheus.
func Prometheus(t testing.TB, o PrometheusOptions) *Program {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	fmt.Fprintf(&b, "global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: 1s}\n", o.Interval)
	b.WriteString("scrape_configs:\n- job_name: periskop\n")
	if o.Services != nil {
		fmt.Fprintf(&b, "  params: {service_name: [%s]}\n", strings.Join(o.Services, ", "))
	}
	b.WriteString("  static_configs:\n")
	for _, p := range o.Scrape {
		fmt.Fprintf(&b, "  - targets: [%q]\n", strings.TrimPrefix(p.URL, "http://"))
	}
	if o.Federate != nil {
		fmt.Fprintf(&b, "- job_name: federate\n  scrape_interval: %s\n  honor_labels: true\n  metrics_path: /federate\n"+
			"  params: {'match[]': ['{instance=%q}']}\n  static_configs: [{targets: [%q]}]\n",
			o.FederateInterval, strings.TrimPrefix(o.Federated.URL, "http://"), strings.TrimPrefix(o.Federate.URL, "http://"))
	}
	if o.Rules != "" {
		write(t, filepath.Join(dir, "rules.yaml"), o.Rules)
		b.WriteString("rule_files: [rules.yaml]\n")
	}
	if o.Alertmanager != nil {
		fmt.Fprintf(&b, "alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}\n", strings.TrimPrefix(o.Alertmanager.URL, "http://"))
	}
	file := filepath.Join(dir, "prometheus.yaml")
	write(t, file, b.String())
	address := FreeAddress(t)
	return start(t, &Program{
		name: "prometheus", path: binary(t, "PROMETHEUS", "prometheus"),
		URL: "http://" + address, ready: "/-/ready",
		args: append([]string{
			"--config.file=" + file, "--web.listen-address=" + address,
			"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		}, o.Args...),
	})
}

// Alertmanager runs a real Alertmanager that sends everything to the webhook at once.
func Alertmanager(t testing.TB, webhook string) *Program {
	t.Helper()
	return AlertmanagerWith(t, fmt.Sprintf(`
route: {receiver: test, group_by: [alertname, service_name], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: test, webhook_configs: [{url: %q, send_resolved: true}]}]
`, webhook), nil)
}

// A Sample is one element of the result of a query.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Query returns the result of an instant query to a Prometheus.
func Query(ctx context.Context, prometheus *Program, expr string) ([]Sample, error) {
	body, err := Get(ctx, prometheus.URL+"/api/v1/query?query="+url.QueryEscape(expr))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, err
	}
	samples := make([]Sample, len(answer.Data.Result))
	for i, r := range answer.Data.Result {
		text, ok := r.Value[1].(string)
		if !ok {
			return nil, fmt.Errorf("%s: a sample without a value: %v", expr, r)
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		samples[i] = Sample{Labels: r.Metric, Value: value}
	}
	return samples, nil
}

// Command runs another program, which listens at an address and is up once it answers at the
// path ready.
func Command(t testing.TB, path, address, ready string, args ...string) *Program {
	t.Helper()
	return start(t, &Program{name: filepath.Base(path), path: path, URL: "http://" + address, ready: ready, args: args})
}
