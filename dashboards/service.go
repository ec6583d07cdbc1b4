package dashboards

import (
	"fmt"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

func service(o Options) dashboard {
	d := newDashboard(o, Service, "Service", "The exceptions of one service: which, how often, since when, and the targets that report them.")
	d.Annotations = annotationSet{[]annotation{builtInAnnotation(), newExceptions()}}
	d.Templating = variableSet{variables(o)}
	// One service to begin with: the first there is, or that of the link.
	v := &d.Templating.List[1]
	v.IncludeAll, v.AllValue, v.Current = false, "", nil
	d.Panels = layout(
		band{4, serviceTotals()},
		band{11, []*panel{byKey()}},
		band{9, []*panel{exceptionsOf()}},
		band{8, []*panel{byClass(), bySeverity()}},
		band{1, []*panel{row("Targets")}},
		band{8, []*panel{targets(), failures(), slowTargets()}},
	)
	return d
}

func serviceTotals() []*panel {
	return []*panel{
		total(), newCount(), regressions(),
		stat("Kinds of exceptions", "Aggregation keys that occurred in the time shown.", unitCount,
			orZero("count("+exceptions("increase", oneException, wholeRange)+" > 0)"), base("text")),
		stat("Last exception", "How long ago an exception occurred last.", unitSeconds,
			fmt.Sprintf("time() - max(%s)", series(names.ExceptionLastSeen, ofKey)), base("text")),
		targetsUpShare(),
	}
}

// byKey asks for exemplars as well: the dots of the newest occurrences.
func byKey() *panel {
	p := graph("Exceptions by key",
		fmt.Sprintf("Exceptions per second of the %d keys that occurred most in the time shown. A click on a line leads to the stack trace, and to older ones in the log store, a dot to that of the occurrence.", inGraph), unitRate).
		line(fmt.Sprintf("%s and on (%s) %s", exceptions("rate", oneException, perPoint), sameID, mostGrown(oneException)), legendOf(names.AggregationKey))
	p.Targets[0].Exemplar = true
	p.FieldConfig.Defaults.Links = toOccurrences("__field.labels." + names.ExceptionID)
	return p.wideLegend()
}

func byClass() *panel {
	by := oneService + ", " + names.Class
	return graph("Exceptions by class", fmt.Sprintf("Exceptions per second of the %d classes that occurred most in the time shown, stacked.", inGraph), unitRate).stacked().
		line(fmt.Sprintf("%s and on (%s) %s", exceptions("rate", by, perPoint), by, mostGrown(by)), legendOf(names.Class))
}

func exceptionsOf() *panel {
	top := grown(inTable, wholeRange)
	both := func(expr string) string { return fmt.Sprintf("%s and on (%s) %s", expr, sameID, top) }
	back := highest(oneException, series(names.ExceptionsRegressedTotal, ofKey))
	return table("Exceptions that grew most",
		fmt.Sprintf("The %d exceptions that occurred most in the time shown. The class, the key and the ID lead to the stack trace, the count to older ones in the log store.", inTable),
		[]column{
			hidden(names.ServiceName), classColumn, keyColumn, olderColumn("Value #A", "Count"),
			firstSeenColumn("Value #B"), lastSeenColumn("Value #C"), countColumn("Value #D", "Came back"), idColumn,
		},
		"Count", top, both(firstSeen()), both(lastSeen()), both(back))
}

func slowTargets() *panel {
	return graph("Slowest targets", fmt.Sprintf("How long scrapes of the %d slowest targets take.", inGraph), unitSeconds).
		line(fmt.Sprintf("topk(%d, %s)", inGraph, perTarget(names.TargetScrapeDuration)), legendOf(targetLabel))
}
