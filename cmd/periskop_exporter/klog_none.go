//go:build remove_all_sd && !enable_kubernetes_sd

package main

import "log/slog"

// adoptKubernetesLog has nothing to do: no Kubernetes client is built in.
func adoptKubernetesLog(*slog.Logger) {}
