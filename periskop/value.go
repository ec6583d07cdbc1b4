package periskop

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// memberName avoids an allocation for the names that the format knows.
func memberName(quoted []byte) string {
	switch string(quoted) {
	case `"target_uuid"`:
		return "target_uuid"
	case `"aggregated_errors"`:
		return "aggregated_errors"
	case `"aggregation_key"`:
		return "aggregation_key"
	case `"total_count"`:
		return "total_count"
	case `"history_count"`:
		return "history_count"
	case `"first_seen"`:
		return "first_seen"
	case `"instance"`:
		return "instance"
	case `"severity"`:
		return "severity"
	case `"created_at"`:
		return "created_at"
	case `"latest_errors"`:
		return "latest_errors"
	case `"uuid"`:
		return "uuid"
	case `"timestamp"`:
		return "timestamp"
	case `"error"`:
		return "error"
	case `"http_context"`:
		return "http_context"
	case `"class"`:
		return "class"
	case `"message"`:
		return "message"
	case `"stacktrace"`:
		return "stacktrace"
	case `"cause"`:
		return "cause"
	}
	return text(quoted)
}

func (r *reader) text(s *string) error {
	v, err := r.value()
	if err == nil {
		*s = text(v)
	}
	return err
}

func (r *reader) time(t *time.Time) error {
	v, err := r.value()
	if err == nil {
		*t = parseTime(text(v))
	}
	return err
}

// text returns what v says as text: a string unquoted, null as nothing, and
// anything else as its JSON. Clients put numbers, lists and objects where the
// format wants strings.
func text(v []byte) string {
	switch v[0] {
	case 'n':
		return ""
	case '"':
		b, err := jsontext.AppendUnquote(nil, v)
		if err != nil && !jsontext.Value(v).IsValid(jsontext.AllowInvalidUTF8(true)) {
			v = v[1 : len(v)-1] // bare control characters or unknown escapes: it is left as it stands
			break
		}
		return string(b) // what is not UTF-8 came out as U+FFFD
	}
	return strings.ToValidUTF8(string(v), "\ufffd")
}

// count reads a total. Clients write whole numbers; some JSON libraries write those
// as 2.0 or 2e3, or as strings.
func count(v []byte) (uint64, error) {
	s := strings.TrimSpace(text(v))
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !math.IsInf(f, 0) {
			return 0, oddError("total_count is not a number")
		}
		if f < 0 || f != math.Trunc(f) || math.IsNaN(f) {
			return 0, oddError("total_count is not a count")
		}
		if f > MaxTotalCount {
			return 0, oddError("total_count is beyond 2^53")
		}
		n = uint64(f)
	}
	if n > MaxTotalCount {
		return 0, oddError("total_count is beyond 2^53")
	}
	return n, nil
}

// timeLayouts are RFC 3339, which all current clients write, and what older
// versions and other JSON libraries make of a time. Without a zone it is UTC.
var timeLayouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
}

// parseTime returns the zero time for what is no time, and for times that no clock
// showed: before 1970 (Go's zero time is sent as year 1) or past 2200.
func parseTime(s string) time.Time {
	if i := strings.IndexByte(s, '['); i > 0 {
		s = s[:i] // java.time appends the zone's name: 2026-11-22T08:00+01:00[Europe/Berlin]
	}
	for _, layout := range timeLayouts {
		t, err := time.Parse(layout, s)
		if err == nil {
			if t.Year() < 1970 || t.Year() > 2200 {
				return time.Time{}
			}
			return t.UTC()
		}
	}
	return time.Time{}
}
