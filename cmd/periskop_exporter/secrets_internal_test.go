package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/periskop-exporter/periskop_exporter/internal/redact/corpus"
)

// A secretsBench runs the exporter on targets that tell secrets in every field, and
// collects whatever it shows.
type secretsBench struct {
	t       *testing.T
	address string
	dir     string
	log     syncedBuffer
	alerts  syncedBuffer
	records syncedBuffer      // that were exported
	shown   map[string]string // by where
	ids     []string
	entries []corpus.Entry
	wait    func() error
}

// syncedBuffer is written to by the exporter while the test waits.
type syncedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (b *syncedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// seededReport has one aggregate per secret, with the text that it stands in in every
// field, and with what is not to be read there as well.
func seededReport(entries []corpus.Entry) []byte {
	var list []any
	created := time.Now().UTC()
	for i, e := range entries {
		s := e.Text
		level := map[string]any{"class": s, "message": s, "stacktrace": []string{s, "  at " + s + " (x.go:1)"}}
		cause := map[string]any{"class": s, "message": s, "stacktrace": []string{s}, "cause": nil}
		level["cause"] = cause
		latest := map[string]any{
			"uuid": s, "timestamp": created, "severity": s, "error": level, s: s,
			"http_context": map[string]any{
				"request_method": s, "request_url": "https://shop.example/a?q=" + url.QueryEscape(s), "request_body": s,
				"request_headers": map[string]string{"Cookie": s, "X-Request": s, "Referer": s, s: "a"},
			},
		}
		list = append(list, map[string]any{
			"aggregation_key": s, "total_count": i + 1, "severity": s, "created_at": created, "latest_errors": []any{latest}, s: s,
		})
	}
	odd := map[string]any{"aggregation_key": entries[0].Text, "total_count": entries[1].Text, "created_at": entries[2].Text, "latest_errors": entries[3].Text}
	out, _ := json.Marshal(map[string]any{"target_uuid": entries[0].Text, "aggregated_errors": append(list, odd)})
	return out
}

// seededFederation is the same as an exporter tells it, with a process per secret.
func seededFederation(entries []corpus.Entry) []byte {
	var aggregates, processes []any
	created := time.Now().UTC()
	for i, e := range entries {
		id := fmt.Sprintf("%016x", i+1)
		aggregates = append(aggregates, map[string]any{
			"aggregation_key": e.Text, "exception_id": id, "total_count": 1, "severity": e.Text, "created_at": created, "latest_errors": []any{},
		})
		processes = append(processes, map[string]any{
			"target_uuid": e.Text, "address": e.Text, "instance": e.Text,
			"totals": []any{map[string]any{"exception_id": id, "severity": e.Text, "created_at": created, "total_count": 1}},
		})
	}
	out, _ := json.Marshal(map[string]any{"target_uuid": "exporter", "aggregated_errors": aggregates, "processes": processes})
	return out
}

// seededConfig writes the configuration: a service that is scraped well, one whose target
// answers an error that quotes secrets, and one that cannot be reached, with secrets in
// parameters, paths, addresses and labels.
func (b *secretsBench) seededConfig(entries []corpus.Entry) string {
	good := b.serve(later(3, func() []byte { return seededReport(entries) }))
	plain := b.serve(func(w http.ResponseWriter, r *http.Request) { // a process for each parameter, as programs have
		sum := sha256.Sum256([]byte(r.URL.RawQuery))
		fmt.Fprintf(w, `{"target_uuid": "%x", "aggregated_errors": [{"aggregation_key": "k", "total_count": 1}]}`, sum[:16])
	})
	store := b.serve(b.logStore(entries))
	alertmanager := b.serve(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(&b.alerts, r.Body) })
	parent := b.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(seededFederation(entries)) })
	bad := b.serve(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, entries[5].Text, http.StatusTeapot) })
	garbage := b.serve(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"aggregated_errors": `+entries[6].Text)
	})
	var groups []map[string]any
	for _, e := range entries {
		groups = append(groups, map[string]any{"targets": []string{plain}, "labels": map[string]string{
			"team": e.Text, "instance": e.Text, "__meta_text": e.Text, "__param_seeded": e.Secrets[0],
		}})
	}
	targets, _ := json.Marshal(groups)
	b.write("targets.json", string(targets))
	b.write("accounts.json", `[{"targets":["me:ownhunter8@127.0.0.1:1","ownhunter9@127.0.0.1:1","http://me:ownhunter10@127.0.0.1:1/"]}]`)
	return b.write("config.yaml", fmt.Sprintf(`
occurrence_labels: [team, version]
source_links: [{url: 'https://code.example.com/{path}?at={version}#{line}', unversioned: main}]
export:
  otlp:
    logs_endpoint: 'http://%[8]s/v1/logs?key=ownhunter14'
    compression: none
    headers: {X-Api-Key: ownhunter15}
    http_headers: {X-Auth-Token: {secrets: [ownhunter16]}}
    basic_auth: {username: me, password: ownhunter17}
    proxy_url: http://me:ownhunter18@127.0.0.1:1
    no_proxy: 127.0.0.1
links: [{name: Issue, url: 'https://issues.example.com/new?t={title}&b={body}&v={version}&k={key}&c={class}&i={instance}'}]
services:
- name: good
  group_by: [team]
  static_configs: [{targets: [%[1]q], labels: {team: %[2]s, version: %[2]s}}]
  scraper: {refresh_interval: 1s, params: {token: [ownhunter2], module: [ownhunter3]}}
- name: parent
  group_by: [team]
  static_configs: [{targets: [%[3]q]}]
  scraper: {refresh_interval: 1s, endpoint: '/federate?b=ownhunter4'}
- name: bad
  static_configs: [{targets: [%[4]q, %[5]q]}]
  scraper: {refresh_interval: 1s, params: {key: [ownhunter5]}, basic_auth: {username: me, password: ownhunter6}}
- name: gone
  static_configs: [{targets: ['127.0.0.1:1']}]
  relabel_configs: [{target_label: __param_auth, replacement: ownhunter7}, {target_label: __metrics_path__, replacement: '/x?a=ownhunter1'}]
  scraper: {refresh_interval: 1s}
- name: account
  file_sd_configs: [{files: [accounts.json]}]
  scraper: {refresh_interval: 1s}
- name: labelled
  group_by: [team]
  file_sd_configs: [{files: [targets.json]}]
  scraper: {refresh_interval: 2s}
- name: secret
  relabel_configs: [{target_label: service_name, replacement: 'at postgres://me:ownhunter11@db'}]
  static_configs: [{targets: [%[6]q]}]
  scraper: {refresh_interval: 1s}
alerting:
  alertmanagers:
  - path_prefix: /
    static_configs: [{targets: ['127.0.0.1:1']}]
    basic_auth: {username: me, password: ownhunter12}
    relabel_configs: [{target_label: __alerts_path__, replacement: '/a?token=ownhunter13'}]
  - static_configs: [{targets: [%[7]q]}]
`, good, quoted(entries[7].Text), parent, bad, garbage, good, alertmanager, store))
}

// logStore is a log store that at first refuses, and quotes secrets and what it was sent, and then keeps
// what it takes.
func (b *secretsBench) logStore(entries []corpus.Entry) http.HandlerFunc {
	var asked atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= 2 {
			http.Error(w, fmt.Sprint(entries[8].Text, " ", r.URL, " ", r.Header), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.Copy(&b.records, r.Body)
	}
}

// later serves an empty report a number of times, and then one that is made but once: what
// comes after the first answer is news, which is counted and of which alerts are sent.
func later(empty int, made func() []byte) http.HandlerFunc {
	var scrapes atomic.Int32
	report := sync.OnceValue(made)
	return func(w http.ResponseWriter, _ *http.Request) {
		if int(scrapes.Add(1)) <= empty {
			_, _ = io.WriteString(w, `{"aggregated_errors": []}`)
			return
		}
		_, _ = w.Write(report())
	}
}

func quoted(s string) string {
	out, _ := json.Marshal(s)
	return string(out)
}

func (b *secretsBench) serve(h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	b.t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func (b *secretsBench) write(name, text string) string {
	b.t.Helper()
	name = filepath.Join(b.dir, name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return name
}

// start runs the exporter until the test ends it.
func (b *secretsBench) start(config string) {
	b.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	b.address = l.Addr().String()
	if err := l.Close(); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, nil, []string{
			"--config.file=" + config, "--storage.path=" + filepath.Join(b.dir, "state"), "--web.listen-address=" + b.address, "--log.level=debug",
			"--web.enable-mcp", "--web.user-header=X-User",
		}, strings.NewReader(""), &b.log, &b.log)
	}()
	b.wait = func() error {
		cancel()
		return <-ended
	}
}

// get asks for a page, and keeps what is shown.
func (b *secretsBench) get(path string, headers ...string) string {
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.address+path, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.shown[path+strings.Join(headers, " ")] = fmt.Sprint(res.Status, res.Header, string(body))
	return string(body)
}

// post sends something as somebody whose name has a secret, and keeps what is answered.
func (b *secretsBench) post(path, body, user string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, "http://"+b.address+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("X-User", strings.Join(strings.Fields(user), " "))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v: %s", path, res.Status, err, text)
	}
	b.shown[path+body] = string(text)
}

// agent calls a tool as a coding agent does.
func (b *secretsBench) agent(tool, arguments string) {
	b.t.Helper()
	b.post("/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":{`+arguments+`}}}`, "agent")
}

