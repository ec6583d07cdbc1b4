package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Keys of records. NUL occurs in no service's name, and an ID that follows is the rest
// of the key.

func processKey(n merge.ProcessName) []byte { return []byte(n.Service + "\x00" + n.ID) }

func exceptionKey(n merge.ExceptionName) []byte {
	return binary.BigEndian.AppendUint64([]byte(n.Service+"\x00"), n.ID)
}

func seriesKey(n merge.SeriesName) []byte {
	var e encoder
	e.bool(n.Regressions)
	e.labels(n.Labels)
	return e.b
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
	e.time(r.WatchedSince)
	return e.b
}

func decodeService(key, value []byte) (merge.ServiceRecord, error) {
	d := decoder{b: value}
	return merge.ServiceRecord{Name: string(key), WatchedSince: d.time()}, d.err
}

func encodeProcess(r *merge.ProcessRecord) []byte {
	e := encoder{b: make([]byte, 0, 64+28*len(r.Epochs))}
	e.bool(r.ByAddress)
	e.string(r.URL)
	e.time(r.Seen)
	e.time(r.Reported)
	e.time(r.Kept)
	e.int(r.Floor)
	e.uint(uint64(len(r.Epochs)))
	for i := range r.Epochs {
		epoch := &r.Epochs[i]
		e.b = binary.BigEndian.AppendUint64(e.b, epoch.ID)
		e.int(epoch.Created)
		e.uint(epoch.Highest)
		e.int(epoch.Reported)
	}
	return e.b
}

func decodeProcess(key, value []byte) (merge.ProcessRecord, error) {
	name, err := parseProcessKey(key)
	if err != nil {
		return merge.ProcessRecord{}, err
	}
	d := decoder{b: value}
	r := merge.ProcessRecord{
		ProcessName: name, ByAddress: d.bool(), URL: d.string(),
		Seen: d.time(), Reported: d.time(), Kept: d.time(), Floor: d.int(),
	}
	r.Epochs = make([]merge.EpochRecord, d.count())
	for i := range r.Epochs {
		if len(d.b) < 8 {
			return r, errShort
		}
		id := binary.BigEndian.Uint64(d.b)
		d.b = d.b[8:]
		r.Epochs[i] = merge.EpochRecord{ID: id, Created: d.int(), Highest: d.uint(), Reported: d.int()}
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
	e.bool(r.Resolved != nil)
	if r.Resolved != nil {
		e.time(r.Resolved.At)
		e.string(r.Resolved.Reason)
	}
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
	return e.b
}

func decodeException(key, value []byte) (merge.ExceptionRecord, error) {
	name, err := parseExceptionKey(key)
	if err != nil {
		return merge.ExceptionRecord{}, err
	}
	d := decoder{b: value}
	r := merge.ExceptionRecord{
		ExceptionName: name, Key: d.string(), Class: d.string(), History: d.uint(),
		FirstSeen: d.time(), LastSeen: d.time(), Grown: d.time(), Regressions: d.uint(),
	}
	if d.bool() {
		r.Resolved = &merge.Resolution{At: d.time(), Reason: d.string()}
	}
	r.Counts = make([]merge.Count, d.count())
	for i := range r.Counts {
		r.Counts[i] = merge.Count{Group: d.labels(), Severity: d.string(), Counted: d.uint(), Start: d.time()}
	}
	if len(d.b) > 0 { // files written before there were episodes end here
		r.Episode = merge.Episode{Began: d.time(), Over: d.bool(), Crowded: d.bool()}
	}
	return r, d.err
}

func encodeSeries(r *merge.SeriesRecord) []byte {
	var e encoder
	e.uint(r.Value)
	e.uint(r.Born)
	e.time(r.Start)
	e.time(r.Grown)
	e.string(r.Newest)
	e.time(r.NewestAt)
	return e.b
}

func decodeSeries(key, value []byte) (merge.SeriesRecord, error) {
	k := decoder{b: key}
	name := merge.SeriesName{Regressions: k.bool(), Labels: k.labels()}
	if k.err != nil {
		return merge.SeriesRecord{}, k.err
	}
	d := decoder{b: value}
	return merge.SeriesRecord{
		SeriesName: name, Value: d.uint(), Born: d.uint(), Start: d.time(), Grown: d.time(),
		Newest: d.string(), NewestAt: d.time(),
	}, d.err
}

func encodeScraper(r *merge.ScraperRecord) []byte {
	var e encoder
	e.time(r.Seen)
	e.uint(r.Generation)
	return e.b
}

func decodeScraper(key, value []byte) (merge.ScraperRecord, error) {
	d := decoder{b: value}
	return merge.ScraperRecord{ID: string(key), Seen: d.time(), Generation: d.uint()}, d.err
}

// occurrences writes lists of occurrences as compressed JSON: the stack traces of one
// key are much alike.
type occurrences struct {
	compress   *zstd.Encoder
	decompress *zstd.Decoder
	buffer     []byte // of decode, kept for its memory
}

// maxOccurrences bounds what a damaged record can make us allocate, in bytes.
const maxOccurrences = 1 << 30

func newOccurrences() (*occurrences, error) {
	compress, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	decompress, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxOccurrences))
	if err != nil {
		return nil, fmt.Errorf("set up decompression: %w", err)
	}
	return &occurrences{compress: compress, decompress: decompress}, nil
}

func (o *occurrences) close() {
	o.decompress.Close()
	_ = o.compress.Close() // it has no output of its own to fail on
}

func (o *occurrences) encode(list []periskop.Occurrence) []byte {
	return o.compress.EncodeAll(periskop.PackOccurrences(list), nil)
}

func (o *occurrences) decode(key, value []byte) (merge.OccurrencesRecord, error) {
	name, err := parseExceptionKey(key)
	if err != nil {
		return merge.OccurrencesRecord{}, err
	}
	o.buffer, err = o.decompress.DecodeAll(value, o.buffer[:0])
	if err != nil {
		return merge.OccurrencesRecord{}, fmt.Errorf("decompress occurrences: %w", err)
	}
	return merge.OccurrencesRecord{
		ExceptionName: name,
		Occurrences:   periskop.RawOccurrences(o.buffer).DecodeWith(nil, stacktraces()),
	}, nil
}

// stacktraces returns a decoder of stack traces by which equal ones are held once.
func stacktraces() func(raw []byte) []string {
	known := map[string][]string{}
	return func(raw []byte) []string {
		lines, ok := known[string(raw)]
		if !ok {
			lines = periskop.DecodeStacktrace(raw)
			known[string(raw)] = lines
		}
		return lines
	}
}
