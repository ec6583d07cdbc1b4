package dashboards

import (
	"fmt"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// variables are the choices at the top of the dashboard. Those of one are narrowed
// down by the choices before it.
func variables(o Options) []variable {
	exceptions := func(matchers string) string { return series(names.ExceptionsTotal, matchers) }
	return []variable{
		dataSourceVariable(),
		// Services without exceptions have targets, and are to be found as well.
		labelVariable("service", "Service", "The service that raises the exceptions.", names.ServiceTargets, names.ServiceName),
		labelVariable("severity", "Severity", "The severity that the service gives them.", exceptions(ofService), names.Severity),
		labelVariable("class", "Class", "The class of the exception.", exceptions(ofService), names.Class),
		labelVariable("key", "Key", "The key under which the service aggregates them.",
			exceptions(fmt.Sprintf(`%s,%s=~"$class"`, ofService, names.Class)), names.AggregationKey),
		exporterVariable(o.ExternalURL),
	}
}

func dataSourceVariable() variable {
	return variable{
		Name: "datasource", Label: "Data source", Description: "The Prometheus that scrapes the exporter.",
		Type: "datasource", Query: "prometheus", Refresh: 1, Options: []choice{},
	}
}

// labelVariable offers the values of a label; any number may be chosen. All of them
// are asked for as one pattern, since a list of keys may be longer than a query may be.
func labelVariable(name, label, description, selector, of string) variable {
	query := fmt.Sprintf("label_values(%s, %s)", selector, of)
	return variable{
		Name: name, Label: label, Description: description, Type: "query",
		DataSource: &prometheus, Definition: query, Query: variableQuery{Query: query, RefID: "StandardVariableQuery"},
		// On every change of the time range, and sorted by name.
		Refresh: 2, Sort: 1,
		Multi: true, IncludeAll: true, AllValue: ".*",
		Current: &choice{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}},
		Options: []choice{},
	}
}

// exporterVariable holds the URL for the links. It is hidden when it was given.
func exporterVariable(externalURL string) variable {
	v := variable{
		Name: "exporter", Label: "Exporter URL", Description: "Where the exporter is reached, for the links to stack traces.",
		Type: "textbox", Hide: hideVariable,
	}
	if externalURL == "" {
		externalURL, v.Hide = defaultURL, hideNothing
	}
	externalURL = strings.TrimSuffix(externalURL, "/")
	v.Query = externalURL
	v.Current = &choice{Selected: true, Text: externalURL, Value: externalURL}
	v.Options = []choice{*v.Current}
	return v
}
