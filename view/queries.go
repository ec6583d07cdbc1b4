package view

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// A query is a link to a question that another program answers.
type query struct {
	Name string
	URL  string
}

// queries returns links to Prometheus and Grafana that ask for the expression, as far
// as it is known where they are.
func (v *view) queries(expr string) []query {
	var list []query
	if v.PrometheusURL != nil {
		q := url.Values{"g0.expr": {expr}, "g0.tab": {"0"}, "g0.range_input": {"1d"}}
		list = append(list, query{"Prometheus", below(v.PrometheusURL, "graph", q)})
	}
	if v.GrafanaURL != nil {
		list = append(list, query{"Grafana", below(v.GrafanaURL, "explore", exploreQuery(expr))})
	}
	return list
}

// exploreQuery is the state of Grafana's Explore in an address
// (https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/). It names
// no data source, so that Grafana takes its default.
func exploreQuery(expr string) url.Values {
	type pane struct {
		Queries []map[string]string `json:"queries"`
		Range   map[string]string   `json:"range"`
	}
	panes, err := json.Marshal(map[string]pane{"periskop": {
		Queries: []map[string]string{{"refId": "A", "expr": expr}},
		Range:   map[string]string{"from": "now-24h", "to": "now"},
	}})
	if err != nil {
		panic(fmt.Sprintf("view: strings do not encode: %v", err))
	}
	return url.Values{"schemaVersion": {"1"}, "panes": {string(panes)}}
}

// below returns the address of a page below a base.
func below(base *url.URL, page string, q url.Values) string {
	u := *base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + page
	u.RawPath = ""
	u.RawQuery = q.Encode()
	return u.String()
}
