package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// The keys of Prometheus' configuration, of version 3.15, that are not keys of the same
// place here.
var (
	scrapeConfigKeys = []string{
		"job_name", "honor_labels", "honor_timestamps", "track_timestamps_staleness", "params", "scrape_interval", "scrape_timeout",
		"scrape_protocols", "fallback_scrape_protocol", "scrape_native_histograms", "always_scrape_classic_histograms",
		"convert_classic_histograms_to_nhcb", "scrape_failure_log_file", "metrics_path", "scheme", "enable_compression",
		"body_size_limit", "sample_limit", "target_limit", "label_limit", "label_name_length_limit", "label_value_length_limit",
		"native_histogram_bucket_limit", "native_histogram_min_bucket_factor", "keep_dropped_targets",
		"metric_name_validation_scheme", "metric_name_escaping_scheme", "extra_scrape_metrics",
		"basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file", "tls_config", "follow_redirects",
		"enable_http2", "http_headers", "proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header",
		"targets", "labels", "scrapeInterval", "honorLabels", "metricRelabelings", "relabelings", "tlsConfig", "interval", "path",
	}
	globalKeys = []string{
		"scrape_interval", "scrape_timeout", "scrape_protocols", "evaluation_interval", "rule_query_offset", "query_log_file",
		"scrape_failure_log_file", "body_size_limit", "sample_limit", "target_limit", "label_limit", "label_name_length_limit",
		"label_value_length_limit", "keep_dropped_targets", "metric_name_validation_scheme", "metric_name_escaping_scheme",
		"scrape_native_histograms", "convert_classic_histograms_to_nhcb", "always_scrape_classic_histograms", "extra_scrape_metrics",
	}
	topKeys = []string{
		"runtime", "rule_files", "scrape_config_files", "scrape_configs", "storage", "tracing", "remote_write", "remote_read", "otlp",
		"apiVersion", "kind", "metadata", "spec",
	}
)

// TestKeysOfPrometheus holds the message for each key that somebody may paste to one of
// three: it has no meaning here, it is called otherwise, or it belongs elsewhere.
func TestKeysOfPrometheus(t *testing.T) {
	const service = "services:\n  - name: a\n    static_configs: [{targets: ['a:80']}]\n    dns_sd_configs: [{names: [a]}]\n"
	for _, c := range []struct {
		place, text string
		keys        []string
	}{
		{"of a scrape configuration in a service", service + "    %s:\n", scrapeConfigKeys},
		{"of a scrape configuration in a scraper", service + "    scraper: {%s: }\n", scrapeConfigKeys},
		{"of global", service + "global: {%s: }\n", globalKeys},
		{"of the top level", service + "%s:\n", topKeys},
	} {
		for _, key := range c.keys {
			t.Run(key+" "+c.place, func(t *testing.T) {
				_, err := config.Parse("config.yaml", strings.NewReader(fmt.Sprintf(c.text, key)))
				var found config.Errors
				if err == nil {
					return // it is the same here
				}
				if !errors.As(err, &found) || len(found) != 1 {
					t.Fatalf("got %v, want one mistake", err)
				}
				says := found[0].Message
				switch {
				case strings.HasPrefix(says, "has no meaning here: ") && strings.HasSuffix(says, "; remove it"):
				case strings.HasPrefix(says, "unknown key; did you mean "):
				case strings.Contains(says, "belongs under ") && !strings.Contains(says, "_sd_configs"):
				default:
					t.Errorf("%q does not say where the key belongs", says)
				}
			})
		}
	}
}

// TestPastedScrapeConfigs reads what is pasted from a prometheus.yml as it stands: every
// mistake is found at once.
func TestPastedScrapeConfigs(t *testing.T) {
	const text = `global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files: [alerts.yaml]
scrape_configs:
  - job_name: node
    scrape_interval: 5s
    honor_labels: true
    scheme: https
    refresh_interval: 30s
    dns_sd_configs: [{names: [node], type: A, port: 9100}]
    relabel_configs: [{source_labels: [a], target_labels: b}]
  - job_name: few
    metrics_path: /metrics
    targets: ['localhost:9090']
`
	want := strings.Join([]string{
		"config.yaml:2: global.scrape_interval: unknown key; write refresh_interval, which belongs under global.scraper",
		"config.yaml:3: global.evaluation_interval: has no meaning here: Prometheus evaluates the rules; remove it",
		"config.yaml:4: rule_files: has no meaning here: Prometheus evaluates the rules; remove it",
		"config.yaml:5: scrape_configs: unknown key; did you mean services?",
		"config.yaml:6: scrape_configs[0].job_name: unknown key; did you mean name?",
		"config.yaml:7: scrape_configs[0].scrape_interval: unknown key; write refresh_interval, which belongs under services[].scraper",
		"config.yaml:8: scrape_configs[0].honor_labels: has no meaning here: what targets report has no labels or timestamps of its own; remove it",
		"config.yaml:9: scrape_configs[0].scheme: unknown key; it belongs under services[].scraper",
		"config.yaml:10: scrape_configs[0].refresh_interval: unknown key; it belongs under services[].dns_sd_configs[] or services[].scraper",
		"config.yaml:12: scrape_configs[0].relabel_configs[0].target_labels: unknown key; did you mean target_label?",
		"config.yaml:13: scrape_configs[1].job_name: unknown key; did you mean name?",
		"config.yaml:13: scrape_configs[1]: has no service discovery; add for example static_configs or dns_sd_configs",
		"config.yaml:14: scrape_configs[1].metrics_path: unknown key; write endpoint, which belongs under services[].scraper",
		"config.yaml:15: scrape_configs[1].targets: unknown key; it belongs under services[].static_configs[]",
	}, "\n")
	_, err := config.Parse("config.yaml", strings.NewReader(text))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	if diff := cmp.Diff(err.Error(), want); diff != "" {
		t.Errorf("mistakes (-got +want):\n%s", diff)
	}
}
