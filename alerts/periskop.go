package alerts

import (
	"fmt"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// The names that the Periskop server gives to its metrics, for rules and dashboards that have
// them.
const (
	serverOccurrences = "periskop_error_occurrences"
	serverInstances   = "periskop_instances_scrapped"
	serverErrors      = "periskop_errors_scrapped_total"
)

// serverNames records what corresponds to the metrics of the Periskop server under their
// names. Two exporters that see the same are one: the one that counted more tells.
func serverNames(o *Options) (ruleGroup, error) {
	counted := func(by ...string) string {
		labels := strings.Join(by, ", ")
		return fmt.Sprintf("max by (%s) (sum by (%s, %s) (%s))", labels, labels, oneExporter, o.series(names.ExceptionsTotal))
	}
	group := ruleGroup{Name: "periskop-server-names"}
	for _, r := range []struct{ name, expr string }{
		{serverOccurrences, counted(names.ServiceName, names.Severity, names.AggregationKey)},
		{serverInstances, fmt.Sprintf("sum by (%[1]s) (max by (%[1]s, %s) (%s))", names.ServiceName, targetLabel, o.series(names.TargetUp))},
		{serverErrors, counted(names.ServiceName)},
	} {
		expr, err := formatted(r.expr)
		if err != nil {
			return ruleGroup{}, fmt.Errorf("%s: %w", r.name, err)
		}
		group.Rules = append(group.Rules, rule{Record: r.name, Expr: expr})
	}
	return group, nil
}
