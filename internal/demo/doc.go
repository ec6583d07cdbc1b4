// Package demo is what `periskop_exporter demo` runs beside the exporter: sample
// services that raise exceptions, a Prometheus and an Alertmanager that watch them,
// and a VictoriaLogs that keeps every occurrence.
//
// A [Demo] is a small shop of five services in this process, each in another
// language and with several instances: exceptions that go on all the time, bursts,
// one that nobody has seen before every few minutes, an instance that restarts every
// minute and one that is down for a while. Checkout is written in Go, instrumented
// with periskop-go, and fails for real; what the others raise is in traces/. Their
// requests contain secrets, listed by [Secrets], for the redaction to take out.
// [Demo.Config] is the configuration with which the exporter scrapes them.
//
// A [Monitoring] runs those three programs, or some of them, as child processes, and
// tells on the terminal which alerts fire.
package demo
