package grouping_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/grouping"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func rule(t testing.TB, key string, matchers ...string) grouping.Rule {
	t.Helper()
	template, err := grouping.ParseTemplate(key)
	if err != nil {
		t.Fatal(err)
	}
	r := grouping.Rule{Key: template}
	for _, text := range matchers {
		m, err := grouping.ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Matchers = append(r.Matchers, m)
	}
	return r
}

func TestKey(t *testing.T) {
	occurrence := &periskop.Occurrence{Error: periskop.Exception{
		Class: "E", Message: "user 17 not found\nin eu-1", Stacktrace: []string{"java.util.List.get(List.java:1)", "com.example.Users.find(Users.java:7)"},
		Cause: &periskop.Exception{Class: "F", Stacktrace: []string{"com.example.Db.query(Db.java:3)"}},
	}}
	e := grouping.Exception{Key: "E@1f2e", Class: "E", Newest: occurrence}
	for name, tc := range map[string]struct {
		rules []grouping.Rule
		own   []string
		of    *grouping.Exception
		want  string
		rule  int
	}{
		"none":                          {nil, nil, nil, "", -1},
		"class and frame":               {[]grouping.Rule{rule(t, "{class}@{own_frame}")}, nil, nil, "E@com.example.Users.find", 0},
		"a frame of one's own":          {[]grouping.Rule{rule(t, "{own_frame}")}, []string{"com.example.Db"}, nil, "com.example.Db.query", 0},
		"what varies":                   {[]grouping.Rule{rule(t, "{class}: {message_pattern}")}, nil, nil, "E: user <_> not found", 0},
		"a class":                       {[]grouping.Rule{rule(t, "it", `class="E"`)}, nil, nil, "it", 0},
		"another class":                 {[]grouping.Rule{rule(t, "it", `class="F"`)}, nil, nil, "", -1},
		"all matchers":                  {[]grouping.Rule{rule(t, "it", `class="E"`, `key=~"F.*"`)}, nil, nil, "", -1},
		"a message, over its lines":     {[]grouping.Rule{rule(t, "it", `message=~"user \\d+ not found.*"`)}, nil, nil, "it", 0},
		"a message is matched whole":    {[]grouping.Rule{rule(t, "it", `message=~"user"`)}, nil, nil, "", -1},
		"a frame of a cause":            {[]grouping.Rule{rule(t, "it", `frame=~".*Db.query.*"`)}, nil, nil, "it", 0},
		"no such frame":                 {[]grouping.Rule{rule(t, "it", `frame!~".*Db.query.*"`)}, nil, nil, "", -1},
		"none of the frames":            {[]grouping.Rule{rule(t, "it", `frame!~".*Redis.*"`)}, nil, nil, "it", 0},
		"the own frame":                 {[]grouping.Rule{rule(t, "it", `own_frame="com.example.Users.find"`)}, nil, nil, "it", 0},
		"the first that fits":           {[]grouping.Rule{rule(t, "a", `class="F"`), rule(t, "b"), rule(t, "c")}, nil, nil, "b", 1},
		"one that is left as it is":     {[]grouping.Rule{rule(t, "{key}", `class="E"`), rule(t, "all")}, nil, nil, "E@1f2e", 0},
		"nothing for a field":           {[]grouping.Rule{rule(t, "{class}@{own_frame}"), rule(t, "{class}")}, []string{"org."}, nil, "E", 1},
		"without an occurrence":         {[]grouping.Rule{rule(t, "{message}"), rule(t, "{key} of {class}")}, nil, &grouping.Exception{Key: "k", Class: "C"}, "k of C", 1},
		"frames, without an occurrence": {[]grouping.Rule{rule(t, "it", `frame=~".*"`)}, nil, &grouping.Exception{Key: "k", Class: "C"}, "", -1},
	} {
		t.Run(name, func(t *testing.T) {
			of := e
			if tc.of != nil {
				of = *tc.of
			}
			if key, rule := grouping.New(tc.rules, tc.own).Key(of); key != tc.want || rule != tc.rule {
				t.Errorf("got %q by rule %d, want %q by %d", key, rule, tc.want, tc.rule)
			}
		})
	}
}

