package store

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// FuzzRecords decodes what a file can hold whose checksums are right although somebody else
// wrote it: no record makes more of it than it has, or ends the program.
func FuzzRecords(f *testing.F) {
	o, err := newOccurrences(slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	w := eventWriter{written: map[uint64]struct{}{}}
	parts, _ := w.encode(&merge.Event{Seq: 1, Answer: &merge.AnswerEvent{Service: "shop", Process: "p", Totals: []merge.TotalEvent{{ID: 1, Total: 3, Hashes: []uint64{6}}}}})
	f.Add([]byte("shop\x00p"), slices.Concat(parts...))
	f.Add([]byte{}, []byte{0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(_ *testing.T, key, value []byte) {
		r := eventReader{traces: map[string][]string{}}
		_, _ = r.decode(value)
		u := unpacking{decoder: o.decompress}
		if u.begin(7, value) == nil {
			_, _ = u.unpack(value)
		}
		_, _ = decodeService(key, value)
		_, _ = decodeRound(key, value)
		_, _ = decodeEndpoint(key, value)
		_, _ = decodeProcess(key, value)
		_, _ = decodeForgotten(key, value)
		_, _ = names{}.decodeException(key, value)
		_, _ = names{}.decodeSeries(key, value)
		_, _ = decodeScraper(key, value)
		d := decoder{b: value}
		_ = d.marks()
		_, _ = o.unpack(value)
	})
}
