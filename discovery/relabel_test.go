package discovery_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	promdiscovery "github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/relabel"
	"gopkg.in/yaml.v3"

	"github.com/periskop-exporter/periskop_exporter/discovery"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// rules reads relabelling rules as they are in a configuration file.
func rules(t *testing.T, text string) []*relabel.Config {
	t.Helper()
	var rules []*relabel.Config
	if err := yaml.Unmarshal([]byte(text), &rules); err != nil {
		t.Fatal(err)
	}
	return rules
}

// Every case is a service, and all of them are discovered at once.
func TestRelabel(t *testing.T) {
	type set = model.LabelSet
	// Each wanted target is written URL, interval/timeout, then its labels except
	// job and instance when these are the service and the address.
	type want struct {
		url, shown       string // shown is empty if that is the URL
		instance         string
		interval, timout time.Duration
		labels           map[string]string
	}
	at := func(u string) want { return want{url: u} }
	cases := []struct {
		name    string
		targets []set
		labels  set // of the group
		rules   string
		params  url.Values
		scheme  string
		want    []want
		dropped int
		problem string
	}{
		{
			name:    "defaults",
			targets: []set{{"__address__": "a:80"}},
			want:    []want{at("http://a:80/-/exceptions")},
		},
		{
			name:    "an address without a port is left as it is",
			targets: []set{{"__address__": "a"}, {"__address__": "[::1]:80"}},
			want:    []want{at("http://[::1]:80/-/exceptions"), at("http://a/-/exceptions")},
		},
		{
			name:    "group labels stay, and a target's own come first",
			targets: []set{{"__address__": "a:80"}, {"__address__": "b:80", "env": "test"}},
			labels:  set{"env": "prod", "__meta_x": "1", "__tmp": "2"},
			want: []want{
				{url: "http://a:80/-/exceptions", labels: map[string]string{"env": "prod"}},
				{url: "http://b:80/-/exceptions", labels: map[string]string{"env": "test"}},
			},
		},
		{
			name:    "drop",
			targets: []set{{"__address__": "a:80"}, {"__address__": "b:80"}},
			rules:   `[{source_labels: [__address__], regex: "a:.*", action: drop}]`,
			want:    []want{at("http://b:80/-/exceptions")},
			dropped: 1,
		},
		{
			name:    "keep",
			targets: []set{{"__address__": "a:80"}, {"__address__": "b:80"}, {"__address__": "c:80"}},
			rules:   `[{source_labels: [__address__], regex: "a:.*", action: keep}]`,
			want:    []want{at("http://a:80/-/exceptions")},
			dropped: 2,
		},
		{
			name:    "keepequal and dropequal",
			targets: []set{{"__address__": "a:80", "x": "1", "y": "1"}, {"__address__": "b:80", "x": "1", "y": "2"}, {"__address__": "c:80", "x": "1", "y": "1", "z": "1"}},
			rules:   `[{source_labels: [x], target_label: y, action: keepequal}, {source_labels: [x], target_label: z, action: dropequal}, {regex: "[xyz]", action: labeldrop}]`,
			want:    []want{at("http://a:80/-/exceptions")},
			dropped: 2,
		},
		{
			name:    "the address is rewritten, and the instance follows",
			targets: []set{{"__address__": "a:80", "__meta_port": "9000"}},
			rules:   `[{source_labels: [__address__, __meta_port], regex: "([^:]+):\\d+;(\\d+)", replacement: "$1:$2", target_label: __address__}]`,
			want:    []want{{url: "http://a:9000/-/exceptions", instance: "a:9000"}},
		},
		{
			name:    "scheme and path",
			targets: []set{{"__address__": "a:80", "__meta_path": "/errors"}},
			rules:   `[{replacement: https, target_label: __scheme__}, {source_labels: [__meta_path], target_label: __metrics_path__}]`,
			want:    []want{at("https://a:80/errors")},
		},
		{
			name:    "scheme and path from discovery",
			targets: []set{{"__address__": "a:80", "__scheme__": "http", "__metrics_path__": "own"}},
			scheme:  "https",
			want:    []want{at("http://a:80/own")},
		},
		{
			name:    "the scheme of the service",
			targets: []set{{"__address__": "a:80"}},
			scheme:  "https",
			want:    []want{at("https://a:80/-/exceptions")},
		},
		{
			name:    "a path is escaped, and takes no query",
			targets: []set{{"__address__": "a:80", "__metrics_path__": "/x y?z"}},
			want:    []want{at("http://a:80/x%20y%3Fz")},
		},
		{
			name:    "parameters: a label replaces the first value",
			targets: []set{{"__address__": "a:80"}},
			params:  url.Values{"p": {"1", "2"}, "q": {"&="}},
			rules:   `[{source_labels: [__param_p], replacement: "x$1", target_label: __param_p}, {replacement: new, target_label: __param_r}]`,
			want:    []want{{url: "http://a:80/-/exceptions?p=x1&p=2&q=%26%3D&r=new", shown: "http://a:80/-/exceptions?p=<secret>&p=<secret>&q=<secret>&r=<secret>"}},
		},
		{
			name:    "parameters from discovery",
			targets: []set{{"__address__": "a:80", "__param_p": "own"}},
			params:  url.Values{"p": {"1"}},
			want:    []want{{url: "http://a:80/-/exceptions?p=own", shown: "http://a:80/-/exceptions?p=<secret>"}},
		},
		{
			name:    "labels of secrets",
			targets: []set{{"__address__": "a:80", "db_password": "hunter2", "dsn": "postgres://me:hunter2@db/x", "env": "prod"}},
			want:    []want{{url: "http://a:80/-/exceptions", labels: map[string]string{"db_password": "<secret>", "dsn": "postgres://<secret>@db/x", "env": "prod"}}},
		},
		{
			name:    "an address with an account",
			targets: []set{{"__address__": "me:hunter2@a:80"}},
			problem: `The target "<secret>@a:80" is not scraped: its address "<secret>@a:80", scheme "http" and path "/-/exceptions" make no URL.`,
		},
		{
			name:    "interval and timeout",
			targets: []set{{"__address__": "a:80"}},
			rules:   `[{replacement: 1m30s, target_label: __scrape_interval__}, {replacement: 500ms, target_label: __scrape_timeout__}]`,
			want:    []want{{url: "http://a:80/-/exceptions", interval: 90 * time.Second, timout: 500 * time.Millisecond}},
		},
		{
			name:    "an instance of its own",
			targets: []set{{"__address__": "a:80", "__meta_pod": "web-0"}},
			rules:   `[{source_labels: [__meta_pod], target_label: instance}]`,
			want:    []want{{url: "http://a:80/-/exceptions", instance: "web-0"}},
		},
		{
			name:    "a job of its own changes nothing about the service",
			targets: []set{{"__address__": "a:80"}},
			rules:   `[{replacement: other, target_label: job}]`,
			want:    []want{{url: "http://a:80/-/exceptions", labels: map[string]string{"job": "other"}}},
		},
		{
			name:    "hashmod shards",
			targets: []set{{"__address__": "a:80"}, {"__address__": "b:80"}, {"__address__": "c:80"}, {"__address__": "d:80"}},
			// The MD5 sums of the addresses end in 81, 40, 59 and 36.
			rules:   `[{source_labels: [__address__], modulus: 2, target_label: __tmp_hash, action: hashmod}, {source_labels: [__tmp_hash], regex: "0", action: keep}]`,
			want:    []want{at("http://b:80/-/exceptions"), at("http://d:80/-/exceptions")},
			dropped: 2,
		},
		{
			name:    "labelmap, labeldrop and labelkeep",
			targets: []set{{"__address__": "a:80", "__meta_label_env": "prod", "__meta_label_tier": "web", "noise": "1"}},
			rules:   `[{regex: __meta_label_(.+), action: labelmap}, {regex: tier, action: labeldrop}, {regex: "env|job|__.*", action: labelkeep}]`,
			want:    []want{{url: "http://a:80/-/exceptions", labels: map[string]string{"env": "prod"}}},
		},
		{
			name:    "upper and lower case",
			targets: []set{{"__address__": "A:80", "env": "prod"}},
			rules:   `[{source_labels: [__address__], target_label: __address__, action: lowercase}, {source_labels: [env], target_label: env, action: uppercase}]`,
			want:    []want{{url: "http://a:80/-/exceptions", labels: map[string]string{"env": "PROD"}}},
		},
		{
			name:    "what is equal after relabelling is one target",
			targets: []set{{"__address__": "a:80", "__meta_port": "1"}, {"__address__": "a:80", "__meta_port": "2"}},
			want:    []want{at("http://a:80/-/exceptions")},
		},
		{
			name:    "one URL with two sets of labels is two targets",
			targets: []set{{"__address__": "a:80", "shard": "2"}, {"__address__": "a:80", "shard": "1"}},
			want: []want{
				{url: "http://a:80/-/exceptions", labels: map[string]string{"shard": "1"}},
				{url: "http://a:80/-/exceptions", labels: map[string]string{"shard": "2"}},
			},
		},
		{
			name:    "a scheme that cannot be scraped",
			targets: []set{{"__address__": "a:80"}},
			rules:   `[{target_label: __scheme__, replacement: ftp}]`,
			problem: `The target "a:80" is not scraped: its scheme "ftp" is neither http nor https.`,
		},
		{
			name:    "a port that is no number",
			targets: []set{{"__address__": "a:80"}},
			rules:   `[{target_label: __address__, replacement: "a:http"}]`,
			problem: `The target "a:80" is not scraped: its address "a:http" has no port from 1 to 65535.`,
		},
		{
			name:    "a port that is too large",
			targets: []set{{"__address__": "a:80"}},
			rules:   `[{target_label: __address__, replacement: "[::1]:65536"}]`,
			problem: `The target "a:80" is not scraped: its address "[::1]:65536" has no port from 1 to 65535.`,
		},
		{
			name:    "no address",
			targets: []set{{"__address__": "a:80"}, {"x": "1"}},
			want:    []want{at("http://a:80/-/exceptions")},
			problem: `A target of the group "0" is not scraped: it has no address.`,
		},
		{
			name:    "the address is removed",
			targets: []set{{"__address__": "a:80"}},
			rules:   `[{replacement: "", target_label: __address__}]`,
			problem: `The target "a:80" is not scraped: it has no address.`,
		},
		{
			name:    "the address is a URL",
			targets: []set{{"__address__": "http://user:hunter2@a:80/x?token=hunter2"}},
			problem: `The target "http://<secret>@a:80/x?token=<secret>" is not scraped: its address "http://<secret>@a:80/x?token=<secret>" is not host:port.`,
		},
		{
			name:    "the address makes no URL",
			targets: []set{{"__address__": "a b:80"}, {"__address__": "c:80"}},
			want:    []want{at("http://c:80/-/exceptions")},
			problem: `The target "a b:80" is not scraped: its address "a b:80", scheme "http" and path "/-/exceptions" make no URL.`,
		},
		{
			name:    "an interval that is none",
			targets: []set{{"__address__": "a:80", "__scrape_interval__": "often"}},
			problem: `The target "a:80" is not scraped: its scrape interval "often" is not a duration such as 30s.`,
		},
		{
			name:    "an interval of 0",
			targets: []set{{"__address__": "a:80", "__scrape_interval__": "0s"}},
			problem: `The target "a:80" is not scraped: its scrape interval is 0.`,
		},
		{
			name:    "a timeout that is none",
			targets: []set{{"__address__": "a:80", "__scrape_timeout__": "-1s"}},
			problem: `The target "a:80" is not scraped: its scrape timeout "-1s" is not a duration such as 30s.`,
		},
		{
			name:    "a timeout longer than the interval",
			targets: []set{{"__address__": "a:80", "__scrape_timeout__": "31s"}},
			problem: `The target "a:80" is not scraped: its scrape timeout of 31s is longer than its scrape interval of 30s.`,
		},
		{
			name:    "a label that is not UTF-8",
			targets: []set{{"__address__": "a:80", "x": "\xff"}, {"__address__": "b:80", "__meta_x": "\xff"}},
			want:    []want{at("http://b:80/-/exceptions")},
			problem: `The target "a:80" is not scraped: its label "x" with the value "\xff" is not UTF-8.`,
		},
		{
			name: "no targets",
		},
	}

	var services []discovery.Service
	for _, c := range cases {
		s := configuredService(c.name, promdiscovery.StaticConfig{{Targets: c.targets, Labels: c.labels}})
		s.Scheme, s.Params = c.scheme, c.params
		s.Relabel = rules(t, c.rules)
		services = append(services, s)
	}
	r := run(t, services...)
	r.isReady(t)

	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := r.service(c.name)
			var want []*periskop.Target
			for _, w := range c.want {
				if w.interval == 0 {
					w.interval, w.timout = 30*time.Second, 10*time.Second
				}
				if w.instance == "" {
					u, err := url.Parse(w.url)
					if err != nil {
						t.Fatal(err)
					}
					w.instance = u.Host
				}
				labels := map[string]string{"job": c.name, "instance": w.instance}
				for name, value := range w.labels {
					labels[name] = value
				}
				want = append(want, &periskop.Target{
					Service: c.name, Block: c.name, Instance: w.instance, URL: w.url, ShownURL: w.shown, Interval: w.interval, Timeout: w.timout,
					Labels: periskop.NewLabels(labels),
				})
			}
			ignoreDiscovered := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Discovered" }, cmp.Ignore())
			if diff := cmp.Diff(got.Targets, want, ignoreDiscovered); diff != "" {
				t.Errorf("targets (-got +want):\n%s", diff)
			}
			if got.Dropped != c.dropped {
				t.Errorf("dropped: got %d, want %d", got.Dropped, c.dropped)
			}
			if problem := strings.Join(got.Problems, "\n"); problem != c.problem {
				t.Errorf("problem:\ngot  %s\nwant %s", problem, c.problem)
			}
		})
	}
}

