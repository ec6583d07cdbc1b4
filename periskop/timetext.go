package periskop

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxTimeText is more than any text of a time has: JavaScript's, with the name of the
// zone in brackets, has 70 bytes.
const maxTimeText = 120

// The parts of texts of times.
const (
	clockText = `(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,12}))?)?`
	monthText = `(?P<b>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?`
	weekday   = `(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +)?`
	zoneText  = `(?P<zone>.*)`
)

// timeForms are the forms of texts.
var timeForms = []*regexp.Regexp{
	// ISO 8601, RFC 3339, SQL, and what languages print that took them for a model.
	timeForm(`(?P<Y>\d{4})[/.-](?P<m>\d{1,2})[/.-](?P<d>\d{1,2})(?:t|[ _]+|, *)` + clockText + zoneText),
	// ISO 8601 without separators.
	timeForm(`(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)[t ](?P<H>\d\d)(?P<M>\d\d)(?:(?P<S>\d\d)(?:[.,](?P<f>\d{1,12}))?)?` + zoneText),
	// RFC 5322 (mail), RFC 9110 (HTTP) with an old form, logs of web servers.
	timeForm(weekday + `(?P<d>\d{1,2})[ /-]+` + monthText + `[ /-]+(?P<Y>\d{4}|\d\d)(?: +|:|, *| at )` + clockText + zoneText),
	// JavaScript, and what is usual in English.
	timeForm(weekday + monthText + ` +(?P<d>\d{1,2}),? +(?P<Y>\d{4})(?: +|, *| at )` + clockText + zoneText),
	// C's asctime, date, Java's Date: the year comes after the time of day.
	timeForm(weekday + monthText + ` +(?P<d>\d{1,2}) +` + clockText + zoneText + ` (?P<Y>\d{4})(?P<behind>(?: [a-z/_+-]+[\d:]*)?)`),
	// The German and Russian order, which no other has with dots.
	timeForm(`(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<Y>\d{4}),? +` + clockText + zoneText),
	// Day and month in an order that depends on the country.
	timeForm(`(?P<one>\d{1,2})[/-](?P<other>\d{1,2})[/-](?P<Y>\d{4}),? +` + clockText + zoneText),
}

var (
	dayForm    = regexp.MustCompile(`^\d{4}-?\d{2}-?\d{2}$`)
	numberForm = regexp.MustCompile(`^-?\d+(\.\d+)?([eE][+-]?\d+)?$`)
	// dateForm is what .NET's older encoders wrote: Unix milliseconds, with a zone that
	// does not change them.
	dateForm   = regexp.MustCompile(`^/?Date\((-?\d+)(?:[+-]\d{4})?\)/?$`)
	halfForm   = regexp.MustCompile(`(?i)^\s*([ap])\.?m\b\.?`)
	offsetForm = regexp.MustCompile(`(?i)^\s*(?:utc|gmt|ut|z)?\s*([+-])(\d{1,2}):?(\d{2})?(?::?(\d{2}))?(?:$|[^\d:.])`)
)

func timeForm(text string) *regexp.Regexp { return regexp.MustCompile(`(?i)^` + text + `$`) }

// text reads a text.
func (ts *times) text(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	switch {
	case len(s) > maxTimeText:
		return time.Time{}, errNoTime
	case strings.Trim(s, "0-:. TZ+") == "": // 0000-00-00 00:00:00 is nothing in MySQL
		return time.Time{}, nil
	}
	s = plainTimeText(s)
	switch {
	case dayForm.MatchString(s):
		return time.Time{}, errNoHour
	case numberForm.MatchString(s):
		return numberTime(s)
	}
	if m := dateForm.FindStringSubmatch(s); m != nil {
		return numberTime(m[1])
	}
	for _, form := range timeForms {
		if m := form.FindStringSubmatch(s); m != nil {
			return ts.ofForm(form, m)
		}
	}
	return time.Time{}, errNoTime
}

var blanks = strings.NewReplacer("\u202f", " ", "\u00a0", " ", "\u2212", "-", "\r", " ", "\n", " ", "\t", " ")

// plainTimeText brings to one form what only looks different.
func plainTimeText(s string) string {
	s = blanks.Replace(s)
	s = strings.TrimPrefix(s, "#inst ") // Clojure
	s = strings.TrimPrefix(s, "@")      // date
	s = strings.Trim(s, `"'`)
	s, _, _ = strings.Cut(s, " m=") // the reading of Go's monotonic clock
	s, _, _ = strings.Cut(s, " (")  // the zone once more, in JavaScript and in mail
	if strings.HasPrefix(s, "[") {  // in logs of web servers
		s = strings.Trim(s, "[]")
	}
	return s
}

// ofForm returns the time that the groups of a form say.
func (ts *times) ofForm(form *regexp.Regexp, groups []string) (time.Time, error) {
	group := func(name string) string {
		if i := form.SubexpIndex(name); i >= 0 {
			return groups[i]
		}
		return ""
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(group(name)) // digits, or nothing
		return n
	}
	month := number("m")
	if name := group("b"); name != "" {
		month = strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(name))/3 + 1
	}
	day := number("d")
	if one, other := number("one"), number("other"); one > 0 {
		if one <= 12 && other <= 12 && one != other {
			return time.Time{}, errDayMonth
		}
		day, month = max(one, other), min(one, other)
	}
	year := number("Y")
	if len(group("Y")) == 2 {
		year += 2000 // nothing that reports exceptions is older
	}
	nanos, _ := strconv.Atoi((group("f") + "000000000")[:9])
	hour, text := number("H"), group("zone")+group("behind")
	if m := halfForm.FindStringSubmatch(text); m != nil && hour <= 12 {
		hour %= 12
		if strings.EqualFold(m[1], "p") {
			hour += 12
		}
		text = text[len(m[0]):]
	}
	zone, err := ts.zone(text)
	if err != nil {
		return time.Time{}, err
	}
	return civilTime(year, month, day, hour, number("M"), number("S"), nanos, zone)
}
