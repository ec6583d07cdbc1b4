package alerts

import (
	"fmt"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

// exporterDown fires when an exporter cannot be scraped, or when Prometheus knows
// none. Both give an alert with the same labels.
func exporterDown(o *Options) alert {
	up := fmt.Sprintf("up{%s=%q}", jobLabel, o.Job)
	return alert{
		name:     ExporterDown,
		expr:     fmt.Sprintf("count by (%s) (%s == 0) or absent(%s)", jobLabel, up, up),
		wait:     5 * time.Minute,
		severity: critical,
		subject:  exporter,
		summary:  "The Periskop exporter is down",
		description: "Prometheus cannot scrape " +
			list(listed, "up{"+jobLabel+"=%q} == 0", jobLabel, names.Instance, "any exporter: it has no target in job {{ $labels."+jobLabel+" }}") + ". " +
			"While none can be scraped, no exception raises an alert.",
	}
}

// seriesOverflow fires as long as keys are counted together.
func seriesOverflow(o *Options) alert {
	return alert{
		name:     SeriesOverflow,
		expr:     fmt.Sprintf("max by (%s) (%s) > 0", oneService, current(o.series(names.ExporterOverflowKeys))),
		wait:     5 * time.Minute,
		severity: warning,
		subject:  service,
		summary:  inService + " has more exceptions than are counted apart",
		description: "Aggregation keys of " + inService + " that are past the limit: {{ $value }}. They are counted together as " + merge.OverflowKey +
			" and raise no alerts of their own.",
	}
}

// servicesOverLimit fires as long as there are services that are not scraped because
// there are too many. It goes by the exporter that refuses most.
func servicesOverLimit(*Options) alert {
	return alert{
		name:     ServicesOverLimit,
		expr:     fmt.Sprintf("max by (%s) (%s) > 0", jobLabel, current(names.ExporterServicesOverLimit)),
		wait:     15 * time.Minute,
		severity: warning,
		subject:  exporter,
		summary:  "The Periskop exporter has found more services than it may",
		description: "Services past the limit (limits.services): {{ $value }}. Their targets are not scraped, and their " +
			"exceptions go unseen. The status page names some of them.",
	}
}

// configReloadFailed fires once per job, however many exporters refuse the
// configuration.
func configReloadFailed(*Options) alert {
	return alert{
		name:     ConfigReloadFailed,
		expr:     fmt.Sprintf("min by (%s) (%s) == 0", jobLabel, current(names.ExporterConfigReloadSuccess)),
		wait:     5 * time.Minute,
		severity: warning,
		subject:  exporter,
		summary:  "The Periskop exporter has refused its configuration",
		description: list(listed, names.ExporterConfigReloadSuccess+"{"+jobLabel+"=%q} == 0", jobLabel, names.Instance, "An exporter") +
			" could not load the configuration file and runs with the one before.",
	}
}

// statesMixed fires while one instance answers with one state and then with another: a
// balanced address stands in front of several exporters, and each series is a mixture of
// several counters. An exporter that is replaced changes its state once, which has left the
// window before the alert fires.
func statesMixed(*Options) alert {
	return alert{
		name: StatesMixed,
		expr: fmt.Sprintf("count by (%s) (count by (%s, uuid) (%s)) > 1",
			oneExporter, oneExporter, over("count_over_time", names.ExporterStateInfo, bridged)),
		wait:     2 * bridged,
		severity: critical,
		subject:  exporter,
		summary:  "Several Periskop exporters answer at {{ $labels." + names.Instance + " }}",
		description: "Prometheus scrapes {{ $value }} exporters as the one instance {{ $labels." + names.Instance + " }}, through an address that is " +
			"balanced between them. Their counters are mixed into one series, so that every answer of another one looks like a restart.",
	}
}

// Reasons of [StateNotWritten], as values of the label reason.
const (
	commitsFail = "commits_fail"
	fileDamaged = "file_damaged"
)

// damageTold is how long it is told that something was missing: the metric says
// so until the exporter restarts, and by then somebody on call has seen it.
const damageTold = 24 * time.Hour

// stateNotWritten fires when commits fail, or something was missing of the state. A single
// failure is told as well, and so is an exporter that fails every now and then: the
// counter rose, even if the last commit succeeded. One that fell back to memory at its
// start fails at every commit.
func stateNotWritten(*Options) alert {
	failing := fmt.Sprintf("(max by (%s) (%s) > 0 or min by (%s) (%s) == 0)",
		jobLabel, over("increase", names.ExporterStateCommitFailures, bridged),
		jobLabel, current(names.ExporterStateCommitSuccess))
	damaged := fmt.Sprintf("(max by (%s) (%s == 1 unless %s offset %s == 1))",
		jobLabel, current(names.ExporterStateDamaged), names.ExporterStateDamaged, span(damageTold))
	because := func(reason, expr string) string {
		return fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, expr, names.Reason, reason)
	}
	return alert{
		name:     StateNotWritten,
		expr:     because(commitsFail, failing) + " or " + because(fileDamaged, damaged),
		wait:     5 * time.Minute,
		severity: critical,
		subject:  exporter,
		summary:  `The Periskop exporter {{ if eq $labels.` + names.Reason + ` "` + fileDamaged + `" }}has lost its state{{ else }}cannot write its state{{ end }}`,
		description: `{{ if eq $labels.` + names.Reason + ` "` + fileDamaged + `" }}` +
			list(listed, names.ExporterStateDamaged+"{"+jobLabel+"=%q} == 1", jobLabel, names.Instance, "An exporter") +
			" found that something of its state was damaged, or that it was put back from a backup: the counters of what is concerned start at zero, and what targets tell of before is history." +
			"{{ else }}" +
			list(listed, names.ExporterStateCommitSuccess+"{"+jobLabel+"=%q} == 0", jobLabel, names.Instance, "An exporter") +
			" could not write to the state file and counts in memory: a restart now would lose what was not written.{{ end }}",
	}
}

