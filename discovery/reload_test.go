package discovery_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestEveryServiceIsPublished(t *testing.T) {
	t.Parallel()
	r := run(t, configuredService("web", static("a:80")), configuredService("none"), configuredService("empty", static()))
	r.isReady(t)
	if diff := cmp.Diff(r.names(), []string{"empty", "none", "web"}); diff != "" {
		t.Errorf("services (-got +want):\n%s", diff)
	}
	for _, name := range []string{"none", "empty"} {
		if s := r.service(name); len(s.Targets) != 0 || len(s.Problems) != 0 {
			t.Errorf("got %+v, want neither targets nor problems", s)
		}
	}
	// The first publication does not wait for anybody.
	if first := r.published()[0]; len(first) != 3 {
		t.Errorf("the first publication has %d services, want 3", len(first))
	}
}

func TestNoServices(t *testing.T) {
	t.Parallel()
	r := run(t)
	r.isReady(t)
	r.apply(t, configuredService("web", static("a:80")))
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.apply(t)
	r.until(t, "publication without services", func() bool { return len(r.names()) == 0 })
}

func TestReload(t *testing.T) {
	t.Parallel()
	web, shop := serveTargets(t, targets("a:80")), serveTargets(t, targets("b:80", "c:80"))
	services := func(shopRefresh time.Duration, last discovery.Service) []discovery.Service {
		return []discovery.Service{
			configuredService("web", httpConfig(web.url, time.Hour)),
			configuredService("shop", httpConfig(shop.url, shopRefresh)),
			configuredService("static", static("s:80")),
			last,
		}
	}
	r := run(t, services(time.Hour, configuredService("gone", static("g:80")))...)
	r.isReady(t)
	before := map[string][]*periskop.Target{}
	for _, name := range r.names() {
		before[name] = r.service(name).Targets
	}
	publications := len(r.published())

	shop.set(targets("c:80", "d:80"))
	r.apply(t, services(2*time.Hour, configuredService("new", static("n:80")))...)
	r.untilTargets(t, "shop", "http://c:80/-/exceptions", "http://d:80/-/exceptions")
	r.untilTargets(t, "new", "http://n:80/-/exceptions")
	r.until(t, "the end of the one that is gone", func() bool { return !slices.Contains(r.names(), "gone") })

	if diff := cmp.Diff(r.names(), []string{"new", "shop", "static", "web"}); diff != "" {
		t.Errorf("services (-got +want):\n%s", diff)
	}
	for _, name := range []string{"web", "static"} {
		if !slices.Equal(r.service(name).Targets, before[name]) {
			t.Errorf("%s: the targets are not the same pointers", name)
		}
	}
	if r.service("shop").Targets[0] != before["shop"][1] {
		t.Error("shop: the target that stayed is not the same pointer")
	}
	if n := web.requests.Load(); n != 1 {
		t.Errorf("the discoverer that did not change asked %d times, want 1", n)
	}
	if n := shop.requests.Load(); n != 2 {
		t.Errorf("the discoverer that changed asked %d times, want 2", n)
	}
	for _, services := range r.published()[publications:] {
		for _, s := range services {
			if len(s.Targets) == 0 && s.Service != "new" {
				t.Errorf("%s had no targets for a moment", s.Service)
			}
		}
	}
}

// Rules and scrape settings are about the targets that are known already.
func TestReloadOfRelabelling(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80", "b:80"))
	s := configuredService("web", httpConfig(server.url, time.Hour))
	r := run(t, s)
	r.isReady(t)

	s.Path = "/errors"
	s.Relabel = rules(t, `[{source_labels: [__address__], regex: "b:.*", action: drop}]`)
	r.apply(t, s)
	r.untilTargets(t, "web", "http://a:80/errors")
	if got := r.service("web").Dropped; got != 1 {
		t.Errorf("dropped: got %d, want 1", got)
	}
	target := r.service("web").Targets[0]

	s.Interval = time.Minute
	r.apply(t, s)
	r.until(t, "new interval", func() bool { return r.service("web").Targets[0].Interval == time.Minute })
	if target.Interval != 30*time.Second {
		t.Error("a published target was modified")
	}
	if n := server.requests.Load(); n != 1 {
		t.Errorf("the discoverer asked %d times, want 1", n)
	}
}

