package alerts

import (
	"fmt"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// targetDown fires once per service, with the number of targets that are down. A
// target is down when no exporter has reached it for the time of the option: that is
// asked of each target and not of their number, since in a slow deploy there is
// always some target that is just starting. A target that is not known for that long
// is not down yet, and one that is discovered no more is not down any more.
func targetDown(o *Options) alert {
	up := o.series(names.TargetUp)
	return alert{
		name: TargetDown,
		expr: fmt.Sprintf("count by (%s) (%s == 0 and %s == 0 and %s == 0)", oneService,
			perTarget(up),
			perTarget(over("max_over_time", up, o.TargetDownAfter)),
			perTarget(fmt.Sprintf("last_over_time(%s[%s] offset %s)", up, span(bridged), span(o.TargetDownAfter)))),
		keep:     bridged,
		severity: warning,
		subject:  targetsDown,
		summary:  downOfAll() + " of " + inService + " {{ if eq $value 1.0 }}is{{ else }}are{{ end }} down",
		description: "No answer for " + span(o.TargetDownAfter) + " from " + downOfAll() + ", among them: " + downTargets() +
			". Exceptions there go unseen.",
	}
}

// downOfAll is the part of a template that says how many of the service's targets the
// alert counts: "2 of 3 targets".
func downOfAll() string {
	count := fmt.Sprintf("max by (%s) (%s{%s=%%q})", oneService, names.ServiceTargets, names.ServiceName)
	return "{{ $value }}{{ with printf `" + count + "` $labels." + names.ServiceName + " | query }} of {{ . | first | value }} targets" +
		"{{ else }} {{ if eq $value 1.0 }}target{{ else }}targets{{ end }}{{ end }}"
}

// downTargets is the part of a template that lists targets of the service that are
// down now.
func downTargets() string {
	up := fmt.Sprintf("%s{%s=%%q}", names.TargetUp, names.ServiceName)
	return list(listed, perTarget(up)+" == 0", names.ServiceName, targetLabel, "see the status page")
}

// serviceHasNoTargets fires when no exporter has discovered a target.
func serviceHasNoTargets(o *Options) alert {
	return alert{
		name:        ServiceHasNoTargets,
		expr:        fmt.Sprintf("max by (%s) (%s) == 0", oneService, current(o.series(names.ServiceTargets))),
		wait:        15 * time.Minute,
		severity:    warning,
		subject:     targets,
		summary:     inService + " has no targets",
		description: "Discovery finds no target of " + inService + ". If it runs, its exceptions go unseen.",
	}
}

// scrapesFailing fires per failure, on the share of scrapes that end with it.
func scrapesFailing(o *Options) alert {
	scrapes := func(matchers ...string) string {
		return over("rate", o.series(names.ScrapesTotal, matchers...), o.FailureWindow)
	}
	failure := oneService + ", " + names.Result
	return alert{
		name: ScrapesFailing,
		expr: fmt.Sprintf("max by (%s) (%s / on (%s, %s) group_left () %s) > %s", failure,
			perExporter(failure, scrapes(fmt.Sprintf("%s!=%q", names.Result, periskop.Success))),
			oneService, oneExporter, perExporter(oneService, scrapes()),
			number(o.FailureRatio)),
		wait:     10 * time.Minute,
		severity: warning,
		subject:  targetsDown,
		summary:  "Scrapes of " + inService + " fail: {{ $labels." + names.Result + " }}",
		description: "{{ $value | humanizePercentage }} of the scrapes of " + inService + " within " + span(o.FailureWindow) +
			" ended with {{ $labels." + names.Result + " }}.",
	}
}
