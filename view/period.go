package view

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A period is when exceptions must have been seen. The zero value is any time.
type period struct {
	// Within is how long ago at most; one of withins.
	Within   string
	From, To bound
}

// A bound is a time, as a reader wrote it. It bounds nothing while it is none.
type bound struct {
	Text string
	at   time.Time
}

// withins are what can be chosen, with the names of a select.
var withins = []struct {
	Value string
	Name  string
	Ago   time.Duration
}{
	{"", "Any time", 0},
	{"10m", "In the last 10 minutes", 10 * time.Minute},
	{"1h", "In the last hour", time.Hour},
	{"24h", "In the last 24 hours", 24 * time.Hour},
	{"7d", "In the last 7 days", 7 * 24 * time.Hour},
	{"30d", "In the last 30 days", 30 * 24 * time.Hour},
}

// Parameters of a period.
const (
	withinParam = "within"
	fromParam   = "from"
	toParam     = "to"
)

func parsePeriod(q url.Values) period {
	p := period{From: parseBound(q.Get(fromParam)), To: parseBound(q.Get(toParam))}
	for _, w := range withins {
		if q.Get(withinParam) == w.Value {
			p.Within = w.Value
		}
	}
	return p
}

// parseBound takes a time as pages and alerts print it, whole or in part. Without a zone
// it is in UTC.
func parseBound(s string) bound {
	const most = 40 // bytes: longer than any of them
	s, _ = beginning(strings.TrimSpace(s), most)
	b := bound{Text: s}
	plain := strings.Replace(strings.TrimSuffix(s, " UTC"), "T", " ", 1)
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime} {
		if t, err := time.Parse(layout, plain); err == nil {
			b.at = t
		}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		b.at = t
	}
	return b
}

// Wrong says what is wrong with the bound; "" for nothing.
func (b bound) Wrong() string {
	if b.Text == "" || !b.at.IsZero() {
		return ""
	}
	return "This is not a time such as 2026-11-22 07:30, and bounds nothing."
}

func (p period) setValues(q url.Values) {
	setParam(q, withinParam, p.Within)
	setParam(q, fromParam, p.From.Text)
	setParam(q, toParam, p.To.Text)
}

// set is how many of its bounds are given.
func (p period) set() int {
	n := 0
	for _, given := range []string{p.Within, p.From.Text, p.To.Text} {
		if given != "" {
			n++
		}
	}
	return n
}

// has reports whether the exception was seen in the period, as far as is known: that it
// was seen between the first time and the last is taken for granted.
func (p period) has(e *merge.Exception, now time.Time) bool {
	for _, w := range withins {
		if w.Value == p.Within && w.Ago > 0 && e.LastSeen.Before(now.Add(-w.Ago)) {
			return false
		}
	}
	first, last := cmp.Or(e.FirstSeen, e.LastSeen), e.LastSeen
	return (p.From.at.IsZero() || !last.Before(p.From.at)) && (p.To.at.IsZero() || !first.After(p.To.at))
}

func (p period) options() []option {
	var list []option
	for _, w := range withins {
		list = append(list, option{Value: w.Value, Name: w.Name, Selected: w.Value == p.Within})
	}
	return list
}
