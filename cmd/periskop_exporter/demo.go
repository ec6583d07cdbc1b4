package main

import (
	"context"
	"errors"
	"fmt"
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
	listener, err := demo.ListenLocal(ctx, int(f.port))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "periskop-demo-")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	flags, err := demoServeFlags(dir, services.Config(), listener.Addr())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	e, err := newExporter(flags, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	e.listeners = []net.Listener{listener}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return e.serve(ctx, nil) })
	tasks.Go(func() error { return c.demoOn(ctx, e, services, f) })
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

// demoOn runs what there is beside the exporter.
func (c *commands) demoOn(ctx context.Context, e *exporter, services *demo.Demo, f *demoFlags) error {
	select {
	case <-e.discovery.Ready():
	case <-ctx.Done():
		return nil
	}
	addresses := demo.Addresses{Exporter: e.flags.external.String() + "/"}
	tasks, ctx := errgroup.WithContext(ctx)
	if f.prometheus != "" {
		fmt.Fprintln(c.stdout, "starting Prometheus and Alertmanager")
		m, err := c.demoMonitoring(ctx, e, f)
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

func (c *commands) demoMonitoring(ctx context.Context, e *exporter, f *demoFlags) (*demo.Monitoring, error) {
	external := e.flags.external.String() + "/"
	o := alerts.Defaults()
	o.ExternalURL, o.TargetDownAfter = strings.TrimSuffix(external, "/"), demoTargetDownAfter
	rules, err := alerts.Rules(o)
	if err != nil {
		return nil, err
	}
	return demo.StartMonitoring(ctx, demo.MonitoringOptions{
		Prometheus: f.prometheus, Alertmanager: f.alertmanager,
		ExporterURL: external, MetricsURL: external + "metrics",
		Rules: rules, Out: c.stdout, Logger: e.logger,
	})
}
