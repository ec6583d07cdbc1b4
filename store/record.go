package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// A table is a kind of record.
type table byte

const (
	tableServices table = iota + 1
	tableRounds
	tableEndpoints
	tableProcesses
	tableForgotten
	tableExceptions
	tableOccurrences
	tableSeries
	tableScrapers
	tableMembers
)

// Keys of records. NUL occurs in no service's name, and an ID that follows is the rest
// of the key.

func processKey(n merge.ProcessName) []byte { return []byte(n.Service + "\x00" + n.ID) }

func endpointKey(n merge.EndpointName) []byte { return []byte(n.Service + "\x00" + n.Address) }

func exceptionKey(n merge.ExceptionName) []byte {
	return binary.BigEndian.AppendUint64([]byte(n.Service+"\x00"), n.ID)
}

func seriesKey(n merge.SeriesName) []byte {
	var e encoder
	e.bool(n.Regressions)
	e.labels(n.Labels)
	return e.b
}

func (n names) parseSeriesKey(key []byte) (merge.SeriesName, error) {
	d := decoder{b: key, known: n}
	return merge.SeriesName{Regressions: d.bool(), Labels: d.labels()}, d.err
}

func cutKey(key []byte) (service string, rest []byte, err error) {
	before, rest, ok := bytes.Cut(key, []byte{0})
	if !ok {
		return "", nil, fmt.Errorf("key %q has no service", key)
	}
	return string(before), rest, nil
}

func parseProcessKey(key []byte) (merge.ProcessName, error) {
	service, rest, err := cutKey(key)
	return merge.ProcessName{Service: service, ID: string(rest)}, err
}

func parseExceptionKey(key []byte) (merge.ExceptionName, error) {
	service, rest, err := cutKey(key)
	if err == nil && len(rest) != 8 {
		err = fmt.Errorf("key %q has no ID of 8 bytes", key)
	}
	if err != nil {
		return merge.ExceptionName{}, err
	}
	return merge.ExceptionName{Service: service, ID: binary.BigEndian.Uint64(rest)}, nil
}

// Values of records.

func encodeService(r *merge.ServiceRecord) []byte {
	var e encoder
	e.string(r.Block)
	e.time(r.WatchedSince)
	e.time(r.ForgottenUntil)
	return e.b
}

func decodeService(key, value []byte) (merge.ServiceRecord, error) {
	d := decoder{b: value}
	return merge.ServiceRecord{Name: string(key), Block: d.string(), WatchedSince: d.time(), ForgottenUntil: d.time()}, d.err
}

func encodeRound(r *merge.RoundRecord) []byte {
	var e encoder
	e.time(r.First)
	e.time(r.Last)
	e.bool(r.Stalled)
	return e.b
}

func decodeRound(key, value []byte) (merge.RoundRecord, error) {
	d := decoder{b: value}
	return merge.RoundRecord{Discovery: string(key), First: d.time(), Last: d.time(), Stalled: d.bool()}, d.err
}

func encodeEndpoint(r *merge.EndpointRecord) []byte {
	var e encoder
	e.bool(r.Found)
	e.time(r.Since)
	e.bool(r.Several)
	e.bool(r.Steady)
	e.bool(r.Named)
	e.bool(r.Changing)
	e.int(int64(r.Zone))
	return e.b
}

func decodeEndpoint(key, value []byte) (merge.EndpointRecord, error) {
	service, address, err := cutKey(key)
	if err != nil {
		return merge.EndpointRecord{}, err
	}
	d := decoder{b: value}
	return merge.EndpointRecord{
		EndpointName: merge.EndpointName{Service: service, Address: string(address)},
		Found:        d.bool(), Since: d.time(), Several: d.bool(), Steady: d.bool(), Named: d.bool(), Changing: d.bool(), Zone: time.Duration(d.int()),
	}, d.err
}

func encodeProcess(r *merge.ProcessRecord) []byte {
	e := encoder{b: make([]byte, 0, 64+56*len(r.Epochs))}
	e.string(r.Address)
	e.string(r.Instance)
	e.time(r.Since)
	e.time(r.Seen)
	e.time(r.Complete)
	e.time(r.Kept)
	e.int(r.Floor)
	e.int(int64(r.Skew))
	e.bool(r.HasSkew)
	e.uint(uint64(len(r.Epochs)))
	for i := range r.Epochs {
		e.epoch(&r.Epochs[i])
	}
	return e.b
}

