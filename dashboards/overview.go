package dashboards

import (
	"fmt"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

func overview(o Options) dashboard {
	d := newDashboard(o, Overview, "Overview", "Exceptions of all services, and whether they are seen.")
	d.Annotations = annotationSet{[]annotation{builtInAnnotation(), newExceptions()}}
	d.Templating = variableSet{variables(o)}
	d.Panels = layout(
		band{4, totals()},
		band{8, []*panel{byService(), bySeverity()}},
		band{11, []*panel{growing()}},
		band{9, []*panel{newInRange()}},
		band{11, []*panel{growingOverTime()}},
		band{1, []*panel{row("Targets")}},
		band{8, []*panel{targets(), failures()}},
	)
	return d
}

// totals are the numbers at the top.
func totals() []*panel {
	failed := highest(oneService, over("increase", series(names.ScrapesTotal, ofService, notSuccess), wholeRange))
	scrapes := highest(oneService, over("increase", series(names.ScrapesTotal, ofService), wholeRange))
	return []*panel{
		total(), newCount(), regressions(), mutedCount(),
		stat("Services with exceptions", "Services that raised any exception in the time shown.", unitCount,
			orZero("count("+exceptions("increase", oneService, wholeRange)+" > 0)"), base("text")),
		targetsUpShare(),
		stat("Failed scrapes", "The share of the scrapes in the time shown that failed.", unitShare,
			orZero("sum("+failed+") / sum("+scrapes+")"), base("green"), from(0.01, "orange"), from(0.1, "red")),
	}
}

func total() *panel {
	return stat("Exceptions", "Exceptions that were counted in the time shown.", unitCount,
		orZero("sum("+exceptions("increase", oneService, wholeRange)+")"), base("text"))
}

func newCount() *panel {
	return stat("New", "Exceptions that were seen for the first time in the time shown.", unitCount,
		orZero("count("+isNew()+")"), base("green"), from(1, "orange"))
}

func regressions() *panel {
	regressed := highest(oneException, over("increase", series(names.ExceptionsRegressedTotal, ofKey), wholeRange))
	return stat("Regressions", "How often resolved exceptions came back in the time shown.", unitCount,
		orZero("sum("+regressed+")"), base("green"), from(1, "orange"))
}

func mutedCount() *panel {
	return stat("Muted", "Exceptions that are muted now, of which no alert tells.", unitCount,
		orZero("count("+highest(names.ServiceName+", "+names.ExceptionID, series(names.ExceptionMuted, ofService))+")"), base("text"))
}

func targetsUpShare() *panel {
	return stat("Targets up", "The share of the targets discovered now whose last scrape succeeded.", unitShare,
		"sum("+targetsUp()+") / sum("+discovered()+")", base("red"), from(0.9, "orange"), from(1, "green"))
}

func byService() *panel {
	p := graph("Exceptions by service", "Exceptions per second of each service, stacked. A click on an area leads to the service.", unitRate).stacked().
		line(exceptions("rate", oneService, perPoint), legendOf(names.ServiceName))
	p.FieldConfig.Defaults.Links = []link{toService("__field.labels." + names.ServiceName)}
	return p
}

func bySeverity() *panel {
	by := oneService + ", " + names.Severity
	return graph("Exceptions by severity", "Exceptions per second of each severity, stacked.", unitRate).stacked().
		line(fmt.Sprintf("sum by (%s) (%s)", names.Severity, exceptions("rate", by, perPoint)), legendOf(names.Severity)).
		coloured([2]string{"error", "red"}, [2]string{"warning", "orange"}, [2]string{"info", "blue"})
}

// How many exceptions are shown of those that grew most.
const (
	inTable = 50
	inGraph = 10
)

// Columns of tables. Those that name the exception lead to its trace.
var (
	serviceColumn   = column{names.ServiceName, "Service", []property{{"links", []link{toService("__data.fields." + names.ServiceName)}}}}
	classColumn     = column{names.Class, "Class", toTrace("__data.fields." + names.ExceptionID)}
	keyColumn       = column{names.AggregationKey, "Aggregation key", toTrace("__data.fields." + names.ExceptionID)}
	firstSeenColumn = func(field string) column { return column{field, "First seen", unitOf(unitAgo, 175)} }
	lastSeenColumn  = func(field string) column { return column{field, "Last seen", unitOf(unitAgo, 175)} }
	countColumn     = func(field, title string) column {
		return column{field, title, append(unitOf(unitCount, 130), property{"decimals", 0})}
	}
	// That of the count leads to all that were counted, as far as a log store keeps them. With two links,
	// each cell would have a menu.
	olderColumn = func(field, title string) column {
		c := countColumn(field, title)
		c.properties = append(c.properties, property{"links", []link{older("__data.fields." + names.ExceptionID)}})
		return c
	}
	// The ID keeps its name: links refer to the field by it.
	idColumn = column{names.ExceptionID, names.ExceptionID, append(toTrace("__data.fields."+names.ExceptionID),
		property{"custom.width", 180}, property{"displayName", "ID"})}
)

func growing() *panel {
	top := grown(inTable, wholeRange)
	both := func(expr string) string { return fmt.Sprintf("%s and on (%s) %s", expr, sameID, top) }
	return table("Exceptions that grew most",
		fmt.Sprintf("The %d exceptions that occurred most in the time shown. The class, the key and the ID lead to the stack trace, the count to older ones in the log store.", inTable),
		[]column{
			serviceColumn, classColumn, keyColumn, olderColumn("Value #A", "Count"),
			firstSeenColumn("Value #B"), lastSeenColumn("Value #C"), idColumn,
		},
		"Count", top, both(firstSeen()), both(lastSeen()))
}

func newInRange() *panel {
	counted := highest(oneException, series(names.ExceptionsTotal, ofAll))
	return table("New exceptions",
		"Exceptions that were seen for the first time in the time shown; no data means that there are none. The class, the key and the ID lead to the stack trace, the count to older ones in the log store.",
		[]column{
			serviceColumn, classColumn, keyColumn, firstSeenColumn("Value #A"), olderColumn("Value #B", "Count since"), idColumn,
		},
		"First seen", isNew(), fmt.Sprintf("%s and on (%s) %s", counted, sameID, isNew()))
}

func growingOverTime() *panel {
	p := graph("Exceptions that grew most, over time",
		fmt.Sprintf("Exceptions per second of the %d that occurred most in the time shown. A click on a point leads to the stack trace, and to older ones in the log store.", inGraph), unitRate).
		line(fmt.Sprintf("%s and on (%s) %s", exceptions("rate", oneException, perPoint), sameID, mostGrown(oneException)),
			legendOf(names.ServiceName)+" "+legendOf(names.AggregationKey))
	p.FieldConfig.Defaults.Links = toOccurrences("__field.labels." + names.ExceptionID)
	return p.wideLegend()
}

func targets() *panel {
	return graph("Targets up by service", "Targets of each service whose last scrape by some exporter succeeded, and all that are discovered, dashed.", unitCount).
		line(fmt.Sprintf("sum by (%s) (%s)", names.ServiceName, targetsUp()), legendOf(names.ServiceName)).
		line(discovered(), legendOf(names.ServiceName)+", discovered").
		dashed("/, discovered$/")
}

// dashed draws the series whose names match as dashed lines without a fill.
func (p *panel) dashed(pattern string) *panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byRegexp", pattern}, []property{
		{"custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{8, 8}}},
		{"custom.fillOpacity", 0},
	}})
	return p
}