func TestDiscoveredLabels(t *testing.T) {
	s := configuredService("web", promdiscovery.StaticConfig{{
		Targets: []model.LabelSet{{
			"__address__":  "a:80",
			"__meta_url":   "https://user:hunter2@sd.example/targets?token=hunter2",
			"__meta_image": "registry.example/web:1",
		}},
		Labels: model.LabelSet{"env": "prod"},
	}})
	s.Params = url.Values{"p": {"1"}}
	s.Relabel = rules(t, `[{regex: "env|__param_p", action: labeldrop}]`)
	r := run(t, s)
	r.isReady(t)

	want := periskop.NewLabels(map[string]string{
		"__address__":         "a:80",
		"__meta_url":          "https://<secret>@sd.example/targets?token=<secret>",
		"__meta_image":        "registry.example/web:1",
		"__metrics_path__":    "/-/exceptions",
		"__param_p":           "<secret>",
		"__scheme__":          "http",
		"__scrape_interval__": "30s",
		"__scrape_timeout__":  "10s",
		"env":                 "prod",
		"job":                 "web",
	})
	got := r.service("web").Targets
	if len(got) != 1 {
		t.Fatalf("got %d targets, want 1", len(got))
	}
	if diff := cmp.Diff(got[0].Discovered, want); diff != "" {
		t.Errorf("labels before relabelling (-got +want):\n%s", diff)
	}
}

