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

type demoFlags struct {
	prometheus, alertmanager string
	seed                     uint64
	port                     uint16
}

func (c *commands) addDemo() {
	var f demoFlags
	cmd := c.add("demo", "Run on sample services that raise exceptions, and print what to open.", func(ctx context.Context) error {
		return c.demo(ctx, &f)
	})
	cmd.Flag("prometheus", "The Prometheus program to run as well, with alerting rules.").PlaceHolder("<path>").StringVar(&f.prometheus)
	cmd.Flag("alertmanager", "The Alertmanager program to run as well.").PlaceHolder("<path>").StringVar(&f.alertmanager)
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
	flags, err := demoServeFlags(dir, services.Config(o.AlertmanagerAddress), l.Addr())
	if err != nil {
		return nil, err
	}
	if o.PrometheusAddress != "" {
		flags.prometheus = &url.URL{Scheme: "http", Host: o.PrometheusAddress}
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

// monitoring returns what of Prometheus and Alertmanager is known before they run, nothing
// when they are not to.
func (f *demoFlags) monitoring(ctx context.Context) (demo.MonitoringOptions, error) {
	o := demo.MonitoringOptions{Prometheus: f.prometheus, Alertmanager: f.alertmanager}
	if f.prometheus == "" {
		return o, nil
	}
	var err error
	o.PrometheusAddress, o.AlertmanagerAddress, err = demo.FreeAddresses(ctx)
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
	if o.Prometheus != "" {
		fmt.Fprintln(c.stdout, "starting Prometheus and Alertmanager")
		m, err := c.demoMonitoring(ctx, e, o)
		if err != nil {
			return err
		}
		addresses.Prometheus, addresses.Alertmanager = m.PrometheusURL, m.AlertmanagerURL
		tasks.Go(func() error { return m.Run(ctx) })
	}
	services.Welcome(c.stdout, addresses)
	tasks.Go(func() error { return services.Run(ctx) })
	return tasks.Wait()
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
