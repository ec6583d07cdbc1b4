package view_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// conditionsHandler has one service, with an exception in each condition.
func conditionsHandler(t *testing.T) http.Handler {
	t.Helper()
	var recent merge.Recent
	exception := func(key, class, env string, age time.Duration, counted uint64) *merge.Exception {
		return &merge.Exception{
			ID: merge.ExceptionID("shop", key), Service: "shop", Key: key, Label: key, Class: class,
			FirstSeen: now.Add(-age), LastSeen: now,
			Counts: []merge.Count{{Severity: "error", Counted: counted, Group: periskop.Labels{{Name: "env", Value: env}}}},
		}
	}
	old := 100 * time.Hour
	list := []*merge.Exception{
		exception("fresh", "shop.CartError", "prod", time.Hour, 1),
		exception("growing", "shop.CartError", "staging", old, 3),
		exception("history", "db.Timeout", "prod", 300*time.Hour, 0),
		exception("quiet", "db.Timeout", "prod", old, 1),
		exception("regressed", "db.Timeout", "prod", old, 9),
		exception("resolved", "db.Timeout", "staging", time.Hour, 1),
	}
	list[4].Regressions = 2
	list[5].Resolved = &merge.Resolution{At: now.Add(-time.Minute), Reason: "fixed in 1.2"}
	snapshot := func() *merge.Snapshot {
		return &merge.Snapshot{Services: []*merge.Service{{Name: "shop", WatchedSince: now.Add(-200 * time.Hour), Exceptions: slices.Clone(list)}}}
	}
	recent.Observe(snapshot(), now.Add(-20*time.Minute))
	list[1] = exception("growing", "shop.CartError", "staging", old, 45)
	recent.Observe(snapshot(), now.Add(-time.Minute))
	h, err := view.New(view.Options{Snapshot: snapshot, Growth: recent.Growth, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var rowPattern = regexp.MustCompile(`data-row>(?:<bdi class="package">[^<]*</bdi>)?<bdi>[^<]*</bdi></a> <span class="key"><bdi>([^<]*)</bdi>`)

func TestFilters(t *testing.T) {
	h := conditionsHandler(t)
	tests := []struct {
		name, query string
		want        []string
	}{
		{"open", "", []string{"fresh", "growing", "history", "quiet", "regressed"}},
		{"new", "state=new", []string{"fresh"}},
		{"regressed", "state=regressed", []string{"regressed"}},
		{"growing", "state=growing", []string{"growing"}},
		{"resolved", "state=resolved", []string{"resolved"}},
		{"all", "state=all", []string{"fresh", "growing", "history", "quiet", "regressed", "resolved"}},
		{"unknown state", "state=odd", []string{"fresh", "growing", "history", "quiet", "regressed"}},
		{"class", "class=TIMEOUT", []string{"history", "quiet", "regressed"}},
		{"group label", "group.env=staging&state=all", []string{"growing", "resolved"}},
		{"group label and severity", "group.env=staging&severity=info", nil},
		{"a group label that is not there", "group.region=eu", nil},
		{"by growth", "sort=growth&class=shop", []string{"growing", "fresh"}},
		{"by count", "sort=count&class=db", []string{"regressed", "quiet", "history"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range rowPattern.FindAllStringSubmatch(get(t, h, "/exceptions?"+tt.query).Body.String(), -1) {
				got = append(got, m[1])
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestConditions checks what is said of each of them, and that the state of the list is
// in the addresses of its own links.
func TestConditions(t *testing.T) {
	h := conditionsHandler(t)
	id := func(key string) string { return "/trace/" + merge.ExceptionID("shop", key) }
	for address, want := range map[string][]string{
		"/": {
			`<a class="badge regressed" href="./exceptions?service_name=shop&state=regressed">1 regressed</a>`, `>1 new</a>`, `>1 growing</a>`,
			`Growing now`, `+42 in the last 20 minutes, at most 42 in 2 minutes`, `<td class="figure" data-label="Open"><a href="./exceptions?service_name=shop">5</a></td>`,
		},
		"/exceptions?state=resolved":               {`class="badge resolved"`},
		"/exceptions?state=new&class=none":         {"Nothing matches", "Include what is resolved"},
		"/exceptions?group.env=prod&sort=growth":   {`<option value="prod" selected>prod</option>`, "?group.env=prod&sort=count", `aria-sort="descending"`},
		id("regressed"):                            {"came back 2 times"},
		id("resolved"):                             {`Resolved <time`, "<bdi>fixed in 1.2</bdi>"},
		id("growing"):                              {"+42 in the last 20 minutes"},
		id("quiet"):                                {"No growth in the last 20 minutes"},
		"/exceptions?state=growing&service_name=x": {"There is no such service"},
	} {
		checkContains(t, address, html.UnescapeString(get(t, h, address).Body.String()), want...)
	}
	for _, s := range []string{"new", "regressed", "growing", "resolved"} {
		empty, err := view.New(view.Options{Snapshot: func() *merge.Snapshot { return &merge.Snapshot{} }})
		if err != nil {
			t.Fatal(err)
		}
		checkContains(t, s, get(t, empty, "/exceptions?state="+s).Body.String(), "None is "+s)
	}
}

func TestServiceFilter(t *testing.T) {
	w := realWorld(t)
	w.grow("search")
	h := w.handler(t)
	pattern := regexp.MustCompile(`<th scope="row" class="what"><a href="[^"]*" data-row><bdi>([^<]*)`)
	for query, want := range map[string][]string{
		"show=trouble":        {"mailer", "checkout"},
		"name=SEAR":           {"search"},
		"name=a&show=trouble": {"mailer"},
		"name=nothing":        nil,
	} {
		page := get(t, h, "/?"+query).Body.String()
		var got []string
		for _, m := range pattern.FindAllStringSubmatch(page, -1) {
			got = append(got, m[1])
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", query, diff)
		}
		if want == nil {
			checkContains(t, query, page, "No service is like that")
		}
	}
}

// TestManyServices checks that the overview has pages.
func TestManyServices(t *testing.T) {
	const limit = 100_000
	s := &merge.Snapshot{}
	for i := range 500 {
		s.Services = append(s.Services, &merge.Service{Name: fmt.Sprintf("service-%03d", i)})
	}
	h, err := view.New(view.Options{Snapshot: func() *merge.Snapshot { return s }})
	if err != nil {
		t.Fatal(err)
	}
	page := get(t, h, "/?page=2")
	checkContains(t, "page 2", page.Body.String(), "Page 2 of 9", "service-060")
	if got := page.Body.Len(); got > limit {
		t.Errorf("%d bytes, more than %d", got, limit)
	}
}

func TestOwnCode(t *testing.T) {
	w := newWorld(merge.ServiceSettings{Name: "s"})
	w.change = func(o *view.Options) {
		o.OwnCode = func(service string) []string { return []string{"org.apache." + service + "."} }
	}
	w.serve("s", "i", nil, reportOf("key", periskop.Exception{Class: "E", Stacktrace: []string{"org.apache.s.Job.run(Job.java:1)", "com.example.Lib.call(Lib.java:2)"}}))
	checkContains(t, "trace", get(t, w.handler(t), "/trace/"+merge.ExceptionID("s", "key")).Body.String(),
		`<li class="own">org.apache.s.Job.run`, `<li class="lib">com.example`)
}

func TestQueries(t *testing.T) {
	w := shopWorld(t)
	w.change = func(o *view.Options) {
		o.PrometheusURL = &url.URL{Scheme: "https", Host: "prometheus.test", Path: "/prefix"}
		o.GrafanaURL = &url.URL{Scheme: "https", Host: "grafana.test"}
	}
	h := w.handler(t)
	id := merge.ExceptionID("shop", shopKey)
	for address, want := range map[string][]string{
		"/trace/" + id: {
			`href="https://prometheus.test/prefix/graph?g0.expr=max+by+%28severity%29+%28sum+by+%28severity%2C+job%2C+instance%2C+replica%29+%28increase%28periskop_exceptions_total%7Bexception_id%3D%22` + id,
			`href="https://grafana.test/explore?panes=%7B%22periskop%22%3A`,
		},
		"/trace/0123456789abcdef": {`href="https://prometheus.test/prefix/graph?g0.expr=last_over_time`},
	} {
		checkContains(t, address, html.UnescapeString(get(t, h, address).Body.String()), want...)
	}
}
