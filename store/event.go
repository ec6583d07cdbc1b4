package store

import (
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// The forms of an event.
const (
	eventAnswer = iota + 1
	eventEndpoint
	eventRound
	eventDecision
	eventStep
	eventExposed
	eventScraper
	eventReset
	eventTaken
)

// An eventWriter encodes events. Stack traces are most of what they would take, and mostly
// equal: each is written once between two commits, and named by its hash after that.
type eventWriter struct {
	written map[uint64]struct{} // the hashes of stack traces
	// pack packs a part of an event; nil leaves it as it is. It keeps nothing of it.
	pack func(part []byte) []byte
	// raw is how large the last event was before it was packed.
	raw int
}

// maxWritten bounds the stack traces that are remembered. When there are more, all are
// written once more.
const maxWritten = 10_000

// forget makes all stack traces be written once more.
func (w *eventWriter) forget() { w.written = map[uint64]struct{}{} }

// encode returns the event packed, in parts, and the service that it concerns.
func (w *eventWriter) encode(ev *merge.Event) (payload [][]byte, service string) {
	w.raw = 0
	payload, service = w.parts(ev)
	last := len(payload) - 1
	payload[last] = w.packed(payload[last])
	return payload, service
}

func (w *eventWriter) packed(part []byte) []byte {
	w.raw += len(part)
	if w.pack == nil {
		return part
	}
	return w.pack(part)
}

// parts returns the event in parts, of which all but the last are packed.
func (w *eventWriter) parts(ev *merge.Event) (payload [][]byte, service string) {
	var e encoder
	e.uint(ev.Seq)
	switch {
	case ev.Answer != nil:
		e.uint(eventAnswer)
		return w.answer(&e, ev.Answer), ev.Answer.Service
	case ev.Endpoint != nil:
		e.uint(eventEndpoint)
		e.bytes(endpointKey(ev.Endpoint.EndpointName))
		e.b = append(e.b, encodeEndpoint(ev.Endpoint)...)
		return [][]byte{e.b}, ev.Endpoint.Service
	case ev.Round != nil:
		e.uint(eventRound)
		e.string(ev.Round.Discovery)
		e.b = append(e.b, encodeRound(ev.Round)...)
	case ev.Decision != nil:
		e.uint(eventDecision)
		return [][]byte{e.decisionEvent(ev.Decision)}, serviceOf(ev.Decision.Exceptions)
	case ev.Taken != nil:
		e.uint(eventTaken)
		return [][]byte{e.takenEvent(ev.Taken)}, serviceOf(ev.Taken.Names())
	case ev.Reset != nil:
		e.uint(eventReset)
		e.bytes(exceptionKey(ev.Reset.ExceptionName))
		e.time(ev.Reset.At)
		e.string(ev.Reset.By)
		return [][]byte{e.b}, ev.Reset.Service
	case ev.Step != nil:
		e.uint(eventStep)
		e.int(int64(ev.Step.By))
	case ev.Exposed != nil:
		e.uint(eventExposed)
		e.exposed(ev.Exposed)
		return [][]byte{e.b}, ev.Exposed.Service
	case ev.Scraper != nil:
		e.uint(eventScraper)
		e.string(ev.Scraper.ID)
		e.b = append(e.b, encodeScraper(ev.Scraper)...)
	}
	return [][]byte{e.b}, ""
}

func (e *encoder) exposed(x *merge.ExposedEvent) {
	e.string(x.Service)
	e.time(x.At)
	e.uint(uint64(len(x.Series)))
	for _, name := range x.Series {
		e.bytes(seriesKey(name))
	}
}

// answer returns the event in parts, as the first answer of a target can be large: it is never all in
// memory before it is packed.
func (w *eventWriter) answer(e *encoder, a *merge.AnswerEvent) (parts [][]byte) {
	e.string(a.Service)
	e.string(a.Block)
	e.string(a.Process)
	e.string(a.Address)
	e.string(a.Instance)
	e.labels(a.Group)
	e.time(a.End)
	e.bool(a.ClockKnown)
	e.int(int64(a.Skew))
	e.int(int64(a.Slack))
	e.int(int64(a.Age))
	e.bool(a.Pushed)
	e.bool(a.Doubtful)
	e.bool(a.Relayed)
	e.bool(a.RelayedBefore)
	e.uint(uint64(a.Skipped))
	e.uint(uint64(a.Unreadable))
	e.bool(a.Context.Known)
	e.time(a.Context.Before)
	e.string(a.Context.Previous)
	e.time(a.Context.Since)
	e.int(int64(a.Context.Zone))
	e.bool(a.Context.Open)
	e.bool(a.Context.Unchanged)
	e.uint(uint64(len(a.Totals)))
	for i := range a.Totals {
		if w.total(e, &a.Totals[i]); len(e.b) >= writeSize {
			parts = append(parts, w.packed(e.b))
			if e.b = e.b[:0]; w.pack == nil {
				e.b = make([]byte, 0, writeSize+writeSize/8)
			}
		}
	}
	return append(parts, e.b)
}

func (w *eventWriter) total(e *encoder, t *merge.TotalEvent) {
	e.fixed(t.ID)
	e.int(t.Epoch)
	e.time(t.Created)
	e.time(t.FirstSeen)
	e.string(t.Key)
	e.string(t.Class)
	e.string(t.Severity)
	e.uint(t.Total)
	e.uint(t.History)
	e.uint(t.Base)
	e.uint(t.Baseline)
	e.uint(t.Held)
	e.groupingResult(t)
	e.hashes(t.Hashes)
	e.uint(uint64(len(t.Times)))
	for _, at := range t.Times {
		e.int(at)
	}
	e.uint(t.Listed)
	if len(t.Occurrences) == 0 {
		e.uint(0)
		e.uint(0)
		return
	}
	named, traces := w.name(t.Occurrences)
	e.uint(uint64(len(traces)))
	for _, trace := range traces {
		e.uint(uint64(len(trace)))
		for _, line := range trace {
			e.string(line)
		}
	}
	e.bytes(periskop.PackOccurrences(named))
}

// groupingResult writes which exception a key counts for, if that was found out now.
func (e *encoder) groupingResult(t *merge.TotalEvent) {
	e.bool(t.Grouped)
	if t.Grouped {
		e.bool(t.Guessed)
		e.string(t.Group)
		e.fixed(t.GroupID)
	}
}

func (d *decoder) groupingResult(t *merge.TotalEvent) {
	if t.Grouped = d.bool(); t.Grouped {
		t.Guessed, t.Group, t.GroupID = d.bool(), d.string(), d.fixed()
	}
}

// name returns the occurrences with names in place of their stack traces, and the traces
// that were not written before.
func (w *eventWriter) name(list []periskop.Occurrence) (named []periskop.Occurrence, traces [][]string) {
	named = make([]periskop.Occurrence, len(list))
	for i := range list {
		named[i] = list[i]
		for from, to := &list[i].Error, &named[i].Error; ; from, to = from.Cause, to.Cause {
			*to = *from
			if len(from.Stacktrace) > 0 {
				hash := traceHash(from.Stacktrace)
				if _, ok := w.written[hash]; !ok {
					if len(w.written) >= maxWritten {
						w.forget()
					}
					w.written[hash] = struct{}{}
					traces = append(traces, from.Stacktrace)
				}
				to.Stacktrace = []string{traceName(hash)}
			}
			if from.Cause == nil {
				break
			}
			to.Cause = &periskop.Exception{}
		}
	}
	return named, traces
}

func traceHash(lines []string) uint64 {
	var d xxhash.Digest
	for _, line := range lines {
		_, _ = d.WriteString(line) // never fails
		_, _ = d.WriteString("\x00")
	}
	return d.Sum64()
}

// traceName is no line of a stack trace: those hold no NUL.
func traceName(hash uint64) string {
	var e encoder
	e.fixed(hash)
	name := []byte{0}
	for _, b := range e.b {
		name = append(name, 'a'+b>>4, 'a'+b&15)
	}
	return string(name)
}

// An eventReader decodes events in the order in which they were written.
type eventReader struct {
	traces map[string][]string // by name
}

func (r *eventReader) decode(payload []byte) (merge.Event, error) {
	d := decoder{b: payload}
	ev := merge.Event{Seq: d.uint()}
	var err error
	switch d.uint() {
	case eventAnswer:
		ev.Answer, err = r.answer(&d)
	case eventEndpoint:
		var e merge.EndpointRecord
		e, err = decodeEndpoint([]byte(d.string()), d.b)
		ev.Endpoint = &e
	case eventRound:
		var round merge.RoundRecord
		round, err = decodeRound([]byte(d.string()), d.b)
		ev.Round = &round
	case eventDecision:
		ev.Decision, err = d.decisionEvent()
	case eventTaken:
		ev.Taken, err = d.takenEvent()
	case eventReset:
		var name merge.ExceptionName
		name, err = parseExceptionKey([]byte(d.string()))
		ev.Reset = &merge.ResetEvent{ExceptionName: name, At: d.time(), By: d.string()}
	case eventStep:
		ev.Step = &merge.StepEvent{By: time.Duration(d.int())}
	case eventExposed:
		ev.Exposed, err = d.exposed()
	case eventScraper:
		var scraper merge.ScraperRecord
		scraper, err = decodeScraper([]byte(d.string()), d.b)
		ev.Scraper = &scraper
	default:
		d.fail()
	}
	if err == nil {
		err = d.err
	}
	return ev, err
}

func (d *decoder) exposed() (*merge.ExposedEvent, error) {
	x := &merge.ExposedEvent{Service: d.string(), At: d.time()}
	x.Series = make([]merge.SeriesName, d.count())
	for i := range x.Series {
		var err error
		if x.Series[i], err = names(nil).parseSeriesKey([]byte(d.string())); err != nil {
			return nil, err
		}
	}
	return x, d.err
}

func (r *eventReader) answer(d *decoder) (*merge.AnswerEvent, error) {
	a := &merge.AnswerEvent{
		Service: d.string(), Block: d.string(), Process: d.string(), Address: d.string(), Instance: d.string(), Group: d.labels(),
		End: d.time(), ClockKnown: d.bool(), Skew: time.Duration(d.int()), Slack: time.Duration(d.int()), Age: time.Duration(d.int()),
		Pushed: d.bool(), Doubtful: d.bool(), Relayed: d.bool(), RelayedBefore: d.bool(), Skipped: int(d.uint()), Unreadable: int(d.uint()),
	}
	a.Context = merge.AnswerContext{
		Known: d.bool(), Before: d.time(), Previous: d.string(), Since: d.time(), Zone: time.Duration(d.int()), Open: d.bool(), Unchanged: d.bool(),
	}
	a.Totals = make([]merge.TotalEvent, d.count())
	for i := range a.Totals {
		if err := r.total(d, &a.Totals[i]); err != nil {
			return nil, err
		}
	}
	return a, d.err
}

func (r *eventReader) total(d *decoder, t *merge.TotalEvent) error {
	*t = merge.TotalEvent{
		ID: d.fixed(), Epoch: d.int(), Created: d.time(), FirstSeen: d.time(),
		Key: d.string(), Class: d.string(), Severity: d.string(),
		Total: d.uint(), History: d.uint(), Base: d.uint(), Baseline: d.uint(), Held: d.uint(),
	}
	d.groupingResult(t)
	t.Hashes = d.hashes()
	for range d.count() {
		t.Times = append(t.Times, d.int())
	}
	t.Listed = d.uint()
	for range d.count() {
		var trace []string
		for range d.count() {
			trace = append(trace, d.string())
		}
		r.traces[traceName(traceHash(trace))] = trace
	}
	packed := d.string()
	if packed == "" || d.err != nil {
		return d.err
	}
	t.Occurrences = periskop.RawOccurrences(packed).Decode(nil)
	for i := range t.Occurrences {
		for e := &t.Occurrences[i].Error; e != nil; e = e.Cause {
			if len(e.Stacktrace) == 1 && len(e.Stacktrace[0]) > 0 && e.Stacktrace[0][0] == 0 {
				e.Stacktrace = r.traces[e.Stacktrace[0]] // none if the event that wrote it was lost
			}
		}
	}
	return nil
}
