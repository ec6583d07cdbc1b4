package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// listed returns occurrences of those numbers, a second apart, up to that time, as client
// libraries list them: the oldest first.
func listed(name string, from, to int, last time.Time) []periskop.Occurrence {
	var list []periskop.Occurrence
	for i := from; i <= to; i++ {
		list = append(list, periskop.Occurrence{
			UUID: fmt.Sprintf("%s-%d", name, i), Timestamp: last.Add(time.Duration(i-to) * time.Second), Severity: "error", Error: periskop.Exception{Class: "E"},
		})
	}
	return list
}

// ofK is a report of key k.
func ofK(total uint64, created time.Time, occurrences ...periskop.Occurrence) []periskop.Aggregate {
	return []periskop.Aggregate{aggregate("k", total, created, occurrences...)}
}

// started begins the watch on shop.
var started = answer{uuid: "Z", target: "z:80", at: at(0)}

// after is that many milliseconds past noon and those minutes.
func after(minutes, milliseconds int) time.Time {
	return at(minutes).Add(time.Duration(milliseconds) * time.Millisecond)
}

// An identityTest is what some answers amount to.
type identityTest struct {
	name    string
	answers []answer
	want    uint64 // of key k
	doubts  map[merge.Reason]uint64
}

// TestIdentity is about which process and epoch a total belongs to. What is told counts the
// same whether the program is killed, or stopped and started, between any two answers.
func TestIdentity(t *testing.T) {
	for _, tests := range [][]identityTest{provenTests(), madeUpTests(), anonymousTests(), balancedTests()} {
		for _, tc := range tests {
			for name, between := range map[string]func(*memory, *testState) *testState{
				"in one run":                  func(_ *memory, s *testState) *testState { return s },
				"killed after each answer":    func(m *memory, s *testState) *testState { return m.restart(settings(), s.now) },
				"restarted after each answer": func(m *memory, s *testState) *testState { s.Flush(); return m.restart(settings(), s.now) },
			} {
				t.Run(tc.name+", "+name, func(t *testing.T) {
					m := newMemory()
					s := m.restart(settings(), noon)
					doubts := map[merge.Reason]uint64{}
					for _, a := range tc.answers {
						s.now = a.at
						before := inconsistencies(s)
						fold(s, a)
						for r, n := range inconsistencies(s) {
							if n > before[r] {
								doubts[r] += n - before[r]
							}
						}
						s = between(m, s)
					}
					if got := countedOf(s, "shop", "k"); got != tc.want {
						t.Errorf("got %d, want %d", got, tc.want)
					}
					if tc.doubts == nil {
						tc.doubts = map[merge.Reason]uint64{}
					}
					if diff := cmp.Diff(doubts, tc.doubts); diff != "" {
						t.Errorf("doubts (-got +want):\n%s", diff)
					}
				})
			}
		}
	}
}

// countedOf returns how often the key was counted.
func countedOf(s *testState, service, key string) uint64 {
	if e := s.Snapshot().Find(merge.ExceptionID(service, key)); e != nil {
		return e.Counted()
	}
	return 0
}

