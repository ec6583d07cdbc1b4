package periskop

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// times reads times. The zero value is ready.
type times struct {
	locations map[string]*time.Location // by name; nil for none
}

// read reads a time, in any of the forms that languages give it by themselves:
// RFC 3339 and what is near it, other texts with year, month, day and time of day, Unix
// times and other numbers, and the objects and lists that encoders make of a time of
// their language. Without a zone it is UTC. Nothing, and the zero times of Go, .NET and
// Unix, are the zero time, without an error.
//
// The error says what is wrong with what is no time, or one that no clock showed.
func (ts *times) read(v []byte) (time.Time, error) {
	if isNothing(v) {
		return time.Time{}, nil
	}
	var (
		t   time.Time
		err error
	)
	switch {
	case len(v) > 6*maxTimeText && v[0] != '{': // each character may be written as \u0063
		err = errNoTime
	case v[0] == '"':
		if err = t.UnmarshalText(v[1 : len(v)-1]); err != nil {
			t, err = ts.text(text(v))
		}
	case v[0] == '{':
		t, err = ts.object(v)
	case v[0] == '[':
		t, err = listTime(v)
	default:
		t, err = numberTime(string(v))
	}
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("%s: %w", formOf(v), err)
	case t.Year() <= 1, t.Unix() == 0: // nobody set it
		return time.Time{}, nil
	case t.Year() < 1970 || t.Year() > 2200:
		return time.Time{}, fmt.Errorf("%s: %w", formOf(v), errNoClock)
	}
	return t.UTC(), nil
}

var (
	errNoTime    = errors.New("it is in no form of a time that is known")
	errNoClock   = errors.New("no clock showed it: it is before 1970 or after 2200")
	errNoHour    = errors.New("it has no time of day")
	errNoNumber  = errors.New("the number is no Unix time")
	errNoZone    = errors.New("its time zone is not known, or several have that name")
	errNoSuchDay = errors.New("there is no such day or time of day")
	errDayMonth  = errors.New("which number is the day and which the month depends on the country")
)

// A scale is how a number tells a time: in units since a moment. What numbers it is for
// is told by their size: no clock shows a time before 2001 unless it is wrong.
type scale struct {
	from, below float64
	unit        time.Duration
	since       int64 // in Unix seconds
}

const (
	year2001 = 1e9         // in Unix seconds, 9 September
	year2200 = 7_258118400 // in Unix seconds
)

var scales = [...]scale{
	{from: year2001, below: year2200, unit: time.Second},
	{from: year2001 * 1e3, below: year2200 * 1e3, unit: time.Millisecond},
	{from: year2001 * 1e6, below: year2200 * 1e6, unit: time.Microsecond},
	{from: year2001 * 1e9, below: year2200 * 1e9, unit: time.Nanosecond},
	// Ticks of .NET count from the year 1, and Swift's encoder counts from 2001: that
	// is a Unix time of the 1990s, here of 2020 to 2032.
	{from: 6.31e17, below: 6.94e17, unit: 100 * time.Nanosecond, since: -62135596800},
	{from: 6e8, below: year2001, unit: time.Second, since: 978307200},
}

// numberTime reads a number as JSON has it, also from a text.
func numberTime(s string) (time.Time, error) {
	if t, ok := digitTime(s); ok {
		return t, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return time.Time{}, errNoNumber
	case f == 0, f == -62135596800, f == -62135596800000: // the zero times of Unix, Go and .NET
		return time.Time{}, nil
	}
	for _, sc := range scales {
		if f >= sc.from && f < sc.below {
			return sc.time(s, f), nil
		}
	}
	return time.Time{}, errNoNumber
}

// time returns the time that the number says: exactly, or, if it has an exponent, as far
// as a float64 can tell, which is to the microsecond.
func (sc scale) time(s string, f float64) time.Time {
	whole, fraction := math.Modf(f)
	units, nanos := int64(whole), time.Duration(fraction*float64(sc.unit)).Round(time.Microsecond).Nanoseconds()
	if left, right, _ := strings.Cut(s, "."); !strings.ContainsAny(s, "eE") {
		units, _ = strconv.ParseInt(left, 10, 64)
		digits, _ := strconv.ParseInt((right + "000000000")[:9], 10, 64)
		nanos = digits * int64(sc.unit) / 1e9
	}
	perSecond := int64(time.Second / sc.unit)
	return time.Unix(sc.since+units/perSecond, units%perSecond*int64(sc.unit)+nanos)
}

