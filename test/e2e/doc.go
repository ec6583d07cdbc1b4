// Package e2e tests the built program from end to end: fake targets that serve what the
// real client libraries served, a real Prometheus that scrapes the exporter, and a real
// Alertmanager that is told what fires.
package e2e
