package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// number prints a count with a comma between thousands.
func number[T int | uint64](n T) string {
	s := strconv.FormatUint(uint64(max(n, 0)), 10)
	var b strings.Builder
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// short prints a count exactly, unless it is too long for a column.
func short(n uint64) string {
	const exact, kilo = 10_000_000, 1000
	if n < exact {
		return number(n)
	}
	size := float64(n) / (kilo * kilo)
	unit := "M"
	for _, larger := range []string{"B", "T"} {
		if size < kilo {
			break
		}
		size, unit = size/kilo, larger
	}
	if size < 100 {
		return fmt.Sprintf("%.1f%s", size, unit)
	}
	return number(uint64(size)) + unit
}

// plural prints a count of things; more than one of them end in s.
func plural[T int | uint64](n T, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// capital returns a word of ours with a capital letter.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// byteSize prints a size in decimal units, as networks and disks have them.
func byteSize(n int) string {
	const kilo = 1000
	if n < kilo {
		return strconv.Itoa(n) + " B"
	}
	size := float64(n)
	for _, unit := range []string{"kB", "MB", "GB"} {
		size /= kilo
		if size < 9.95 {
			return fmt.Sprintf("%.1f %s", size, unit)
		}
		if size < 999.5 || unit == "GB" {
			return fmt.Sprintf("%.0f %s", size, unit)
		}
	}
	return ""
}

// took prints how long something took.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// A moment is a time, ready to print.
type moment struct {
	Machine  string // RFC 3339; empty when the time is not known
	Absolute string // to the second, with the zone
	Precise  string // to the millisecond, with the zone
	Relative string // to now
}

func newMoment(now, t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{
		Machine:  t.Format(time.RFC3339Nano),
		Absolute: t.Format("2006-01-02 15:04:05 MST"),
		Precise:  t.Format("2006-01-02 15:04:05.000 MST"),
		Relative: relative(t.Sub(now)),
	}
}

// An age is a time that something has lasted since, ready to print.
type age struct {
	Machine string // empty when the time is not known
	For     string
}

func ageOf(now, since time.Time) age {
	if since.IsZero() {
		return age{}
	}
	return age{Machine: since.UTC().Format(time.RFC3339Nano), For: cmp.Or(distance(now.Sub(since)), "0 seconds")}
}

// relative says how far in the future a time is, or in the past.
func relative(d time.Duration) string {
	switch far := distance(d.Abs()); {
	case far == "":
		return "just now"
	case d < 0:
		return far + " ago"
	default:
		return "in " + far
	}
}

// distance prints a duration in its largest unit, rounded down, and nothing when it
// is under a second.
func distance(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return ""
	case d < time.Minute:
		return plural(int(d/time.Second), "second")
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < 2*day: // in hours, as "1 day" may be nearly two
		return plural(int(d/time.Hour), "hour")
	case d < 60*day:
		return plural(int(d/day), "day")
	case d < 730*day:
		return plural(int(d/(30*day)), "month")
	}
	return plural(int(d/(365*day)), "year")
}
