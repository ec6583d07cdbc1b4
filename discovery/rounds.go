package discovery

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// refreshFailed is what Prometheus' refresh package logs when a round has failed. It
// is the only sign of it that belongs to one discoverer.
const refreshFailed = "Unable to refresh target groups"

// patience is how long the first answer of a discoverer is waited for before that is
// a problem, and before anybody who waits for it goes on without.
const patience = 10 * time.Second

// rounds judges a discoverer that asks again at every refresh interval, as most do. A
// round ends with an update, or with the complaint that it has failed; what was
// complained about in the last round that ended is what is wrong now.
//
// DNS discovery never fails as a whole: it complains about the names that it could
// not look up, and sends an update with the others. A name that does not exist it
// sends as a group without targets, without a word.
type rounds struct {
	name  string
	began time.Time
	ended bool // at least one round
	done  time.Time
	noted []complaint
	last  []problem
}

func (r *rounds) complain(_ time.Time, c complaint) {
	if c.message != refreshFailed {
		if len(r.noted) < maxComplaints {
			r.noted = append(r.noted, c)
		}
		return
	}
	// What was noted on the way led to this, and is part of the error.
	r.end([]problem{{"refresh", sentence(fmt.Sprintf("The %s discovery fails: %s", r.name, c.err))}})
}

func (r *rounds) update(now time.Time, groups []*targetgroup.Group) {
	var problems []problem
	hasErrors := slices.ContainsFunc(r.noted, func(c complaint) bool { return c.level >= slog.LevelError })
	if !hasErrors {
		r.done = now
	}
	for _, c := range r.noted {
		var text string
		switch server := c.value("server"); {
		case r.name == "dns" && server != "":
			text = fmt.Sprintf("The DNS server %s gives no answer", server)
		case r.name == "dns" && c.err != "":
			text = "The dns discovery fails: " + c.err
		case hasErrors && c.level < slog.LevelError:
			continue // A warning on the way to an error only repeats it.
		default:
			text = fmt.Sprintf("The %s discovery reports: %s", r.name, c)
		}
		text = sentence(text)
		problems = append(problems, problem{text, text})
	}
	if r.name == "dns" {
		problems = append(problems, emptyNames(groups)...)
	}
	r.end(problems)
}

func emptyNames(groups []*targetgroup.Group) []problem {
	var problems []problem
	for _, group := range groups {
		if group != nil && len(group.Targets) == 0 {
			text := sentence(fmt.Sprintf("The DNS name %q has no records of the type asked for", group.Source))
			problems = append(problems, problem{text, text})
		}
	}
	return problems
}

func (r *rounds) end(problems []problem) {
	r.ended, r.noted = true, nil
	r.last = slices.Compact(sorted(problems))
}

// look notices a discoverer that hangs from the start. The key is that of a failure,
// which is what it will end as. Static discovery has one round, which stays complete.
func (r *rounds) look(now time.Time) {
	if r.name == "static" && r.ended {
		r.done = now
	}
	if !r.ended && now.Sub(r.began) >= patience {
		r.last = []problem{{"refresh", fmt.Sprintf("The %s discovery has not answered yet.", r.name)}}
	}
}

func (r *rounds) problems() []problem { return slices.Clone(r.last) }
func (r *rounds) complete() time.Time { return r.done }
