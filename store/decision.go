package store

import (
	"slices"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/triage"
)

// The numbers of the kinds of decisions stay the same for ever.
var kinds = []triage.Kind{
	triage.Resolved, triage.Reopened, triage.Muted, triage.Unmuted, triage.Noted, triage.Reset, triage.Regressed, triage.Returned,
}

func (e *encoder) decision(d *triage.Decision) {
	e.uint(uint64(slices.Index(kinds, d.Kind)))
	e.time(d.At)
	e.string(d.By)
	e.string(d.Reason)
	e.until(d.Until)
	e.time(d.Of)
}

func (d *decoder) decision() triage.Decision {
	n := d.uint()
	if n >= uint64(len(kinds)) {
		d.fail()
		return triage.Decision{}
	}
	return triage.Decision{Kind: kinds[n], At: d.time(), By: d.string(), Reason: d.string(), Until: d.until(), Of: d.time()}
}

func (e *encoder) until(u triage.Until) {
	e.time(u.Time)
	e.uint(u.Growth)
	e.bool(u.Version)
}

func (d *decoder) until() triage.Until {
	return triage.Until{Time: d.time(), Growth: d.uint(), Version: d.bool()}
}

func (e *encoder) decisions(list []triage.Decision) {
	e.uint(uint64(len(list)))
	for i := range list {
		e.decision(&list[i])
	}
}

func (d *decoder) decisions() []triage.Decision {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]triage.Decision, n)
	for i := range list {
		list[i] = d.decision()
	}
	return list
}

func (e *encoder) resolution(r *merge.Resolution) {
	e.bool(r != nil)
	if r != nil {
		e.time(r.At)
		e.string(r.By)
		e.string(r.Reason)
		e.time(r.Made)
		e.bool(r.Taken)
	}
}

func (d *decoder) resolution() *merge.Resolution {
	if !d.bool() {
		return nil
	}
	return &merge.Resolution{At: d.time(), By: d.string(), Reason: d.string(), Made: d.time(), Taken: d.bool()}
}

func (e *encoder) mute(m *merge.Mute) {
	e.bool(m != nil)
	if m != nil {
		e.time(m.At)
		e.string(m.By)
		e.string(m.Reason)
		e.until(m.Until)
		e.uint(m.Above)
	}
}

func (d *decoder) mute() *merge.Mute {
	if !d.bool() {
		return nil
	}
	return &merge.Mute{At: d.time(), By: d.string(), Reason: d.string(), Until: d.until(), Above: d.uint()}
}

// decisionEvent writes a decision about exceptions, which is one change.
func (e *encoder) decisionEvent(ev *merge.DecisionEvent) []byte {
	e.decision(&ev.Decision)
	e.time(ev.Made)
	e.uint(uint64(len(ev.Exceptions)))
	for _, name := range ev.Exceptions {
		e.bytes(exceptionKey(name))
	}
	return e.b
}

func (d *decoder) decisionEvent() (*merge.DecisionEvent, error) {
	ev := &merge.DecisionEvent{Decision: d.decision(), Made: d.time(), Exceptions: make([]merge.ExceptionName, d.count())}
	for i := range ev.Exceptions {
		var err error
		if ev.Exceptions[i], err = parseExceptionKey([]byte(d.string())); err != nil {
			return nil, err
		}
	}
	return ev, d.err
}

// takenEvent writes what peers told, which is one change.
func (e *encoder) takenEvent(ev *merge.TakenEvent) []byte {
	e.time(ev.At)
	e.uint(uint64(len(ev.Exceptions)))
	for i := range ev.Exceptions {
		e.bytes(exceptionKey(ev.Exceptions[i].ExceptionName))
		e.time(ev.Exceptions[i].Made)
		e.decisions(ev.Exceptions[i].Decisions)
	}
	return e.b
}

func (d *decoder) takenEvent() (*merge.TakenEvent, error) {
	ev := &merge.TakenEvent{At: d.time(), Exceptions: make([]merge.TakenException, d.count())}
	for i := range ev.Exceptions {
		name, err := parseExceptionKey([]byte(d.string()))
		if err != nil {
			return nil, err
		}
		ev.Exceptions[i] = merge.TakenException{ExceptionName: name, Made: d.time(), Decisions: d.decisions()}
	}
	return ev, d.err
}

// serviceOf returns the service that all the exceptions are of, or "" when they are of several.
func serviceOf(list []merge.ExceptionName) string {
	for _, name := range list {
		if name.Service != list[0].Service {
			return ""
		}
	}
	return list[0].Service
}
