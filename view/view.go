package view

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// Options are what the pages show. The functions are called once per request that
// needs them, concurrently; what they return is not changed.
type Options struct {
	// Snapshot returns the exceptions. Required.
	Snapshot func() *merge.Snapshot
	// Targets returns the targets as discovery sees them. Nil means none.
	Targets func() []periskop.ServiceTargets
	// Feeders returns the blocks of the file whose targets belong to services that labels
	// name. Nil means none.
	Feeders func() []periskop.Feeder
	// Health returns what scraping knows of the targets. Nil means nothing.
	Health func() []periskop.TargetHealth
	// Growth returns what was counted of late. Nil means that nothing is known.
	Growth func() *merge.Growth
	// Departed returns what is known of an exception that is gone, or nil. Nil means
	// that nothing is known of any.
	Departed func(id string) *merge.Departure
	// Group returns the ID of the exception under which the key of that ID is grouped, and false when
	// it is grouped under none. Nil means that no key is.
	Group func(id string) (group string, ok bool)
	// OwnCode returns the beginnings of packages and paths that are the service's own,
	// for its stack traces. Nil means that they are told by their form.
	OwnCode func(service string) []string
	// Ways returns what leads out of the pages of a service. Nil means that nothing does.
	Ways func(service string) Ways
	// Decide takes in a decision about the exceptions of these IDs, durably, and returns how
	// many of them there are. Nil means that the pages change nothing.
	Decide func(ids []string, d triage.Decision) int
	// Reset takes back what was counted of the exception of that ID, durably, and returns false
	// when there is none.
	Reset func(id, by string) bool
	// User names who sends a request, "" when that is not known. Nil knows nobody.
	User func(r *http.Request) string
	// PrometheusURL and GrafanaURL are where pages link to for the history of exceptions.
	// Nil leaves a link out. Prometheus is also asked for that history there.
	PrometheusURL, GrafanaURL *url.URL
	// AlertmanagerURL is where pages link to for a silence. Nil leaves the link out.
	AlertmanagerURL *url.URL
	// LogsURL returns the address of the older occurrences of an exception, and TracesURL that of a
	// distributed trace. Nil leaves out the links.
	LogsURL   func(LogsLink) string
	TracesURL func(TraceLink) string
	// Transport asks Prometheus. Nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Config returns the running configuration. Nil leaves it out.
	Config func() ConfigStatus
	// Storage returns how the state is kept. Nil leaves it out.
	Storage func() StorageStatus
	// Export returns how the export of occurrences goes, nil when there is none. Nil leaves it
	// out.
	Export func() *ExportStatus
	// Peers returns how the exchange with other replicas goes, nil when there are to be none. Nil
	// leaves it out.
	Peers func() *PeersStatus
	// ServiceConfig returns the part of the configuration that is about a service, as YAML
	// with all secrets hidden; "" for none. Nil leaves it out.
	ServiceConfig func(service string) string
	// ServiceDashboard is the UID of Grafana's dashboard for one service. "" leaves the
	// link to it out.
	ServiceDashboard string
	// Flags are shown in this order.
	Flags []Flag
	Build Build
	// Started is when this process began.
	Started time.Time
	// ExternalURL is the address under which the root of the pages is reached from
	// outside. Forms of pages there are taken, and the plain text form of a trace names
	// its link with it; all other links are relative. Nil leaves that line out.
	ExternalURL *url.URL
	// Now defaults to time.Now.
	Now func() time.Time
	// Logger defaults to none.
	Logger *slog.Logger
}

// ConfigStatus is the running configuration and how its last reload ended.
type ConfigStatus struct {
	File string
	// Text is the configuration as YAML, with all secrets hidden.
	Text string
	// LoadedAt is when the running configuration was taken up.
	LoadedAt time.Time
	// ReloadErr is why the last reload changed nothing, and ReloadAt when that was.
	// It is nil when the last reload succeeded, or there was none.
	ReloadErr error
	ReloadAt  time.Time
}

