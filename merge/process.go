package merge

import (
	"net/url"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A process is one life of one instrumented program, as one service sees it. State.mu guards
// it.
type process struct {
	ProcessName
	// anonymous is set when the process sends no UUID, so that its address stands
	// for it, and for every process that comes after it there.
	anonymous bool
	// epochs is nil once the process was forgotten.
	epochs map[epochKey]*epoch
	// address is the host and port at which it answered last.
	address string
	// instance is that of the target.
	instance string
	// since is when what the process says began to be news: see [service.newsSince].
	since time.Time
	// seen is when it last answered, made is when that answer was made at the earliest, and
	// complete when it last told all that it knows, and not
	// only what had changed.
	seen, made, complete time.Time
	// restored is set until it answers for the first time after the program's start.
	restored bool
	// discovered is set while the target that it answered for last is there, and
	// kept is when that was last so.
	discovered bool
	kept       time.Time
	// floor is the latest creation of an epoch that was dropped, in nanoseconds since
	// 1970 by the clock of the process. What shows up later and is not younger may have
	// been counted before.
	floor int64
	// skew is how far its clock was ahead of ours when it answered last; hasSkew is
	// false as long as that is not known.
	skew    time.Duration
	hasSkew bool
}

// An endpoint is what is known of one host and port of a service, whichever processes
// answer there. State.mu guards it.
type endpoint struct {
	// generation changes when something is forgotten that was told there.
	generation uint64
	// found is set while there is a target there, and since is when what that says began to
	// be news; zero when that is when the watch on the service began.
	found bool
	since time.Time
	// process answered last, and processes are those that did so ever, in that order.
	process   *process
	processes []*process
	// several is set once two processes have answered in turn: a load balancer, or a
	// server with several workers.
	several bool
	// steady is set once a total grew while its time of creation stayed: then times of
	// creation are right there.
	steady bool
	// named is set once a UUID was told twice, so that UUIDs are not made up for each answer.
	// changing is set once it is known that they are.
	named, changing bool
	// fullAnswersLeft is how many answers are still read whole: something is held back until
	// it is told again.
	fullAnswersLeft int
	// zone is how far created_at is ahead of the true time there because a local time
	// is sent as UTC.
	zone time.Duration
	// date is the Date header of the last answer. One that stands still is a cache's.
	date, dateAt time.Time
	// doubt is why the last doubtful answer was doubtful, and doubtAt is when that was.
	doubt   Reason
	doubtAt time.Time
	// targets is how many targets there are discovered.
	targets int
}

// addressPrefix keeps the names of processes without a UUID apart from UUIDs.
const addressPrefix = "address "

// longestUUID is more than a UUID has: what is longer is none, but may still tell
// processes apart.
const longestUUID = 64

// processID names the process that a report is from: by its UUID, or by the address
// of its target when it sends none, or the UUID of nobody.
func processID(uuid, address string) string {
	switch {
	case strings.Trim(uuid, "0-") == "":
		return addressPrefix + address
	case len(uuid) > longestUUID:
		return LabelValue(uuid, longestUUID)
	}
	return uuid
}

// addressOf returns host and port of a target: what stays the same when the path, a
// parameter or the scheme of its URL changes.
func addressOf(t *periskop.Target) string {
	if u, err := url.Parse(t.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return t.URL
}

func (s *service) newProcess(id, address string) *process {
	p := &process{
		ProcessName: ProcessName{Service: s.name, ID: id}, anonymous: id == addressPrefix+address,
		epochs: map[epochKey]*epoch{}, address: address,
	}
	s.processes[id] = p
	s.state.processes.add(p)
	return p
}

func (s *service) endpoint(address string) *endpoint {
	e := s.endpoints[address]
	if e == nil {
		e = &endpoint{generation: s.state.nextGeneration()}
		s.endpoints[address] = e
	}
	return e
}

// A processIndex finds the processes of all services by their ID: several services can know
// one and the same program. State.mu guards it.
type processIndex map[string][]*process

func (x processIndex) add(p *process) { x[p.ID] = append(x[p.ID], p) }

func (x processIndex) remove(p *process) {
	list := x[p.ID]
	for i := range list {
		if list[i] == p {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(x, p.ID)
	} else {
		x[p.ID] = list
	}
}
