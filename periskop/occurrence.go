package periskop

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// RawOccurrences is what an aggregate says of its occurrences, as JSON: mostly a list, in
// an order that differs between clients.
type RawOccurrences []byte

// maxUUIDLen is more than any UUID has. What is longer is replaced by a hash, as an
// exemplar in OpenMetrics has room for 128 characters.
const maxUUIDLen = 64

// maxInstance is more than any address has, in bytes.
const maxInstance = 1 << 10

// Decode returns the occurrences that can be read, in the order in which they
// stand. Those that skip reports true for are left out without the cost of decoding
// them; a nil skip leaves out none. The result shares no memory with r.
func (r RawOccurrences) Decode(skip func(uuid string, timestamp time.Time) bool) []Occurrence {
	return Selection{Skip: skip}.Decode(r).Occurrences
}

// A rawOccurrence holds the members of an occurrence that are worth decoding only
// when it is new.
type rawOccurrence struct {
	all, uuid, timestamp, severity, instance, labels, err, context []byte
	// flat is an exception whose members stand among those of the occurrence.
	flat rawException
}

// read reads an object.
func (o *rawOccurrence) read(d *reader) error {
	start := d.at
	err := d.eachKnown(func(m member) error {
		value, err := d.value()
		switch m {
		case uuid:
			o.uuid = value
		case timestamp:
			o.timestamp = value
		case severity:
			o.severity = value
		case instance:
			o.instance = value
		case occurrenceLabels:
			o.labels = value
		case exception:
			o.err = value
		case httpContext:
			o.context = value
		default:
			o.flat.set(m, value)
		}
		return err
	})
	o.all = d.body[start:d.at]
	return err
}

// identity returns the UUID, or that which it was sent under, or, where there is none that
// could tell this occurrence from others, a hash of all that was sent of it.
func (o *rawOccurrence) identity(name string) string {
	if len(o.uuid) > 6*maxUUIDLen { // each character may be written as \u0063
		return shortHash(o.uuid)
	}
	id := name
	if len(o.uuid) > 0 && !isWord(o.uuid) {
		id = cmp.Or(text(o.uuid), name)
	}
	switch {
	case strings.Trim(id, "0-") == "":
		return shortHash(o.all)
	case len(id) > maxUUIDLen, strings.ContainsFunc(id, isControl):
		return shortHash([]byte(id))
	}
	return id
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
