package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// roleVariable says what the test binary is to do when it stands in for a program.
const roleVariable = "PERISKOP_EXPORTER_DEMO_TEST_ROLE"

// standIn is what the test binary does instead of the tests.
func standIn(role string, args []string) int {
	address, config := "", ""
	for _, arg := range args {
		if v, ok := strings.CutPrefix(arg, "--web.listen-address="); ok {
			address = v
		}
		if v, ok := strings.CutPrefix(arg, "-httpListenAddr="); ok {
			address = v
		}
		if v, ok := strings.CutPrefix(arg, "--config.file="); ok {
			config = v
		}
	}
	isAlertmanager := strings.HasSuffix(config, "alertmanager.yml")
	fmt.Println("started with", args)
	switch role {
	case "dies":
		if config == "" || isAlertmanager {
			break
		}
		fmt.Println("the configuration is not to my taste")
		return 3
	case "mute":
		time.Sleep(time.Hour) // until it is killed
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "wrapper":
		if !isAlertmanager {
			return wrap(args)
		}
	}
	if isAlertmanager {
		if err := notify(config); err != nil {
			fmt.Println(err)
			return 4
		}
	}
	http.HandleFunc("/-/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/die", func(http.ResponseWriter, *http.Request) { os.Exit(5) })
	fmt.Println(http.ListenAndServe(address, nil))
	return 6
}

// wrap is a wrapper script: a process that starts the program, and ends without it.
func wrap(args []string) int {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"=stubborn")
	if err := cmd.Start(); err != nil {
		return 7
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	<-terminated
	return 0
}

// notify sends an alert, twice, to the webhook of the configuration.
func notify(config string) error {
	b, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	url := regexp.MustCompile(`url: "([^"]*)"`).FindSubmatch(b)
	if url == nil {
		return errors.New("no webhook in the configuration")
	}
	for range 2 {
		resp, err := http.Post(string(url[1]), "application/json", strings.NewReader(`{"version":"4","alerts":[
			{"status":"firing","labels":{"alertname":"NewException","service_name":"storefront"},"fingerprint":"1",
			 "annotations":{"summary":"Boom\u001b[2J is new","a":"http://127.0.0.1:9968/exceptions","b":"http://127.0.0.1:9968/trace/0123456789abcdef"},
			 "startsAt":"2026-03-01T12:00:00Z"},
			{"status":"resolved","labels":{"alertname":"Old"},"fingerprint":"2","startsAt":"2026-03-01T12:00:00Z"}]}`))
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
	}
	return nil
}

// A syncBuffer can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// monitoringOptions lets the test binary stand in for all programs.
func monitoringOptions(t *testing.T, role string) (MonitoringOptions, *syncBuffer) {
	t.Helper()
	t.Setenv(roleVariable, role)
	t.Setenv("TMPDIR", t.TempDir())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := &syncBuffer{}
	return MonitoringOptions{
		Prometheus:   self,
		Alertmanager: self,
		VictoriaLogs: self,
		ExporterURL:  "http://127.0.0.1:9968/",
		MetricsURL:   "http://127.0.0.1:9968/metrics",
		Rules:        []byte("groups: []\n"),
		Out:          out,
	}, out
}

// checkGone checks that nothing is left of the directory and, where there are any, of
// the servers. Who is killed may need a moment.
func checkGone(t *testing.T, urls ...string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, error %v", left, err)
	}
	deadline := time.Now().Add(time.Minute)
	for _, url := range urls {
		var err error
		for !errors.Is(err, syscall.ECONNREFUSED) && time.Now().Before(deadline) {
			var resp *http.Response
			if resp, err = http.Get(url); err == nil {
				resp.Body.Close()
			}
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: got error %v, want it refused", url, err)
		}
	}
}

