package view

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// seriesQuery returns PromQL that asks for the series with these labels, for as long
// as Prometheus may have kept them.
func seriesQuery(labels url.Values) string {
	var matchers []string
	for _, name := range []string{names.ServiceName, names.AggregationKey, names.ExceptionID} {
		if value := labels.Get(name); value != "" {
			matchers = append(matchers, fmt.Sprintf("%s=%q", name, value))
		}
	}
	return fmt.Sprintf("last_over_time(%s{%s}[30d])", names.ExceptionsTotal, strings.Join(matchers, ", "))
}

// growthQuery asks how often an exception happened.
func growthQuery(id string) string {
	return highest(names.Severity, fmt.Sprintf("increase(%s{%s=%q}[5m])", names.ExceptionsTotal, names.ExceptionID, id))
}

// trendQuery asks how often what has the label of that value happened per step of a trend.
// Of several exporters that count the same, the highest counts.
func trendQuery(label, value string) string {
	return fmt.Sprintf("max(sum by (job, instance, replica) (increase(%s{%s=%q}[%dh])))", names.ExceptionsTotal, label, value, int(trendStep/time.Hour))
}

// serviceGrowthQuery asks how often each exception of a service happened.
func serviceGrowthQuery(service string) string {
	return highest(names.AggregationKey+", "+names.ExceptionID, fmt.Sprintf("increase(%s{%s=%q}[5m])", names.ExceptionsTotal, names.ServiceName, service))
}

// highest adds up what each exporter says, and takes the highest of all that count the same.
func highest(by, expr string) string {
	return fmt.Sprintf("max by (%s) (sum by (%s, job, instance, replica) (%s))", by, by, expr)
}
