package view_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/view"
)

// hostilePages are the addresses of all pages of the hostile world.
func hostilePages(w *world) []string {
	service := url.QueryEscape(w.targets[0].Service)
	pages := []string{
		"/", "/status", "/exceptions", "/exceptions?sort=count",
		"/exceptions?service_name=" + service, "/status?service_name=" + service,
		"/trace?aggregation_key=" + url.QueryEscape(attack), "/trace?service_name=" + service + "&aggregation_key=x",
		"/trace/" + url.PathEscape(attack), "/" + url.PathEscape(attack),
	}
	for _, s := range hostile {
		pages = append(pages, "/exceptions?q="+url.QueryEscape(s)+"&severity="+url.QueryEscape(s)+"&service_name="+url.QueryEscape(s))
	}
	for _, e := range w.state.Snapshot().Services[0].Exceptions {
		pages = append(pages, "/trace/"+e.ID)
	}
	return append(pages, pages[len(pages)-1]+"?occurrence="+url.QueryEscape(attack))
}

// tagPattern finds the tags of a page with their attributes, in the form in which the
// templates write them.
var tagPattern = regexp.MustCompile(`</?([a-z0-9]+)((?: [a-z-]+(?:="[^"]*")?)*)/?>`)

var valuePattern = regexp.MustCompile(`="[^"]*"`)

// knownTags are those that the templates use.
var knownTags = strings.Fields(`a b bdi body button caption code dd details div dl dt footer form h1 h2 h3 h4 head header html img
	input label li link main meta nav ol option p pre section select small span summary table tbody td th thead time title tr ul
	datalist dialog kbd path q script svg`)

func TestHostile(t *testing.T) {
	const limit = 600_000 // twice what a page takes of text from targets
	w := hostileWorld(t)
	h := w.handler(t)
	for _, address := range hostilePages(w) {
		rec := get(t, h, address)
		body := rec.Body.String()
		name := address
		if len(name) > 80 {
			name = name[:80]
		}
		if rec.Code == http.StatusInternalServerError {
			t.Errorf("%s: %s", name, body)
		}
		if len(body) > limit {
			t.Errorf("%s: %d bytes", name, len(body))
		}
		checkMarkup(t, name, body)
		checkCharacters(t, name, body)
	}
}

// checkMarkup checks that all markup is that of the templates, and that no address
// leads elsewhere.
func checkMarkup(t *testing.T, name, body string) {
	t.Helper()
	body = strings.TrimPrefix(body, "<!doctype html>")
	for _, m := range tagPattern.FindAllStringSubmatch(body, -1) {
		if !slices.Contains(knownTags, m[1]) {
			t.Errorf("%s: tag %s", name, m[0])
		}
		for attribute := range strings.FieldsSeq(valuePattern.ReplaceAllString(m[2], "")) {
			if strings.HasPrefix(attribute, "on") || attribute == "style" {
				t.Errorf("%s: attribute %s of %s", name, attribute, m[0])
			}
		}
	}
	if rest := tagPattern.ReplaceAllString(body, ""); strings.ContainsAny(rest, "<>") {
		at := strings.IndexAny(rest, "<>")
		t.Errorf("%s: stray markup: %q", name, rest[max(at-40, 0):min(at+40, len(rest))])
	}
	for _, m := range addressPattern.FindAllStringSubmatch(body, -1) {
		if to := m[1]; !strings.HasPrefix(to, "https://x.test/") && // where the configuration leads
			!strings.HasPrefix(to, "./") && !strings.HasPrefix(to, "../") && !strings.HasPrefix(to, "#") {
			t.Errorf("%s: link to %q", name, to)
		}
	}
}

var fieldPattern = regexp.MustCompile(` value="[^"]*"`)

// checkCharacters checks that nothing in the page hides or reorders what is around it.
func checkCharacters(t *testing.T, name, body string) {
	t.Helper()
	// Fields send back what they hold, so that has to be as it came.
	body = fieldPattern.ReplaceAllString(body, "")
	var before rune
	for i, r := range body {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\ufe0f':
		case r == '\u200d' && before > unicode.MaxASCII:
		case !unicode.IsGraphic(r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			t.Fatalf("%s: U+%04X at byte %d: %q", name, r, i, body[max(i-40, 0):min(i+40, len(body))])
		}
		before = r
	}
}

