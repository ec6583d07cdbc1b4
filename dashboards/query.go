package dashboards

import (
	"fmt"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// What a query is about, as lists of labels.
var (
	oneService   = names.ServiceName
	oneException = strings.Join([]string{names.ServiceName, names.AggregationKey, names.ExceptionID, names.Class}, ", ")
	sameID       = names.ServiceName + ", " + names.ExceptionID
)

// targetLabel is the target that a series is about.
const targetLabel = names.Target

// oneExporter is what one exporter is told by: two may be scraped through one address.
const oneExporter = "job, " + names.Instance + ", " + names.Replica

// The choices of the variables, as matchers.
var (
	ofService = fmt.Sprintf(`%s=~"$service"`, names.ServiceName)
	ofKey     = ofService + fmt.Sprintf(`,%s=~"$class",%s=~"$key"`, names.Class, names.AggregationKey)
	ofAll     = ofKey + fmt.Sprintf(`,%s=~"$severity"`, names.Severity)
)

// notSuccess matches the scrapes that failed.
const notSuccess = names.Result + `!="success"`

// What Grafana fills in.
const (
	wholeRange = "$__range"
	perPoint   = "$__rate_interval"
)

// series selects a metric.
func series(metric string, matchers ...string) string {
	return metric + "{" + strings.Join(matchers, ",") + "}"
}

func over(function, selector, window string) string {
	return fmt.Sprintf("%s(%s[%s])", function, selector, window)
}

// highest adds up what each exporter says, and takes the highest of all exporters.
func highest(by, expr string) string {
	return fmt.Sprintf("max by (%s) (sum by (%s, %s) (%s))", by, by, oneExporter, expr)
}

// exceptions is the number of exceptions in the window, or their rate.
func exceptions(function, by, window string) string {
	return highest(by, over(function, series(names.ExceptionsTotal, ofAll), window))
}

// grown are the exceptions that grew most in the time shown, with by how much.
func grown(count int, window string) string {
	return fmt.Sprintf("topk(%d, %s > 0)", count, exceptions("increase", oneException, window))
}

// mostGrown selects what grew most in the time shown. The choice is made once, at the
// end, and not for each point.
func mostGrown(by string) string {
	return fmt.Sprintf("topk(%d, %s)", inGraph, highest(by, fmt.Sprintf("increase(%s[%s] @ end())", series(names.ExceptionsTotal, ofAll), wholeRange)))
}

// firstSeen is when exceptions were first seen, in milliseconds. Of several groups or
// exporters the earliest counts.
func firstSeen() string {
	return fmt.Sprintf("1000 * min by (%s) (%s)", oneException, series(names.ExceptionFirstSeen, ofKey))
}

// lastSeen is when exceptions were last seen, in milliseconds.
func lastSeen() string {
	return fmt.Sprintf("1000 * max by (%s) (%s)", oneException, series(names.ExceptionLastSeen, ofKey))
}

// isNew are the exceptions that are new in the time shown, with when they were first
// seen: as in the alert, those that were counted, and began after the watch did.
func isNew() string {
	return fmt.Sprintf("(%s > on (%s) group_left () 1000 * min by (%s) (%s)) >= ${__from} and on (%s) %s > 0",
		firstSeen(), names.ServiceName, names.ServiceName, series(names.ServiceWatchedSince, ofService),
		sameID, series(names.ExceptionsTotal, ofAll))
}

// targetsUp is 1 for each target that some exporter reaches, and 0 for the others.
func targetsUp() string { return perTarget(names.TargetUp) }

// perTarget is the highest that some exporter says of each target.
func perTarget(metric string) string {
	return fmt.Sprintf("max by (%s, %s) (%s)", names.ServiceName, targetLabel, series(metric, ofService))
}

func discovered() string {
	return fmt.Sprintf("max by (%s) (%s)", names.ServiceName, series(names.ServiceTargets, ofService))
}

// orZero stands in for sums and counts of nothing.
func orZero(expr string) string { return expr + " or vector(0)" }
