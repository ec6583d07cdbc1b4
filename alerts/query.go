package alerts

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// What one alert is about, as lists of labels.
var (
	oneException = strings.Join([]string{names.ServiceName, names.AggregationKey, names.ExceptionID, names.Class}, ", ")
	oneService   = names.ServiceName
)

// Labels that Prometheus puts on what it scrapes.
const (
	jobLabel = "job"
)

// Labels that the exporter puts on its series.
const (
	targetLabel = names.Target
	// replicaLabel tells exporters apart that are scraped through one address.
	replicaLabel = names.Replica
)

// oneExporter is what one exporter is told by.
var oneExporter = strings.Join([]string{jobLabel, names.Instance, replicaLabel}, ", ")

// bridged is the gap that alerts on the present bridge: while the exporter restarts,
// Prometheus marks its series as gone at the first scrape that fails. It is also how
// far back Prometheus looks for a sample when no scrape failed.
const bridged = 5 * time.Minute

// series selects the metric for the services of the options. Each matcher is PromQL.
func (o *Options) series(metric string, matchers ...string) string {
	return selector(metric, append(o.serviceMatcher(), matchers...))
}

// exceptions selects a metric about exceptions, without those that are counted
// together, of which there is no trace to show.
func (o *Options) exceptions(metric string, matchers ...string) string {
	return o.series(metric, append(matchers, fmt.Sprintf("%s!=%q", names.AggregationKey, merge.OverflowKey))...)
}

func (o *Options) serviceMatcher() []string  { return oneOf(names.ServiceName, o.Services) }
func (o *Options) severityMatcher() []string { return oneOf(names.Severity, o.Severities) }

func selector(metric string, matchers []string) string {
	if len(matchers) == 0 {
		return metric
	}
	return metric + "{" + strings.Join(matchers, ",") + "}"
}

// oneOf matches a label that has one of the values; no values match all.
func oneOf(label string, values []string) []string {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return []string{label + "=" + strconv.Quote(values[0])}
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return []string{label + "=~" + strconv.Quote(strings.Join(quoted, "|"))}
}

// over applies a function to a range of a selector.
func over(function, selector string, window time.Duration) string {
	return fmt.Sprintf("%s(%s[%s])", function, selector, span(window))
}

// current is the newest sample, of a gap at most as long as is bridged.
func current(selector string) string { return over("last_over_time", selector, bridged) }

// notMuted leaves out the exceptions that somebody has muted, on any exporter.
func (o *Options) notMuted(expr string) string {
	return fmt.Sprintf("%s unless on (%s, %s) %s", expr, names.ServiceName, names.ExceptionID, current(o.series(names.ExceptionMuted)))
}

// highest adds up what each exporter says, and takes the highest of all exporters.
func highest(by, expr string) string {
	return fmt.Sprintf("max by (%s) (%s)", by, perExporter(by, expr))
}

// perExporter adds up what each exporter says.
func perExporter(by, expr string) string {
	return fmt.Sprintf("sum by (%s, %s) (%s)", by, oneExporter, expr)
}

// perTarget reduces a series about targets to one per target: the highest of what
// exporters say.
func perTarget(expr string) string {
	return fmt.Sprintf("max by (%s, %s) (%s)", names.ServiceName, targetLabel, expr)
}

// span writes a duration as PromQL does.
func span(d time.Duration) string { return model.Duration(d).String() }

// seconds writes a duration as a number of seconds.
func seconds(d time.Duration) string { return number(d.Seconds()) }

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// formatted returns the expression in Prometheus' own spelling, one condition a line,
// or an error that says where it is no expression.
func formatted(expr string) (string, error) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", expr, err)
	}
	return layout(parsed), nil
}

func layout(e parser.Expr) string {
	b, ok := e.(*parser.BinaryExpr)
	if !ok || !b.Op.IsSetOperator() {
		return e.String()
	}
	return layout(b.LHS) + "\n" + strings.TrimPrefix(b.String(), b.LHS.String()+" ")
}
