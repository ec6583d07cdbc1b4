package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// ScrapeInterval is how often the exporter reads the services, and Prometheus the
// exporter: short, as somebody is watching.
const ScrapeInterval = 5 * time.Second

// endpoint is where the services are scraped.
const endpoint = "/-/exceptions"

// otlpPath is where VictoriaLogs takes OTLP.
const otlpPath = "/insert/opentelemetry/v1/logs"

// Config returns the configuration with which the exporter scrapes the services and,
// unless their addresses are empty, tells an Alertmanager of what is new and sends every
// occurrence to a VictoriaLogs.
func (d *Demo) Config(alertmanager, victoriaLogs string) []byte {
	var b bytes.Buffer
	b.WriteString("# The sample services of `periskop_exporter demo`.\noccurrence_labels: [version, language]\nservices:\n")
	for _, s := range d.services {
		fmt.Fprintf(&b, "  - name: %s\n    static_configs:\n", yamlString(s.name))
		for i, in := range s.instances {
			fmt.Fprintf(&b, "      - targets: [%s]\n", yamlString(in.server.Address()))
			fmt.Fprintf(&b, "        labels: {instance: %s, language: %s, version: %s}\n", yamlString(in.name), yamlString(s.language), versionOf(i))
		}
		fmt.Fprintf(&b, "    team: %s\n    scraper:\n      endpoint: %s\n      refresh_interval: %s\n      timeout: 3s\n", yamlString("shop"), endpoint, ScrapeInterval)
	}
	if alertmanager != "" {
		fmt.Fprintf(&b, "alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [%s]\n", yamlString(alertmanager))
	}
	if victoriaLogs != "" {
		fmt.Fprintf(&b, "export:\n  otlp:\n    logs_endpoint: %s\n", yamlString("http://"+victoriaLogs+otlpPath))
	}
	return b.Bytes()
}

// versionOf returns the version of an instance: a new one is tried on the second.
func versionOf(instance int) string {
	if instance == 1 {
		return "3.2.0"
	}
	return "3.1.4"
}

// yamlString quotes s: every JSON string is a YAML string.
func yamlString(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // strings always encode
	}
	return string(b)
}
