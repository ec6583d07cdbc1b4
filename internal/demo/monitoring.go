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
	"time"
)

// MonitoringOptions are the settings of a [Monitoring].
type MonitoringOptions struct {
	// Prometheus and Alertmanager are the paths of the two programs.
	Prometheus, Alertmanager string
	// ExporterURL is where the exporter's pages are, and MetricsURL what Prometheus
	// scrapes.
	ExporterURL, MetricsURL string
	// Rules is the rule file.
	Rules []byte
	// AlertmanagerConfig returns alertmanager.yml; its notifications go to the URL of
	// the webhook, or else no alert is told on the terminal. Nil means a simple one.
	AlertmanagerConfig func(webhook string) []byte
	// PrometheusAddress and AlertmanagerAddress are where the programs listen. Those of
	// [FreeAddresses] are taken when they are empty.
	PrometheusAddress, AlertmanagerAddress string
	// ReadyTimeout is how long both may take to start; 0 means a minute.
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

// Monitoring is a Prometheus and an Alertmanager that run as child processes, with all
// that they write in a temporary directory.
type Monitoring struct {
	// PrometheusURL and AlertmanagerURL are where the two are seen.
	PrometheusURL, AlertmanagerURL string

	o        MonitoringOptions
	dir      string
	webhook  *webhook
	programs []*program
}

// StartMonitoring starts both programs and returns when they are ready. On error, and
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
	if m.webhook, err = listenWebhook(ctx, m.o); err != nil {
		return err
	}
	prometheus, alertmanager := m.o.PrometheusAddress, m.o.AlertmanagerAddress
	if prometheus == "" || alertmanager == "" {
		if prometheus, alertmanager, err = FreeAddresses(ctx); err != nil {
			return err
		}
	}
	m.PrometheusURL, m.AlertmanagerURL = "http://"+prometheus+"/", "http://"+alertmanager+"/"
	if err := m.writeFiles(alertmanager); err != nil {
		return err
	}
	if err := m.startAlertmanager(alertmanager); err != nil {
		return err
	}
	if err := m.startPrometheus(prometheus); err != nil {
		return err
	}
	return m.awaitReady(ctx)
}

// Ports at which users expect the two programs.
const (
	prometheusPort   = 9090
	alertmanagerPort = 9093
)

// FreeAddresses returns an address for each program, with its usual port if that is free.
// They are free now, and it is unlikely that somebody takes them in the moment until the
// program does.
func FreeAddresses(ctx context.Context) (prometheus, alertmanager string, err error) {
	p, err := ListenLocal(ctx, prometheusPort)
	if err != nil {
		return "", "", err
	}
	a, err := ListenLocal(ctx, alertmanagerPort)
	if err != nil {
		return "", "", errors.Join(err, p.Close())
	}
	return p.Addr().String(), a.Addr().String(), errors.Join(p.Close(), a.Close())
}

func (m *Monitoring) writeFiles(alertmanager string) error {
	metrics, err := url.Parse(m.o.MetricsURL)
	if err != nil {
		return fmt.Errorf("the exporter's metrics: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(m.dir, filepath.Dir(prometheusPageFile)), 0o700); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		prometheusPageFile: prometheusPage,
		"prometheus.yml":   prometheusYAML(metrics, alertmanager),
		"rules.yml":        m.o.Rules,
		"alertmanager.yml": m.o.AlertmanagerConfig(m.webhook.url),
	} {
		if err := os.WriteFile(filepath.Join(m.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitoring) startAlertmanager(address string) error {
	return m.startProgram("Alertmanager", m.o.Alertmanager,
		"--config.file="+filepath.Join(m.dir, "alertmanager.yml"),
		"--storage.path="+filepath.Join(m.dir, "alertmanager"),
		"--web.listen-address="+address,
		"--web.external-url="+m.AlertmanagerURL,
		"--cluster.listen-address=", // alone, and no port for others
	)
}

func (m *Monitoring) startPrometheus(address string) error {
	return m.startProgram("Prometheus", m.o.Prometheus,
		"--config.file="+filepath.Join(m.dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(m.dir, "prometheus"),
		"--web.listen-address="+address,
		"--web.external-url="+m.PrometheusURL,
	)
}

func (m *Monitoring) startProgram(name, path string, args ...string) error {
	p, err := startProgram(name, path, m.dir, args...)
	if err != nil {
		return err
	}
	m.programs = append(m.programs, p)
	return nil
}

func (m *Monitoring) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, m.o.ReadyTimeout, errors.New("it took more than "+m.o.ReadyTimeout.String()))
	defer cancel()
	for i, base := range []string{m.AlertmanagerURL, m.PrometheusURL} {
		if err := m.programs[i].awaitReady(ctx, base+"-/ready"); err != nil {
			return err
		}
	}
	return nil
}

// Run tells which alerts fire until ctx is done, and then stops both programs and
// returns nil. An error means that one of them has ended by itself; then the other one
// is stopped too.
func (m *Monitoring) Run(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case <-m.programs[0].ended:
		err = m.programs[0].failure()
	case <-m.programs[1].ended:
		err = m.programs[1].failure()
	}
	return errors.Join(err, m.Close())
}

// Close stops both programs and removes what they wrote. It can be called again.
func (m *Monitoring) Close() error {
	for i := len(m.programs) - 1; i >= 0; i-- { // Prometheus first, which sends to Alertmanager
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
