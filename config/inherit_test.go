package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// TestInheritance combines the scraper of global with that of a service.
func TestInheritance(t *testing.T) {
	type auth struct{ Basic, Bearer, OAuth2 bool }
	authOf := func(s config.Scraper) auth {
		h := s.HTTPClient
		return auth{h.BasicAuth != nil, h.Authorization != nil, h.OAuth2 != nil}
	}
	tests := []struct {
		name            string
		global, service string
		check           func(config.Scraper) (got, want any)
	}{
		{"a key of global holds", "endpoint: /errors", "timeout: 5s", func(s config.Scraper) (any, any) {
			return []any{s.Endpoint, s.Timeout}, []any{"/errors", 5 * time.Second}
		}},
		{"a key of the service wins", "endpoint: /errors", "endpoint: /exceptions", func(s config.Scraper) (any, any) {
			return s.Endpoint, "/exceptions"
		}},
		{"a key without value brings the default back", "endpoint: /errors", "endpoint:", func(s config.Scraper) (any, any) {
			return s.Endpoint, "/-/exceptions"
		}},
		{"a boolean can be turned back on", "follow_redirects: false", "follow_redirects: true", func(s config.Scraper) (any, any) {
			return s.HTTPClient.FollowRedirects, true
		}},
		{"a boolean of global holds", "follow_redirects: false", "timeout: 5s", func(s config.Scraper) (any, any) {
			return s.HTTPClient.FollowRedirects, false
		}},
		{"a timeout of global is cut to a short interval", "{refresh_interval: 1m, timeout: 30s}", "refresh_interval: 5s", func(s config.Scraper) (any, any) {
			return s.Timeout, 5 * time.Second
		}},
		{"a timeout fits the interval of global", "refresh_interval: 2m", "timeout: 1m", func(s config.Scraper) (any, any) {
			return []any{s.Interval, s.Timeout}, []any{2 * time.Minute, time.Minute}
		}},
		{"the default timeout is cut to a short interval", "refresh_interval: 2s", "endpoint: /errors", func(s config.Scraper) (any, any) {
			return s.Timeout, 2 * time.Second
		}},
		{"a block is replaced as a whole", "tls_config: {ca_file: a, server_name: b}", "tls_config: {ca_file: c}", func(s config.Scraper) (any, any) {
			return []any{s.HTTPClient.TLSConfig.CAFile, s.HTTPClient.TLSConfig.ServerName}, []any{"c", ""}
		}},
		{"params are replaced as a whole", "params: {a: [b]}", "params: {c: [d]}", func(s config.Scraper) (any, any) {
			return s.Params.Encode(), "c=d"
		}},
		{"authentication of global holds", "basic_auth: {username: a}", "timeout: 5s", func(s config.Scraper) (any, any) {
			return authOf(s), auth{Basic: true}
		}},
		{"another authentication replaces it", "basic_auth: {username: a}", "bearer_token: b", func(s config.Scraper) (any, any) {
			return authOf(s), auth{Bearer: true}
		}},
		{"authentication is turned off", "basic_auth: {username: a}", "basic_auth:", func(s config.Scraper) (any, any) {
			return authOf(s), auth{}
		}},
		{"no_proxy joins the proxy of global", "proxy_url: http://proxy", "no_proxy: localhost", func(s config.Scraper) (any, any) {
			return []any{s.HTTPClient.ProxyURL.String(), s.HTTPClient.NoProxy}, []any{"http://proxy", "localhost"}
		}},
		{"another proxy replaces it", "{proxy_url: http://proxy, no_proxy: localhost}", "proxy_from_environment: true", func(s config.Scraper) (any, any) {
			return []any{s.HTTPClient.ProxyURL.URL == nil, s.HTTPClient.NoProxy}, []any{true, ""}
		}},
		{"the environment is not used after all", "proxy_url: http://proxy", "proxy_from_environment: false", func(s config.Scraper) (any, any) {
			return s.HTTPClient.ProxyURL.String(), "http://proxy"
		}},
		{"the proxy of global is turned off", "proxy_url: http://proxy", "proxy_url: ''", func(s config.Scraper) (any, any) {
			return s.HTTPClient.ProxyURL.String(), ""
		}},
		{"the size of zero is that of the limits", "body_size_limit: 1MB", "body_size_limit: 0", func(s config.Scraper) (any, any) {
			return s.BodySizeLimit, int64(3 << 20)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := parse(t, "limits: {payload_size: 3MB}\nglobal:\n  scraper:\n    "+tt.global+
				"\nservices:\n  - name: api\n    static_configs: [{targets: [api]}]\n    scraper:\n      "+tt.service+"\n")
			got, want := tt.check(c.Services[0].Scraper)
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

func TestServiceReplacesTopLevel(t *testing.T) {
	c := parse(t, `
group_by: [env]
own_code: [com.example.]
metric_relabel_configs: [{action: drop, source_labels: [class], regex: Noise}]
services:
  - name: inherits
    static_configs: [{targets: [a]}]
  - name: replaces
    static_configs: [{targets: [b]}]
    group_by: [version, team]
    own_code: [/app/]
    metric_relabel_configs: [{action: labeldrop, regex: class}]
  - name: has none
    static_configs: [{targets: [c]}]
    group_by: []
    own_code: []
    metric_relabel_configs: []
`)
	type service struct {
		GroupBy []string
		OwnCode []string
		Actions []string
	}
	var got []service
	for _, s := range c.Services {
		out := service{GroupBy: s.GroupBy, OwnCode: s.OwnCode}
		for _, r := range s.MetricRelabel {
			out.Actions = append(out.Actions, string(r.Action))
		}
		got = append(got, out)
	}
	want := []service{
		{[]string{"env"}, []string{"com.example."}, []string{"drop"}},
		{[]string{"version", "team"}, []string{"/app/"}, []string{"labeldrop"}},
		{nil, nil, nil},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestAliases has a block that others take over, whole or in part.
func TestAliases(t *testing.T) {
	c := parse(t, `
services:
  - name: api
    static_configs: &targets [{targets: [api], labels: {env: !!str 1}}]
    scraper: &scraper
      endpoint: /errors
      basic_auth: {username: a}
      params: {b: [c]}
  - name: web
    static_configs: *targets
    scraper: *scraper
  - name: job
    static_configs: *targets
    scraper:
      <<: [{timeout: 5s, endpoint: /first}, *scraper]
      params: {d: [e]}
`)
	web, job := c.Services[1].Scraper, c.Services[2].Scraper
	if diff := cmp.Diff(web, c.Services[0].Scraper, ignore); diff != "" {
		t.Errorf("alias (-got +want):\n%s", diff)
	}
	if web.HTTPClient.BasicAuth == c.Services[0].Scraper.HTTPClient.BasicAuth {
		t.Error("services share the configuration of an HTTP client")
	}
	if job.Endpoint != "/first" || job.Timeout != 5*time.Second || job.HTTPClient.BasicAuth == nil || job.Params.Encode() != "d=e" {
		t.Errorf("merge key: got %+v", job)
	}
}

func TestValues(t *testing.T) {
	const base = "services: [{name: api, static_configs: [{targets: [api]}], scraper: {refresh_interval: %}}]"
	durations := map[string]time.Duration{
		"45s": 45 * time.Second, "1m30s": 90 * time.Second, "500ms": 500 * time.Millisecond, "1.5s": 1500 * time.Millisecond,
		"1d": 24 * time.Hour, "1h30m": 90 * time.Minute, "1w": 7 * 24 * time.Hour, `"2m"`: 2 * time.Minute,
	}
	for text, want := range durations {
		if got := parse(t, strings.Replace(base, "%", text, 1)).Services[0].Scraper.Interval; got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	const sized = "limits: {payload_size: %}\nservices: [{name: api, static_configs: [{targets: [api]}]}]"
	sizes := map[string]int64{
		"512B": 512, "10KB": 10 << 10, "64MB": 64 << 20, "64MiB": 64 << 20, "1.5GB": 3 << 29, "1TB": 1 << 40, "64 MB": 64 << 20, "0": 64 << 20, "0B": 64 << 20,
	}
	for text, want := range sizes {
		if got := parse(t, strings.Replace(sized, "%", text, 1)).Limits.PayloadSize; got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}
