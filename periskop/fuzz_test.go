package periskop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// FuzzDecode holds whole bodies to what a report promises, and to be the same report
// after it was encoded.
func FuzzDecode(f *testing.F) {
	for _, c := range captures(f) {
		if body := c.read(f); len(body) < 4000 {
			f.Add(body)
		}
	}
	f.Add([]byte(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1,"latest_errors":[{"error":NaN}]}]}`))
	f.Add([]byte(`{"targetUuid":7,"aggregatedErrors":{"k":{"totalCount":"3","createdAt":1795169472,"latestErrors":{"0":{"stack":"a\nb"}}}}}`))
	f.Add([]byte(`{"aggregated_errors":[],"processes":[{"target_uuid":"p","totals":[{"exception_id":"0123456789abcdef","severity":"error","total_count":3,"history_count":1}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		given := slices.Clone(body)
		r, err := periskop.Decode(body)
		if !bytes.Equal(given, body) {
			t.Fatal("the body was changed")
		}
		if err != nil && strings.Contains(err.Error(), "not JSON") && json.Valid(body) {
			t.Fatalf("it is JSON, and got error: %v", err)
		}
		if err != nil {
			return
		}
		if (r.Unread() != nil) != (r.Skipped+r.UnreadableTimes > 0) {
			t.Errorf("got %d skipped, %d times unread, and %v", r.Skipped, r.UnreadableTimes, r.Unread())
		}
		for i := range r.Aggregates {
			a := &r.Aggregates[i]
			if !utf8.ValidString(a.Key) || a.TotalCount > periskop.MaxTotalCount || !slices.Contains(periskop.Severities(), a.Severity) {
				t.Errorf("got %+v", a)
			}
			a.Latest = periskop.EncodeOccurrences(a.Latest.Decode(nil))
		}
		if !bytes.Equal(given, body) {
			t.Fatal("the body was changed")
		}
		var b bytes.Buffer
		if err := periskop.Encode(&b, r); err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		again, err := periskop.Decode(b.Bytes())
		if err != nil || again.Unread() != nil {
			t.Fatalf("what was encoded does not decode: %v, %v\n%s", err, again.Unread(), b.Bytes())
		}
		r.Processes, again.Processes = nil, nil // for FuzzFederation
		ignore := cmpopts.IgnoreFields(periskop.Report{}, "Skipped", "SkippedErr", "UnreadableTimes", "UnreadableTimesErr")
		if diff := cmp.Diff(again, r, ignore, cmpopts.EquateEmpty(), cmp.Transformer("occurrences", decoded)); diff != "" {
			t.Errorf("after a round trip (-got +want):\n%s", diff)
		}
	})
}

func decoded(r periskop.RawOccurrences) []periskop.Occurrence { return r.Decode(nil) }

// FuzzStream holds the reader of bodies in pieces against the one of whole bodies, and what
// it passes over against what it read before.
func FuzzStream(f *testing.F) {
	for _, c := range captures(f) {
		if body := c.read(f); len(body) < 2000 {
			f.Add(body, uint8(7))
		}
	}
	f.Add([]byte(`{"target_uuid":false,"targetUuid":"u","aggregatedErrors":{"k":{"totalCount":"3","createdAt":1795169472}},"processes":[{"address":"a","totals":[]}]}`), uint8(1))
	f.Add([]byte(`{"aggregated_errors":[{"aggregation_key":None},{"aggregation_key":"k","total_count":2,"created_at":"soon"},],}`), uint8(3))
	f.Add([]byte(`{"target_uuid":"u","aggregated_errors":{"k":{"total_count":rue},"l":{"total_count":1}}}`), uint8(60))
	f.Add([]byte(`{"x":"`+strings.Repeat("x", 200<<10)+`","aggregated_errors":[{"aggregation_key":rue}]}`), uint8(200))
	f.Fuzz(func(t *testing.T, body []byte, piece uint8) {
		want, wantErr := periskop.Decode(body)
		var m periskop.Memory
		got, err := read(&pieces{body, int(piece) + 1}, &m)
		if strings.Contains(message(err), "occurs twice") {
			return // what was taken cannot be taken back
		}
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("got error %v, want %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(got, want, errorsByText); diff != "" {
			t.Errorf("report (-stream +whole):\n%s", diff)
		}
		again, err := read(bytes.NewReader(body), &m)
		if err != nil || again.Unchanged+len(again.Aggregates) != len(want.Aggregates) || again.Skipped != want.Skipped {
			t.Errorf("when it comes again: got %d unchanged, %d aggregates, %d skipped, error %v; want %d and %d",
				again.Unchanged, len(again.Aggregates), again.Skipped, err, len(want.Aggregates), want.Skipped)
		}
	})
}

// pieces is a reader of so many bytes at a time.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// FuzzOccurrences has anything in the place of a list of occurrences.
func FuzzOccurrences(f *testing.F) {
	for _, s := range []string{
		`null`, `{}`, `[]`, `[null,7,"x"]`, `{"7":{"uuid":"u"}}`,
		`[{"uuid":"u","timestamp":"2026-11-20T10:11:12Z","severity":"WARN","error":{"class":"C","message":"m","stacktrace":["f"],"cause":{"message":"why"}},"http_context":{"request_method":"GET","request_url":"/","request_headers":{"A":["b","c"]},"request_body":"b"}}]`,
		`[{"error":[{"message":"m"},"why"],"http_context":{"headers":["A","b","C","d"]}}]`,
		`[{"error":{"stacktrace":{"frames":[{"file":"A","line":1,"function":"f"}]}},"http_context":{"headers":[{"name":"A","value":"b"},["C","d"],"E: f"]}}]`,
		`[{"stack":"a\r\nb","http_context":"GET / HTTP/1.1"},{"http_context":{"headers":"A: b\r\n c\r\n"}}]`,
		`[{"error":{"message":"` + strings.Repeat(`\u00e9\n`, 500) + `","stacktrace":"` + strings.Repeat(`f\n`, 500) + `"}}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body := slices.Concat([]byte(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1,"latest_errors":`), raw, []byte(`}]}`))
		r, err := periskop.Decode(body)
		if err != nil || len(r.Aggregates) != 1 {
			return
		}
		list := r.Aggregates[0].Latest
		whole := periskop.Selection{}.Decode(list)
		if (whole.Err != nil) != (whole.Skipped+whole.UnreadableTimes > 0) {
			t.Errorf("got %d skipped, %d times unread, and error %v", whole.Skipped, whole.UnreadableTimes, whole.Err)
		}
		const size, most = 2000, 3
		seen := 0
		cut := periskop.Selection{Size: size, Most: most, Skip: func(string, time.Time) bool { seen++; return false }}.Decode(list)
		if seen != len(whole.Occurrences) || len(cut.Occurrences) > most || len(cut.Occurrences) < min(most, distinct(whole.Occurrences)) {
			t.Errorf("got %d of %d occurrences, %d seen", len(cut.Occurrences), len(whole.Occurrences), seen)
		}
		for _, o := range cut.Occurrences {
			if n := o.Size(); n > size || len(o.UUID) > 64 || o.UUID == "" {
				t.Errorf("got an occurrence %q of %d bytes", o.UUID, n)
			}
			if !slices.ContainsFunc(whole.Occurrences, func(w periskop.Occurrence) bool {
				return w.UUID == o.UUID && w.Timestamp.Equal(o.Timestamp)
			}) {
				t.Errorf("%q is none of those that were sent", o.UUID)
			}
		}
		for _, s := range []periskop.Selection{{}, {Size: size}} {
			got := s.Decode(list)
			again := s.Decode(periskop.PackOccurrences(got.Occurrences))
			if diff := cmp.Diff(again.Occurrences, got.Occurrences, cmpopts.EquateEmpty()); diff != "" || again.Err != nil {
				t.Errorf("size %d, after a round trip, error %v (-got +want):\n%s", s.Size, again.Err, diff)
			}
		}
	})
}

