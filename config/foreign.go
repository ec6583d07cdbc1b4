package config

import (
	"strings"
	"unicode"
)

// foreignKeys are keys of Prometheus' scrape configurations, of the resources of its
// operator and of early Periskop servers, with what they are called here.
var foreignKeys = map[string]string{
	"scrape_configs":     "services",
	"job_name":           "name",
	"scrape_interval":    "refresh_interval",
	"interval":           "refresh_interval",
	"scrape_timeout":     "timeout",
	"metrics_path":       "endpoint",
	"path":               "endpoint",
	"relabelings":        "relabel_configs",
	"metric_relabelings": "metric_relabel_configs",
	"service_discovery":  "dns_sd_configs",
}

// Why keys have no meaning here.
const (
	notMetrics  = "targets report exceptions as JSON, and no metrics"
	notSamples  = "what targets report has no labels or timestamps of its own"
	forLimits   = "the block limits at the top level bounds what a service may have"
	forItself   = "it is for Prometheus itself"
	notResource = "the file is no resource of Kubernetes"
)

// meaningless are keys of Prometheus' configuration that nothing here stands for, and
// why.
var meaningless = map[string]string{
	"honor_labels":                       notSamples,
	"honor_timestamps":                   notSamples,
	"track_timestamps_staleness":         notSamples,
	"scrape_protocols":                   notMetrics,
	"fallback_scrape_protocol":           notMetrics,
	"scrape_native_histograms":           notMetrics,
	"scrape_classic_histograms":          notMetrics,
	"always_scrape_classic_histograms":   notMetrics,
	"convert_classic_histograms_to_nhcb": notMetrics,
	"native_histogram_bucket_limit":      notMetrics,
	"native_histogram_min_bucket_factor": notMetrics,
	"metric_name_validation_scheme":      notMetrics,
	"metric_name_escaping_scheme":        notMetrics,
	"extra_scrape_metrics":               notMetrics,
	"enable_compression":                 "targets may always compress their answers",
	"sample_limit":                       forLimits,
	"target_limit":                       forLimits,
	"label_limit":                        forLimits,
	"label_name_length_limit":            forLimits,
	"label_value_length_limit":           forLimits,
	"keep_dropped_targets":               "the page /status says what relabelling dropped",
	"scrape_failure_log_file":            "failures are in the log and on the page /status",
	"evaluation_interval":                "Prometheus evaluates the rules",
	"rule_query_offset":                  "Prometheus evaluates the rules",
	"rule_files":                         "Prometheus evaluates the rules",
	"query_log_file":                     forItself,
	"scrape_config_files":                "the configuration is one file",
	"remote_write":                       forItself,
	"remote_read":                        forItself,
	"storage":                            "the flag --storage.path says where state is kept",
	"tracing":                            forItself,
	"otlp":                               forItself,
	"runtime":                            forItself,
	"job_label":                          "the name of a service is its name here",
	"namespace_selector":                 "namespaces belong to kubernetes_sd_configs",
	"api_version":                        notResource,
	"kind":                               notResource,
	"metadata":                           notResource,
	"spec":                               notResource,
}

// snakeCase writes a key as Prometheus' files have it, where it is written as in
// resources of Kubernetes: scrapeInterval becomes scrape_interval.
func snakeCase(key string) string {
	var b strings.Builder
	for i, r := range key {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
