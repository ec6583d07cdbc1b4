// Package collector shows what was counted as Prometheus metrics.
//
// In go the exposition of package merge and the state of targets; out come metric
// families, in the order of their names. The counters of exceptions are handed on as
// they are, without a copy in a registry: they live in merge, which is what makes
// them survive restarts, and their label names depend on the configuration. All
// other metrics are ordinary collectors.
package collector
