package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/common/version"

	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/export"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// exportDir is where, beside the state, what is to be exported waits.
const exportDir = "export"

// newExport makes what exports, and configures it: what is done again from before the end of the program
// is put there.
func (e *exporter) newExport(cfg *config.Config) error {
	ignoreOpenTelemetry()
	o := export.Options{UserAgent: appName + "/" + version.Version, Registerer: e.registry, Logger: e.logger.With("component", "export")}
	if e.stateDir != "" {
		o.Dir = filepath.Join(e.stateDir, exportDir)
	}
	e.export = export.New(o)
	return e.export.Configure(exportSettings(cfg))
}

// ignoreOpenTelemetry makes OpenTelemetry's SDK take nothing from the environment, where a cluster
// may have put what concerns other programs: attributes of the resource, which become labels,
// certificates, and limits.
func ignoreOpenTelemetry() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			_ = os.Unsetenv(name) // which fails for no name that was there
		}
	}
}

func exportSettings(cfg *config.Config) export.Settings {
	x := &cfg.Export
	return export.Settings{
		URL: x.URL, GRPC: x.GRPC, Headers: x.Headers, HTTPClient: x.HTTPClient,
		Compress: x.Compress, Timeout: x.Timeout, QueueSize: x.QueueSize, QueueAge: x.QueueAge,
	}
}

func (e *exporter) exportStatus() *view.ExportStatus {
	s := e.export.Status()
	if !s.Configured {
		return nil
	}
	return &view.ExportStatus{
		URL: s.URL, Records: s.Records, Bytes: s.Bytes, Oldest: s.Oldest,
		Sent: s.Sent, Failed: s.Failed, Dropped: s.Dropped, SentAt: s.SentAt, Err: s.Err,
	}
}