func distinct(list []periskop.Occurrence) int {
	seen := map[string]bool{}
	for _, o := range list {
		seen[o.UUID] = true
	}
	return len(seen)
}

// FuzzTime has anything in the place of a time. What Go reads as RFC 3339 is read as it
// does, and all is UTC of the years in which clocks are.
func FuzzTime(f *testing.F) {
	for _, s := range []string{
		"2026-11-20T10:11:12.345Z", "2026-11-20 11:11:12 +0100 CET m=+0.1", "Fri Nov 20 10:11:12 UTC 2026", "Fri, 20 Nov 2026 10:11:12 GMT",
		"Fri Nov 20 2026 10:11:12 GMT+0000 (Coordinated Universal Time)", "20261120T101112Z", "1795169472.345", "20.11.2026 10:11:12", "Nov 20, 2026, 10:11:12 PM",
		"/Date(1795169472345+0100)/", "2026-11-20T11:11:12[Europe/Berlin]", "[20/Nov/2026:10:11:12 +0000]", "11/20/2026 10:11", "0001-01-01T00:00:00Z",
	} {
		f.Add(quote(s))
	}
	for _, s := range []string{`1795169472`, `1.795169472e12`, `-1`, `[2026,11,20,10,11,12,3]`, `{"seconds":1795169472,"nanos":1}`, `{"date":"2026-11-20 10:11:12","timezone":"Europe/Berlin"}`, `{"$date":{"$numberLong":"1795169472345"}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r, err := periskop.Decode([]byte(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1,"created_at":` + value + `}]}`))
		if err != nil || len(r.Aggregates) != 1 {
			return
		}
		got := r.Aggregates[0].CreatedAt
		if !got.IsZero() && (got.Location() != time.UTC || got.Year() < 1970 || got.Year() > 2200 || r.UnreadableTimes > 0) {
			t.Errorf("got %v, error %v", got, r.UnreadableTimesErr)
		}
		var want time.Time
		if json.Unmarshal([]byte(value), &want) != nil || strings.Contains(value, `"created_at"`) {
			return
		}
		if year := want.UTC().Year(); want.Unix() == 0 || year < 1970 || year > 2200 {
			want = time.Time{}
		}
		if !got.Equal(want) {
			t.Errorf("got %v, error %v, want %v", got, r.UnreadableTimesErr, want)
		}
	})
}

