// Package dashboards writes Grafana dashboards over the exporter's metrics, as JSON
// that Grafana 10 and later load from a file, from a ConfigMap or by hand.
//
// [JSON] is a pure function: options in, bytes out, the same bytes for the same
// options. Queries take the names of metrics from where the exporter takes them. As
// in the alerts, what several exporters say of the same is never added up: the
// highest counts.
//
// The JSON files are what it writes without options, to be imported by hand.
package dashboards

//go:generate go test -run ^(TestDashboards|TestProvisioning)$ . -update
