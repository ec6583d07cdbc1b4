package alerts

import (
	"fmt"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// Pieces of annotations. The class may be missing; the key never is.
const (
	inService = "{{ $labels." + names.ServiceName + " }}"
	theKey    = "{{ $labels." + names.AggregationKey + " }}"
	theClass  = "{{ or $labels." + names.Class + " $labels." + names.AggregationKey + " }}"
)

// oneID selects the counter of the alert's exception, in a query of a template. The ID is
// a hash of the service as well.
const oneID = names.ExceptionsTotal + "{" + names.ExceptionID + "=%q}"

// oneServicesKeys selects the counters of the alert's service, but for what is counted
// together, in a query of a template.
var oneServicesKeys = fmt.Sprintf("%s{%s=%%q,%s!=%q}", names.ExceptionsTotal, names.ServiceName, names.AggregationKey, merge.OverflowKey)

// most is how many of a service's exceptions a description names.
const most = 3

// counts is the part of a template that says how often the alert's exception occurred at
// which severity: "3 times at severity error, once at severity warning". The expression
// gives a number for each series. Where it gives none, otherwise is written.
func counts(expr, otherwise string) string {
	return fmt.Sprintf("{{ range $i, $sample := printf `round(%s) > 0` $labels.%s | query | sortByLabel %q }}"+
		"{{ if $i }}, {{ end }}%s at severity {{ $sample.Labels.%s }}{{ else }}%s{{ end }}",
		highest(names.Severity, expr), names.ExceptionID, names.Severity, times("$sample.Value"), names.Severity, otherwise)
}

// knownSince is the part of a template that says when the alert's exception was first
// seen, if that is known.
func knownSince() string {
	return fmt.Sprintf("{{ with printf `min(%s{%s=%%q})` $labels.%s | query }}. It was first seen at %s{{ end }}",
		names.ExceptionFirstSeen, names.ExceptionID, names.ExceptionID, timestamp(". | first | value"))
}

// newException fires when an exception was first seen within the window, after the
// watch on its service began, and has been counted. Each condition has its case:
//
//   - first_seen is durable, so neither a deploy nor a restart of the exporter renews it;
//   - an exception from before the watch is history, however young, and a fleet with
//     history is met in silence;
//   - history of unknown age gets the time at which it was met as first_seen, but is
//     never counted.
//
// Of several groups or exporters, the earliest first_seen and the earliest watch
// count: what one of them has known for long is not new.
func newException(o *Options) alert {
	return alert{
		name: NewException,
		expr: o.notMuted(fmt.Sprintf("(min by (%s) (%s) > on (%s) group_left () min by (%s) (%s)) > time() - %s and on (%s, %s) %s > 0",
			oneException, current(o.exceptions(names.ExceptionFirstSeen)),
			names.ServiceName, oneService, current(o.series(names.ServiceWatchedSince)),
			seconds(o.NewWindow),
			names.ServiceName, names.ExceptionID, current(o.exceptions(names.ExceptionsTotal, o.severityMatcher()...)))),
		severity:    warning,
		subject:     exception,
		summary:     "New exception in " + inService + ": " + theClass,
		description: theKey + " was first seen at " + timestamp("$value") + " and was counted " + counts(current(oneID), "since") + ".",
	}
}

// exceptionRegressed fires when the counter of regressions rose. It is exposed at 0
// from the moment the exception is resolved, so the first regression is a rise.
func exceptionRegressed(o *Options) alert {
	expr := highest(oneException, over("increase", o.exceptions(names.ExceptionsRegressedTotal), o.RegressedWindow)) + " > 0"
	if matcher := o.severityMatcher(); matcher != nil {
		expr += fmt.Sprintf(" and on (%s, %s) %s > 0", names.ServiceName, names.ExceptionID,
			over("increase", o.exceptions(names.ExceptionsTotal, matcher...), o.RegressedWindow))
	}
	return alert{
		name:     ExceptionRegressed,
		expr:     o.notMuted(expr),
		severity: warning,
		subject:  exception,
		summary:  "Resolved exception is back in " + inService + ": " + theClass,
		description: theKey + " was resolved and has occurred again within " + span(o.RegressedWindow) + ": " +
			counts(over("increase", oneID, o.RegressedWindow), "at least once") + knownSince() + ".",
	}
}

// exceptionSpike fires when an exception occurs more often than it used to. The past
// is averaged over windows that each have data, so that a gap counts neither as
// silence nor as noise. An exception that was known and had no series then did not
// occur; that is a past as well, provided that somebody watched. What happens at the
// same time every day, by a job or by the habits of users, is no spike: the same
// window of yesterday is compared too, and those on either side of it, since no job
// runs to the minute.
//
// An exception that was not known then has no past of its own: that one is new.
func exceptionSpike(o *Options) alert {
	now := highest(oneException, over("increase", o.exceptions(names.ExceptionsTotal, o.severityMatcher()...), o.SpikeWindow))
	// windows applies a function to the windows of a time that ended a while ago.
	windows := func(function, expr string, length, ago time.Duration) string {
		return fmt.Sprintf("%s((%s)[%s:%s] offset %s)", function, expr, span(length), span(o.SpikeWindow), span(ago))
	}
	average := windows("avg_over_time", now, o.SpikePast, o.SpikeWindow)
	yesterday := windows("max_over_time", now, 3*o.SpikeWindow, 24*time.Hour-o.SpikeWindow)
	known := fmt.Sprintf("min by (%s) (%s) < time() - %s",
		oneException, current(o.exceptions(names.ExceptionFirstSeen)), seconds(o.SpikePast))
	watched := windows("count_over_time",
		fmt.Sprintf("sum by (%s) (%s)", oneService, over("rate", o.series(names.ScrapesTotal), o.SpikeWindow)),
		o.SpikePast, o.SpikeWindow)
	half := o.SpikePast / o.SpikeWindow / 2
	factor := number(o.SpikeFactor)
	return alert{
		name: ExceptionSpike,
		expr: o.notMuted(fmt.Sprintf("%s >= %s unless %s <= %s * %s unless %s <= %s * %s and %s and on (%s) %s >= %d",
			now, number(o.SpikeFloor), now, factor, average, now, factor, yesterday, known, names.ServiceName, watched, half)),
		severity: warning,
		subject:  exception,
		summary:  "Exception is rising in " + inService + ": " + theClass,
		description: fmt.Sprintf("Within %s, %s occurred %s: more than %s times as often as in the %s before, and as at this time yesterday%s.",
			span(o.SpikeWindow), theKey, counts(over("increase", oneID, o.SpikeWindow), times("$value")), factor, span(o.SpikePast), knownSince()),
	}
}

// highExceptionRate fires on the sum over all exceptions, those counted together
// included, and those that are muted not.
func highExceptionRate(o *Options) alert {
	rate := over("rate", o.series(names.ExceptionsTotal, o.severityMatcher()...), o.RateWindow)
	return alert{
		name:     HighExceptionRate,
		expr:     highest(oneService, o.notMuted(rate)) + " > " + number(o.RateThreshold),
		wait:     10 * time.Minute,
		severity: warning,
		subject:  service,
		summary:  "Many exceptions in " + inService,
		description: inService + " raises {{ $value | printf \"%.3g\" }} exceptions a second, and " + number(o.RateThreshold) + " is the threshold. Most of them: " +
			list(most, highest(names.AggregationKey, fmt.Sprintf("%s unless on (%s) %s", over("rate", oneServicesKeys, o.RateWindow), names.ExceptionID, current(names.ExceptionMuted))), names.ServiceName, names.AggregationKey, "see the list") + ".",
	}
}
