package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// MonitoringOptions are the settings of a [Monitoring].
type MonitoringOptions struct {
	// Prometheus and Alertmanager are the paths of the two programs, which need each
	// other, and VictoriaLogs that of one which needs neither. What is empty does not run.
	Prometheus, Alertmanager, VictoriaLogs string
	// ExporterURL is where the exporter's pages are, and MetricsURL what Prometheus
	// scrapes.
	ExporterURL, MetricsURL string
	// Rules is the rule file.
	Rules []byte
	// AlertmanagerConfig returns alertmanager.yml; its notifications go to the URL of
	// the webhook, or else no alert is told on the terminal. Nil means a simple one.
	AlertmanagerConfig func(webhook string) []byte
	// PrometheusAddress, AlertmanagerAddress and VictoriaLogsAddress are where the programs
	// listen. [MonitoringOptions.SetAddresses] fills in those that are empty.
	PrometheusAddress, AlertmanagerAddress, VictoriaLogsAddress string
	// ReadyTimeout is how long all may take to start; 0 means a minute.
	ReadyTimeout time.Duration
	// StopTimeout is how long each may take to end before it is killed; 0 means ten
	// seconds.
	StopTimeout time.Duration
	// Out is told which alerts fire; nil means discard.
	Out io.Writer
	// Logger is told what goes wrong; nil means discard.
	Logger *slog.Logger
}

