package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"

	"github.com/periskop-exporter/periskop_exporter/alerts"
	"github.com/periskop-exporter/periskop_exporter/internal/demo"
)

// demoPort is that of the exporter, when it is free.
const demoPort = 9968

// demoTargetDownAfter lets the alert fire for the target that the demo takes down.
const demoTargetDownAfter = 3 * time.Minute

// vmuiTemplate is that of --web.logs-url which leads to VictoriaLogs' own page, behind its
// address.
const vmuiTemplate = "/select/vmui/#/?query=%22periskop.exception_id%22%3A%3D{{.ExceptionID}}%20_time%3A%5B{{.From.RFC3339}}%2C{{.To.RFC3339}}%5D" +
	"&g0.range_input=365d&g0.end_input={{.To.RFC3339}}&g0.relative_time=none"

type demoFlags struct {
	prometheus, alertmanager, victoriaLogs string
	seed                                   uint64
	port                                   uint16
}

func (c *commands) addDemo() {
	var f demoFlags
	cmd := c.add("demo", "Run on sample services that raise exceptions, and print what to open.", func(ctx context.Context) error {
		return c.demo(ctx, &f)
	})
	cmd.Flag("prometheus", "The Prometheus program to run as well, with alerting rules.").PlaceHolder("<path>").StringVar(&f.prometheus)
	cmd.Flag("alertmanager", "The Alertmanager program to run as well.").PlaceHolder("<path>").StringVar(&f.alertmanager)
	cmd.Flag("victorialogs", "The VictoriaLogs program to run as well, which keeps every occurrence.").PlaceHolder("<path>").StringVar(&f.victoriaLogs)
	cmd.Flag("port", "The port of the exporter on localhost; another one when it is taken.").Default(strconv.Itoa(demoPort)).Uint16Var(&f.port)
	cmd.Flag("seed", "The same seed raises the same exceptions.").Default("1").Uint64Var(&f.seed)
}

// demo runs the sample services, the exporter, and what the flags name beside it, until
// ctx is cancelled.
func (c *commands) demo(ctx context.Context, f *demoFlags) (err error) {
	if (f.prometheus == "") != (f.alertmanager == "") {
		return errors.New("give --prometheus and --alertmanager, or neither")
	}
	logger := c.logger()
	services, err := demo.New(demo.Options{Seed: f.seed, Logger: logger, Out: c.stdout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.Close()) }()
	dir, err := os.MkdirTemp("", "periskop-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	monitoring, err := f.monitoring(ctx)
	if err != nil {
		return err
	}
	listener, err := demo.ListenLocal(ctx, int(f.port))
	if err != nil {
		return err
	}
	e, err := demoExporter(dir, services, monitoring, listener, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return e.serve(ctx, nil) })
	tasks.Go(func() error { return c.demoOn(ctx, e, services, monitoring) })
	tasks.Go(func() error {
		select {
		case <-c.hangups: // The terminal was closed.
			stop()
		case <-ctx.Done():
		}
		return nil
	})
	return tasks.Wait()
}

// demoExporter returns an exporter that scrapes the services, serves at the listener, and
// has its files in dir.
func demoExporter(dir string, services *demo.Demo, o demo.MonitoringOptions, l net.Listener, logger *slog.Logger) (*exporter, error) {
	flags, err := demoServeFlags(dir, services.Config(o.AlertmanagerAddress, o.VictoriaLogsAddress), l.Addr())
	if err != nil {
		return nil, err
	}
	if o.PrometheusAddress != "" {
		flags.prometheus = &url.URL{Scheme: "http", Host: o.PrometheusAddress}
	}
	if o.VictoriaLogsAddress != "" {
		if flags.logs, err = parseLogsURL("http://" + o.VictoriaLogsAddress + vmuiTemplate); err != nil {
			return nil, err
		}
	}
	e, err := newExporter(flags, logger)
	if err != nil {
		return nil, err
	}
	e.listeners = []net.Listener{l}
	return e, nil
}

// demoServeFlags returns the flags of an exporter that serves at that address.
func demoServeFlags(dir string, config []byte, address net.Addr) (*serveFlags, error) {
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return nil, err
	}
	none, noSocket := "", false
	return &serveFlags{
		configFile: file, storagePath: filepath.Join(dir, "data"), storagePathSet: true, telemetryPath: "/metrics", enableLifecycle: true,
		web:      &web.FlagConfig{WebListenAddresses: &[]string{address.String()}, WebSystemdSocket: &noSocket, WebConfigFile: &none},
		external: &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)},
	}, nil
}

// monitoring returns what is known of the programs beside the exporter before they run.
func (f *demoFlags) monitoring(ctx context.Context) (demo.MonitoringOptions, error) {
	o := demo.MonitoringOptions{Prometheus: f.prometheus, Alertmanager: f.alertmanager, VictoriaLogs: f.victoriaLogs}
	err := o.SetAddresses(ctx)
	return o, err
}

// demoOn runs what there is beside the exporter.
func (c *commands) demoOn(ctx context.Context, e *exporter, services *demo.Demo, o demo.MonitoringOptions) error {
	select {
	case <-e.discovery.Ready():
	case <-ctx.Done():
		return nil
	}
	addresses := demo.Addresses{Exporter: e.flags.external.String() + "/"}
	tasks, ctx := errgroup.WithContext(ctx)
	if o.Prometheus != "" || o.VictoriaLogs != "" {
		fmt.Fprintln(c.stdout, "starting", besideExporter(o))
		m, err := c.demoMonitoring(ctx, e, o)
		if err != nil {
			return err
		}
		addresses.Prometheus, addresses.Alertmanager, addresses.VictoriaLogs = m.PrometheusURL, m.AlertmanagerURL, m.VictoriaLogsURL
		tasks.Go(func() error { return m.Run(ctx) })
	}
	services.Welcome(c.stdout, addresses)
	tasks.Go(func() error { return services.Run(ctx) })
	return tasks.Wait()
}

// besideExporter names what is to run.
func besideExporter(o demo.MonitoringOptions) string {
	var names []string
	if o.Prometheus != "" {
		names = append(names, "Prometheus", "Alertmanager")
	}
	if o.VictoriaLogs != "" {
		names = append(names, "VictoriaLogs")
	}
	return strings.Join(names, ", ")
}

func (c *commands) demoMonitoring(ctx context.Context, e *exporter, o demo.MonitoringOptions) (*demo.Monitoring, error) {
	external := e.flags.external.String()
	options := alerts.Defaults()
	options.ExternalURL, options.TargetDownAfter, options.WithDirectAlerts = external, demoTargetDownAfter, true
	rules, err := alerts.Rules(options)
	if err != nil {
		return nil, err
	}
	o.ExporterURL, o.MetricsURL, o.Rules = external+"/", external+"/metrics", rules
	o.Out, o.Logger = c.stdout, e.logger
	return demo.StartMonitoring(ctx, o)
}