// provenTests are those in which occurrences, or an exact time, prove it.
func provenTests() []identityTest {
	micro := at(1).Add(123_456 * time.Microsecond)
	return []identityTest{
		{
			name: "an answer that comes late",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1), listed("a", 1, 5, at(2))...)},
				{uuid: "A", at: at(3), reports: ofK(3, at(1), listed("a", 1, 3, at(1))...)},
				{uuid: "A", at: at(4), reports: ofK(6, at(1), listed("a", 1, 6, at(4))...)},
			},
			want: 6, doubts: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		{
			name: "workers of Puma that meet a key in the same second",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1), listed("a", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(3), reports: ofK(3, at(1), listed("b", 1, 3, at(3))...)}, // it may be an old answer
				{uuid: "A", at: at(4), reports: ofK(5, at(1), listed("a", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(5), reports: ofK(3, at(1), listed("b", 1, 3, at(3))...)}, // but that is listed again
				{uuid: "A", at: at(6), reports: ofK(4, at(1), listed("b", 1, 4, at(6))...)},
				{uuid: "A", at: at(7), reports: ofK(6, at(1), listed("a", 1, 6, at(7))...)},
			},
			want: 6 + 4, doubts: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		{
			name: "a worker of Puma that is seen once",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1), listed("a", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(3), reports: ofK(3, at(1), listed("b", 1, 3, at(3))...)},
				{uuid: "A", at: at(4), reports: ofK(5, at(1), listed("a", 1, 5, after(1, 4000))...)},
			},
			want: 5, doubts: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		{
			name: "another UUID in each answer",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1), listed("a", 1, 5, at(2))...)},
				{uuid: "B", at: at(3), reports: ofK(5, at(1), listed("a", 1, 5, at(2))...)},
				{uuid: "C", at: at(4), reports: ofK(7, at(1), listed("a", 1, 7, at(4))...)},
			},
			want: 7, doubts: map[merge.Reason]uint64{merge.ChangingUUID: 2},
		},
		{
			name: "another UUID in each answer, and a time that is exact",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, micro)},
				{uuid: "B", at: at(3), reports: ofK(5, micro)},
				{uuid: "C", at: at(4), reports: ofK(7, micro)},
			},
			want: 7, doubts: map[merge.Reason]uint64{merge.ChangingUUID: 2},
		},
		{
			name: "another created_at in each answer",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1), listed("a", 1, 5, at(2))...)},
				{uuid: "A", at: at(3), reports: ofK(5, at(1).Add(1), listed("a", 1, 5, at(2))...)},
				{uuid: "A", at: at(4), reports: ofK(7, at(1).Add(2), listed("a", 1, 7, at(4))...)},
			},
			want: 7, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 2},
		},
		{
			name: "no UUID, and found at two addresses",
			answers: []answer{
				started,
				{target: "a:80", at: at(2), reports: ofK(5, at(1), listed("a", 1, 5, at(2))...)},
				{target: "b:80", at: at(3), reports: ofK(6, at(1), listed("a", 1, 6, at(3))...)},
				{target: "a:80", at: at(4), reports: ofK(6, at(1), listed("a", 1, 6, at(3))...)},
				{target: "a:80", at: at(5), reports: ofK(8, at(1), listed("a", 1, 8, at(5))...)},
				{target: "b:80", at: at(6), reports: ofK(8, at(1), listed("a", 1, 8, at(5))...)},
			},
			want: 8, doubts: map[merge.Reason]uint64{merge.SeveralAddresses: 1},
		},
		{
			name: "no UUID, and found at two addresses, with a time that is exact",
			answers: []answer{
				started,
				{target: "a:80", at: at(2), reports: ofK(5, micro)},
				{target: "b:80", at: at(3), reports: ofK(6, micro)},
				{target: "a:80", at: at(4), reports: ofK(8, micro)},
			},
			want: 8, doubts: map[merge.Reason]uint64{merge.SeveralAddresses: 1},
		},
		{
			name: "two processes with one exact time, whose occurrences are all strange",
			answers: []answer{
				started,
				{target: "a:80", at: at(2), reports: ofK(5, micro, listed("a", 1, 5, at(2))...)},
				{target: "b:80", at: at(3), reports: ofK(6, micro, listed("b", 1, 6, at(2))...)},
			},
			want: 11,
		},
		{
			name: "two processes with one exact time, whose occurrences overlap in time",
			answers: []answer{
				started,
				{target: "a:80", at: at(2), reports: ofK(50, micro, listed("a", 41, 50, at(2))...)},
				{target: "b:80", at: at(3), reports: ofK(60, micro, listed("b", 51, 60, at(2))...)},
			},
			want: 110,
		},
		{
			name: "occurrences of one time, the oldest first",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(12, at(1), ofOneTime("a", 3, 12, at(2))...)},
				{uuid: "B", at: at(3), reports: ofK(18, at(1), ofOneTime("a", 9, 18, at(2))...)},
			},
			want: 18, doubts: map[merge.Reason]uint64{merge.ChangingUUID: 1},
		},
		{
			name: "IDs that are made of the content and an exact time",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(2, at(1), listed("0123456789abcdef0123456789abcd", 1, 2, after(1, 1))...)},
				{uuid: "B", at: at(3), reports: ofK(3, at(1), listed("0123456789abcdef0123456789abcd", 1, 3, after(1, 1001))...)},
			},
			want: 3, doubts: map[merge.Reason]uint64{merge.ChangingUUID: 1},
		},
	}
}

// ofOneTime returns occurrences as [listed] does, all of that time.
func ofOneTime(name string, from, to int, all time.Time) []periskop.Occurrence {
	list := listed(name, from, to, all)
	for i := range list {
		list[i].Timestamp = all
	}
	return list
}

