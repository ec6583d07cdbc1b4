package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/periskop-exporter/periskop_exporter/config"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// defaultAddress has the port that periskop_exporter is known by.
const defaultAddress = ":9968"

// serveFlags are the flags of the subcommand serve.
type serveFlags struct {
	configFile      string
	autoReload      bool
	autoReloadEvery time.Duration
	web             *web.FlagConfig
	externalURL     string
	routePrefix     string
	telemetryPath   string
	healthAddress   string
	newSeriesDelay  time.Duration
	enableLifecycle bool
	enablePprof     bool
	enableMCP       bool
	readOnly        bool
	userHeader      string
	allowedHosts    []string
	prometheusURL   string
	grafanaURL      string
	logsTemplate    string
	tracesTemplate  string
	alertmanagerURL string
	storagePath     string
	storagePathSet  bool
	replica         string
	memory          memoryFlags

	// external is externalURL, checked, or where the program finds itself.
	external *url.URL
	// prometheus, grafana and alertmanager are the URLs of those names, checked; nil without one.
	prometheus, grafana, alertmanager *url.URL
	// logs and traces are the templates of those names, checked; nil without one.
	logs, traces *linkTemplate
	// shown are all flags with their values.
	shown []view.Flag
}

func (c *commands) addServe() {
	var (
		f   serveFlags
		cmd *kingpin.CmdClause
	)
	cmd = c.add("serve", "Scrape the configured services and serve metrics and pages (the default).", func(ctx context.Context) error {
		if err := f.check(); err != nil {
			return err
		}
		f.shown = shownFlags(c.app, cmd)
		logger := c.logger()
		adoptKubernetesLog(logger)
		f.memory.apply(logger)
		e, err := newExporter(&f, logger)
		if err != nil {
			return err
		}
		return e.serve(ctx, c.hangups)
	}).Default()
	f.add(cmd)
}