// StorageStatus is how the state is kept.
type StorageStatus struct {
	// Path is where; "" means in memory only.
	Path string
	// Size is in bytes.
	Size int64
	// Damaged says what was found damaged when the program started; "" for nothing.
	Damaged string
	// Commits succeeded, Failures did not.
	Commits, Failures uint64
	// LastAt is when the last commit succeeded, and Took how long that took.
	LastAt time.Time
	Took   time.Duration
	// Err is why the last commit failed; nil when it succeeded.
	Err error
}

// A Flag is a command line flag with its value, secrets hidden.
type Flag struct {
	Name  string
	Value string
}

// Build says what was built. Empty fields are left out.
type Build struct {
	Version   string
	Revision  string
	Branch    string
	Date      string
	GoVersion string
}

type view struct {
	Options
	pages  map[string]*template.Template
	assets *assets
	trends *trends // nil without a Prometheus
	lists  lists

	searches searchBudget
}

// New returns the handler of all pages. Its routes begin at the root: under a prefix,
// mount it with [http.StripPrefix], the slash at the end of the prefix kept in the
// address. All links are relative to the page they are on, so that no prefix, and no
// proxy that adds one, has to be known here.
func New(o Options) (*Pages, error) {
	if o.Snapshot == nil {
		return nil, errors.New("view: no snapshot to show")
	}
	setDefaults(&o)
	pages, err := parseTemplates()
	if err != nil {
		return nil, err
	}
	assets, err := readAssets()
	if err != nil {
		return nil, err
	}
	v := &view{Options: o, pages: pages, assets: assets}
	if o.PrometheusURL != nil {
		v.trends = newTrends(newPrometheusClient(o.PrometheusURL, o.Transport), o.Now)
	}
	return &Pages{Handler: secured(v.routes()), view: v}, nil
}

// Pages are the handler of all pages, and what they know for other outputs. It is safe for
// concurrent use.
type Pages struct {
	http.Handler
	view *view
}

// Search returns what the list shows for these parameters, those that come first first, and of how
// many exceptions only the names were searched.
func (p *Pages) Search(q url.Values) (list []*merge.Exception, unsearched int) {
	v := p.view
	return v.lists.exceptions(v.Snapshot(), parseFilter(q).whole(), classifier{v.Now(), v.Growth()}, &v.searches)
}

// Markdown returns an exception as it goes into a ticket, with the occurrence of that UUID, or the
// newest for "". It returns false when it is not here, or does not keep that occurrence.
func (p *Pages) Markdown(id, occurrence string) (string, bool) {
	e := p.view.find(p.view.Snapshot(), id)
	if e == nil {
		return "", false
	}
	e = e.Read()
	at := indexOf(e.Occurrences(), occurrence)
	if at < 0 {
		return "", false
	}
	return p.view.traceMarkdown(e, at), true
}