// digitTime reads 20261120101112, with or without milliseconds: no number of a scale has
// as many digits.
func digitTime(s string) (time.Time, bool) {
	if len(s) != 14 && len(s) != 17 {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102150405", s[:14])
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, false
	}
	millis, err := strconv.ParseUint("0"+s[14:], 10, 16)
	return t.Add(time.Duration(millis) * time.Millisecond), err == nil
}

// listTime reads [2026, 11, 20, 10, 11, 12, 345000000], as Jackson writes a LocalDateTime,
// without its last numbers when they are zero, and the same in groups, as Erlang has it.
// Python's struct_time has nine numbers, of which the last three are others.
func listTime(v []byte) (time.Time, error) {
	numbers := make([]int, 0, 9)
	fields := bytes.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune("[], \t\r\n", r) })
	for _, f := range fields {
		n, err := strconv.Atoi(string(f))
		if err != nil || len(numbers) == cap(numbers) {
			return time.Time{}, errNoTime
		}
		numbers = append(numbers, n)
	}
	n := len(numbers)
	switch {
	case n == 0:
		return time.Time{}, nil
	case n == 3:
		return time.Time{}, errNoHour
	case n != 5 && n != 6 && n != 7 && n != 9:
		return time.Time{}, errNoTime
	}
	numbers = append(numbers, 0, 0)
	if n == 9 {
		numbers[6] = 0
	}
	return civilTime(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], time.UTC)
}

// civilTime is time.Date without its generosity.
func civilTime(year, month, day, hour, minute, second, nano int, zone *time.Location) (time.Time, error) {
	switch {
	case month < 1, month > 12, day < 1, day > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day(),
		hour < 0, hour > 24, hour == 24 && minute+second > 0, minute < 0, minute > 59, second < 0, second > 60, nano < 0, nano >= 1e9:
		return time.Time{}, errNoSuchDay
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nano, zone), nil
}

// object reads what encoders make of an object of a class for times: its seconds and
// nanoseconds, its milliseconds, or a text beside the name of a zone, as PHP has it.
func (ts *times) object(v []byte) (time.Time, error) {
	var (
		seconds, nanos, whole []byte
		zone                  string
	)
	d := newReader(v)
	err := d.eachMember(func(quoted []byte) error {
		value, err := d.value()
		if err != nil {
			return err
		}
		var buf [maxPlainName]byte
		switch string(plainName(buf[:0], quoted)) {
		case "seconds", "secs", "sec", "s", "epochsecond", "secssinceepoch", "tvsec":
			seconds = value
		case "nanos", "nano", "nanoseconds", "nsec", "n", "nanossinceepoch", "tvnsec":
			nanos = value
		case "millis", "milliseconds", "time", "date", "$date", "$numberlong", "iso", "value", "datetime":
			if whole == nil { // in PowerShell the value is followed by a text for people
				whole = value
			}
		case "timezone", "zone", "tz":
			zone = scalar(value)
		}
		return nil
	})
	switch {
	case err != nil:
		return time.Time{}, errNoTime
	case seconds != nil:
		t, err := numberTime(scalar(seconds))
		n, _ := strconv.ParseInt(scalar(nanos), 10, 64)
		if err == nil && n > 0 && n < 1e9 {
			t = t.Truncate(time.Second).Add(time.Duration(n))
		}
		return t, err
	case len(whole) == 0:
		return time.Time{}, errNoTime
	case whole[0] == '{': // {"$date": {"$numberLong": "…"}}
		if bytes.IndexByte(whole[1:], '{') >= 0 {
			return time.Time{}, errNoTime
		}
		return ts.object(whole)
	case zone != "" && whole[0] == '"':
		return ts.text(text(whole) + " " + zone)
	}
	if s := scalar(whole); whole[0] != '"' {
		return numberTime(s)
	}
	return ts.text(text(whole))
}
