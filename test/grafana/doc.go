// Package grafana checks the dashboards with Grafana's own code: its types, its
// interpolation of links and, where GRAFANA_HOME names one, a real Grafana that a browser
// looks at.
package grafana
