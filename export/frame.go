package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A segment of the queue is a series of frames: their length, a checksum of the rest, and
//
//	seq      of the last event of which everything is in the queue with this frame
//	count    how many occurrences there are
//	at       when they were put, in nanoseconds since 1970
//	         the occurrences, compressed together: their stack traces are much alike
//
// The first frame of a segment has none, and carries the number of the event over from the
// segment before, which may be gone.
const frameHead = 8

// frameSize is after how many bytes of text a frame ends: enough for most of what one report
// tells to be compressed together, and little to be read again when only a part of it was taken.
const frameSize = 256 << 10

// maxFrame bounds what a damaged frame can make us read: an occurrence has that much only if
// limits.occurrence_size lets it.
const maxFrame = 256 << 20

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errDamaged = errors.New("it is damaged")
)

// A frame is one as it is read.
type frame struct {
	seq   uint64
	count int
	at    time.Time
	rest  []byte // compressed
	size  int64  // of the frame in its segment
}

// appendFrame appends a frame.
func appendFrame(b []byte, seq uint64, count int, at time.Time, rest []byte) []byte {
	from := len(b)
	b = append(b, make([]byte, frameHead)...)
	b = binary.AppendUvarint(b, seq)
	b = binary.AppendUvarint(b, uint64(count))
	b = binary.AppendVarint(b, at.UnixNano())
	b = append(b, rest...)
	payload := b[from+frameHead:]
	binary.LittleEndian.PutUint32(b[from:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[from+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// readFrame reads the frame at an offset of a segment that ends at size.
func readFrame(r io.ReaderAt, at, size int64) (frame, error) {
	var head [frameHead]byte
	if size-at < frameHead {
		return frame{}, errDamaged
	}
	if _, err := r.ReadAt(head[:], at); err != nil {
		return frame{}, err
	}
	length := int64(binary.LittleEndian.Uint32(head[:]))
	if length > maxFrame || length > size-at-frameHead {
		return frame{}, errDamaged
	}
	payload := make([]byte, length)
	if _, err := r.ReadAt(payload, at+frameHead); err != nil {
		return frame{}, err
	}
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return frame{}, errDamaged
	}
	f := frame{size: frameHead + length}
	d := decoder{b: payload}
	f.seq, f.count, f.at = d.uint(), int(d.uint()), time.Unix(0, d.int()).UTC()
	f.rest = d.b
	return f, d.err
}

// A packer compresses occurrences. Only unpack is safe for concurrent use.
type packer struct {
	compress   *zstd.Encoder
	decompress *zstd.Decoder
}

func newPacker() (*packer, error) {
	compress, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	decompress, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*maxFrame))
	if err != nil {
		return nil, fmt.Errorf("set up decompression: %w", err)
	}
	return &packer{compress, decompress}, nil
}

// encode appends an occurrence, which is not compressed yet.
func encode(b []byte, it *merge.ExportItem) []byte {
	b = appendText(b, it.Service)
	b = binary.LittleEndian.AppendUint64(b, it.ID)
	b = appendText(b, it.Key)
	packed := periskop.PackOccurrences([]periskop.Occurrence{it.Occurrence})
	b = binary.AppendUvarint(b, uint64(len(packed)))
	return append(b, packed...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// raws holds the memory that unpack works in.
var raws = sync.Pool{New: func() any { return new([]byte) }}

// unpack returns the occurrences of a frame.
func (p *packer) unpack(f *frame) ([]merge.ExportItem, error) {
	buffer, _ := raws.Get().(*[]byte)
	raw, err := p.decompress.DecodeAll(f.rest, (*buffer)[:0])
	if err != nil {
		return nil, fmt.Errorf("decompress occurrences: %w", err)
	}
	d := decoder{b: raw}
	var out []merge.ExportItem
	for range f.count {
		it := merge.ExportItem{Seq: f.seq, Service: string(d.bytes()), ID: d.fixed(), Key: string(d.bytes())}
		list := periskop.RawOccurrences(d.bytes()).Decode(nil)
		if d.err != nil || len(list) != 1 {
			return nil, errDamaged
		}
		it.Occurrence = list[0]
		out = append(out, it)
	}
	if cap(raw) <= 4*frameSize {
		*buffer = raw
		raws.Put(buffer)
	}
	return out, nil
}

// A decoder reads what was appended. After the first error it reads nothing.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.b) {
		d.b, d.err = nil, errDamaged
		return nil
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		n = -1
	}
	d.take(n)
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		n = -1
	}
	d.take(n)
	return v
}

func (d *decoder) fixed() uint64 {
	b := d.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (d *decoder) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.b, d.err = nil, errDamaged
		return nil
	}
	return d.take(int(n))
}