func failures() *panel {
	by := oneService + ", " + names.Result
	failed := highest(by, over("rate", series(names.ScrapesTotal, ofService, notSuccess), perPoint))
	return graph("Failed scrapes by result", "Scrapes per second that failed, by how they ended, stacked.", unitRate).stacked().
		line(fmt.Sprintf("sum by (%s) (%s)", names.Result, failed), legendOf(names.Result)).
		coloured(failureColours()...)
}

func failureColours() [][2]string {
	return [][2]string{{"connection", "red"}, {"timeout", "orange"}, {"http_status", "yellow"}, {"invalid_payload", "purple"}, {"too_large", "blue"}}
}

func legendOf(label string) string { return "{{" + label + "}}" }

func unitOf(unit string, width int) []property {
	return []property{{"unit", unit}, {"custom.width", width}}
}

// trace is the link to the trace of the exception whose ID is in the field. The ID is
// hexadecimal digits, so nothing needs encoding.
func trace(field string) link {
	return link{Title: "Stack trace", URL: "${exporter:raw}/trace/${" + field + "}", TargetBlank: true}
}

// older is the link to the occurrences of the exception that are in the log store, by way of the
// exporter, which knows where that is.
func older(field string) link {
	return link{Title: "Older occurrences", URL: "${exporter:raw}/trace/${" + field + "}/older", TargetBlank: true}
}

// toOccurrences are the links of a graph, which has a menu for them.
func toOccurrences(field string) []link { return []link{trace(field), older(field)} }

// toService is the link to the dashboard of the service whose name is in the field.
func toService(field string) link {
	return link{Title: "The service", URL: "/d/" + UID(Service) + "?var-service=${" + field + ":percentencode}&${datasource:queryparam}&${__url_time_range}"}
}

func toTrace(field string) []property { return []property{{"links", []link{trace(field)}}} }