func TestManyProblemsOfOneKind(t *testing.T) {
	addresses := make([]string, 100)
	for i := range addresses {
		addresses[i] = "a/" + strings.Repeat("x", i+1)
	}
	r := run(t, configuredService("web", static(addresses...)), configuredService("shop", static("a:80")))
	r.isReady(t)

	problems := r.service("web").Problems
	if len(problems) != 6 {
		t.Fatalf("got %d problems, want 6: %q", len(problems), problems)
	}
	if got, want := problems[5], "95 more targets are not scraped for such reasons."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := r.logs.count("targets cannot be scraped", "service=web", "count=100"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}

	r.apply(t, configuredService("web", static("a:80")), configuredService("shop", static("a:80")))
	r.untilNoProblem(t, "web")
	if n := r.logs.count("all targets can be scraped again", "service=web"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}
}

// TestTargetLimit has a block find more targets than it may: those that were there before stay.
func TestTargetLimit(t *testing.T) {
	limited := func(addresses ...string) discovery.Service {
		s := configuredService("web", static(addresses...))
		s.TargetLimit = 2
		return s
	}
	urls := func(targets []*periskop.Target) (urls []string) {
		for _, target := range targets {
			urls = append(urls, target.URL)
		}
		return urls
	}
	r := run(t, limited("c:80", "d:80"))
	r.isReady(t)

	r.apply(t, limited("a:80", "b:80", "c:80", "d:80", "e:80"))
	r.until(t, "three targets are too many", func() bool { return len(r.service("web").Problems) > 0 })
	web := r.service("web")
	if diff := cmp.Diff(urls(web.Targets), []string{"http://c:80/-/exceptions", "http://d:80/-/exceptions"}); diff != "" {
		t.Errorf("targets (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(web.Problems, []string{"Not scraped, as limits.targets_per_block is 2: 3 targets more."}); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
	if n := r.logs.count("targets past the limit are not scraped", "service=web", "count=3", "limit=2"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}

	lowered := limited("a:80", "c:80", "d:80")
	lowered.TargetLimit = 1
	r.apply(t, lowered)
	r.untilTargets(t, "web", "http://c:80/-/exceptions")

	r.apply(t, limited("b:80", "d:80"))
	r.untilNoProblem(t, "web")
	if n := r.logs.count("no target is past the limit any more", "service=web"); n != 1 {
		t.Errorf("got %d lines in the log, want 1:\n%s", n, r.logs)
	}
}

func TestInvalidServices(t *testing.T) {
	r := run(t, configuredService("web", static("a:80")))
	rule := func(r *relabel.Config) discovery.Service {
		s := configuredService("web", static("b:80"))
		s.Relabel = []*relabel.Config{{Action: relabel.Drop, Regex: relabel.MustNewRegexp("x")}, r}
		return s
	}
	for _, c := range []struct {
		name     string
		services []discovery.Service
		want     string
	}{
		{
			name:     "two services of one name",
			services: []discovery.Service{configuredService("web"), configuredService("shop"), configuredService("web")},
			want:     "service web: there are two of this name",
		},
		{
			name:     "a rule without a regex",
			services: []discovery.Service{rule(&relabel.Config{Action: relabel.Replace, TargetLabel: "x"})},
			want:     "service web: relabel_configs[1]: there is no regex",
		},
		{
			name:     "a rule without a target label",
			services: []discovery.Service{rule(&relabel.Config{Action: relabel.Replace, Regex: relabel.MustNewRegexp(".*")})},
			want:     "service web: relabel_configs[1]: relabel configuration for replace action requires 'target_label' value",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := r.Apply(discovery.Settings{Services: c.services}); err == nil || err.Error() != c.want {
				t.Errorf("got error %v, want %s", err, c.want)
			}
		})
	}
	r.untilTargets(t, "web", "http://a:80/-/exceptions")
}
