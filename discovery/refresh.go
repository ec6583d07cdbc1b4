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

// maxFirstAnswer is how long the first answer of a discoverer is waited for before that is
// a problem, and before anybody who waits for it goes on without.
const maxFirstAnswer = 10 * time.Second

// refreshHealth is the health of a discoverer that asks again at every refresh interval, as
// most do. A round ends with an update, or with the record that it has failed. What was
// logged in the last round that ended is what is wrong now.
//
// DNS discovery never fails as a whole: it logs the names that it could not look up, and
// sends an update with the others. For a name that does not exist it sends a group without
// targets, and logs nothing.
type refreshHealth struct {
	name    string
	began   time.Time
	ended   bool // at least one round
	done    time.Time
	records []logRecord
	last    []problem
}

func (r *refreshHealth) record(_ time.Time, c logRecord) {
	if c.message != refreshFailed {
		if len(r.records) < maxLogRecords {
			r.records = append(r.records, c)
		}
		return
	}
	// What was noted on the way led to this, and is part of the error.
	r.end([]problem{{"refresh", sentence(fmt.Sprintf("The %s discovery fails: %s", r.name, c.err))}})
}

func (r *refreshHealth) update(now time.Time, groups []*targetgroup.Group) {
	var problems []problem
	hasErrors := slices.ContainsFunc(r.records, func(c logRecord) bool { return c.level >= slog.LevelError })
	if !hasErrors {
		r.done = now
	}
	for _, c := range r.records {
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

func (r *refreshHealth) end(problems []problem) {
	r.ended, r.records = true, nil
	r.last = slices.Compact(sorted(problems))
}

// check notices a discoverer that hangs from the start. The key is that of a failure,
// which is what it will end as. Static discovery has one round, which stays complete.
func (r *refreshHealth) check(now time.Time) {
	if r.name == "static" && r.ended {
		r.done = now
	}
	if !r.ended && now.Sub(r.began) >= maxFirstAnswer {
		r.last = []problem{{"refresh", fmt.Sprintf("The %s discovery has not answered yet.", r.name)}}
	}
}

func (r *refreshHealth) problems() []problem     { return slices.Clone(r.last) }
func (r *refreshHealth) lastComplete() time.Time { return r.done }
