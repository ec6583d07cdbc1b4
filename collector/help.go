package collector

import (
	"google.golang.org/protobuf/proto"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// helpTexts say what each metric of this package is; docs/metrics.md repeats them.
var helpTexts = map[string]string{
	names.ExceptionsTotal:             "Exceptions that targets reported since the watch on their service began.",
	names.ExceptionFirstSeen:          "When the exception was first reported ever, in seconds since 1970.",
	names.ExceptionLastSeen:           "When the newest occurrence of the exception was, in seconds since 1970.",
	names.ExceptionsRegressedTotal:    "How often the exception came back after it was resolved.",
	names.ServiceWatchedSince:         "When the service was first scraped with success, in seconds since 1970.",
	names.ServiceTargets:              "Targets of the service that are discovered now.",
	names.TargetUp:                    "Whether the last scrape of the target succeeded.",
	names.TargetScrapeDuration:        "How long the last scrape of the target took.",
	names.ScrapesTotal:                "Scrapes by how they ended.",
	names.TargetInconsistenciesTotal:  "What targets reported and could not be counted, by reason.",
	names.ExporterSeries:              "Exposed series of " + names.ExceptionsTotal + ".",
	names.ExporterOverflowKeys:        "Aggregation keys of the service that are counted together, past the limit.",
	names.ExporterKeysPerServiceLimit: "Aggregation keys that a service may have series of its own for.",
	names.ExporterDiscoveryProblems:   "What discovery has to complain about now, for the service.",
}

func help(name string) *string { return proto.String(helpTexts[name]) }