func TestMonitoring(t *testing.T) {
	o, out := monitoringOptions(t, "good")
	m, err := StartMonitoring(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(m.dir, "Prometheus.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--web.external-url=" + m.PrometheusURL, "--storage.tsdb.path=" + m.dir} {
		if !strings.Contains(string(log), want) {
			t.Errorf("%q is not in what Prometheus was started with: %s", want, log)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Run(ctx); err != nil {
		t.Error(err)
	}
	checkGone(t, m.PrometheusURL, m.AlertmanagerURL, m.VictoriaLogsURL, m.webhook.url)
	if err := m.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Local().Format(time.TimeOnly)
	want := at + "  alert fired: NewException in storefront: Boom [2J is new\n          http://127.0.0.1:9968/trace/0123456789abcdef\n"
	if got := out.String(); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestMonitoringFails(t *testing.T) {
	t.Run("a program dies at once", func(t *testing.T) {
		o, _ := monitoringOptions(t, "dies")
		_, err := StartMonitoring(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "Prometheus has ended: exit status 3") ||
			!strings.Contains(err.Error(), "not to my taste") {
			t.Errorf("got error %v", err)
		}
		checkGone(t)
	})
	t.Run("a program is missing", func(t *testing.T) {
		o, _ := monitoringOptions(t, "good")
		o.Prometheus = filepath.Join(t.TempDir(), "no-prometheus")
		if _, err := StartMonitoring(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got error %v", err)
		}
		checkGone(t)
	})
	t.Run("a program is never ready", func(t *testing.T) {
		o, _ := monitoringOptions(t, "mute")
		o.ReadyTimeout = time.Millisecond
		if _, err := StartMonitoring(t.Context(), o); !strings.Contains(fmt.Sprint(err), "is not ready: it took more than 1ms") {
			t.Errorf("got error %v", err)
		}
		checkGone(t)
	})
	t.Run("the user has lost patience", func(t *testing.T) {
		o, _ := monitoringOptions(t, "mute")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := StartMonitoring(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v", err)
		}
		checkGone(t)
	})
}

// TestMonitoringSome runs some of the programs.
func TestMonitoringSome(t *testing.T) {
	for _, logs := range []bool{false, true} {
		o, out := monitoringOptions(t, "good")
		if logs {
			o.Prometheus, o.Alertmanager = "", ""
		} else {
			o.VictoriaLogs = ""
		}
		m, err := StartMonitoring(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if (m.VictoriaLogsURL != "") != logs || (m.PrometheusURL == "") != logs || (m.AlertmanagerURL == "") != logs || (out.String() == "") != logs {
			t.Errorf("with VictoriaLogs alone %t: %q, %q, %q, told %q", logs, m.VictoriaLogsURL, m.PrometheusURL, m.AlertmanagerURL, out)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		checkGone(t)
	}
}

// TestMonitoringEndsByItself has each program end while the others go on.
func TestMonitoringEndsByItself(t *testing.T) {
	for name, url := range map[string]func(*Monitoring) string{
		"Prometheus":   func(m *Monitoring) string { return m.PrometheusURL },
		"Alertmanager": func(m *Monitoring) string { return m.AlertmanagerURL },
		"VictoriaLogs": func(m *Monitoring) string { return strings.TrimSuffix(m.VictoriaLogsURL, "select/vmui/") },
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := monitoringOptions(t, "good")
			m, err := StartMonitoring(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := http.Get(url(m) + "die"); err == nil {
				resp.Body.Close()
			}
			if err := m.Run(t.Context()); err == nil || !strings.Contains(err.Error(), name+" has ended: exit status 5") {
				t.Errorf("got error %v", err)
			}
			checkGone(t, m.PrometheusURL, m.AlertmanagerURL, m.VictoriaLogsURL)
		})
	}
}

// TestMonitoringInsists stops programs that do not heed SIGTERM, and the child of one
// that does.
func TestMonitoringInsists(t *testing.T) {
	for _, role := range []string{"stubborn", "wrapper"} {
		t.Run(role, func(t *testing.T) {
			o, _ := monitoringOptions(t, role)
			o.StopTimeout = 10 * time.Millisecond
			m, err := StartMonitoring(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			checkGone(t, m.PrometheusURL, m.AlertmanagerURL)
		})
	}
}

func TestWebhookRefusesOthers(t *testing.T) {
	h, err := listenWebhook(t.Context(), MonitoringOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if closeErr := h.close(); closeErr != nil {
			t.Error(closeErr)
		}
	}()
	resp, err := http.Post(h.url, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got status %d", resp.StatusCode)
	}
}
