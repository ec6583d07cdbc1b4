package main

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"net/url"

	"github.com/periskop-exporter/periskop_exporter/api"
	"github.com/periskop-exporter/periskop_exporter/collector"
)

// handler returns everything that is served, below the route prefix.
func (e *exporter) handler() (http.Handler, error) {
	pages, err := e.pages()
	if err != nil {
		return nil, err
	}
	protection, err := e.sameOrigin()
	if err != nil {
		return nil, err
	}
	e.refused = newRefusals(e.registry)
	limited := newLimits(e.refused)
	programs := http.NewServeMux()
	answers := e.api()
	for _, route := range api.Routes() {
		programs.Handle(route, limited[kindOf(route)].Handler(answers))
	}
	e.handleHealth(programs)
	programs.Handle("GET /-/exceptions", limited[kindAPI].Handler(e.recorder))
	if e.flags.enableMCP {
		agents := limited[kindAPI].Handler(e.agents(pages))
		programs.Handle("/mcp", agents)
		programs.Handle("/mcp/{$}", agents)
	}
	programs.Handle("/-/reload", limited[kindReload].Handler(e.reload()))
	if e.flags.enablePprof {
		handleProfiles(programs)
	}
	if taken(programs, e.flags.telemetryPath) {
		return nil, telemetryConflict(e.flags.telemetryPath)
	}
	programs.Handle("GET "+e.flags.telemetryPath, limited[kindMetrics].Handler(e.metrics()))
	h := underPrefix(e.flags.routePrefix, &router{programs: programs, pages: limited[kindPages].Handler(pages), protection: protection})
	return answerPace.Handler(e.recorder.Recover(newHostGuard(e.flags.external, e.flags.allowedHosts, h))), nil
}

// sameOrigin refuses what pages of other sites want to change. Behind a proxy the host of
// a request need not be that of the page it comes from, which is that of the external URL.
func (e *exporter) sameOrigin() (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	if err := p.AddTrustedOrigin(e.flags.external.Scheme + "://" + e.flags.external.Host); err != nil {
		return nil, fmt.Errorf("--web.external-url: %w", err)
	}
	// The API of the Periskop server says itself which pages may resolve.
	p.AddInsecureBypassPattern("DELETE /services/")
	return p, nil
}

func (e *exporter) metrics() http.Handler {
	return collector.Handler(collector.Options{
		Exceptions: e.state, Registry: e.registry, Logger: e.logger.With("component", "collector"),
		Replica: e.replicaLabel,
	})
}

// ready answers with status 503 until the first round of discovery is in.
func (e *exporter) ready(w http.ResponseWriter, r *http.Request) {
	select {
	case <-e.discovery.Ready():
		fmt.Fprintln(w, "ready")
	case <-r.Context().Done():
	default:
		http.Error(w, "starting: the first round of discovery is not in yet"+e.services.awaited(), http.StatusServiceUnavailable)
	}
}

func (e *exporter) reload() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost && r.Method != http.MethodPut:
			w.Header().Set("Allow", "POST, PUT")
			http.Error(w, "reload with POST", http.StatusMethodNotAllowed)
		case !e.flags.enableLifecycle:
			http.Error(w, "reload over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP", http.StatusForbidden)
		default:
			e.reloader.ServeHTTP(w, r)
		}
	})
}

// taken reports whether the mux has a route for that path.
func taken(mux *http.ServeMux, path string) bool {
	_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}})
	return pattern != ""
}

// health returns what the address of the health checks answers, below the route prefix
// and without it: a probe need not know the prefix.
func (e *exporter) health() http.Handler {
	mux := http.NewServeMux()
	e.handleHealth(mux)
	if prefix := e.flags.routePrefix; prefix != "" {
		mux.Handle(prefix+"/", http.StripPrefix(prefix, mux))
	}
	return mux
}

func (e *exporter) handleHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.HandleFunc("GET /-/ready", e.ready)
}

// handleProfiles serves what go tool pprof asks for.
func handleProfiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof", func(w http.ResponseWriter, r *http.Request) { found(w, r, "pprof/") })
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}
