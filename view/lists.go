package view

import (
	"maps"
	"runtime"
	"sync"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// lists remembers what filters leave of one snapshot, and what there is to choose from in it:
// with 100,000 exceptions that takes most of the time of a page, and pages turn, refresh
// themselves and are looked at by several readers. It is safe for concurrent use; the zero
// value is ready.
type lists struct {
	working workers

	mu       sync.Mutex // guards the rest, which is all of one snapshot and moment
	snapshot *merge.Snapshot
	growth   *merge.Growth
	second   int64
	indexes  indexes
	indexed  []*index // of the services of the snapshot
	listed   map[string]*list
	choices  map[string]*choices // by service, "" for all
}

// A list is what a filter left.
type list struct {
	once sync.Once
	// timed is set when it is of one moment, grows when it is of what grew, and searched when it was not
	// searched for longer than there was time.
	timed, grows, searched bool
	exceptions             []*merge.Exception // not to be changed
	unsearched             int
}

// maxLists bounds what is remembered: further filters are applied each time.
const maxLists = 100

// begin forgets what is of another snapshot or moment. The caller holds mu.
func (l *lists) begin(s *merge.Snapshot, cl classifier) {
	if l.snapshot == s && l.growth == cl.growth && l.second == cl.now.Unix() {
		return
	}
	indexed, same := l.indexes.in(s)
	if !same || l.listed == nil {
		l.listed, l.choices = map[string]*list{}, map[string]*choices{}
	} else {
		anew := l.second != cl.now.Unix()
		maps.DeleteFunc(l.listed, func(_ string, at *list) bool {
			return at.searched && anew || at.timed && anew || at.grows && l.growth != cl.growth
		})
	}
	l.snapshot, l.growth, l.second, l.indexed = s, cl.growth, cl.now.Unix(), indexed
}

// exceptions returns what the filter leaves of the snapshot, sorted, and how many exceptions
// were not searched whole.
func (l *lists) exceptions(s *merge.Snapshot, f filter, cl classifier, b *searchBudget) ([]*merge.Exception, int) {
	f.Page = 1
	key := f.values().Encode()
	l.mu.Lock()
	l.begin(s, cl)
	at, indexed := l.listed[key], l.indexed
	if at == nil {
		at = &list{timed: f.timed(), grows: f.grows(), searched: f.Query != ""}
		if len(l.listed) < maxLists {
			l.listed[key] = at
		}
	}
	l.mu.Unlock()
	at.once.Do(func() {
		defer l.working.enter()()
		at.exceptions, at.unsearched = f.exceptions(s, indexed, cl, b)
	})
	return at.exceptions, at.unsearched
}

// workers bounds how many lists are made at once: half of the processors are left to scrapes and
// metrics. The zero value is ready.
type workers struct {
	once  sync.Once
	slots chan struct{}
}

// enter waits for a place, and returns what gives it back.
func (w *workers) enter() (leave func()) {
	w.once.Do(func() { w.slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) })
	w.slots <- struct{}{}
	return func() { <-w.slots }
}

// choicesIn returns what there is to choose from in a service, or in all of them.
func (l *lists) choicesIn(s *merge.Snapshot, service string, cl classifier) *choices {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin(s, cl)
	c := l.choices[service]
	if c == nil {
		c = choicesOf(s, service)
		l.choices[service] = c
	}
	return c
}
