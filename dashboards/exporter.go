package dashboards

import (
	"fmt"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// The choices of the variables of this dashboard, as a matcher.
const (
	ofJob      = `job=~"$job"`
	ofExporter = ofJob + `,instance=~"$instance"`
)

func exporter(o Options) dashboard {
	d := newDashboard(o, Exporter, "Exporter", "The health of the exporter itself: whether it scrapes, keeps its state, and what it costs.")
	d.Templating = variableSet{[]variable{
		dataSourceVariable(),
		labelVariable("job", "Job", "The job under which Prometheus scrapes the exporter.", names.ExporterBuildInfo, "job"),
		labelVariable("instance", "Instance", "The exporter, if there are several.", series(names.ExporterBuildInfo, ofJob), names.Instance),
		exporterVariable(o.ExternalURL),
	}}
	d.Panels = layout(
		band{4, health()},
		band{8, []*panel{scrapes(), scrapeDurations()}},
		band{8, []*panel{refused(), exposedSeries()}},
		band{1, []*panel{row("Durable state")}},
		band{8, []*panel{commits(), commitDurations(), stateSize()}},
		band{1, []*panel{row("Direct alerts")}},
		band{8, []*panel{directAlerts(), activeAlerts()}},
		band{1, []*panel{row("Export of occurrences")}},
		band{8, []*panel{exported(), exportQueue()}},
		band{1, []*panel{row("Process")}},
		band{8, []*panel{processorTime(), memory(), exposition()}},
		band{6, []*panel{builds()}},
	)
	return d
}

// health are the questions that are asked first.
func health() []*panel {
	return []*panel{
		stat("Exporters up", "The share of the exporters that Prometheus can scrape.", unitShare,
			fmt.Sprintf("avg(%s)", series("up", ofExporter)), base("red"), from(1, "green")),
		answer("State", "Whether the last commit to the state file succeeded, on every exporter. No data: no state is kept.",
			fmt.Sprintf("min(%s)", series(names.ExporterStateCommitSuccess, ofExporter)), "not written", "written"),
		answer("Configuration", "Whether the last attempt to load the configuration file succeeded, on every exporter.",
			fmt.Sprintf("min(%s)", series(names.ExporterConfigReloadSuccess, ofExporter)), "refused", "loaded"),
		stat("Discovery problems", "What discovery has to complain about now; the exporter's status page has it in words.", unitCount,
			fmt.Sprintf("sum(max by (%s) (%s))", names.ServiceName, series(names.ExporterDiscoveryProblems, ofExporter)), base("green"), from(1, "orange")),
		stat("Keys in overflow", "Aggregation keys that are counted together, past the limit of their service.", unitCount,
			fmt.Sprintf("sum(max by (%s) (%s))", names.ServiceName, series(names.ExporterOverflowKeys, ofExporter)), base("green"), from(1, "orange")),
		stat("Failed scrapes", "The share of the scrapes of targets in the time shown that failed.", unitShare,
			orZero(fmt.Sprintf("sum(%s) / sum(%s)",
				over("increase", series(names.ScrapesTotal, ofExporter, notSuccess), wholeRange),
				over("increase", series(names.ScrapesTotal, ofExporter), wholeRange))),
			base("green"), from(0.01, "orange"), from(0.1, "red")),
	}
}

// byInstance has one line for each exporter.
func byInstance(title, description, unit, expr string) *panel {
	return graph(title, description, unit).line(fmt.Sprintf("sum by (%s) (%s)", oneInstance, expr), legendOfInstance)
}

// oneInstance is one exporter of a job, and legendOfInstance what it is called: a replica is told as well,
// where there are several at one address.
const oneInstance = names.Instance + ", " + names.Replica

var legendOfInstance = legendOf(names.Instance) + " " + legendOf(names.Replica)

func scrapes() *panel {
	return graph("Scrapes of targets by result", "Scrapes per second, by how they ended, of all exporters together, stacked.", unitRate).stacked().
		line(fmt.Sprintf("sum by (%s) (%s)", names.Result, over("rate", series(names.ScrapesTotal, ofExporter), perPoint)), legendOf(names.Result)).
		coloured(append(failureColours(), [2]string{"success", "green"})...)
}

func scrapeDurations() *panel {
	return graph("Scrape duration by service", "How long the slowest target of each service took to scrape.", unitSeconds).
		line(fmt.Sprintf("max by (%s) (%s)", names.ServiceName, series(names.TargetScrapeDuration, ofJob)), legendOf(names.ServiceName))
}

func refused() *panel {
	return graph("Refused reports by reason", "What targets reported per second and could not be counted, by reason; the metrics' page says what they mean.", unitRate).
		line(fmt.Sprintf("sum by (%s) (%s)", names.Reason, over("rate", series(names.TargetInconsistenciesTotal, ofExporter), perPoint)), legendOf(names.Reason))
}

func exposedSeries() *panel {
	return byInstance("Series", "Exposed series of "+names.ExceptionsTotal+".", unitCount, series(names.ExporterSeries, ofExporter))
}

func commits() *panel {
	return graph("Commits", "Commits of counts to the state file per second, and those that failed.", unitRate).
		line(fmt.Sprintf("sum by (%s) (%s)", oneInstance, over("rate", series(names.ExporterStateCommits, ofExporter), perPoint)), legendOfInstance).
		line(fmt.Sprintf("sum by (%s) (%s)", oneInstance, over("rate", series(names.ExporterStateCommitFailures, ofExporter), perPoint)), legendOfInstance+", failed").
		dashed("/, failed$/")
}

func commitDurations() *panel {
	return byInstance("Commit duration", "How long the last successful commit to the state file took.", unitSeconds, series(names.ExporterStateCommitDuration, ofExporter))
}

func stateSize() *panel {
	return byInstance("State file", "Size of the state file.", unitBytes, series(names.ExporterStateSize, ofExporter))
}

func directAlerts() *panel {
	rate := func(metric string) string {
		return fmt.Sprintf("sum(%s)", over("rate", series(metric, ofExporter), perPoint))
	}
	return graph("Direct alerts sent", "Alerts per second that exporters sent to Alertmanagers by themselves, that could not be sent and are tried again, and that were given up.", unitRate).
		line(rate(names.ExporterAlertsSent), "sent").
		line(rate(names.ExporterAlertsFailed), "failed").
		line(rate(names.ExporterAlertsDropped), "dropped").
		coloured([2]string{"sent", "green"}, [2]string{"failed", "orange"}, [2]string{"dropped", "red"})
}

func activeAlerts() *panel {
	return graph("Direct alerts and Alertmanagers", "Direct alerts that there are now, and the Alertmanagers that are told of them.", unitCount).
		line(fmt.Sprintf("max(%s)", series(names.ExporterAlertsActive, ofExporter)), "alerts").
		line(fmt.Sprintf("max(%s)", series(names.ExporterAlertmanagers, ofExporter)), "Alertmanagers")
}

func exported() *panel {
	return graph("Exported occurrences", "Occurrences per second that were sent to where they are kept, that were refused there, and that were given up.", unitRate).
		line(fmt.Sprintf("sum by (%s) (%s)", names.Result, over("rate", series(names.ExporterExportRecords, ofExporter), perPoint)), legendOf(names.Result)).
		coloured([2]string{"sent", "green"}, [2]string{"failed", "orange"}, [2]string{"dropped", "red"})
}

func exportQueue() *panel {
	return byInstance("Export lag", "How long the oldest occurrence has waited to be exported.", unitSeconds, series(names.ExporterExportQueueAge, ofExporter))
}

func processorTime() *panel {
	return byInstance("CPU", "Processor time of the exporter, in seconds per second.", unitShare, over("rate", series("process_cpu_seconds_total", ofExporter), perPoint))
}

func memory() *panel {
	return byInstance("Memory", "Resident memory of the exporter.", unitBytes, series("process_resident_memory_bytes", ofExporter))
}

func exposition() *panel {
	return byInstance("Scrape of the exporter", "How long Prometheus takes to scrape the exporter.", unitSeconds, series("scrape_duration_seconds", ofExporter))
}

func builds() *panel {
	return table("Builds", "What runs, and since when.", []column{
		{names.Instance, "Instance", nil},
		{"version", "Version", nil},
		{"revision", "Revision", nil},
		{"goversion", "Go", nil},
		{"Value #A", "Running", unitOf(unitAgo, 140)},
	}, "Instance", fmt.Sprintf("1000 * max by (%[1]s, version, revision, goversion) (%[2]s * on (job, %[1]s) group_left () %[3]s)",
		oneInstance, series(names.ExporterBuildInfo, ofExporter), series("process_start_time_seconds", ofExporter)))
}
