// Package alerts writes what turns the exporter's metrics into messages: the rules
// that Prometheus evaluates, and an example configuration with message templates for
// Alertmanager.
//
// [Rules] is a pure function: options in, a rule file out, the same bytes for the
// same options. Every alert is defined by a typed value; its expression is built from
// the names of the metrics, and parsed before it is written.
//
// Several exporters may watch the same services. Each counts everything, so they are
// never added up: an expression first adds up what one exporter exposes of an
// exception, in all groups and severities, and then takes the highest of all exporters.
// Exporters are told apart by the labels job and instance, which Prometheus puts on
// what it scrapes, and alerts carry neither.
package alerts
