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
			list("up{"+jobLabel+"=%q} == 0", jobLabel, names.Instance, "any exporter: it has no target in job {{ $labels."+jobLabel+" }}") + ". " +
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
		description: "{{ $value }} aggregation keys of " + inService + " are past the limit and counted together as " + merge.OverflowKey +
			": they raise no alerts of their own.",
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
		description: list(names.ExporterConfigReloadSuccess+"{"+jobLabel+"=%q} == 0", jobLabel, names.Instance, "An exporter") +
			" could not load the configuration file and runs with the one before.",
	}
}
