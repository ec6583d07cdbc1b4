package main

// Every service discovery of Prometheus. Build tags leave some out: see
// https://pkg.go.dev/github.com/prometheus/prometheus/plugins.
import _ "github.com/prometheus/prometheus/plugins"
