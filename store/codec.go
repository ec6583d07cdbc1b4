package store

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// An encoder appends values. A decoder reads them in the same order.
type encoder struct{ b []byte }

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)   { e.b = binary.AppendVarint(e.b, v) }

// fixed writes a number that is rarely small.
func (e *encoder) fixed(v uint64) { e.b = binary.BigEndian.AppendUint64(e.b, v) }

// hashes writes hashes up to the first that is 0.
func (e *encoder) hashes(list []uint64) {
	if n := slices.Index(list, 0); n >= 0 {
		list = list[:n]
	}
	e.uint(uint64(len(list)))
	for _, h := range list {
		e.fixed(h)
	}
}

func (e *encoder) bool(v bool) {
	if v {
		e.uint(1)
	} else {
		e.uint(0)
	}
}

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// bytes writes what string reads.
func (e *encoder) bytes(b []byte) {
	e.uint(uint64(len(b)))
	e.b = append(e.b, b...)
}

// time writes nanoseconds since 1970, and 0 for the zero time.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.int(0)
	} else {
		e.int(t.UnixNano())
	}
}

func (e *encoder) strings(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.string(s)
	}
}

func (e *encoder) labels(ls periskop.Labels) {
	e.uint(uint64(len(ls)))
	for _, l := range ls {
		e.string(l.Name)
		e.string(l.Value)
	}
}

var errShort = errors.New("record is cut off")

// A decoder reads values until one is missing; from then on it reads zeros, and err is
// set.
type decoder struct {
	b   []byte
	err error
	// known holds what is read by name, so that equal names are held once; nil holds none.
	known names
}

// names are texts that occur in many records.
type names map[string]string

// name reads a text that occurs in other records as well.
func (d *decoder) name() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	b := d.b[:n]
	d.b = d.b[n:]
	if s, ok := d.known[string(b)]; ok {
		return s
	}
	s := string(b)
	if d.known != nil {
		d.known[s] = s
	}
	return s
}

func (d *decoder) fail() {
	d.b, d.err = nil, errShort
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) fixed() uint64 {
	if len(d.b) < 8 {
		d.fail()
		return 0
	}
	v := binary.BigEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

func (d *decoder) hashes() []uint64 {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = d.fixed()
	}
	return list
}

func (d *decoder) bool() bool { return d.uint() != 0 }

func (d *decoder) string() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) time() time.Time {
	n := d.int()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// count reads the length of a list, of which each element has at least one byte.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) labels() periskop.Labels {
	n := d.count()
	if n == 0 {
		return nil
	}
	ls := make(periskop.Labels, n)
	for i := range ls {
		ls[i] = periskop.Label{Name: d.name(), Value: d.name()}
	}
	return ls
}

func (d *decoder) strings() []string {
	list := make([]string, d.count())
	for i := range list {
		list[i] = d.string()
	}
	return list
}
