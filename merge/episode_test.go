package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// one is an answer with a single aggregate.
func one(minute int, uuid, key string, total uint64, created time.Time) answer {
	return answer{at: at(minute), uuid: uuid, reports: []periskop.Aggregate{aggregate(key, total, created)}}
}

func episode(s *testState, key string) merge.Episode {
	for _, e := range s.Snapshot().Services[0].Exceptions {
		if e.Key == key {
			return e.Episode
		}
	}
	return merge.Episode{}
}

func TestEpisodes(t *testing.T) {
	watch := answer{at: at(0), uuid: "a"}
	for _, c := range []struct {
		name    string
		answers []answer
		want    merge.Episode
	}{
		{"history has none", []answer{one(0, "a", "k", 5, at(-60)), one(1, "a", "k", 6, at(-60))}, merge.Episode{}},
		{"what began after the watch has one", []answer{watch, one(3, "a", "k", 1, at(2))}, merge.Episode{Began: at(3)}},
		{"when it is first counted", []answer{watch, one(3, "a", "k", 0, at(2)), one(4, "a", "k", 1, at(2))}, merge.Episode{Began: at(4)}},
		{"it goes on while it grows", []answer{watch, one(3, "a", "k", 1, at(2)), one(50, "a", "k", 2, at(2)), one(100, "a", "k", 3, at(2))}, merge.Episode{Began: at(3)}},
		{"what grows after an hour of quiet is no part of it", []answer{watch, one(3, "a", "k", 1, at(2)), one(63, "a", "k", 2, at(2))}, merge.Episode{Began: at(3), Over: true}},
		{"being reported still is no growth", []answer{watch, one(3, "a", "k", 1, at(2)), one(63, "a", "k", 1, at(2))}, merge.Episode{Began: at(3)}},
		{"a deploy begins none", []answer{one(0, "a", "k", 5, at(-60)), one(9, "b", "k", 1, at(8))}, merge.Episode{}},
		{"a target that knows it from before the watch takes it back", []answer{watch, one(3, "a", "k", 1, at(2)), one(4, "b", "k", 7, at(-60))}, merge.Episode{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(settings())
			fold(s, c.answers...)
			if diff := cmp.Diff(episode(s, "k"), c.want); diff != "" {
				t.Errorf("episode (-got +want):\n%s", diff)
			}
		})
	}
}

func TestRegressionBeginsEpisode(t *testing.T) {
	s := newState(settings())
	fold(s, one(0, "a", "k", 5, at(-60)))
	s.Resolve(merge.ExceptionID("shop", "k"), at(1))
	fold(s, one(2, "a", "k", 5, at(-60)))
	if got := episode(s, "k"); !got.Began.IsZero() {
		t.Errorf("an episode without growth: %+v", got)
	}
	fold(s, one(3, "a", "k", 6, at(-60)))
	if diff := cmp.Diff(episode(s, "k"), merge.Episode{Began: at(3)}); diff != "" {
		t.Errorf("episode (-got +want):\n%s", diff)
	}
	e := s.Snapshot().Services[0].Exceptions[0]
	if !e.Active(at(62), time.Hour) || e.Active(at(63), time.Hour) {
		t.Error("the episode does not last an hour")
	}
	s.Resolve(merge.ExceptionID("shop", "k"), at(10))
	if e = s.Snapshot().Services[0].Exceptions[0]; e.Active(at(11), time.Hour) {
		t.Error("the episode goes on although the exception is resolved")
	}
}

// TestCrowdedEpisodes has one service raise more new keys than are told one by one,
// through a restart.
func TestCrowdedEpisodes(t *testing.T) {
	limited := settings(func(o *merge.Settings) { o.EpisodeLimit = 3 })
	store := newMemory()
	s := openState(merge.Options{Settings: limited, Store: store})
	fold(s, answer{at: at(0), uuid: "a"})
	crowd := func(minute, from, to int) {
		for i := from; i < to; i++ {
			fold(s, one(minute, "a", fmt.Sprint(i), 1, at(minute)))
		}
	}
	crowded := func() int {
		n := 0
		for _, e := range s.Snapshot().Services[0].Exceptions {
			if e.Episode.Crowded {
				n++
			}
		}
		return n
	}
	crowd(1, 0, 10)
	if got := crowded(); got != 7 {
		t.Errorf("%d of 10 episodes are crowded, want 7", got)
	}
	s.Flush()
	s = store.restart(limited, at(2))
	crowd(3, 10, 12)
	if got := crowded(); got != 9 {
		t.Errorf("after a restart %d of 12 episodes are crowded, want 9", got)
	}
	crowd(61, 12, 14)
	if got := crowded(); got != 9 {
		t.Errorf("an hour later %d of 14 episodes are crowded, want 9", got)
	}
}