// droppedTold is how long it is told that alerts were given up: longer than the alert
// waits before it fires.
const droppedTold = 15 * time.Minute

// alertsNotSent fires when the exporter cannot tell of exceptions by itself: it knows no
// Alertmanager, reaches none, or has given up.
func alertsNotSent(*Options) alert {
	unsent := func(matcher string) string {
		return fmt.Sprintf("(%s > 0 unless %s > 0 or %s > 0 or %s == 0)",
			over("increase", names.ExporterAlertsFailed+matcher, bridged), over("increase", names.ExporterAlertsSent+matcher, bridged),
			over("increase", names.ExporterAlertsDropped+matcher, droppedTold), current(names.ExporterAlertmanagers+matcher))
	}
	return alert{
		name:     AlertsNotSent,
		expr:     fmt.Sprintf("count by (%s) (%s)", jobLabel, unsent("")),
		wait:     5 * time.Minute,
		severity: critical,
		subject:  exporter,
		summary:  "The Periskop exporter cannot send its alerts",
		description: list(listed, unsent("{"+jobLabel+"=%[1]q}"), jobLabel, names.Instance, "An exporter") +
			" does not reach an Alertmanager, or knows none: new exceptions and regressions are not told.",
	}
}

const (
	// exportLate is how long occurrences may wait to be exported: longer than the longest pause
	// between two attempts.
	exportLate = 10 * time.Minute
	// exportLostTold is how long it is told that occurrences were lost: longer than the alert waits
	// before it fires.
	exportLostTold = 15 * time.Minute
)

// exportFailing fires when occurrences wait to be exported for long, or were lost.
func exportFailing(*Options) alert {
	late := func(matchers ...string) string {
		lost := append([]string{names.Result + `!="sent"`}, matchers...)
		return fmt.Sprintf("(%s > %d or sum by (%s) (%s) > 0)",
			current(selector(names.ExporterExportQueueAge, matchers)), int(exportLate.Seconds()),
			oneExporter, over("increase", selector(names.ExporterExportRecords, lost), exportLostTold))
	}
	return alert{
		name:     ExportFailing,
		expr:     fmt.Sprintf("count by (%s) (%s)", jobLabel, late()),
		wait:     5 * time.Minute,
		severity: warning,
		subject:  exporter,
		summary:  "The Periskop exporter cannot send occurrences to where they are kept",
		description: list(listed, late(jobLabel+"=%[1]q"), jobLabel, names.Instance, "An exporter") +
			" has had occurrences waiting for long, or has lost some: they are missing among the older ones, and in no count.",
	}
}

// peerAway is how long a peer may stay away: longer than it takes to replace one.
const peerAway = 5 * time.Minute

// peersAway fires when an exporter does not learn what is decided on another one, for whichever
// of the two is the cause. One that has never answered has the time zero.
func peersAway(*Options) alert {
	away := func(by string, matchers ...string) string {
		return fmt.Sprintf("max by (%s) (time() - %s) > %d", by, current(selector(names.ExporterPeerSuccess, matchers)), int(peerAway.Seconds()))
	}
	return alert{
		name:     PeersAway,
		expr:     fmt.Sprintf("count by (%s) (%s)", jobLabel, away(jobLabel+", "+names.Peer)),
		wait:     5 * time.Minute,
		severity: warning,
		subject:  exporter,
		summary:  "Periskop exporters do not tell each other what is decided",
		description: list(listed, away(names.Peer, jobLabel+"=%q"), jobLabel, names.Peer, "A peer") +
			" cannot be read by another exporter: what is resolved, muted, noted or pushed on one is not on all.",
	}
}