// A service keeps its targets while its new discoverers have not answered.
func TestReloadToSlowDiscovery(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80"))
	r := run(t, configuredService("web", httpConfig(server.url, time.Hour)))
	r.isReady(t)
	before := r.service("web").Targets
	publications := len(r.published())

	release := make(chan struct{})
	answer := targets("a:80", "b:80")
	server.set(func(w http.ResponseWriter, r *http.Request) {
		<-release
		answer(w, r)
	})
	r.apply(t, configuredService("web", httpConfig(server.url, 2*time.Hour)), configuredService("shop", static("s:80")))
	r.untilTargets(t, "shop", "http://s:80/-/exceptions")
	close(release)
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://b:80/-/exceptions")
	if r.service("web").Targets[0] != before[0] {
		t.Error("the target that stayed is not the same pointer")
	}
	for _, services := range r.published()[publications:] {
		for _, s := range services {
			if s.Service == "web" && len(s.Targets) == 0 {
				t.Error("web had no targets for a moment")
			}
		}
	}
}

// Services with equal configurations share a discoverer, and its problems.
func TestSharedDiscoverer(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80", "b:80"))
	only := func(name, address string) discovery.Service {
		s := configuredService(name, httpConfig(server.url, refresh))
		s.Relabel = rules(t, `[{source_labels: [__address__], regex: "`+address+`", action: keep}]`)
		return s
	}
	r := run(t, only("web", "a:80"), only("shop", "b:80"))
	r.isReady(t)
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	r.untilTargets(t, "shop", "http://b:80/-/exceptions")

	server.set(status(503))
	r.untilProblem(t, "web", "503")
	r.untilProblem(t, "shop", "503")
	if n := r.logs.count("discovery problem began", `service="shop, web"`); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}

	r.apply(t, only("web", "a:80"))
	server.set(targets("a:80", "c:80"))
	r.untilNoProblem(t, "web")
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
	if n := r.logs.count("discovery problem ended", "service=web"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}
}

// What cannot be created is a problem of its service alone.
func TestDiscovererThatCannotBeCreated(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	server := serveTargets(t, targets("a:80"))
	broken := httpConfig(server.url, time.Hour)
	broken.HTTPClientConfig.TLSConfig.CAFile = ca
	r := run(t, configuredService("web", static("b:80"), broken), configuredService("shop", broken), configuredService("other", static("c:80")))
	r.isReady(t)
	r.untilTargets(t, "web", "http://b:80/-/exceptions")
	r.untilProblem(t, "web", "The http discovery cannot start:", ca)
	r.untilProblem(t, "shop", "The http discovery cannot start:", ca)
	r.untilTargets(t, "other", "http://c:80/-/exceptions")
	r.untilNoProblem(t, "other")

	// A reload of the same configuration tries again, and says nothing new.
	r.apply(t, configuredService("web", static("b:80"), broken), configuredService("shop", broken), configuredService("other", static("d:80")))
	r.untilTargets(t, "other", "http://d:80/-/exceptions")
	r.untilProblem(t, "web", "cannot start")
	if n := r.logs.count("discovery problem began", "cannot start"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}

	r.apply(t, configuredService("web", static("b:80")), configuredService("shop", httpConfig(server.url, time.Hour)))
	r.untilNoProblem(t, "web")
	r.untilTargets(t, "shop", "http://a:80/-/exceptions")
	r.untilNoProblem(t, "shop")
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80", "b:80"))
	r := run(t, configuredService("web", httpConfig(server.url, refresh)), configuredService("shop", static("s:80")))
	r.isReady(t)
	r.untilTargets(t, "web", "http://a:80/-/exceptions", "http://b:80/-/exceptions")
	server.set(status(500))
	r.untilProblem(t, "web", "500")

	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	for _, want := range []string{
		"prometheus_sd_discovered_targets",
		"prometheus_sd_failed_configs",
		"prometheus_sd_file_scan_duration_seconds",
		"prometheus_sd_http_failures_total",
		"prometheus_sd_refresh_failures_total",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s among\n%s", want, strings.Join(names, "\n"))
		}
	}
}

// A Discovery that was stopped stays so.
func TestApplyAfterTheEnd(t *testing.T) {
	t.Parallel()
	server := serveTargets(t, targets("a:80"))
	r := run(t, configuredService("web", httpConfig(server.url, time.Hour)))
	r.isReady(t)
	r.stop()
	n := len(r.published())
	r.apply(t, configuredService("web", httpConfig(server.url+"/2", time.Hour)))
	if server.requests.Load() != 1 || len(r.published()) != n {
		t.Error("it goes on")
	}
}
