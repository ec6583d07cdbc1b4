package view

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A search finds the exceptions in which every one of its words occurs somewhere, in
// upper or lower case.
type search struct {
	words []word
}

// maxWords bounds the work per exception. A longer search is for its words in that
// very order: somebody pasted a message.
const maxWords = 8

func newSearch(q string) search {
	q = strings.ToLower(q)
	fields := strings.Fields(q)
	if len(fields) > maxWords {
		fields = []string{strings.TrimSpace(q)}
	}
	var s search
	for _, f := range fields {
		s.words = append(s.words, newWord(f))
	}
	return s
}

// A searchBudget is the time that searches may read occurrences for. They are read from the
// disk, some thousand in the time that one search has: all of a service, but not of fifty. It
// is safe for concurrent use; the zero value is ready.
type searchBudget struct {
	once   sync.Once
	millis *rate.Limiter
	// deep guards nothing: a search of everything holds it, so that there is one at a time.
	deep sync.Mutex
}

const (
	// searchTime is how long one search has, and searchShare how much of one processor all of
	// them together have: readers must not take the processors that scrapes and metrics need.
	searchTime  = 100 * time.Millisecond
	searchShare = 0.25
	// deepSearchTime is for who asks for it: 100,000 exceptions take some seconds.
	deepSearchTime = 10 * time.Second
)

// take returns how long a search may read.
func (b *searchBudget) take() time.Duration {
	most := int(searchTime / time.Millisecond)
	b.once.Do(func() { b.millis = rate.NewLimiter(searchShare*1000, 3*most) })
	n := min(most, int(b.millis.Tokens()))
	if n <= 0 || !b.millis.AllowN(time.Now(), n) {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// read reads the occurrences of so many exceptions and returns those that match. When the time is over, it
// returns how many are left.
func (s search) read(list iter.Seq[*merge.Exception], left int, thorough bool, b *searchBudget) (found []*merge.Exception, unread int) {
	if left == 0 {
		return nil, 0
	}
	within := deepSearchTime
	if thorough {
		b.deep.Lock()
		defer b.deep.Unlock()
	} else {
		within = b.take()
	}
	if within == 0 {
		return nil, left
	}
	end := time.Now().Add(within)
	for e := range list {
		if !time.Now().Before(end) {
			break
		}
		if left--; s.matches(e) {
			found = append(found, e)
		}
	}
	return found, left
}

// matches looks at the name, and of each occurrence at the class, the message and the stack
// trace of it and of its causes, the URL, the instance, the labels and the UUID.
func (s search) matches(e *merge.Exception) bool {
	m := matching{words: s.words}
	if m.look(e.Key, e.ID, e.Class, e.Service) || m.lookAtKeys(e.Keys) {
		return true
	}
	var before *periskop.Occurrence
	list := e.Occurrences()
	for i := range list {
		o := &list[i]
		if m.look(o.UUID, o.Instance) || m.lookAtLabels(o, before) || m.lookAtContext(o.HTTPContext) || m.lookAtChain(&o.Error, before) {
			return true
		}
		before = o
	}
	return false
}

// A matching is a search in one exception.
type matching struct {
	words []word
	found uint // a bit for each word
}

// look looks for the words that were not found yet, and reports whether that was the
// last of them.
func (m *matching) look(fields ...string) bool {
	all := uint(1)<<len(m.words) - 1
	for _, field := range fields {
		for i := range m.words {
			if m.found&(1<<i) == 0 && m.words[i].in(field) {
				m.found |= 1 << i
			}
		}
	}
	return m.found == all
}

func (m *matching) lookAtContext(c *periskop.HTTPContext) bool {
	return c != nil && m.look(c.Method, c.URL)
}

// lookAtKeys looks at the keys that are grouped under the exception, those that were seen last.
func (m *matching) lookAtKeys(keys []merge.Key) bool {
	for i := range keys {
		if m.look(keys[i].Label, keys[i].ID) {
			return true
		}
	}
	return false
}

// lookAtLabels looks at labels as they are written: version=3.1.4. Most are those of the
// occurrence before.
func (m *matching) lookAtLabels(o, before *periskop.Occurrence) bool {
	if before != nil && slices.Equal(o.Labels, before.Labels) {
		return false
	}
	for _, l := range o.Labels {
		if m.look(l.Name + "=" + l.Value) {
			return true
		}
	}
	return false
}

// lookAtChain looks at an exception and its causes. What is the same as in the
// occurrence before was looked at with that one; most stack traces are.
func (m *matching) lookAtChain(e *periskop.Exception, before *periskop.Occurrence) bool {
	var same *periskop.Exception
	if before != nil {
		same = &before.Error
	}
	for ; e != nil; e = e.Cause {
		if same == nil || e.Class != same.Class || e.Message != same.Message {
			if m.look(e.Class, e.Message) {
				return true
			}
		}
		for i, frame := range e.Stacktrace {
			if same != nil && i < len(same.Stacktrace) && frame == same.Stacktrace[i] {
				continue
			}
			if m.look(frame) {
				return true
			}
		}
		if same != nil {
			same = same.Cause
		}
	}
	return false
}

// A word is what is looked for, in lower case.
type word struct {
	text  string
	ascii bool
	// rare is where the character is that occurs least in most texts, and cases are
	// its cases: most texts are done with once neither is in them.
	rare  int
	cases []byte
}

// frequent are the characters of messages and stack traces, the most frequent first.
// The others are rarer than these.
const frequent = "e.taoinsrhldcumpgf0123456789wybv:/kxjqz"

func newWord(lower string) word {
	if lower == "" {
		return word{} // which is in nothing
	}
	w := word{text: lower, ascii: isASCII(lower)}
	rarest := -1
	for i := range len(lower) {
		rank := strings.IndexByte(frequent, lower[i])
		if rank < 0 {
			rank = len(frequent)
		}
		if rank > rarest {
			rarest, w.rare = rank, i
		}
	}
	c := lower[w.rare]
	w.cases = []byte{c}
	if c >= 'a' && c <= 'z' {
		w.cases = append(w.cases, c-'a'+'A')
	}
	return w
}

// in reports whether the word occurs in s in any case. For words in ASCII it costs
// little more than two searches for a byte.
func (w *word) in(s string) bool {
	if !w.ascii && w.text != "" {
		return !isASCII(s) && strings.Contains(strings.ToLower(s), w.text)
	}
	for _, c := range w.cases {
		for from := w.rare; from < len(s); {
			i := strings.IndexByte(s[from:], c)
			if i < 0 {
				break
			}
			if w.at(s, from+i-w.rare) {
				return true
			}
			from += i + 1
		}
	}
	return false
}

// at reports whether the word stands at that place.
func (w *word) at(s string, start int) bool {
	if start+len(w.text) > len(s) {
		return false
	}
	for i := range len(w.text) {
		if lower(s[start+i]) != w.text[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