// epoch writes an epoch. What few epochs have is written only for those.
func (e *encoder) epoch(r *merge.EpochRecord) {
	e.fixed(r.ID)
	e.int(r.Created)
	e.int(r.Reported)
	e.uint(r.Baseline)
	e.string(r.Severity)
	e.epochState(&r.EpochState)
	e.bool(r.IsRare())
	if !r.IsRare() {
		return
	}
	e.uint(r.Shared)
	e.uint(r.Held)
	e.bool(r.Renamed)
	e.uint(r.Peak)
	e.bool(r.Wavering)
	e.bool(r.Unread)
	e.bool(r.Rebased)
	e.hashes(r.Candidate[:])
	e.takeover(&r.TakeoverState)
	e.uint(uint64(len(r.Beside)))
	for i := range r.Beside {
		e.epochState(&r.Beside[i].EpochState)
		e.takeover(&r.Beside[i].TakeoverState)
	}
}

func (e *encoder) takeover(s *merge.TakeoverState) {
	e.hashes(s.Replaced[:])
	e.uint(s.ReplacedAt)
	e.bool(s.TakenOver)
	e.bool(s.Gone)
	e.uint(uint64(len(s.Instead)))
	for _, at := range s.Instead {
		e.uint(at)
	}
}

func (d *decoder) takeover() merge.TakeoverState {
	var s merge.TakeoverState
	copy(s.Replaced[:], d.hashes())
	s.ReplacedAt, s.TakenOver, s.Gone = d.uint(), d.bool(), d.bool()
	for range d.count() {
		s.Instead = append(s.Instead, d.uint())
	}
	return s
}

func (e *encoder) epochState(s *merge.EpochState) {
	e.uint(s.Highest)
	e.int(s.Newest)
	e.hashes(s.Known[:])
}

func (d *decoder) epochState() merge.EpochState {
	s := merge.EpochState{Highest: d.uint(), Newest: d.int()}
	copy(s.Known[:], d.hashes())
	return s
}

func (d *decoder) epoch() merge.EpochRecord {
	r := merge.EpochRecord{ID: d.fixed(), Created: d.int(), Reported: d.int(), Baseline: d.uint(), Severity: d.string(), EpochState: d.epochState()}
	if !d.bool() {
		return r
	}
	r.Shared, r.Held, r.Renamed, r.Peak, r.Wavering, r.Unread, r.Rebased = d.uint(), d.uint(), d.bool(), d.uint(), d.bool(), d.bool(), d.bool()
	copy(r.Candidate[:], d.hashes())
	r.TakeoverState = d.takeover()
	for range d.count() {
		r.Beside = append(r.Beside, merge.SiblingRecord{EpochState: d.epochState(), TakeoverState: d.takeover()})
	}
	return r
}

func decodeProcess(key, value []byte) (merge.ProcessRecord, error) {
	name, err := parseProcessKey(key)
	if err != nil {
		return merge.ProcessRecord{}, err
	}
	d := decoder{b: value}
	r := merge.ProcessRecord{
		ProcessName: name, Address: d.string(), Instance: d.string(), Since: d.time(),
		Seen: d.time(), Complete: d.time(), Kept: d.time(), Floor: d.int(),
		Skew: time.Duration(d.int()), HasSkew: d.bool(),
	}
	r.Epochs = make([]merge.EpochRecord, d.count())
	for i := range r.Epochs {
		r.Epochs[i] = d.epoch()
	}
	return r, d.err
}

func encodeForgotten(r *merge.ForgottenRecord) []byte {
	var e encoder
	e.time(r.At)
	return e.b
}

func decodeForgotten(key, value []byte) (merge.ForgottenRecord, error) {
	name, err := parseProcessKey(key)
	if err != nil {
		return merge.ForgottenRecord{}, err
	}
	d := decoder{b: value}
	return merge.ForgottenRecord{ProcessName: name, At: d.time()}, d.err
}