func TestMessagePattern(t *testing.T) {
	rules := grouping.New([]grouping.Rule{rule(t, "{message_pattern}")}, nil)
	for message, want := range map[string]string{
		"user 17 not found": "user <_> not found",
		"dial tcp 10.0.0.7:5432: connect: connection refused":          "dial tcp <_>: connect: connection refused",
		"order 3f2504e0-4f89-11d3-9a0c-0305e82c3301 is gone":           "order <_> is gone",
		"Object at 0x7ffe12ab has no price":                            "Object at <_> has no price",
		"commit da39a3ee5e6b4b0d3255bfef95601890afd80709 is no parent": "commit <_> is no parent",
		"took 1.5s, 1,024 bytes":                                       "took <_>s, <_> bytes",
		"facade of a cafe decade":                                      "facade of a cafe decade",
		"первый 1":                                                     "первый <_>",
	} {
		if key, _ := rules.Key(grouping.Exception{Newest: &periskop.Occurrence{Error: periskop.Exception{Message: message}}}); key != want {
			t.Errorf("%q: got %q, want %q", message, key, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		``:                       `is no matcher`,
		`class`:                  `is no matcher`,
		`class=E`:                `is no matcher`,
		"``":                     `is no matcher`,
		`__name__="x"`:           `is no matcher`,
		`class="E", key="k"`:     `is no matcher`,
		`class="E"} or y{a="b"`:  `is no matcher`,
		`message=~"("`:           `is no matcher`,
		`severity="error"`:       `severity is nothing that an exception has; there are class, message, key, frame, own_frame`,
		`message_pattern="user"`: `message_pattern is nothing`,
	} {
		if _, err := grouping.ParseMatcher(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("matcher %s: got %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		``:          `the key is empty`,
		`{frame}`:   `{frame} stands for nothing here; there are {class}, {message}, {message_pattern}, {key}, {own_frame}`,
		`{klass}@x`: `{klass} stands for nothing`,
		`{}`:        `{} stands for nothing`,
	} {
		if _, err := grouping.ParseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("template %s: got %v, want %q", text, err, want)
		}
	}
}

// TestGoClient groups what the real Go client told of errors whose messages differ.
func TestGoClient(t *testing.T) {
	files, err := filepath.Glob("../periskop/testdata/payloads/go/basic-?.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d payloads, %v", len(files), err)
	}
	rules := grouping.New([]grouping.Rule{rule(t, "{class}@{own_frame}", `class=~"\\*errors.errorString|\\*fs.PathError|\\*fmt.wrapError"`)}, []string{"/srv/clients/"})
	before, after := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := periskop.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Aggregates {
			a := &r.Aggregates[i]
			newest := a.Latest.Decode(nil)
			key, _ := rules.Key(grouping.Exception{Key: a.Key, Class: newest[0].Error.Class, Newest: &newest[0]})
			if key != "" {
				before[a.Key], after[key] = true, true
			}
		}
	}
	want := map[string]bool{
		"*errors.errorString@/srv/clients/go/cur/main.go in init.func2": true,
		"*fs.PathError@/srv/clients/go/cur/main.go in init.func2":       true,
		"*fmt.wrapError@/srv/clients/go/cur/main.go in init.func2":      true,
	}
	if diff := cmp.Diff(after, want); diff != "" {
		t.Errorf("groups (-got +want):\n%s", diff)
	}
	if len(before) <= len(after) {
		t.Errorf("%d keys became %d", len(before), len(after))
	}
}

// FuzzRules holds rules and exceptions of any form to what they promise: a key, or none.
func FuzzRules(f *testing.F) {
	f.Add(`message=~"user .*"`, "{class}@{own_frame}", "E@1", "E", "user 17", `["com.example.A.b(A.java:1)"]`)
	f.Fuzz(func(t *testing.T, matcher, template, key, class, message, stack string) {
		m, err := grouping.ParseMatcher(matcher)
		if err != nil {
			return
		}
		k, err := grouping.ParseTemplate(template)
		if err != nil {
			return
		}
		var lines []string
		_ = json.Unmarshal([]byte(stack), &lines) // any lines will do
		rules := grouping.New([]grouping.Rule{{Matchers: []grouping.Matcher{m}, Key: k}}, nil)
		e := grouping.Exception{Key: key, Class: class, Newest: &periskop.Occurrence{Error: periskop.Exception{Class: class, Message: message, Stacktrace: lines}}}
		got, rule := rules.Key(e)
		if again, _ := rules.Key(e); again != got || (rule < 0) != (got == "") {
			t.Errorf("got %q by rule %d, and then %q", got, rule, again)
		}
	})
}