// FuzzRoundTrip has reports of any content: what is encoded is decoded to the same.
func FuzzRoundTrip(f *testing.F) {
	f.Add("u", "k", uint64(3), uint64(1), int64(1795169472345678901), "C", "m", "f\n\tg", "why", "GET", "/x?a=b", "Accept", "text/html", "b")
	f.Add("", "\x00\xff", uint64(1<<53), uint64(0), int64(0), "<b>", "\u2028\\", "", "", "", "", "", "", "{}")
	f.Fuzz(func(t *testing.T, target, key string, total, history uint64, nanos int64, class, message, line, why, method, url, name, value, content string) {
		total %= periskop.MaxTotalCount / 2
		history %= periskop.MaxTotalCount / 2
		at := time.Unix(0, nanos).UTC()
		if at.Year() < 1970 || at.Year() > 2200 || at.Unix() == 0 {
			at = time.Time{}
		}
		text := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		clean := func(s string) string { return strings.Map(func(r rune) rune { return r }, s) } // each byte that is not UTF-8 becomes U+FFFD
		target, key, class, message, line = clean(target), clean(key), clean(class), clean(message), clean(line)
		why, method, url, name, value, content = clean(why), clean(method), clean(url), clean(name), clean(value), clean(content)
		o := periskop.Occurrence{
			UUID: "u", Timestamp: at, Severity: "fatal", Instance: text(target),
			Error: periskop.Exception{Class: class, Message: message, Stacktrace: []string{line, "last"}},
			HTTPContext: &periskop.HTTPContext{Method: method, URL: url + "/", Body: content, Headers: []periskop.Header{
				{Name: name, Value: value}, {Name: name, Value: "2"}, {Name: "3", Value: value},
			}},
		}
		if why != "" {
			o.Error.Cause = &periskop.Exception{Message: why}
		}
		want := &periskop.Report{TargetUUID: target, Aggregates: []periskop.Aggregate{{
			Key: key, TotalCount: total, History: history, FirstSeen: at, CreatedAt: at, Severity: "critical",
			Latest: periskop.PackOccurrences([]periskop.Occurrence{o}),
		}}}
		var b bytes.Buffer
		if err := periskop.Encode(&b, want); err != nil {
			t.Fatal(err)
		}
		got, err := periskop.Decode(b.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		if diff := cmp.Diff(got, want, cmp.Transformer("occurrences", decoded)); diff != "" {
			t.Errorf("report (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(got.Aggregates[0].Latest.Decode(nil), []periskop.Occurrence{o}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("occurrence (-got +want):\n%s", diff)
		}
	})
}

// FuzzFederation has anything in the place of what only exporters tell each other.
func FuzzFederation(f *testing.F) {
	const id = `"exception_id":"0123456789abcdef"`
	f.Add(`5`, `3`, `"2026-11-20T10:11:12Z"`, `"10.0.0.1:80"`, `"0123456789abcdef"`, `[]`)
	f.Add(`"5"`, `3.0`, `1795169472`, `{"a":1}`, `1`, `{"target_uuid":"p"}`)
	f.Add(`1`, `2`, `null`, `null`, `null`, `null`)
	f.Add(`2`, `1`, `null`, `"`+strings.Repeat("\xff", 400)+`"`, `""`, `[{"address":"a:1","clock_skew_seconds":1e9,"totals":[{`+id+`,"total_count":"7"}]}]`)
	f.Add(`9007199254740992`, `9007199254740992`, `""`, `"\u0000"`, `"ff"`, `[{"target_uuid":"p","instance":"i","totals":[{`+id+
		`,"severity":"WARN","created_at":"2026-11-20T10:11:12.345678901Z","total_count":3,"history_count":2}]}]`)
	f.Fuzz(func(t *testing.T, total, history, firstSeen, instance, id, processes string) {
		for _, s := range []string{total, history, firstSeen, instance, id, processes} {
			if !json.Valid([]byte(s)) {
				return
			}
		}
		r, err := periskop.Decode(fmt.Appendf(nil, `{"target_uuid":"u","aggregated_errors":[{"aggregation_key":"k","total_count":%s,"history_count":%s,"first_seen":%s,
			"exception_id":%s,"latest_errors":[{"uuid":"o","instance":%s}]},{"aggregation_key":"sound","total_count":1}]}`, total, history, firstSeen, id, instance))
		if err != nil {
			t.Fatal(err)
		}
		fuzzProcesses(t, processes)
		if n := len(r.Aggregates); n+r.Skipped != 2 || r.Aggregates[n-1].Key != "sound" {
			t.Fatalf("got %+v, want the sound one and what is said of the other", r)
		}
		if r.Skipped > 0 {
			return
		}
		a := r.Aggregates[0]
		if a.TotalCount+a.History > periskop.MaxTotalCount {
			t.Errorf("got %d and history %d, more than can be told", a.TotalCount, a.History)
		}
		o := periskop.Selection{Size: 4000}.Decode(a.Latest).Occurrences
		if len(o) != 1 || len(o[0].Instance) > 1<<10 || !utf8.ValidString(o[0].Instance) {
			t.Errorf("got %+v", o)
		}
		a.Latest = periskop.EncodeOccurrences(o)
		var b bytes.Buffer
		if err := periskop.Encode(&b, &periskop.Report{Aggregates: []periskop.Aggregate{a}}); err != nil {
			t.Fatal(err)
		}
		again, err := periskop.Decode(b.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		if diff := cmp.Diff(again.Aggregates, []periskop.Aggregate{a}, cmp.Transformer("occurrences", decoded)); diff != "" {
			t.Errorf("what the next one is told (-got +want):\n%s", diff)
		}
	})
}

// fuzzProcesses holds what exporters tell of processes to what it promises.
func fuzzProcesses(t *testing.T, processes string) {
	r, err := periskop.Decode([]byte(`{"aggregated_errors":[],"processes":` + processes + `}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Processes {
		if p.UUID+p.Address == "" || len(p.UUID) > 64 || len(p.Address)+len(p.Instance) > 2<<10 {
			t.Errorf("got %+v", p)
		}
		for _, pt := range p.Totals {
			if pt.History > pt.Total || pt.Total > periskop.MaxTotalCount || !slices.Contains(periskop.Severities(), pt.Severity) {
				t.Errorf("got %+v", pt)
			}
		}
	}
	var b bytes.Buffer
	if err := periskop.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	again, err := periskop.Decode(b.Bytes())
	if err != nil || again.Unread() != nil {
		t.Fatalf("%v, %v\n%s", err, again.Unread(), b.Bytes())
	}
	closely := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() <= time.Microsecond }) // a float64 has no more digits
	if diff := cmp.Diff(again.Processes, r.Processes, cmpopts.EquateEmpty(), closely); diff != "" {
		t.Errorf("processes as the next one is told (-got +want):\n%s", diff)
	}
}
