package config_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/dns"
	"github.com/prometheus/prometheus/discovery/file"
	"github.com/prometheus/prometheus/discovery/targetgroup"

	"github.com/periskop-exporter/periskop_exporter/config"
)

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("config.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatalf("parse:\n%v", err)
	}
	return c
}

var ignore = cmp.Options{
	cmpopts.IgnoreUnexported(config.Config{}, commonconfig.ProxyConfig{}),
	cmpopts.EquateEmpty(),
}

func static(addresses ...string) discovery.Configs {
	g := &targetgroup.Group{Source: "0"}
	for _, a := range addresses {
		g.Targets = append(g.Targets, model.LabelSet{model.AddressLabel: model.LabelValue(a)})
	}
	return discovery.Configs{discovery.StaticConfig{g}}
}

func TestDefaults(t *testing.T) {
	got := parse(t, "services: [{name: api, static_configs: [{targets: ['api:80']}]}]")
	want := &config.Config{
		Services: []config.Service{{
			Name:      "api",
			Discovery: static("api:80"),
			Scraper: config.Scraper{
				Endpoint:      "/-/exceptions",
				Interval:      30 * time.Second,
				Timeout:       10 * time.Second,
				Scheme:        "http",
				BodySizeLimit: 64 << 20,
				HTTPClient:    commonconfig.HTTPClientConfig{FollowRedirects: true, EnableHTTP2: true},
			},
		}},
		Limits:        config.Limits{Services: 1000, TargetsPerBlock: 10_000, ProcessesPerTarget: 100, KeysPerService: 2000, OccurrencesPerKey: 10, OccurrenceSize: 256 << 10, LabelLength: 256, PayloadSize: 64 << 20},
		LateDiscovery: 15 * time.Minute,
		Retention:     config.Retention{Series: 7 * 24 * time.Hour, Process: time.Hour},
		Alerting:      config.Alerting{QuietAfter: time.Hour, ResendDelay: time.Minute, PerService: 20},
	}
	if diff := cmp.Diff(got, want, ignore); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestPeriskopFile reads a file as the Periskop server takes it.
func TestPeriskopFile(t *testing.T) {
	got, err := config.Load("testdata/periskop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got.Repository.Type != "memory" || !got.Repository.Memory() {
		t.Errorf("repository is %+v", got.Repository)
	}
	var names []string
	for _, s := range got.Services {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff(names, []string{"mock-target", "periskop", "checkout"}); diff != "" {
		t.Fatalf("services (-got +want):\n%s", diff)
	}
	wantDNS := discovery.Configs{&dns.SDConfig{
		Names: []string{"mock-target"}, Type: "A", Port: 7778, RefreshInterval: model.Duration(10 * time.Second),
	}}
	if diff := cmp.Diff(got.Services[0].Discovery, wantDNS); diff != "" {
		t.Errorf("discovery (-got +want):\n%s", diff)
	}
	if s := got.Services[2].Scraper; s.Endpoint != "/errors" || s.Interval != 1500*time.Millisecond || s.Timeout != s.Interval {
		t.Errorf("scraper is %+v", s)
	}
	if s := got.Services[1].Scraper; s.Endpoint != "/errors" || s.Params.Get("full") != "1" {
		t.Errorf("an endpoint with a query is %q with %v", s.Endpoint, s.Params)
	}
	if r := got.Services[2].Relabel; len(r) != 1 || r[0].TargetLabel != "instance" || r[0].NameValidationScheme != model.UTF8Validation {
		t.Errorf("relabelling is %+v", r)
	}
}

func TestRepository(t *testing.T) {
	tests := []struct {
		yaml   string
		memory bool
		dir    string
	}{
		{"{type: memory}", true, ""},
		{"{type: memory, path: /ignored}", true, ""},
		{"{type: sqlite, path: /var/lib/periskop/errors.db}", false, "/var/lib/periskop"},
		{"{type: sqlite, path: errors.db}", false, "."},
		{"{type: sqlite, path: 'file:/data/errors.db?cache=shared'}", false, "/data"},
		{"{type: sqlite, path: ':memory:'}", true, ""},
		{"{type: sqlite, path: 'file:x?mode=memory'}", true, ""},
		{"{type: mysql, path: 'me:secret@tcp(db:3306)/periskop'}", false, ""},
		{"{type: postgres, path: 'host=db password=secret'}", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.yaml, func(t *testing.T) {
			c := parse(t, "repository: "+tt.yaml+"\nservices: [{name: api, static_configs: [{targets: ['api:80']}]}]")
			if got := c.Repository.Memory(); got != tt.memory {
				t.Errorf("memory: got %v, want %v", got, tt.memory)
			}
			if got := c.Repository.Dir(); got != tt.dir {
				t.Errorf("directory: got %q, want %q", got, tt.dir)
			}
			if strings.Contains(c.Repository.Path+c.String(), "secret@") || strings.Contains(c.String(), "=secret") {
				t.Errorf("the password is shown:\n%s", c)
			}
		})
	}
}

// TestEveryOption reads a file that sets every option of ours.
func TestEveryOption(t *testing.T) {
	got, err := config.Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	web := got.Services[1]
	if got.Services[0].Push || !web.Push {
		t.Errorf("push: got %v for api and %v for web, want it for web alone", got.Services[0].Push, web.Push)
	}
	if diff := cmp.Diff(web.Scraper, config.Scraper{
		Endpoint: "/errors", Interval: time.Minute, Timeout: 15 * time.Second, Scheme: "https",
		Params: url.Values{"full": {"1", "2"}}, BodySizeLimit: 1 << 19,
		HTTPClient: commonconfig.HTTPClientConfig{
			BasicAuth: &commonconfig.BasicAuth{Username: "periskop", PasswordFile: "testdata/password.txt"},
			TLSConfig: commonconfig.TLSConfig{CAFile: "/etc/ca.crt", ServerName: "web"},
		},
	}, ignore); diff != "" {
		t.Errorf("scraper (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got.Limits, config.Limits{Services: 50, TargetsPerBlock: 60, ProcessesPerTarget: 7, KeysPerService: 100, OccurrencesPerKey: 3, OccurrenceSize: 1 << 20, LabelLength: 128, PayloadSize: 8 << 20}); diff != "" {
		t.Errorf("limits (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got.Retention, config.Retention{Series: 48 * time.Hour, Process: 90 * time.Minute}); diff != "" {
		t.Errorf("retention (-got +want):\n%s", diff)
	}
	if r := got.Redaction; !cmp.Equal(r.Headers, []string{"X-Session"}) || !cmp.Equal(r.Members, []string{"iban"}) || r.Patterns[0].String() != "[0-9]{16}" ||
		!cmp.Equal(r.Personal, []string{"email", "iban"}) {
		t.Errorf("redaction is %+v", r)
	}
	if diff := cmp.Diff(got.ExternalLabels, map[string]string{"region": "eu", "replica": "1"}); diff != "" {
		t.Errorf("external labels (-got +want):\n%s", diff)
	}
	am := got.Alerting.Alertmanagers
	if len(am) != 1 || am[0].Scheme != "https" || am[0].PathPrefix != "/am" || am[0].Timeout != 5*time.Second || am[0].APIVersion != "v2" ||
		len(am[0].Relabel) != 1 || len(am[0].AlertRelabel) != 1 || len(got.Alerting.Relabel) != 1 || am[0].HTTPClient.Authorization.Type != "Bearer" {
		t.Errorf("alerting is %+v", got.Alerting)
	}
	if a := got.Alerting; a.QuietAfter != 30*time.Minute || a.ResendDelay != 20*time.Second || a.PerService != 5 || a.DashboardURL != "https://grafana/d/x" {
		t.Errorf("alerting is %+v", got.Alerting)
	}
}

func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	text := `
global:
  scraper:
    tls_config: {ca_file: tls/ca.crt}
    authorization: {credentials_file: token}
services:
  - name: api
    file_sd_configs: [{files: [targets/*.yaml, /etc/targets.json]}]
  - name: web
    static_configs: [{targets: [web]}]
alerting:
  alertmanagers:
    - static_configs: [{targets: [alertmanager]}]
      bearer_token_file: token
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Services[0].Discovery[0].(*file.SDConfig).Files
	if diff := cmp.Diff(got, []string{filepath.Join(dir, "targets/*.yaml"), "/etc/targets.json"}); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
	for _, s := range c.Services {
		h := s.Scraper.HTTPClient
		if h.TLSConfig.CAFile != filepath.Join(dir, "tls/ca.crt") || h.Authorization.CredentialsFile != filepath.Join(dir, "token") {
			t.Errorf("%s: %q and %q are not below %s", s.Name, h.TLSConfig.CAFile, h.Authorization.CredentialsFile, dir)
		}
	}
	if got := c.Alerting.Alertmanagers[0].HTTPClient.Authorization.CredentialsFile; got != filepath.Join(dir, "token") {
		t.Errorf("Alertmanager's token is %q", got)
	}
}

func TestLoadMissingFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestSeveralMistakesInTheirOrder(t *testing.T) {
	_, err := config.Parse("config.yaml", strings.NewReader(`external_labels: {a: b}
services:
  - name: api
    scraper: {timeout: 5x, endpoint: errors}
  - name: api
    static_configs: [{targets: [web]}]
limits: {label_length: -1}
`))
	want := `config.yaml:1: external_labels: unknown key; it belongs under global
config.yaml:3: services[0]: has no service discovery; add for example static_configs or dns_sd_configs, or push: true if its reports are pushed
config.yaml:4: services[0].scraper.timeout: "5x" is not a duration; write for example 30s, 5m or 1h30m
config.yaml:4: services[0].scraper.endpoint: "errors" does not begin with a slash; write "/errors"
config.yaml:5: services[1].name: "api" is the name of another service already (line 3); give each a name of its own
config.yaml:7: limits.label_length: "-1" is not above zero; a limit has to leave something, write 1 or more`
	var errs config.Errors
	if !errors.As(err, &errs) || len(errs) != 6 {
		t.Fatalf("got %T with %d mistakes", err, len(errs))
	}
	if diff := cmp.Diff(err.Error(), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestExport(t *testing.T) {
	const services = "services: [{name: shop, push: true}]\n"
	parse := func(block string) config.Export {
		t.Helper()
		cfg, err := config.Parse("config.yaml", strings.NewReader(services+block))
		if err != nil {
			t.Fatal(err)
		}
		return cfg.Export
	}
	if got := parse(""); got.URL != nil {
		t.Errorf("without the block: %+v", got)
	}
	got := parse("export: {otlp: {endpoint: 'https://a:4318/otlp/', headers: {X-Scope-OrgID: team-a}, basic_auth: {username: u, password: p}}}")
	if got.URL.String() != "https://a:4318/otlp/v1/logs" || got.GRPC || !got.Compress || got.Timeout != 10*time.Second || got.QueueSize != 256<<20 || got.QueueAge != 24*time.Hour {
		t.Errorf("defaults: %+v, %s", got, got.URL)
	}
	if got.Headers["X-Scope-OrgID"] != "team-a" || got.HTTPClient.BasicAuth == nil {
		t.Errorf("headers and client: %+v", got)
	}
	got = parse("export: {otlp: {logs_endpoint: 'http://a/insert?x=y', compression: none, queue_size: 1GB, queue_age: 7d, timeout: 3s}}")
	if got.URL.String() != "http://a/insert?x=y" || got.Compress || got.QueueSize != 1<<30 || got.QueueAge != 7*24*time.Hour || got.Timeout != 3*time.Second {
		t.Errorf("all set: %+v, %s", got, got.URL)
	}
	if got = parse("export: {otlp: {endpoint: 'http://a:4317', protocol: grpc}}"); got.URL.String() != "http://a:4317" || !got.GRPC {
		t.Errorf("gRPC: %+v, %s", got, got.URL)
	}
}

func TestPeers(t *testing.T) {
	parse := func(block string) (config.Peers, error) {
		cfg, err := config.Parse("config.yaml", strings.NewReader("services: [{name: shop, push: true}]\n"+block))
		if err != nil {
			return config.Peers{}, err
		}
		return cfg.Peers, nil
	}
	if got, err := parse(""); err != nil || got.Any() {
		t.Errorf("without the block: %+v, %v", got, err)
	}
	got, err := parse("peers: {static_configs: [{targets: ['a:9968']}]}")
	if err != nil || !got.Any() || got.Interval != 5*time.Second || got.Timeout != 5*time.Second || got.Scheme != "http" || got.PathPrefix != "" {
		t.Errorf("defaults: %+v, %v", got, err)
	}
	got, err = parse("peers: {static_configs: [{targets: ['a:9968']}], refresh_interval: 2s, timeout: 1s, scheme: https, path_prefix: /x, " +
		"basic_auth: {username: u, password: p}, relabel_configs: [{regex: x, action: labeldrop}]}")
	if err != nil || got.Interval != 2*time.Second || got.Timeout != time.Second || got.Scheme != "https" || got.PathPrefix != "/x" || got.HTTPClient.BasicAuth == nil || len(got.Relabel) != 1 {
		t.Errorf("all set: %+v, %v", got, err)
	}
	for block, want := range map[string]string{
		"peers: {refresh_interval: 5s}":                               "peers: has no service discovery",
		"peers: {static_configs: [{targets: ['a:1']}], interval: 5s}": "peers.interval: unknown key",
		"peers: {static_configs: [{targets: ['a:1']}], timeout: 5x}":  `peers.timeout: "5x" is not a duration`,
		"peers: [{static_configs: [{targets: ['a:1']}]}]":             "peers: is a list and has to be a mapping",
	} {
		if _, err := parse(block); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", block, err, want)
		}
	}
}
