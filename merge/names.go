package merge

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ExceptionID returns the 16 hexadecimal digits by which links name an exception:
// the same on every exporter and after every restart, and free of characters that
// link templates would have to encode.
func ExceptionID(service, key string) string { return newKeyID(service, key).String() }

// A keyID is an ExceptionID as the number that it is.
type keyID uint64

func newKeyID(service, key string) keyID { return keyID(hash(service + "\x00" + keptKey(key))) }

func parseKeyID(s string) (keyID, bool) {
	n, err := strconv.ParseUint(s, 16, 64)
	return keyID(n), err == nil && len(s) == 16
}

func (id keyID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// hash returns the first 64 bits of the SHA-256 of s: no target can choose a key
// that has the ID of another.
func hash(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:])
}

// maxKey is how many bytes are kept of a key: more than anybody reads, and than the keys
// have that client libraries make.
const maxKey = 4 << 10

// keptKey returns the key, or what stands for one that is too long to be kept. Both have
// the same ID, so that it does not matter who tells of it: a client, or an exporter.
func keptKey(key string) string {
	if !utf8.ValidString(key) {
		key = strings.ToValidUTF8(key, "\ufffd")
	}
	return cutWithHash(key, key, maxKey)
}

// LabelValue returns s, or, when it is longer than limit bytes, its beginning, a
// tilde and a hash of the whole, at most limit bytes in all, and valid UTF-8. Control
// characters, which drive terminals and end lines where labels are shown, become U+FFFD.
func LabelValue(s string, limit int) string {
	s = keptKey(s)
	return cutWithHash(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s), s, limit)
}

// cutWithHash cuts what is longer than the limit, and ends it in a hash of the whole.
func cutWithHash(s, whole string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return endWithHash(s, whole, limit)
}

func endWithHash(s, whole string, limit int) string {
	suffix := fmt.Sprintf("~%016x", hash(whole))
	cut := max(min(limit-len(suffix), len(s)), 0)
	for cut > 0 && cut < len(s) && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + suffix
}

// ClassOf returns what the client libraries put before the @ of an aggregation key,
// for exceptions that came without a class: key is class@hash.
func ClassOf(key string) string {
	class, digits, ok := cutLast(key, "@")
	if !ok || digits == "" || strings.Trim(digits, "0123456789abcdef") != "" {
		return ""
	}
	return class
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// saturatingAdd stops at the end of the range: a counter must never fall.
func saturatingAdd(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}