func (f *serveFlags) add(cmd *kingpin.CmdClause) {
	cmd.Flag("config.file", "The configuration file.").Default("config.yaml").StringVar(&f.configFile)
	cmd.Flag("config.enable-auto-reload", "Load the configuration file when it has changed, as when a ConfigMap does.").BoolVar(&f.autoReload)
	f.autoReloadEvery = 15 * time.Second
	cmd.Flag("config.auto-reload-interval", "How often to look whether it has changed.").
		Default(model.Duration(f.autoReloadEvery).String()).SetValue((*duration)(&f.autoReloadEvery))
	f.web = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("web.external-url", "The URL under which this program is reached from outside, for links. Without it, http, the host name and the port.").
		PlaceHolder("<URL>").StringVar(&f.externalURL)
	cmd.Flag("web.route-prefix", "The path below which everything is served. Defaults to the path of --web.external-url.").
		PlaceHolder("<path>").StringVar(&f.routePrefix)
	cmd.Flag("web.telemetry-path", "The path of the metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	cmd.Flag("web.health-address", "A further address that answers /-/healthy and /-/ready alone, over HTTP and without authentication, for probes that have none. None by default.").
		PlaceHolder("<address>").StringVar(&f.healthAddress)
	cmd.Flag("web.new-series-delay", "For how long a new counter is shown at 0 at least, so that increase() sees it rise. "+
		"Needed for servers that do not scrape this one themselves: the interval at which they federate from those which do. "+
		"By itself, it is the longest interval of those which scrape, up to 2m.").
		Default("0s").SetValue((*duration)(&f.newSeriesDelay))
	cmd.Flag("web.enable-lifecycle", "Reload the configuration on POST /-/reload.").BoolVar(&f.enableLifecycle)
	cmd.Flag("web.enable-pprof", "Serve profiles of the program at /debug/pprof/.").BoolVar(&f.enablePprof)
	cmd.Flag("web.allowed-host", "A further host name under which browsers may resolve, mute, reset, reload and push, beside that of --web.external-url, addresses and localhost. Repeatable.").
		PlaceHolder("<NAME>").StringsVar(&f.allowedHosts)
	cmd.Flag("web.enable-mcp", "Serve coding agents at /mcp, by the Model Context Protocol: they search and read exceptions, and resolve them unless --web.read-only is given.").BoolVar(&f.enableMCP)
	cmd.Flag("web.read-only", "Let nobody resolve, mute or reset exceptions, nor decide anything else about them.").BoolVar(&f.readOnly)
	cmd.Flag("web.user-header", "The header in which a proxy says who sends a request, such as X-Forwarded-User, for the history of decisions. Only for an exporter that is reached through that proxy alone, which sets or removes the header. Without it, the name of basic authentication.").
		PlaceHolder("<NAME>").StringVar(&f.userHeader)
	cmd.Flag("web.prometheus-url", "The URL of Prometheus, for links to the history of exceptions, and for pictures of it, which this program asks for there.").
		PlaceHolder("<URL>").StringVar(&f.prometheusURL)
	cmd.Flag("web.grafana-url", "The URL under which browsers reach Grafana, for links to the history of an exception.").
		PlaceHolder("<URL>").StringVar(&f.grafanaURL)
	cmd.Flag("web.logs-url", "A template for links to the older occurrences of an exception, where export: sends them. It can name "+
		"{{.ServiceName}}, {{.ExceptionID}}, {{.Occurrence}}, {{.From}} and {{.To}}.").
		PlaceHolder("<template>").StringVar(&f.logsTemplate)
	cmd.Flag("web.traces-url", "A template for links to the distributed trace of an occurrence whose request has a header traceparent or one of B3. It can name "+
		"{{.TraceID}}, {{.SpanID}} and {{.ServiceName}}.").
		PlaceHolder("<template>").StringVar(&f.tracesTemplate)
	cmd.Flag("web.alertmanager-url", "The URL under which browsers reach Alertmanager, for links to a new silence of an exception.").
		PlaceHolder("<URL>").StringVar(&f.alertmanagerURL)
	cmd.Flag("storage.path", "The directory for what must survive a restart. Empty keeps nothing: counters then begin at zero.").
		Default("data/").IsSetByUser(&f.storagePathSet).StringVar(&f.storagePath)
	cmd.Flag("peers.replica", "What this replica is called among its peers (peers: in the configuration file), in the label replica of all its series. Defaults to the host name.").
		PlaceHolder("<NAME>").StringVar(&f.replica)
	f.memory.add(cmd)
}

// reloadInterval is how often to look at the configuration file, 0 for never.
func (f *serveFlags) reloadInterval() time.Duration {
	if !f.autoReload {
		return 0
	}
	return f.autoReloadEvery
}

// storageDir returns the directory to keep state in, "" for none: that of the flag, and
// without one what the file of a Periskop server says of its repository.
func (f *serveFlags) storageDir(r config.Repository) string {
	switch {
	case f.storagePathSet:
		return f.storagePath
	case r.Memory():
		return ""
	case r.Dir() != "":
		return r.Dir()
	}
	return f.storagePath
}

// check fills in what follows from other flags, and says what is wrong with them.
func (f *serveFlags) check() error {
	var err error
	if f.external, err = f.parseExternalURL(); err != nil {
		return err
	}
	if f.prometheus, err = parseURL("--web.prometheus-url", f.prometheusURL); err != nil {
		return err
	}
	if f.grafana, err = parseURL("--web.grafana-url", f.grafanaURL); err != nil {
		return err
	}
	if f.logs, err = parseLogsURL(f.logsTemplate); err != nil {
		return err
	}
	if f.traces, err = parseTracesURL(f.tracesTemplate); err != nil {
		return err
	}
	if f.alertmanager, err = parseURL("--web.alertmanager-url", f.alertmanagerURL); err != nil {
		return err
	}
	if err := f.checkPaths(); err != nil {
		return err
	}
	if f.autoReloadEvery <= 0 {
		return errors.New("--config.auto-reload-interval: it is zero; write for example 15s")
	}
	if f.newSeriesDelay > time.Hour {
		return fmt.Errorf("--web.new-series-delay: for %s nobody would see what a new exception counts; 1h is the most", model.Duration(f.newSeriesDelay))
	}
	if err := f.memory.check(); err != nil {
		return err
	}
	if err := web.Validate(*f.web.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	if f.userHeader != "" && !headerName.MatchString(f.userHeader) {
		return fmt.Errorf("--web.user-header: %q is not the name of a header, such as X-Forwarded-User", f.userHeader)
	}
	return f.checkReplica()
}

// checkReplica completes the name of this replica.
func (f *serveFlags) checkReplica() error {
	if f.replica == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("find the host's name: %w; give --peers.replica", err)
		}
		f.replica = host
	}
	if len(f.replica) > maxReplica || !utf8.ValidString(f.replica) {
		return fmt.Errorf("--peers.replica: it is no text of at most %d bytes", maxReplica)
	}
	return nil
}

