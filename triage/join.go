package triage

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The history of an exception is a set, and what two replicas know of it is joined as sets are: in
// whatever order and however often, the same comes out everywhere. What becomes of the exception
// follows from the set alone: see [Standing].
//
// An example: ada mutes at 12:00 on one replica, and bob resolves at 12:01 on another that does not
// know of it. Once both know both, it is resolved on both. It grows: the first replica finds that
// out at 12:05, the second one at 12:06, before they have told each other. Both entries say that
// what was decided at 12:01 has come to an end, and so they are one, of 12:05.

// MaxHistory is how many decisions are kept of an exception beside those that its state follows
// from, six at most: more than one reads.
const MaxHistory = 50

// Join returns the history that has what both have, the oldest first. Of what has no room, the
// oldest goes. The lists are not changed; the first has to be the result of Join, and is returned
// as it is when the other has nothing new.
func Join(a, b []Decision) []Decision {
	at := make(map[entry]int, len(a)+len(b))
	all := slices.Clone(a)
	for i := range a {
		at[a[i].entry()] = i
	}
	changed := false
	for i := range b {
		known, ok := at[b[i].entry()]
		switch {
		case !ok:
			at[b[i].entry()] = len(all)
			all = append(all, b[i])
			changed = true
		case b[i].before(&all[known]):
			all[known] = b[i]
			changed = true
		}
	}
	if !changed {
		return a
	}
	all = trim(all)
	slices.SortFunc(all, func(x, y Decision) int { return compare(&x, &y) })
	all = slices.Clip(all)
	if slices.EqualFunc(a, all, func(x, y Decision) bool { return compare(&x, &y) == 0 }) {
		return a
	}
	return all
}

// An entry is what tells decisions about one exception apart. Two people do not decide the same in
// the same nanosecond, and what a decision came to, it came to once.
type entry struct {
	kind Kind
	at   int64
}

func (d *Decision) entry() entry {
	if !d.Of.IsZero() {
		return entry{d.Kind, d.Of.UnixNano()}
	}
	return entry{d.Kind, d.At.UnixNano()}
}

func (e entry) compare(other entry) int {
	return cmp.Or(cmp.Compare(e.at, other.at), strings.Compare(string(e.kind), string(other.kind)))
}

// before says which of two forms of one entry stays: that of the earlier time.
func (d *Decision) before(other *Decision) bool { return compare(d, other) < 0 }

func compare(a, b *Decision) int {
	return cmp.Or(
		a.At.Compare(b.At), cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind)), a.Of.Compare(b.Of),
		strings.Compare(a.By, b.By), strings.Compare(a.Reason, b.Reason), a.Until.compare(&b.Until),
	)
}

func (u *Until) compare(other *Until) int {
	version := func(u *Until) int {
		if u.Version {
			return 1
		}
		return 0
	}
	return cmp.Or(u.Time.Compare(other.Time), cmp.Compare(u.Growth, other.Growth), cmp.Compare(version(u), version(other)))
}

// trim drops what there is no room for. What goes depends on the entries alone, and not on the forms
// of them that are known, which can change: else it would depend on the order of joining.
func trim(all []Decision) []Decision {
	over := len(all) - MaxHistory
	if over <= 0 {
		return all
	}
	slices.SortFunc(all, func(x, y Decision) int { return x.entry().compare(y.entry()) })
	decisive := map[entry]bool{}
	for _, kind := range []Kind{Resolved, Reopened, Muted, Unmuted} {
		if d := latest(all, kind); d != nil {
			decisive[d.entry()] = true
			if end, ends := ends[kind]; ends {
				decisive[entry{end, d.At.UnixNano()}] = true
			}
		}
	}
	out := slices.DeleteFunc(slices.Clone(all[:over]), func(d Decision) bool { return !decisive[d.entry()] })
	return append(out, all[over:]...)
}

// ends say by which kind something comes to an end by itself.
var ends = map[Kind]Kind{Resolved: Regressed, Muted: Returned}

// Standing returns the resolution or the mute that holds; nil for none. It is the later one of the
// two, unless it was taken back, or has come to an end by itself.
func Standing(history []Decision) *Decision {
	resolved, muted := latest(history, Resolved), latest(history, Muted)
	d, back := resolved, latest(history, Reopened)
	if resolved == nil || muted != nil && compare(muted, resolved) > 0 {
		d, back = muted, latest(history, Unmuted)
	}
	if d == nil || back != nil && compare(back, d) > 0 {
		return nil
	}
	end := entry{ends[d.Kind], d.At.UnixNano()}
	if slices.ContainsFunc(history, func(e Decision) bool { return e.entry() == end }) {
		return nil
	}
	return d
}

// latest returns the last of the kind in a history; nil for none.
func latest(history []Decision, kind Kind) *Decision {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Kind == kind {
			return &history[i]
		}
	}
	return nil
}

// Next returns the time of a decision that is made now, with that history: after all that is known
// then, so that who decides last wins, whatever the clocks say of those who decided before.
func Next(history []Decision, now time.Time) time.Time {
	if n := len(history); n > 0 && !now.After(history[n-1].At) {
		return history[n-1].At.Add(1)
	}
	return now
}

// shared are the kinds that replicas tell each other. A reset is about the counts of one.
var shared = []Kind{Resolved, Reopened, Muted, Unmuted, Noted, Regressed, Returned}

// Shared returns the part of a history that replicas tell each other.
func Shared(history []Decision) []Decision {
	var out []Decision
	for _, d := range history {
		if slices.Contains(shared, d.Kind) {
			out = append(out, d)
		}
	}
	return out
}

// Sound reports whether a decision that was told by another replica can be taken in, and puts its
// texts into the form in which they are kept. Its time is not before the year 2000, and not after
// latest: a clock that is wrong must not decide for good.
func (d *Decision) Sound(latest time.Time) bool {
	ended := d.Kind == Regressed || d.Kind == Returned
	d.At, d.Of, d.Until.Time = d.At.UTC(), d.Of.UTC(), d.Until.Time.UTC()
	d.By, d.Reason = Name(d.By, MaxUser), Reason(d.Reason)
	switch {
	case !slices.Contains(shared, d.Kind), !sane(d.At), d.At.After(latest), ended != !d.Of.IsZero():
		return false
	case ended:
		return sane(d.Of) && !d.Of.After(d.At)
	case d.Kind == Noted && d.Reason == "":
		return false
	case d.Kind == Muted:
		return d.Until.Time.IsZero() || sane(d.Until.Time)
	}
	return d.Until == Until{}
}

// sane reports whether the time can be kept as nanoseconds since 1970, and is of these days.
func sane(t time.Time) bool { return t.Year() >= 2000 && t.Year() < 2262 }