func setDefaults(o *Options) {
	if o.Targets == nil {
		o.Targets = func() []periskop.ServiceTargets { return nil }
	}
	if o.Feeders == nil {
		o.Feeders = func() []periskop.Feeder { return nil }
	}
	if o.Health == nil {
		o.Health = func() []periskop.TargetHealth { return nil }
	}
	if o.Growth == nil {
		o.Growth = func() *merge.Growth { return nil }
	}
	if o.Group == nil {
		o.Group = func(string) (string, bool) { return "", false }
	}
	if o.Departed == nil {
		o.Departed = func(string) *merge.Departure { return nil }
	}
	if o.OwnCode == nil {
		o.OwnCode = func(string) []string { return nil }
	}
	if o.User == nil {
		o.User = func(*http.Request) string { return "" }
	}
	if o.Ways == nil {
		o.Ways = func(string) Ways { return Ways{} }
	}
	if o.ServiceConfig == nil {
		o.ServiceConfig = func(string) string { return "" }
	}
	if o.Config == nil {
		o.Config = func() ConfigStatus { return ConfigStatus{} }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// routes answers GET and HEAD, and the forms of a trace, which no other site can send.
// The mux refuses other methods by itself.
func (v *view) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", v.serveOverview)
	mux.HandleFunc("GET /exceptions", v.serveExceptions)
	mux.HandleFunc("GET /service", v.serveService)
	mux.HandleFunc("GET /trace", v.serveLookup)
	mux.HandleFunc("GET /trace/{id}", v.serveTrace)
	mux.HandleFunc("GET /trace/{id}/text", v.serveText)
	mux.HandleFunc("GET /trace/{id}/trend", v.serveTrend)
	mux.HandleFunc("GET /service/trend", v.serveServiceTrend)
	mux.HandleFunc("GET /trace/{id}/markdown", v.serveMarkdown)
	mux.HandleFunc("GET /trace/{id}/json", v.serveJSON)
	mux.HandleFunc("GET /trace/{id}/curl", v.serveCurl)
	mux.HandleFunc("GET /trace/{id}/older", v.serveOlder)
	sameOrigin := v.sameOrigin()
	for action, form := range decisionForms {
		mux.Handle("POST /trace/{id}/"+action, sameOrigin.Handler(v.decisionHandler(form)))
	}
	mux.Handle("POST /exceptions", sameOrigin.Handler(http.HandlerFunc(v.serveMany)))
	mux.HandleFunc("GET /trace/{id}/reset", v.serveResetForm)
	mux.Handle("POST /trace/{id}/reset", sameOrigin.Handler(http.HandlerFunc(v.serveReset)))
	mux.HandleFunc("GET /status", v.serveStatus)
	mux.HandleFunc("GET /status/config", v.serveConfig)
	mux.Handle("GET /static/{name}", v.assets)
	mux.HandleFunc(notFoundPattern, v.serveNotFound)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		switch tidy := tidyPath(asked); {
		case tidy == asked:
			mux.ServeHTTP(w, r)
		case tidy != "" && hasRoute(mux, r, tidy):
			redirectTidy(w, r, tidy)
		default:
			v.serveNotFound(w, r)
		}
	})
}

// tidyPath returns the path without slashes that say nothing: those at its end and all but
// the first of several. The mux would redirect from there, and from paths with elements
// such as "..", without the prefix that was stripped before it; for the latter the result
// is "".
func tidyPath(escaped string) string {
	tidy := path.Clean("/" + escaped)
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "." || part == ".." {
			return ""
		}
	}
	return tidy
}

// hasRoute reports whether there is a page at the path.
func hasRoute(mux *http.ServeMux, r *http.Request, escaped string) bool {
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return false
	}
	at, u := *r, *r.URL
	u.Path, u.RawPath = plain, escaped
	at.URL = &u
	_, pattern := mux.Handler(&at)
	return pattern != "" && pattern != notFoundPattern
}

// notFoundPattern is what takes the addresses that no other pattern has.
const notFoundPattern = "GET /"

// redirectTidy leads to the page at the path. What is posted is to be posted again.
func redirectTidy(w http.ResponseWriter, r *http.Request, escaped string) {
	to := linksFrom(r).root + strings.TrimPrefix(escaped, "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	w.WriteHeader(http.StatusFound)
}

// sameOrigin refuses forms of other sites. Behind a proxy the host of a request need not
// be that of the page it comes from, which is that of the external URL.
func (v *view) sameOrigin() *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	if u := v.ExternalURL; u != nil {
		if err := p.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			v.Logger.Warn("external URL is no origin; forms behind a proxy may be refused", "err", err)
		}
	}
	return p
}

// secured sets the headers that every answer has. Nothing but our own style sheets,
// scripts, pictures and pages is loaded, and no script runs that stands in a page. The referrer is kept from other sites; it is not
// kept from our own, as browsers then send "Origin: null" with forms.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "+
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