// maxReplica is how many bytes the name of a replica may have: as many as the name of a host.
const maxReplica = 253

// plainPath is a path that a route can be made of as it stands.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+$`)

// pagePaths are the first parts of the paths of pages.
var pagePaths = []string{"/exceptions", "/services", "/static", "/status", "/trace"}

// checkPaths completes the route prefix, and refuses paths that cannot be served.
func (f *serveFlags) checkPaths() error {
	flag := "--web.route-prefix"
	if f.routePrefix == "" {
		flag, f.routePrefix = "--web.external-url", f.external.Path
	}
	f.routePrefix = strings.TrimSuffix(path.Clean("/"+f.routePrefix), "/")
	if f.routePrefix != "" && !plainPath.MatchString(f.routePrefix) {
		return fmt.Errorf("%s: %q is not a path such as /periskop; write letters, digits, dots and hyphens", flag, f.routePrefix)
	}
	if !plainPath.MatchString(f.telemetryPath) || path.Clean(f.telemetryPath) != f.telemetryPath {
		return fmt.Errorf("--web.telemetry-path: %q is not a path such as /metrics", f.telemetryPath)
	}
	for _, page := range pagePaths {
		if f.telemetryPath == page || strings.HasPrefix(f.telemetryPath, page+"/") {
			return telemetryConflict(f.telemetryPath)
		}
	}
	return nil
}

func telemetryConflict(path string) error {
	return fmt.Errorf("--web.telemetry-path: something else is served at %q; write another path, such as /metrics", path)
}

func (f *serveFlags) parseExternalURL() (*url.URL, error) {
	if f.externalURL == "" {
		return ownURL(*f.web.WebListenAddresses)
	}
	return parseURL("--web.external-url", f.externalURL)
}

// parseURL returns the URL that is the value of a flag, nil when it is empty.
func parseURL(flag, value string) (*url.URL, error) {
	if value == "" {
		return nil, nil
	}
	u, err := url.Parse(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s: %q is not a URL such as https://periskop.example.com/", flag, value)
	}
	if u.User != nil {
		return nil, fmt.Errorf("%s: it has a user name or a password, which every page would show", flag)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s: %q has a query or a fragment, which links would lose", flag, value)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// ownURL guesses where the program is reached: at the host's name and the port that it
// listens on.
func ownURL(addresses []string) (*url.URL, error) {
	if len(addresses) == 0 {
		return nil, errors.New("--web.listen-address: no address to listen on")
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the host's name: %w; give --web.external-url", err)
	}
	_, port, err := net.SplitHostPort(addresses[0])
	if err != nil {
		return nil, fmt.Errorf("--web.listen-address: %q is not an address such as :9968: %w", addresses[0], err)
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}, nil
}
