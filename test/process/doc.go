// Package process runs the built programs for tests: the exporter, and the real
// Prometheus and Alertmanager beside it, each in a process of its own on loopback. What
// a test starts ends with it.
package process
