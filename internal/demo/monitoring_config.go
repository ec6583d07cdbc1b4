package demo

import (
	_ "embed"
	"fmt"
	"net/url"
)

// prometheusPageFile is where a Prometheus that was built without its pages looks for
// them, below its working directory.
const prometheusPageFile = "static/mantine-ui/index.html"

//go:embed prometheus.html
var prometheusPage []byte

// prometheusYAML is what a user would write, with shorter intervals.
func prometheusYAML(metrics *url.URL, alertmanager string) []byte {
	return fmt.Appendf(nil, `global:
  scrape_interval: %[1]s
  evaluation_interval: %[1]s
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs:
        - targets: [%[2]s]
scrape_configs:
  - job_name: periskop
    scheme: %[3]s
    metrics_path: %[4]s
    static_configs:
      - targets: [%[5]s]
`, ScrapeInterval, yamlString(alertmanager), yamlString(metrics.Scheme), yamlString(metrics.Path), yamlString(metrics.Host))
}

// alertmanagerYAML sends all alerts to the webhook, after a moment in which those that
// belong together are gathered.
func alertmanagerYAML(webhook string) []byte {
	return fmt.Appendf(nil, `route:
  receiver: terminal
  group_by: [alertname, service_name]
  group_wait: 2s
  group_interval: 10s
  repeat_interval: 12h
receivers:
  - name: terminal
    webhook_configs:
      - url: %s
        send_resolved: false
`, yamlString(webhook))
}