func encodeException(r *merge.ExceptionRecord) []byte {
	var e encoder
	e.string(r.Key)
	e.string(r.Class)
	e.uint(r.History)
	e.time(r.FirstSeen)
	e.time(r.LastSeen)
	e.time(r.Grown)
	e.uint(r.Regressions)
	e.resolution(r.Resolved)
	e.uint(uint64(len(r.Counts)))
	for i := range r.Counts {
		e.labels(r.Counts[i].Group)
		e.string(r.Counts[i].Severity)
		e.uint(r.Counts[i].Counted)
		e.time(r.Counts[i].Start)
	}
	e.time(r.Episode.Began)
	e.bool(r.Episode.Over)
	e.bool(r.Episode.Crowded)
	e.bool(r.Episode.Unmuted)
	e.versions(r.Versions)
	e.mute(r.Muted)
	e.decisions(r.Decisions)
	return e.b
}

func (n names) decodeException(key, value []byte) (merge.ExceptionRecord, error) {
	name, err := parseExceptionKey(key)
	if err != nil {
		return merge.ExceptionRecord{}, err
	}
	d := decoder{b: value, known: n}
	r := merge.ExceptionRecord{
		ExceptionName: name, Key: d.name(), Class: d.name(), History: d.uint(),
		FirstSeen: d.time(), LastSeen: d.time(), Grown: d.time(), Regressions: d.uint(), Resolved: d.resolution(),
	}
	r.Counts = make([]merge.Count, d.count())
	for i := range r.Counts {
		r.Counts[i] = merge.Count{Group: d.labels(), Severity: d.name(), Counted: d.uint(), Start: d.time()}
	}
	r.Episode = merge.Episode{Began: d.time(), Over: d.bool(), Crowded: d.bool(), Unmuted: d.bool()}
	r.Versions, r.Muted, r.Decisions = d.versions(), d.mute(), d.decisions()
	return r, d.err
}

func encodeMember(r *merge.MemberRecord) []byte {
	var e encoder
	e.fixed(r.Group)
	e.string(r.Label)
	e.uint(r.Total)
	e.time(r.FirstSeen)
	e.time(r.LastSeen)
	return e.b
}

func decodeMember(key, value []byte) (merge.MemberRecord, error) {
	name, err := parseExceptionKey(key)
	if err != nil {
		return merge.MemberRecord{}, err
	}
	d := decoder{b: value}
	return merge.MemberRecord{
		ExceptionName: name, Group: d.fixed(), Label: d.string(), Total: d.uint(), FirstSeen: d.time(), LastSeen: d.time(),
	}, d.err
}

func (e *encoder) versions(list []merge.Version) {
	e.uint(uint64(len(list)))
	for _, v := range list {
		e.string(v.Name)
		e.time(v.First)
		e.time(v.Last)
	}
}

func (d *decoder) versions() []merge.Version {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]merge.Version, n)
	for i := range list {
		list[i] = merge.Version{Name: d.name(), First: d.time(), Last: d.time()}
	}
	return list
}

func encodeSeries(r *merge.SeriesRecord) []byte {
	var e encoder
	e.string(r.Service)
	e.uint(r.Value)
	e.time(r.Start)
	e.time(r.Grown)
	e.string(r.Newest)
	e.time(r.NewestAt)
	e.time(r.Exposed)
	e.bool(r.Valued)
	return e.b
}

func (n names) decodeSeries(key, value []byte) (merge.SeriesRecord, error) {
	name, err := n.parseSeriesKey(key)
	if err != nil {
		return merge.SeriesRecord{}, err
	}
	d := decoder{b: value, known: n}
	return merge.SeriesRecord{
		SeriesName: name, Service: d.name(), Value: d.uint(), Start: d.time(), Grown: d.time(),
		Newest: d.string(), NewestAt: d.time(), Exposed: d.time(), Valued: d.bool(),
	}, d.err
}

func encodeScraper(r *merge.ScraperRecord) []byte {
	var e encoder
	e.int(int64(r.Interval))
	e.time(r.Seen)
	e.uint(r.Scrapes)
	e.bool(r.Services != nil)
	e.strings(r.Services)
	return e.b
}

func decodeScraper(key, value []byte) (merge.ScraperRecord, error) {
	d := decoder{b: value}
	r := merge.ScraperRecord{ID: string(key), Interval: time.Duration(d.int()), Seen: d.time(), Scrapes: d.uint()}
	if d.bool() {
		r.Services = d.strings()
	}
	return r, d.err
}