// TestNothingIsLost looks for the ends of what is too long for a page in the plain
// text form.
func TestNothingIsLost(t *testing.T) {
	w := hostileWorld(t)
	h := w.handler(t)
	service := w.targets[0].Service
	for key, want := range map[string][]string{
		"long message": {"a message without end, a message", "THE END"},
		"many frames":  {"call0(", "call5000(", "call9999("},
		"many causes":  {"Caused by: Cause1: cause number 1\n", "Caused by: Cause100: cause number 100\n", "Caused by: Cause200: cause number 200\n"},
		"hostile zero width: " + hostile["zero width"]: {"U+200B×5,000"},
	} {
		id := merge.ExceptionID(service, key)
		page, text := get(t, h, "/trace/"+id).Body.String(), get(t, h, "/trace/"+id+"/text").Body.String()
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%.20q: %q is not in the plain text", key, s)
			}
		}
		if !strings.Contains(page, "/trace/"+id+"/text") {
			t.Errorf("%.20q: the page does not lead to the plain text", key)
		}
		checkCharacters(t, key, text)
	}
}

// TestFold checks what a page shows of what is too long for it: the beginning and the
// end, and how much is missing.
func TestFold(t *testing.T) {
	w := hostileWorld(t)
	h := w.handler(t)
	service := w.targets[0].Service
	for key, want := range map[string][]string{
		"long message": {"a message without end", "1.1 MB more"},
		"many frames":  {"call0(", "call199(", "9,700 lines more", "call9900(", "call9999("},
		"many causes":  {"200 causes", "cause number 80", "100 causes more", "cause number 181", "cause number 200", "root cause"},
		"fifty causes": {"50 causes", "cause number 25", "cause number 50"},
	} {
		page := get(t, h, "/trace/"+merge.ExceptionID(service, key)).Body.String()
		for _, s := range want {
			if !strings.Contains(page, s) {
				t.Errorf("%q is not on the page of %q", s, key)
			}
		}
		if deepest := depth(page); deepest > 20 {
			t.Errorf("%q: elements nest %d deep", key, deepest)
		}
	}
}

// depth returns how deep the elements of a page nest.
func depth(page string) int {
	deepest, now := 0, 0
	for _, m := range tagPattern.FindAllStringSubmatch(page, -1) {
		switch {
		case m[1] == "meta" || m[1] == "link" || m[1] == "input" || m[1] == "img" || strings.HasSuffix(m[0], "/>"):
		case strings.HasPrefix(m[0], "</"):
			now--
		default:
			now++
			deepest = max(deepest, now)
		}
	}
	return deepest
}

// TestOrdinaryCauses checks that causes in an ordinary number are all there, the first
// and the root open.
func TestOrdinaryCauses(t *testing.T) {
	w := newWorld(merge.ServiceSettings{Name: "s"})
	w.serve("s", "i", nil, reportOf("key", *chain(4)))
	page := get(t, w.handler(t), "/trace/"+merge.ExceptionID("s", "key")).Body.String()
	for i := range 5 {
		if !strings.Contains(page, fmt.Sprintf("cause number %d", i)) {
			t.Errorf("cause %d is missing", i)
		}
	}
	if open, all := strings.Count(page, "<li><details open>"), strings.Count(page, "<li><details"); open != 2 || all != 4 {
		t.Errorf("got %d of %d causes open, want 2 of 4", open, all)
	}
}

// TestBudget checks that the budget of a page holds whatever fills it.
func TestBudget(t *testing.T) {
	const limit = 600_000
	long := make([]string, 5000)
	for i := range long {
		long[i] = strings.Repeat("<", 500)
	}
	e := chain(500)
	for c := e; c != nil; c = c.Cause {
		c.Stacktrace, c.Message, c.Class = long, strings.Repeat("\x00a", 50_000), strings.Repeat("&", 5000)
	}
	context := &periskop.HTTPContext{Method: long[0], URL: strings.Repeat("u", 1<<20), Body: strings.Repeat("'", 1<<20)}
	for range 1000 {
		context.Headers = append(context.Headers, periskop.Header{Name: strings.Repeat("h", 10_000), Value: strings.Repeat("v", 10_000)})
	}
	snapshot := &merge.Snapshot{Services: []*merge.Service{{Name: "s", Exceptions: []*merge.Exception{{
		ID: merge.ExceptionID("s", "k"), Service: "s", Key: strings.Repeat("\u202e\u202d", 1<<20),
		Kept: merge.NewKept(periskop.Occurrence{UUID: "u", Error: *e, HTTPContext: context}),
	}}}}}
	h, err := view.New(view.Options{Snapshot: func() *merge.Snapshot { return snapshot }})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/", "/exceptions", "/trace/" + merge.ExceptionID("s", "k")} {
		if got := get(t, h, address).Body.Len(); got > limit {
			t.Errorf("%s: %d bytes, more than %d", address, got, limit)
		}
	}
}
