package config

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/relabel"
)

// A Config is a whole configuration file, validated and with defaults applied. It is
// not changed after Load or Parse has returned it.
type Config struct {
	Repository Repository

	// ExternalLabels are added to what leaves this exporter by itself, the direct alerts.
	ExternalLabels map[string]string

	// Services has at least one element; their names differ.
	Services []Service

	// GroupBy, Labels, MetricRelabel, OwnCode, SourceLinks, Links and Grouping are what services
	// without their own use. They are applied to Services already.
	GroupBy       []string
	Labels        []string
	MetricRelabel []*relabel.Config
	OwnCode       []string
	SourceLinks   []SourceLink
	Links         []Link
	Grouping      []GroupingRule

	// LateDiscovery is how much later than a process its target may be found, for its first
	// exceptions to be news; by default 15 minutes, and zero for not at all.
	LateDiscovery time.Duration

	Limits    Limits
	Redaction Redaction
	Retention Retention
	Alerting  Alerting
	Export    Export
	Peers     Peers

	// Warnings are what is probably wrong in the file though it is valid, in the order of
	// its lines.
	Warnings Errors

	text string
}

// String returns the configuration as its user wrote it, without comments and with
// secrets replaced by <secret>: fit to be shown on a page.
func (c *Config) String() string { return c.text }

// A Service is a set of targets whose exceptions are merged. Those whose label
// service_name names another service belong to that.
type Service struct {
	Name string

	// Push says whether reports may be pushed to the service.
	Push bool

	Discovery discovery.Configs // at least one, unless Push is set

	// Relabel rewrites or drops targets before they are scraped. Relabelling rules are
	// validated and have their name validation scheme set.
	Relabel []*relabel.Config

	// MetricRelabel rewrites or drops series before they are exposed.
	MetricRelabel []*relabel.Config

	// GroupBy names the target labels that become labels of merged exceptions. None by
	// default: exceptions are merged over all targets.
	GroupBy []string

	// Labels names the target labels that each occurrence keeps. None by default.
	Labels []string

	// OwnCode are beginnings of the packages, modules and paths that are the
	// application's own, and not a library's. None by default: it is told by its form.
	OwnCode []string

	// SourceLinks say where the code of frames is to be seen: the first whose prefix fits.
	SourceLinks []SourceLink

	// Links are ways out of its pages.
	Links []Link

	// Grouping says which exceptions are counted as one: the first rule that fits. None by
	// default: each key that a client makes is an exception.
	Grouping []GroupingRule

	// Team is who looks after the service; empty when nobody is named.
	Team string

	Scraper Scraper
}

// A Scraper says how the targets of a service are scraped. Relabelling may replace
// all but the HTTP client for a single target.
type Scraper struct {
	// Endpoint is the path of the exceptions on a target, by default /-/exceptions.
	Endpoint string

	// Interval is the time between two scrapes of a target, by default 30s.
	Interval time.Duration

	// Timeout bounds a scrape; it is never above Interval. By default 10s, or Interval
	// when that is shorter.
	Timeout time.Duration

	// Scheme is http, the default, or https.
	Scheme string

	// Params are the query parameters of a scrape, none by default.
	Params url.Values

	// BodySizeLimit bounds an answer, in bytes after decompression; always positive.
	// By default it is Limits.PayloadSize.
	BodySizeLimit int64

	// HTTPClient is validated. The Scraper owns it: no other shares its pointers.
	HTTPClient commonconfig.HTTPClientConfig
}

// Limits bound what targets can make this program keep and expose. All are positive.
type Limits struct {
	Services           int   // those that labels of targets name included, by default 1000
	TargetsPerBlock    int   // that one block of the file finds, by default 10 000
	ProcessesPerTarget int   // that are remembered at a time, by default 100
	KeysPerService     int   // aggregation keys with series of their own, by default 2000
	OccurrencesPerKey  int   // the newest that are kept, by default 10
	OccurrenceSize     int   // of the texts of one that is kept, in bytes, by default 256 KiB
	LabelLength        int   // of a key's label, in bytes, by default 256
	PayloadSize        int64 // of one answer, in bytes, by default 64 MiB
}

// Redaction names what is replaced in occurrences and labels on top of what always is.
type Redaction struct {
	Headers  []string         // names of HTTP headers; their case does not matter
	Members  []string         // names of query parameters, and of JSON and form members
	Patterns []*regexp.Regexp // their matches are replaced in all text; none matches ""
	Personal []string         // kinds of personal data, as redact.PersonalData has them
}

// Retention says how long what has gone is remembered.
type Retention struct {
	Series  time.Duration // a key that has not grown leaves the exposition, by default after 7 days
	Process time.Duration // a process neither discovered nor seen is forgotten, by default after 1 hour
}

// Alerting says where direct alerts go. Without Alertmanagers none are sent.
type Alerting struct {
	Alertmanagers []Alertmanager

	// Relabel is applied to every alert, before an Alertmanager's own AlertRelabel.
	Relabel []*relabel.Config

	// QuietAfter is how long an exception must not occur for its alert to end, by default
	// 1h, and ResendDelay how often it is sent until then, by default 1m.
	QuietAfter, ResendDelay time.Duration

	// PerService is how many alerts a service may raise within an hour one by one, by
	// default 20; one more stands for the rest.
	PerService int

	// DashboardURL is where the overview dashboard is, empty for none.
	DashboardURL string
}

// An Alertmanager is a set of Alertmanagers that are discovered and spoken to alike.
type Alertmanager struct {
	Discovery    discovery.Configs // at least one
	Scheme       string            // http, the default, or https
	PathPrefix   string            // before the path of the API, empty by default
	Timeout      time.Duration     // of one request, by default 10s
	APIVersion   string            // v2
	HTTPClient   commonconfig.HTTPClientConfig
	Relabel      []*relabel.Config // of the discovered Alertmanagers
	AlertRelabel []*relabel.Config // of the alerts sent to them
}

// A Repository is the block of that name in a Periskop server's file, which says
// where the server keeps its errors. Here it says where state is kept.
type Repository struct {
	// Type is memory, sqlite, mysql or postgres, or "" without the block.
	Type string

	// Path is the database file of sqlite, as written: relative to the working
	// directory. It is "" for every other type.
	Path string
}

// Memory reports whether nothing is to be kept on disk.
func (r Repository) Memory() bool {
	if r.Type != "sqlite" {
		return r.Type == "memory"
	}
	return strings.Contains(r.Path, ":memory:") || strings.Contains(r.Path, "mode=memory")
}

// Dir returns the directory to keep state in: the one where a Periskop server has its
// SQLite file, which stays untouched. "" means that the file does not choose: there is
// no such block, or it names a database server, which this program does not use.
func (r Repository) Dir() string {
	if r.Type != "sqlite" || r.Memory() {
		return ""
	}
	file, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "file:"), "?")
	return filepath.Dir(file)
}

// setDirectory joins relative paths of files with dir.
func (c *Config) setDirectory(dir string) {
	for i := range c.Services {
		c.Services[i].Discovery.SetDirectory(dir)
		c.Services[i].Scraper.HTTPClient.SetDirectory(dir)
	}
	for i := range c.Alerting.Alertmanagers {
		c.Alerting.Alertmanagers[i].Discovery.SetDirectory(dir)
		c.Alerting.Alertmanagers[i].HTTPClient.SetDirectory(dir)
	}
	c.Peers.Discovery.SetDirectory(dir)
	c.Peers.HTTPClient.SetDirectory(dir)
}
