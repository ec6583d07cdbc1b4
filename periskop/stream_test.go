package periskop_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// everyPayload calls f for each captured body.
func everyPayload(t *testing.T, f func(name string, body []byte)) {
	t.Helper()
	err := filepath.WalkDir("testdata/payloads", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		body, err := os.ReadFile(path)
		if err == nil {
			f(path, body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// read reads a body as a stream, and returns what was taken with copies of the occurrences.
func read(src io.Reader, m *periskop.Memory) (*periskop.Report, error) {
	var taken []periskop.Aggregate
	s := periskop.Stream{Take: func(a *periskop.Aggregate) {
		kept := *a
		kept.Latest = bytes.Clone(a.Latest)
		taken = append(taken, kept)
	}}
	r, err := s.Decode(src, m)
	if r != nil {
		r.Aggregates = append(taken, r.Aggregates...)
	}
	return r, err
}

// message returns what an error says, "" for none.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestStreamReadsWhatDecodeReads holds both against each other, for bodies that come at once
// and in pieces.
func TestStreamReadsWhatDecodeReads(t *testing.T) {
	check := func(t *testing.T, name string, body []byte) {
		t.Helper()
		want, wantErr := periskop.Decode(body)
		for how, src := range map[string]io.Reader{
			"at once": bytes.NewReader(body), "in halves": iotest.HalfReader(bytes.NewReader(body)),
			"with its end": iotest.DataErrReader(bytes.NewReader(body)),
		} {
			got, err := read(src, nil)
			if message(err) != message(wantErr) {
				t.Errorf("%s, %s: got error %v, want %v", name, how, err, wantErr)
			}
			if !same(got, want) { // to find the difference takes long
				t.Fatalf("%s, %s (-stream +whole):\n%.2000s", name, how, cmp.Diff(got, want, errorsByText))
			}
		}
	}
	everyPayload(t, func(name string, body []byte) { check(t, name, body) })
	for _, body := range []string{
		"", " ", "\ufeff", "\ufeff{}", "<html>", "null", "[1]", "oops, this is no report at all", "{", `{"a`, `{"aggregated_errors":[`,
		`{"aggregated_errors":[]}`, `{"aggregated_errors":[]} `, `{"aggregated_errors":[]}{}`, `{"aggregated_errors":null}`, `{"aggregated_errors":5}`,
		`{"aggregated_errors":{"k":{"total_count":1}}}`, `{"aggregated_errors":[{"aggregation_key":"k","total_count":1},]}`,
		`{"aggregated_errors":[{"aggregation_key":"k","total_count":1}],"target_uuid":12`, `{"x":1,"aggregated_errors":[],"target_uuid":12}`,
		`{"aggregated_errors":[1,"x",{"aggregation_key":"k","total_count":"many"},{"aggregation_key":"k","total_count":3,"created_at":"soon"}]}`,
		`{"aggregated_errors":[{"aggregation_key":"k","total_count":1 "x"}]}`, `{'aggregated_errors': []}`,
	} {
		check(t, body, []byte(body))
	}
}

// same compares reports as errorsByText does.
func same(a, b *periskop.Report) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	if message(x.SkippedErr) != message(y.SkippedErr) || message(x.UnreadableTimesErr) != message(y.UnreadableTimesErr) {
		return false
	}
	x.SkippedErr, y.SkippedErr, x.UnreadableTimesErr, y.UnreadableTimesErr = nil, nil, nil, nil
	return cmp.Equal(x, y, rawEqual)
}

// rawEqual compares occurrences at once, and not byte by byte.
var rawEqual = cmp.Comparer(func(a, b periskop.RawOccurrences) bool { return bytes.Equal(a, b) })

var errorsByText = cmp.Comparer(func(a, b error) bool { return message(a) == message(b) })

// TestStreamOfLargeAggregates has aggregates that lie across the ends of the window, and one
// that is much larger, one byte at a time.
func TestStreamOfLargeAggregates(t *testing.T) {
	var all []string
	for i := range 40 {
		occurrence := fmt.Sprintf(`{"uuid":"u%d","error":{"message":"%s"}}`, i, strings.Repeat(fmt.Sprint(i, " "), 200<<(i%10)))
		all = append(all, fmt.Sprintf(`{"aggregation_key":"k%d","total_count":%d,"latest_errors":[%s]}`, i, i, occurrence))
	}
	body := []byte(`{"aggregated_errors":[` + strings.Join(all, ",") + `]}`)
	want, err := periskop.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	for how, src := range map[string]io.Reader{"at once": bytes.NewReader(body), "byte by byte": iotest.OneByteReader(bytes.NewReader(body))} {
		got, err := read(src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want, rawEqual); diff != "" {
			t.Errorf("%s (-stream +whole):\n%.2000s", how, diff)
		}
	}
}

func TestStreamBreaks(t *testing.T) {
	broken := errors.New("connection reset by peer")
	var m periskop.Memory
	body := `{"aggregated_errors":[{"aggregation_key":"a","total_count":1},{"aggregation_key":"b","total_count":2}]}`
	if _, err := read(strings.NewReader(body), &m); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 30, len(body) - 1, len(body)} {
		r, err := read(io.MultiReader(strings.NewReader(body[:n]), iotest.ErrReader(broken)), &m)
		if r != nil || !errors.Is(err, broken) {
			t.Errorf("after %d bytes: got report %v and error %v, want that of the connection", n, r, err)
		}
	}
	if r, err := read(strings.NewReader(body), &m); err != nil || r.Unchanged != 0 || len(r.Aggregates) != 2 {
		t.Errorf("after that: got %+v and %v, want both aggregates", r, err)
	}
}

// TestMemory reads one report after another of a target.
func TestMemory(t *testing.T) {
	aggregate := func(key string, total int) string {
		return fmt.Sprintf(`{"aggregation_key":"%s","total_count":%d,"latest_errors":[{"uuid":"%s"}]}`, key, total, key)
	}
	scala := func(key string, total int) string {
		return fmt.Sprintf(`{"latest_errors":[{"uuid":"%s"}],"total_count":%d,"aggregation_key":"%s"}`, key, total, key)
	}
	type step struct {
		aggregates []string
		want       []string // the keys that are read
	}
	a, b, c := aggregate("a", 1), aggregate("b", 1), aggregate("c", 1)
	for name, steps := range map[string][]step{
		"nothing changes": {{[]string{a, b}, []string{"a", "b"}}, {[]string{a, b}, nil}, {[]string{a, b}, nil}},
		"one grows":       {{[]string{a, b, c}, []string{"a", "b", "c"}}, {[]string{a, aggregate("b", 2), c}, []string{"b"}}, {[]string{a, aggregate("b", 2), c}, nil}},
		"one comes":       {{[]string{a, b}, []string{"a", "b"}}, {[]string{c, a, b}, []string{"c"}}, {[]string{c, a, b}, nil}},
		"one goes":        {{[]string{a, b, c}, []string{"a", "b", "c"}}, {[]string{a, c}, nil}, {[]string{a, b, c}, []string{"b"}}},
		"another order":   {{[]string{a, b, c}, []string{"a", "b", "c"}}, {[]string{c, a, b}, nil}, {[]string{b, c, a}, nil}},
		"the key comes last": {
			{[]string{scala("a", 1), scala("b", 1), scala("c", 1)}, []string{"a", "b", "c"}},
			{[]string{scala("a", 1), scala("b", 2), scala("c", 1)}, []string{"b"}},
			{[]string{scala("d", 1), scala("a", 1), scala("b", 3), scala("c", 1)}, []string{"d", "b"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var m periskop.Memory
			for i, s := range steps {
				r, err := read(strings.NewReader(`{"aggregated_errors":[`+strings.Join(s.aggregates, ",")+`],"target_uuid":"u"}`), &m)
				if err != nil {
					t.Fatal(err)
				}
				var keys []string
				for _, a := range r.Aggregates {
					keys = append(keys, a.Key)
				}
				if diff := cmp.Diff(keys, s.want); diff != "" || r.Unchanged != len(s.aggregates)-len(keys) || r.TargetUUID != "u" {
					t.Errorf("report %d: %d unchanged, read (-got +want):\n%s", i, r.Unchanged, diff)
				}
			}
		})
	}
}
