//go:build !remove_all_sd || enable_kubernetes_sd

package main

import (
	"log/slog"

	"k8s.io/klog/v2"
)

// adoptKubernetesLog makes the Kubernetes client log as everything else does. It has one
// logger for the whole process.
func adoptKubernetesLog(logger *slog.Logger) {
	klog.SetSlogLogger(logger.With("component", "kubernetes"))
}
