package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A kind is what a frame is.
type kind byte

const (
	kindMeta kind = iota + 1
	kindPut
	kindDelete
	kindCommit
	kindEvent
	kindDictionary
)

// A head says what a frame is.
type head struct {
	kind  kind
	table table // of a put or delete
	// number counts the frames of a file, from 0 on.
	number uint32
	// length is that of the payload in bytes.
	length uint32
	// service is the hash of the service's name, 0 for none, and key that of the record's
	// key.
	service, key uint32
}

// A frame is encoded as headMagic, head, checksum of both; the payload; tailMagic, head,
// checksum of the payload, checksum of all of the tail. Numbers are in the order of bytes
// of the network.
const (
	headMagic = 0xb3_9e_c1_4d // neither magic is valid UTF-8
	tailMagic = 0xb3_9e_c1_d4

	headFields = 18
	headSize   = 4 + headFields + 4
	tailSize   = 4 + headFields + 4 + 4
	frameSize  = headSize + tailSize

	// maxPayload is more than any record has: 10 occurrences of 256 kB.
	maxPayload = 256 << 20
)

// castagnoli is the polynomial that processors compute themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (h *head) append(b []byte) []byte {
	b = append(b, byte(h.kind), byte(h.table))
	b = binary.BigEndian.AppendUint32(b, h.number)
	b = binary.BigEndian.AppendUint32(b, h.length)
	b = binary.BigEndian.AppendUint32(b, h.service)
	return binary.BigEndian.AppendUint32(b, h.key)
}

func parseHead(b []byte) head {
	return head{
		kind: kind(b[0]), table: table(b[1]),
		number: binary.BigEndian.Uint32(b[2:]), length: binary.BigEndian.Uint32(b[6:]),
		service: binary.BigEndian.Uint32(b[10:]), key: binary.BigEndian.Uint32(b[14:]),
	}
}

// appendHead appends what stands before the payload.
func (h *head) appendHead(b []byte) []byte {
	start := len(b)
	b = h.append(binary.BigEndian.AppendUint32(b, headMagic))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// appendTail appends what stands after a payload of that checksum.
func (h *head) appendTail(b []byte, sum uint32) []byte {
	start := len(b)
	b = h.append(binary.BigEndian.AppendUint32(b, tailMagic))
	b = binary.BigEndian.AppendUint32(b, sum)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// readHead returns the head at the beginning of b, and false if there is none.
func readHead(b []byte) (head, bool) {
	if len(b) < headSize || binary.BigEndian.Uint32(b) != headMagic ||
		binary.BigEndian.Uint32(b[headSize-4:]) != crc32.Checksum(b[:headSize-4], castagnoli) {
		return head{}, false
	}
	h := parseHead(b[4:])
	return h, h.length <= maxPayload
}

// readTail returns the head that is repeated in the tail at the beginning of b with the
// checksum of the payload, and false if there is none.
func readTail(b []byte) (h head, payload uint32, ok bool) {
	if len(b) < tailSize || binary.BigEndian.Uint32(b) != tailMagic ||
		binary.BigEndian.Uint32(b[tailSize-4:]) != crc32.Checksum(b[:tailSize-4], castagnoli) {
		return head{}, 0, false
	}
	return parseHead(b[4:]), binary.BigEndian.Uint32(b[4+headFields:]), true
}

var errDamaged = errors.New("it is damaged")

// readFrame returns the frame at the beginning of b, and how long it is. With errDamaged,
// the head is right and the rest is not.
func readFrame(b []byte) (h head, payload []byte, size int, err error) {
	h, ok := readHead(b)
	if !ok {
		return head{}, nil, 0, errNoFrame
	}
	size = frameSize + int(h.length)
	if len(b) < size {
		return h, nil, 0, errDamaged
	}
	payload = b[headSize : headSize+h.length]
	tail, sum, ok := readTail(b[headSize+h.length:])
	if !ok || tail != h || sum != crc32.Checksum(payload, castagnoli) {
		return h, nil, size, errDamaged
	}
	return h, payload, size, nil
}

var errNoFrame = errors.New("no frame begins here")

// A scanner reads the frames of a file, those that are damaged too as far as they can be
// known.
type scanner struct {
	b  []byte
	at int
	// next is the number of the frame that is expected.
	next uint32
	// lost are the frames that are damaged, and unknown is how many frames are missing of
	// which nothing is known.
	lost    []lostFrame
	unknown int
	// end is where the last good frame ends.
	end int
}

// A lostFrame is damaged; its head, or what repeats it, is not. It is somewhere before until.
type lostFrame struct {
	head
	until int
}

// scan calls f for each good frame, in order. The payload aliases the bytes.
func (s *scanner) scan(f func(h head, payload []byte, at int)) {
	for s.at < len(s.b) {
		h, payload, size, err := readFrame(s.b[s.at:])
		if err == nil && h.number >= s.next {
			s.miss(h.number)
			f(h, payload, s.at)
			s.at += size
			s.next, s.end = h.number+1, s.at
			continue
		}
		if err != nil && !errors.Is(err, errNoFrame) && h.number >= s.next {
			s.miss(h.number)
			s.lose(h)
		}
		s.resume(size)
	}
}

// resume looks for where the next frame begins. On the way it takes what tails tell of
// frames whose heads are damaged.
func (s *scanner) resume(size int) {
	if size > 0 {
		if _, ok := readHead(s.b[min(s.at+size, len(s.b)):]); ok || s.at+size == len(s.b) {
			s.at += size
			return
		}
	}
	const magicPrefix = "\xb3\x9e\xc1"
	for s.at++; s.at < len(s.b); s.at++ {
		n := bytes.Index(s.b[s.at:], []byte(magicPrefix))
		if n < 0 {
			s.at = len(s.b)
			return
		}
		s.at += n
		if h, ok := readHead(s.b[s.at:]); ok && h.number >= s.next {
			return
		}
		if h, _, ok := readTail(s.b[s.at:]); ok && h.number >= s.next {
			s.miss(h.number)
			s.lose(h)
		}
	}
}

// miss notes the frames before that number which nothing is known of.
func (s *scanner) miss(number uint32) {
	s.unknown += int(number - s.next)
	s.next = number
}

func (s *scanner) lose(h head) {
	s.lost = append(s.lost, lostFrame{h, s.at + headSize})
	s.next = h.number + 1
}
