package store

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Events are packed: those of one exporter have most of their bytes in common, the names of
// processes, keys and headers, but each is far too small for a compressor to find that out. So the
// first events between two commits are a dictionary for those that follow, and written as that.
type packing struct {
	plain *zstd.Encoder
	// sample is what the dictionary will be made of.
	sample []byte
	// withDictionary is nil as long as there is none.
	withDictionary *zstd.Encoder
	packed         []byte // of pack, kept for its memory
}

// dictionarySize is how much of events becomes the dictionary: some fifteen, and ten keys of each. Twice
// as much makes a tenth of a difference.
const dictionarySize = 16 << 10

// forget begins anew: what is written next must not refer to what was written before.
func (p *packing) forget() { p.sample, p.withDictionary = nil, nil }

// pack returns a part of an event packed.
func (p *packing) pack(part []byte) []byte {
	encoder := p.withDictionary
	if encoder == nil {
		encoder = p.plain
		p.sample = append(p.sample, part[:min(len(part), dictionarySize-len(p.sample))]...)
	}
	p.packed = encoder.EncodeAll(part, p.packed[:0])
	return bytes.Clone(p.packed)
}

// begin writes the dictionary once there is enough to make it of.
func (p *packing) begin(w *frameWriter) error {
	if p.withDictionary != nil || len(p.sample) < dictionarySize {
		return nil
	}
	encoder, err := zstd.NewWriter(nil, append(packingOptions(), zstd.WithEncoderDictRaw(dictionaryID(w.number), p.sample))...)
	if err != nil {
		return fmt.Errorf("set up compression: %w", err)
	}
	w.frame(head{kind: kindDictionary}, p.plain.EncodeAll(p.sample, nil))
	p.sample, p.withDictionary = nil, encoder
	return nil
}

// packingWindow is how far back a compressor looks: what is equal in events and in the occurrences of a
// key stands closer together. It takes twice as much memory.
const packingWindow = 256 << 10

// packingOptions are without a checksum: frames have theirs.
func packingOptions() []zstd.EOption {
	return []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(packingWindow), zstd.WithLowerEncoderMem(true),
	}
}

// dictionaryID is that of the dictionary in the frame of that number. What is packed names it, so that
// nothing is unpacked with another one.
func dictionaryID(number uint32) uint32 { return number + 1 }

// An unpacking reads what a packing wrote.
type unpacking struct {
	decoder *zstd.Decoder
}

// begin takes in a dictionary.
func (u *unpacking) begin(number uint32, payload []byte) error {
	text, err := u.decoder.DecodeAll(payload, nil)
	if err != nil {
		return fmt.Errorf("unpack a dictionary: %w", err)
	}
	decoder, err := newDecoder(zstd.WithDecoderDictRaw(dictionaryID(number), text))
	if err == nil {
		u.decoder = decoder
	}
	return err
}

func (u *unpacking) unpack(payload []byte) ([]byte, error) {
	raw, err := u.decoder.DecodeAll(payload, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack an event: %w", err)
	}
	return raw, nil
}

func newDecoder(o ...zstd.DOption) (*zstd.Decoder, error) {
	decoder, err := zstd.NewReader(nil, append(o, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxOccurrences))...)
	if err != nil {
		return nil, fmt.Errorf("set up decompression: %w", err)
	}
	return decoder, nil
}
