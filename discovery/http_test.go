package discovery_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	promhttp "github.com/prometheus/prometheus/discovery/http"
)

// A targetServer answers HTTP discovery.
type targetServer struct {
	url      string
	requests atomic.Int64
	answered chan struct{}
	server   *http.Server

	mu     sync.Mutex
	handle http.HandlerFunc
}

func serveTargets(t *testing.T, handle http.HandlerFunc) *targetServer {
	t.Helper()
	s := &targetServer{handle: handle, answered: make(chan struct{}, 1)}
	s.listen(t, "127.0.0.1:0")
	t.Cleanup(func() { s.close(t) })
	return s
}

func (s *targetServer) listen(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + listener.Addr().String()
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.server = server
	go func() { _ = server.Serve(listener) }()
}

func (s *targetServer) close(t *testing.T) {
	t.Helper()
	if err := s.server.Close(); err != nil {
		t.Error(err)
	}
}

// reopen listens again where the server was before it was closed.
func (s *targetServer) reopen(t *testing.T) { s.listen(t, strings.TrimPrefix(s.url, "http://")) }

func (s *targetServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	handle := s.handle
	s.mu.Unlock()
	s.requests.Add(1)
	handle(w, r)
	select {
	case s.answered <- struct{}{}:
	default:
	}
}

func (s *targetServer) set(handle http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = handle
}

// untilAsked waits for n more requests.
func (s *targetServer) untilAsked(t *testing.T, n int64) {
	t.Helper()
	want := s.requests.Load() + n
	timeout := time.After(deadline)
	for s.requests.Load() < want {
		select {
		case <-s.answered:
		case <-timeout:
			t.Fatal("not asked in time")
		}
	}
}

// targets answers with one group of targets.
func targets(addresses ...string) http.HandlerFunc {
	return answer("application/json", fmt.Sprintf(`[{"targets": ["%s"]}]`, strings.Join(addresses, `", "`)))
}