// madeUpTests are those in which nothing proves it, and what clients say is made up.
func madeUpTests() []identityTest {
	return []identityTest{
		{
			name: "created_at is the time of the answer, and nothing is listed",
			answers: []answer{
				started,
				{uuid: "A", at: at(1)},
				{uuid: "A", at: at(2), reports: ofK(5, at(2))},
				{uuid: "A", at: at(3), reports: ofK(5, at(3))},
				{uuid: "A", at: at(4), reports: ofK(7, at(4))},
				{uuid: "A", at: at(5), reports: ofK(9, at(5))},
			},
			want: 9, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 3},
		},
		{
			name: "created_at is the time of the answer, told twice within its second",
			answers: []answer{
				{uuid: "A", at: at(0), reports: ofK(1000, at(0))},
				{uuid: "A", at: after(2, 100), reports: ofK(1001, at(2))},
				{uuid: "A", at: after(2, 900), reports: ofK(1001, at(2))},
				{uuid: "A", at: at(3), reports: ofK(1003, at(3))},
			},
			want: 3, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 3},
		},
		{
			name: "created_at is the time of an answer that a cache tells twice",
			answers: []answer{
				{uuid: "A", at: at(0), reports: ofK(1000, at(0))},
				{uuid: "A", at: at(2), reports: ofK(1001, at(2))},
				{uuid: "A", at: at(3), date: at(2), age: time.Minute, reports: ofK(1001, at(2))},
				{uuid: "A", at: at(4), reports: ofK(1003, at(4))},
			},
			want: 3, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 3},
		},
		{
			name: "created_at is the time of the answer, and the process is not known",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(1000, at(2))},
				{uuid: "A", at: at(3), reports: ofK(1000, at(3))},
				{uuid: "A", at: at(4), reports: ofK(1003, at(4))},
			},
			want: 3, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 2},
		},
		{
			name: "created_at is the time of the answer, and the occurrences are older",
			answers: []answer{
				started,
				{uuid: "A", at: at(1)},
				{uuid: "A", at: at(2), reports: ofK(50, at(2), listed("a", 41, 50, after(2, -1500))...)},
				{uuid: "A", at: at(3), reports: ofK(70, at(3), listed("a", 61, 70, after(3, -1500))...)}, // none is listed twice
				{uuid: "A", at: at(4), reports: ofK(70, at(4), listed("a", 61, 70, after(3, -1500))...)},
			},
			want: 70, doubts: map[merge.Reason]uint64{merge.IncredibleTime: 1},
		},
		{
			name: "created_at is only now and then younger than the occurrences",
			answers: []answer{
				started,
				{at: at(1)},
				{at: at(2), reports: ofK(12, at(2), listed("a", 3, 12, at(2))...)},
				{at: at(3), reports: ofK(12, at(3), listed("a", 3, 12, at(2))...)},
				{at: at(4), reports: ofK(25, at(4), ofOneTime("a", 16, 25, after(4, 50))...)},
			},
			want: 25, doubts: map[merge.Reason]uint64{merge.IncredibleTime: 1, merge.ChangingEpoch: 1},
		},
		{
			name: "a new key in the moment of the answer that is told again",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(3, at(2))},
				{uuid: "A", at: at(3), reports: ofK(3, at(2))},
			},
			want: 3,
		},
		{
			name: "another UUID in each answer, and a time of whole seconds",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1))},
				{uuid: "B", at: at(3), reports: ofK(7, at(1))},
				{uuid: "C", at: at(4), reports: ofK(9, at(1))},
				{uuid: "D", at: at(5), reports: ofK(9, at(1))},
			},
			want: 9, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 1, merge.ChangingUUID: 1},
		},
		{
			name: "a process in the place of another that shares its second",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1))},
				{uuid: "B", at: at(3), reports: ofK(7, at(1))},
				{uuid: "B", at: at(4), reports: ofK(7, at(1))},
			},
			want: 12,
		},
		{
			name: "a restart to a higher total is none that is made up",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(50, at(1), listed("a", 41, 50, at(2))...)},
				{uuid: "B", at: at(4), reports: ofK(60, at(3), listed("b", 51, 60, at(4))...)},
			},
			want: 110,
		},
		{
			name: "a bad total is followed by good ones, which are news",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(1<<53-5, at(1))},
				{uuid: "A", at: at(3), reports: ofK(20, at(1))},
			},
			want: 20, doubts: map[merge.Reason]uint64{merge.ImpossibleTotal: 1},
		},
		{
			name: "a bad total is followed by good ones, which are history",
			answers: []answer{
				{uuid: "A", at: at(0), reports: ofK(1<<53-5, time.Time{})},
				{uuid: "A", at: at(1), reports: ofK(500, time.Time{})},
				{uuid: "A", at: at(2), reports: ofK(520, time.Time{})},
			},
			want: 20, doubts: map[merge.Reason]uint64{merge.ImpossibleTotal: 1},
		},
		{
			name: "a bad total in between",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1))},
				{uuid: "A", at: after(2, 1000), reports: ofK(5, at(1))},
				{uuid: "A", at: after(2, 2000), reports: ofK(1<<32-1, at(1))}, // -1 in 32 bits
				{uuid: "A", at: after(2, 3000), reports: ofK(7, at(1))},
			},
			want: 7, doubts: map[merge.Reason]uint64{merge.ImpossibleTotal: 1},
		},
	}
}