func (o *MonitoringOptions) setDefaults() {
	if o.AlertmanagerConfig == nil {
		o.AlertmanagerConfig = alertmanagerYAML
	}
	if o.ReadyTimeout == 0 {
		o.ReadyTimeout = time.Minute
	}
	if o.StopTimeout == 0 {
		o.StopTimeout = 10 * time.Second
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Monitoring is a Prometheus, an Alertmanager and a VictoriaLogs that run as child
// processes, with all that they write in a temporary directory.
type Monitoring struct {
	// PrometheusURL, AlertmanagerURL and VictoriaLogsURL are where they are seen; empty for
	// what does not run.
	PrometheusURL, AlertmanagerURL, VictoriaLogsURL string

	o        MonitoringOptions
	dir      string
	webhook  *webhook
	programs []*program
}

// StartMonitoring starts the programs and returns when they are ready. On error, and
// when ctx is done before, nothing is left of them; the error of a program that did not
// start has the end of its log. The caller runs or closes what is returned.
func StartMonitoring(ctx context.Context, o MonitoringOptions) (*Monitoring, error) {
	o.setDefaults()
	m := &Monitoring{o: o}
	if err := m.start(ctx); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Monitoring) start(ctx context.Context) error {
	var err error
	if m.dir, err = os.MkdirTemp("", "periskop_exporter-demo-"); err != nil {
		return err
	}
	if err := m.o.SetAddresses(ctx); err != nil {
		return err
	}
	if m.o.VictoriaLogs != "" {
		if err := m.startVictoriaLogs(); err != nil {
			return err
		}
	}
	if m.o.Prometheus != "" {
		if err := m.startAlerting(ctx); err != nil {
			return err
		}
	}
	return m.awaitReady(ctx)
}

// startAlerting starts Prometheus and Alertmanager.
func (m *Monitoring) startAlerting(ctx context.Context) error {
	var err error
	if m.webhook, err = listenWebhook(ctx, m.o); err != nil {
		return err
	}
	m.PrometheusURL, m.AlertmanagerURL = "http://"+m.o.PrometheusAddress+"/", "http://"+m.o.AlertmanagerAddress+"/"
	if err := m.writeFiles(); err != nil {
		return err
	}
	if err := m.startAlertmanager(); err != nil {
		return err
	}
	return m.startPrometheus()
}

// Ports at which users expect the programs.
const (
	prometheusPort   = 9090
	alertmanagerPort = 9093
	victoriaLogsPort = 9428
)

// SetAddresses gives each program that is to run, and has none, an address, with its usual
// port if that is free. They are free now, and it is unlikely that somebody takes them in
// the moment until the program does.
func (o *MonitoringOptions) SetAddresses(ctx context.Context) (err error) {
	for _, p := range []struct {
		path    string
		address *string
		port    int
	}{
		{o.Prometheus, &o.PrometheusAddress, prometheusPort},
		{o.Alertmanager, &o.AlertmanagerAddress, alertmanagerPort},
		{o.VictoriaLogs, &o.VictoriaLogsAddress, victoriaLogsPort},
	} {
		if p.path == "" || *p.address != "" {
			continue
		}
		l, listenErr := ListenLocal(ctx, p.port)
		if listenErr != nil {
			return listenErr
		}
		defer func() { err = errors.Join(err, l.Close()) }() // once all are chosen: they differ
		*p.address = l.Addr().String()
	}
	return nil
}

func (m *Monitoring) writeFiles() error {
	metrics, err := url.Parse(m.o.MetricsURL)
	if err != nil {
		return fmt.Errorf("the exporter's metrics: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(m.dir, filepath.Dir(prometheusPageFile)), 0o700); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		prometheusPageFile: prometheusPage,
		"prometheus.yml":   prometheusYAML(metrics, m.o.AlertmanagerAddress),
		"rules.yml":        m.o.Rules,
		"alertmanager.yml": m.o.AlertmanagerConfig(m.webhook.url),
	} {
		if err := os.WriteFile(filepath.Join(m.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitoring) startAlertmanager() error {
	return m.startProgram("Alertmanager", m.o.Alertmanager, m.AlertmanagerURL+"-/ready",
		"--config.file="+filepath.Join(m.dir, "alertmanager.yml"),
		"--storage.path="+filepath.Join(m.dir, "alertmanager"),
		"--web.listen-address="+m.o.AlertmanagerAddress,
		"--web.external-url="+m.AlertmanagerURL,
		"--cluster.listen-address=", // alone, and no port for others
	)
}

func (m *Monitoring) startPrometheus() error {
	return m.startProgram("Prometheus", m.o.Prometheus, m.PrometheusURL+"-/ready",
		"--config.file="+filepath.Join(m.dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(m.dir, "prometheus"),
		"--web.listen-address="+m.o.PrometheusAddress,
		"--web.external-url="+m.PrometheusURL,
	)
}

func (m *Monitoring) startVictoriaLogs() error {
	base := "http://" + m.o.VictoriaLogsAddress
	m.VictoriaLogsURL = base + "/select/vmui/"
	return m.startProgram("VictoriaLogs", m.o.VictoriaLogs, base+"/health",
		"-httpListenAddr="+m.o.VictoriaLogsAddress,
		"-storageDataPath="+filepath.Join(m.dir, "victorialogs"),
		"-memory.allowedBytes=128MB", // or else its caches take more than half of the machine
	)
}

// startProgram starts a program that answers at the URL ready once it is.
func (m *Monitoring) startProgram(name, path, ready string, args ...string) error {
	p, err := startProgram(name, path, m.dir, args...)
	if err != nil {
		return err
	}
	p.ready = ready
	m.programs = append(m.programs, p)
	return nil
}

func (m *Monitoring) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, m.o.ReadyTimeout, errors.New("it took more than "+m.o.ReadyTimeout.String()))
	defer cancel()
	for _, p := range m.programs {
		if err := p.awaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Run tells which alerts fire until ctx is done, and then stops the programs and returns
// nil. An error means that one of them has ended by itself; then the others are stopped
// too.
func (m *Monitoring) Run(ctx context.Context) error {
	var watching sync.WaitGroup
	ended := make(chan *program, len(m.programs))
	for _, p := range m.programs {
		watching.Go(func() {
			<-p.ended
			ended <- p
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case p := <-ended:
		err = p.failure()
	}
	err = errors.Join(err, m.Close())
	watching.Wait()
	return err
}

// Close stops the programs and removes what they wrote. It can be called again.
func (m *Monitoring) Close() error {
	for i := len(m.programs) - 1; i >= 0; i-- { // Prometheus before Alertmanager, to which it sends
		m.programs[i].stop(m.o.StopTimeout)
	}
	var err error
	if m.webhook != nil {
		err = m.webhook.close()
	}
	if m.dir != "" {
		err = errors.Join(err, os.RemoveAll(m.dir))
	}
	return err
}