func answer(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hang answers nothing until the request is given up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// refresh is how often HTTP discovery asks, where that matters. It is also how long it
// waits for an answer, so it must not be too short for a busy machine.
const refresh = time.Second

func httpConfig(url string, refresh time.Duration) *promhttp.SDConfig {
	return &promhttp.SDConfig{
		URL:              url,
		RefreshInterval:  model.Duration(refresh),
		HTTPClientConfig: config.DefaultHTTPClientConfig,
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80", "b:80"))
	r := run(t, configuredService("web", httpConfig(server.url, refresh)))
	r.isReady(t)
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://b:80/-/exceptions")
	first := r.service("web").Targets

	server.set(targets("b:80", "c:80"))
	r.untilTargets(t, "web", "http://b:80/-/exceptions", "http://c:80/-/exceptions")
	if r.service("web").Targets[0] != first[1] {
		t.Error("the target that stayed is not the same pointer")
	}

	// However it fails, it is one problem, and the targets stay.
	for _, c := range []struct {
		handle http.HandlerFunc
		want   string
	}{
		{status(http.StatusInternalServerError), "server returned HTTP status 500"},
		{answer("text/html", "<html>"), "unsupported content type"},
		{answer("application/json", `{"targets": []}`), "a list of target groups"},
		{answer("application/json", `[{"targets": "a:80"}]`), "json:"},
		{answer("application/json", `[null]`), "nil target group"},
		{answer("application/json", `[{"targ`), "unexpected end of JSON input"},
		{answer("application/json", ``), "unexpected end of JSON input"},
	} {
		server.set(c.handle)
		r.untilProblem(t, "web", "The http discovery fails: ", c.want)
	}
	server.close(t)
	r.untilProblem(t, "web", "The http discovery fails: ", server.url, "connection refused")
	r.untilTargets(t, "web", "http://b:80/-/exceptions", "http://c:80/-/exceptions")
	if n := r.logs.count("discovery problem ended"); n != 0 {
		t.Errorf("the problem ended %d times before it was over:\n%s", n, r.logs)
	}

	server.set(targets("d:80"))
	server.reopen(t)
	r.untilTargets(t, "web", "http://d:80/-/exceptions")
	r.untilNoProblem(t, "web")

	server.set(answer("application/json", `[]`))
	r.untilTargets(t, "web")
	r.untilNoProblem(t, "web")

	began := r.logs.count("level=WARN", "discovery problem began", "service=web", "discovery=http")
	ended := r.logs.count("level=INFO", "discovery problem ended", "service=web", "discovery=http")
	if began != 1 || ended != 1 {
		t.Errorf("%d began and %d ended in the log, want 1 and 1:\n%s", began, ended, r.logs)
	}
}

func TestHTTPUnreachableAtTheStart(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80"))
	server.close(t)
	r := run(t,
		configuredService("web", httpConfig(server.url, refresh)),
		configuredService("shop", static("b:80")),
	)
	r.isReady(t)
	r.untilProblem(t, "web", "connection refused")
	r.untilTargets(t, "shop", "http://b:80/-/exceptions")

	server.reopen(t)
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilNoProblem(t, "web")
}

// One of two servers of a service fails: the targets of the other are there.
func TestHTTPPartly(t *testing.T) {
	t.Parallel()
	good, bad := serveTargets(t, targets("a:80")), serveTargets(t, status(http.StatusBadGateway))
	r := run(t, configuredService("web", httpConfig(good.url, refresh), httpConfig(bad.url, refresh)))
	r.isReady(t)
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilProblem(t, "web", "502")
	good.untilAsked(t, 3)
	r.untilProblem(t, "web", "502")

	bad.set(targets("b:80"))
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://b:80/-/exceptions")
	r.untilNoProblem(t, "web")
}

func TestSecretsStayOutOfProblems(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, answer("application/json", `[{"targets": [""]}]`))
	u, err := url.Parse(server.url)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("reader", "hunter2")
	u.Path, u.RawQuery = "/sd", "token=hunter2"
	r := run(t, configuredService("web", httpConfig(u.String(), refresh)))
	r.untilProblem(t, "web", "A target of the group", "/sd?token=<secret>", "has no address")
	server.close(t)
	r.until(t, "both problems", func() bool { return len(r.service("web").Problems) == 2 })

	for _, secret := range []string{"hunter2", "reader"} {
		if problems := strings.Join(r.service("web").Problems, "\n"); strings.Contains(problems, secret) {
			t.Errorf("%s is in the problems: %s", secret, problems)
		}
		if strings.Contains(r.logs.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, r.logs)
		}
	}
}

// A server that hangs is a problem, holds up nobody else, and the first round only so
// long.
func TestHTTPHangs(t *testing.T) {
	t.Parallel()
	hanging, quick := serveTargets(t, hang), serveTargets(t, targets("a:80"))
	r := run(t,
		configuredService("web", httpConfig(hanging.url, time.Hour)),
		configuredService("shop", httpConfig(quick.url, refresh)),
	)
	r.untilTargets(t, "shop", "http://a:80/-/exceptions")
	quick.set(targets("b:80"))
	r.untilTargets(t, "shop", "http://b:80/-/exceptions")
	if hanging.requests.Load() == 0 {
		t.Error("the server that hangs was not asked")
	}
	select {
	case <-r.Ready():
		t.Error("ready before the first round was in")
	default:
	}
	r.isReady(t)
	r.untilProblem(t, "web", "The http discovery has not answered yet.")
	if problems := r.service("shop").Problems; len(problems) != 0 {
		t.Errorf("problems of the other service: %q", problems)
	}
}

// A test server's certificate is not one that the system trusts.
func TestHTTPClientConfiguration(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(targets("a:80"))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	c := httpConfig(server.URL, refresh)
	r := run(t, configuredService("web", c))
	r.untilProblem(t, "web", "certificate")

	trusting := httpConfig(server.URL, refresh)
	trusting.HTTPClientConfig.TLSConfig.InsecureSkipVerify = true
	r.apply(t, configuredService("web", trusting))
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilNoProblem(t, "web")
}
