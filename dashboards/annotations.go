package dashboards

import "github.com/periskop-exporter/periskop_exporter/internal/names"

// builtInAnnotation are the annotations that people write by hand.
func builtInAnnotation() annotation {
	return annotation{
		Name: "Annotations & Alerts", BuiltIn: 1, Type: "dashboard", Enable: true, Hide: true,
		DataSource: dataSource{Type: "grafana", UID: "-- Grafana --"}, IconColor: "rgba(0, 211, 255, 1)",
	}
}

// newExceptions marks when each exception was first seen: the value of the query is the
// time of the mark.
func newExceptions() annotation {
	return annotation{
		Name: "New exceptions", DataSource: prometheus, Enable: true, IconColor: "orange",
		Expr: isNew(), Step: "1m",
		TitleFormat: "New in " + legendOf(names.ServiceName), TextFormat: legendOf(names.AggregationKey),
		TagKeys: names.Class, UseValueForTime: true,
	}
}