// settle waits until each service has been scraped, and its exceptions are shown.
func (b *secretsBench) settle(want int) {
	for range 1200 {
		b.ids = b.ids[:0]
		for _, m := range exceptionID.FindAllStringSubmatch(b.get("/api/v1/exceptions?limit=1000"), -1) {
			b.ids = append(b.ids, m[1])
		}
		teams := strings.Count(b.get("/metrics"), `,service_name="labelled",severity="error",team=`)
		if len(b.ids) > want && teams >= want/10 && !strings.Contains(b.get("/api/v1/targets"), `"health":"unknown"`) &&
			strings.Contains(b.log.String(), "alerts cannot be sent") && strings.Contains(b.alerts.String(), "exception_id") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatalf("%d exceptions are shown, want %d; %d bytes of alerts, it ended with: %v; log:\n%s", len(b.ids), want, len(b.alerts.String()), b.wait(), b.log.String())
}

var exceptionID = regexp.MustCompile(`"exception_id":"([0-9a-f]{16})"`)

// look asks for every surface there is.
func (b *secretsBench) look() {
	for _, path := range []string{
		"/", "/exceptions", "/exceptions?q=a&sort=count", "/status", "/status/config", "/api/v1/services", "/api/v1/exceptions", "/api/v1/targets",
		"/services/", "/targets/", "/-/exceptions", "/-/ready", "/federate/targets", "/federate?service_name=secret",
	} {
		b.get(path)
	}
	b.get("/metrics")
	b.get("/metrics", "Accept", "application/openmetrics-text;version=1.0.0")
	b.get("/metrics", "Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	for _, service := range []string{"good", "parent", "bad", "gone", "account", "labelled"} {
		for _, path := range []string{"/service?service_name=", "/federate?service_name=", "/exceptions?service_name=", "/metrics?service_name="} {
			b.get(path + service)
		}
		b.get("/services/" + service + "/errors/")
	}
	b.agent("list_services", "")
	b.agent("list_targets", "")
	b.agent("search_exceptions", `"state":"all","limit":100`)
	for i, id := range b.ids {
		e := b.entries[i%len(b.entries)]
		reason, _ := json.Marshal(map[string]any{"kind": "noted", "reason": e.Text, "exception_ids": []string{id}})
		b.post("/api/v1/decisions", string(reason), e.Text)
		b.agent("get_exception", `"exception_id":"`+id+`"`)
		for _, path := range []string{"/trace/%s", "/trace/%s/text", "/trace/%s/json", "/trace/%s/markdown", "/trace/%s/curl", "/api/v1/trace?exception_id=%s"} {
			b.get(fmt.Sprintf(path, id))
		}
	}
}

// keep adds what is on disk, and the log, once the exporter has ended.
func (b *secretsBench) keep() {
	err := filepath.WalkDir(filepath.Join(b.dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.shown[path] = string(text)
		for i := 0; ; i++ { // occurrences are compressed
			next := strings.Index(b.shown[path][i:], zstdMagic)
			if next < 0 {
				break
			}
			i += next
			b.shown[fmt.Sprint(path, " from byte ", i)] = decompressed(b.t, text[i:])
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.t.Fatal(err)
	}
	b.shown["the log"] = b.log.String()
	b.shown["the alerts"] = b.alerts.String()
	b.shown["the log store"] = b.records.String()
}

// zstdMagic begins what is compressed, RFC 8878.
const zstdMagic = "\x28\xb5\x2f\xfd"

// decompressed returns what b begins with.
func decompressed(t *testing.T, b []byte) string {
	t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, _ := io.ReadAll(r) // up to what follows, which is no part of it
	return string(out)
}

// TestSecretsAreShownNowhere seeds a hundred secrets of different shapes into every field
// of what targets tell, and more into the configuration, and looks for each in all that the
// exporter shows, writes and logs.
func TestSecretsAreShownNowhere(t *testing.T) {
	t.Parallel()
	entries := corpus.Hundred(3)
	b := &secretsBench{t: t, dir: t.TempDir(), shown: map[string]string{}, entries: entries}
	b.start(b.seededConfig(entries))
	b.settle(2 * len(entries))
	b.look()
	if err := b.wait(); err != nil {
		t.Error(err)
	}
	b.keep()
	var secrets []string
	for _, e := range entries {
		secrets = append(secrets, e.Secrets[0])
	}
	for i := range 18 {
		secrets = append(secrets, fmt.Sprintf("ownhunter%d", i+1))
	}
	occurrences := 0
	found := 0
	for where, text := range b.shown {
		if strings.Contains(where, "from byte") && strings.Contains(text, `\u003credacted\u003e`) {
			occurrences++
		}
		text = text + "\n" + html.UnescapeString(text)
		for _, s := range secrets {
			for _, form := range slices.Compact([]string{s, url.QueryEscape(s), url.PathEscape(s), strings.Trim(quoted(s), `"`)}) {
				at := strings.Index(text, form)
				if at < 0 || strings.HasPrefix(s, "ownhunter") && at+len(form) < len(text) && text[at+len(form)] >= '0' && text[at+len(form)] <= '9' {
					continue
				}
				if found++; found < 40 {
					t.Errorf("%s shows %q: %q", where, s, text[max(0, at-100):min(len(text), at+len(form)+40)])
				}
				break
			}
		}
	}
	if n := strings.Count(b.shown["the log store"], "periskop.exception_id"); n < len(entries) {
		t.Errorf("%d occurrences were exported, want %d", n, len(entries))
	}
	if occurrences < len(entries) {
		t.Errorf("occurrences of %d exceptions are found in the state, want %d", occurrences, len(entries))
	}
	if found > 0 {
		t.Errorf("%d in all", found)
	}
}
