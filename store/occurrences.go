package store

import (
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// occurrences packs lists of occurrences as compressed JSON: the stack traces of one key are
// much alike. Only unpack is safe for concurrent use.
type occurrences struct {
	compress    *zstd.Encoder
	decompress  *zstd.Decoder
	packed      []byte // of pack, kept for its memory
	logger      *slog.Logger
	errorLogged sync.Once // that something could not be read
}

// maxOccurrences bounds what a damaged record can make us allocate, in bytes.
const maxOccurrences = 1 << 30

func newOccurrences(logger *slog.Logger) (*occurrences, error) {
	compress, err := zstd.NewWriter(nil, packingOptions()...)
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	decompress, err := newDecoder()
	if err != nil {
		return nil, err
	}
	return &occurrences{compress: compress, decompress: decompress, logger: logger}, nil
}

// pack returns the occurrences packed, valid until the next call.
func (o *occurrences) pack(list []periskop.Occurrence) []byte {
	o.packed = o.compress.EncodeAll(periskop.PackOccurrences(list), o.packed[:0])
	return o.packed
}

// buffers holds the memory that unpack works in.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBuffer is how large a buffer may be that is kept.
const maxBuffer = 1 << 20

func (o *occurrences) unpack(packed []byte) ([]periskop.Occurrence, error) {
	buffer, _ := buffers.Get().(*[]byte)
	raw, err := o.decompress.DecodeAll(packed, (*buffer)[:0])
	if err != nil {
		return nil, fmt.Errorf("decompress occurrences: %w", err)
	}
	list := periskop.RawOccurrences(raw).Decode(nil)
	if cap(raw) <= maxBuffer {
		*buffer = raw
		buffers.Put(buffer)
	}
	return list, nil
}

// encode returns a record.
func (o *occurrences) encode(list []periskop.Occurrence) []byte {
	var e encoder
	e.marks(merge.Marks(list))
	return append(e.b, o.pack(list)...)
}

func (e *encoder) marks(marks []merge.Mark) {
	e.uint(uint64(len(marks)))
	for _, m := range marks {
		e.fixed(m.Hash)
		e.int(m.At)
	}
}

func (d *decoder) marks() []merge.Mark {
	marks := make([]merge.Mark, d.count())
	for i := range marks {
		marks[i] = merge.Mark{Hash: d.fixed(), At: d.int()}
	}
	return marks
}

// A stored is a record of occurrences in a file. It is a merge.Stored. The file stays readable
// when another one takes its place, until nothing refers to it.
type stored struct {
	codec *occurrences
	file  *os.File
	at    int64 // of its frame
	size  uint32
}

// Occurrences implements merge.Stored.
func (s *stored) Occurrences() []periskop.Occurrence {
	payload, err := s.read()
	if err == nil {
		d := decoder{b: payload}
		d.string()
		d.marks()
		if err = d.err; err == nil {
			var list []periskop.Occurrence
			if list, err = s.codec.unpack(d.b); err == nil {
				return list
			}
		}
	}
	s.codec.errorLogged.Do(func() {
		s.codec.logger.Error("occurrences cannot be read back; counts are right, some stack traces are missing", "file", s.file.Name(), "err", err)
	})
	return nil
}

// read returns the payload of the frame.
func (s *stored) read() ([]byte, error) {
	frame := make([]byte, s.size)
	if _, err := s.file.ReadAt(frame, s.at); err != nil {
		return nil, err
	}
	_, payload, _, err := readFrame(frame)
	return payload, err
}

// occurrencesRecord writes what is kept of an exception, as it was written before if nothing
// is new, and notes where it is.
func (w *frameWriter) occurrencesRecord(r *merge.OccurrencesRecord) {
	codec, key := w.store.occurrences, exceptionKey(r.ExceptionName)
	if s, ok := r.Kept.Stored().(*stored); ok {
		if payload, err := s.read(); err == nil {
			d := decoder{b: payload}
			d.string()
			value := d.b
			r.Marks = d.marks()
			r.Written = w.occurrencesFrame(r.Service, key, value)
			return
		}
	}
	list := r.Kept.List()
	r.Marks = merge.Marks(list)
	r.Written = w.occurrencesFrame(r.Service, key, codec.encode(list))
}

func (w *frameWriter) occurrencesFrame(service string, key, value []byte) merge.Stored {
	at := w.at + int64(len(w.b))
	w.record(kindPut, tableOccurrences, service, key, value)
	size := w.at + int64(len(w.b)) - at
	if size == 0 { // it was left out
		return nil
	}
	return &stored{codec: w.store.occurrences, file: w.file, at: at, size: uint32(size)}
}