// anonymousTests are about clients that send neither UUID nor time of creation.
func anonymousTests() []identityTest {
	none := time.Time{}
	return []identityTest{
		{
			name: "a fall without occurrences is a restart",
			answers: []answer{
				started,
				{at: at(1)},
				{at: at(2), reports: ofK(5, none)},
				{at: at(3), reports: ofK(2, none)},
				{at: at(4), reports: ofK(4, none)},
			},
			want: 9,
		},
		{
			name: "a total that falls and rises again is that of several processes",
			answers: []answer{
				started,
				{at: at(1)},
				{at: at(2), reports: ofK(1000, none)},
				{at: at(3), reports: ofK(10, none)},
				{at: at(4), reports: ofK(1001, none)},
				{at: at(5), reports: ofK(11, none)},
				{at: at(6), reports: ofK(1002, none)},
			},
			want: 1000 + 10 + 1 + 1, doubts: map[merge.Reason]uint64{merge.TotalWavers: 3, merge.TotalFell: 1},
		},
		{
			name: "a restart lists none of the occurrences before",
			answers: []answer{
				started,
				{at: at(1)},
				{at: at(2), reports: ofK(5, none, listed("a", 1, 5, at(2))...)},
				{at: at(4), reports: ofK(2, none, listed("b", 1, 2, at(3))...)},
				{at: at(5), reports: ofK(7, none, listed("b", 1, 7, at(5))...)},
			},
			want: 12,
		},
		{
			name: "an answer that comes late lists some",
			answers: []answer{
				started,
				{at: at(1)},
				{at: at(2), reports: ofK(5, none, listed("a", 1, 5, at(2))...)},
				{at: at(3), reports: ofK(4, none, listed("a", 1, 4, at(2))...)},
				{at: at(4), reports: ofK(6, none, listed("a", 1, 6, at(4))...)},
			},
			want: 6, doubts: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		{
			name: "two processes in turn behind one address, of which one was there before",
			answers: []answer{
				{at: at(0), reports: ofK(5, none, listed("a", 1, 5, at(-20))...)},
				{at: at(1), reports: ofK(9, none, listed("b", 1, 9, at(-10))...)},
				{at: at(2), reports: ofK(6, none, listed("a", 1, 6, at(2))...)},
				{at: at(3), reports: ofK(11, none, listed("b", 2, 11, at(3))...)},
				{at: at(4), reports: ofK(6, none, listed("a", 1, 6, at(2))...)},
			},
			want: 1 + 2, doubts: map[merge.Reason]uint64{merge.TotalWavers: 1},
		},
		{
			name: "a key with occurrences that are older than an answer without it",
			answers: []answer{
				{at: at(0)},
				{at: at(1)},
				{at: at(2), reports: ofK(5, none, listed("b", 1, 5, at(-10))...)},
				{at: at(3), reports: ofK(6, none, listed("b", 1, 6, at(3))...)},
			},
			want: 1,
		},
		{
			name: "a restart that one address tells first, and then another",
			answers: []answer{
				started,
				{target: "a:80", at: at(1)},
				{target: "b:80", at: at(1)},
				{target: "b:80", at: at(2), reports: ofK(17, none, listed("a", 8, 17, at(2))...)},
				{target: "a:80", at: at(3), reports: ofK(4, none, listed("b", 1, 4, at(3))...)},
				{target: "b:80", at: at(4), reports: ofK(4, none, listed("b", 1, 4, at(3))...)},
				{target: "b:80", at: at(5), reports: ofK(6, none, listed("b", 1, 6, at(5))...)},
				{target: "a:80", at: at(6), reports: ofK(6, none, listed("b", 1, 6, at(5))...)},
			},
			want: 17 + 6, doubts: map[merge.Reason]uint64{merge.SeveralAddresses: 2},
		},
	}
}
