package merge_test

import (
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
)

// balancedTests are those in which several processes answer at one address, and say less of
// themselves than they should.
func balancedTests() []identityTest {
	first, second := at(1).Add(123_456*time.Microsecond), at(1).Add(654_321*time.Microsecond)
	return []identityTest{
		{
			name: "workers of Puma that meet a key in the same second, the one with more afterwards",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(3, at(1), listed("a", 1, 3, after(1, 4000))...)},
				{uuid: "A", at: at(3), reports: ofK(5, at(1), listed("b", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(4), reports: ofK(3, at(1), listed("a", 1, 3, after(1, 4000))...)},
				{uuid: "A", at: at(5), reports: ofK(5, at(1), listed("b", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(6), reports: ofK(4, at(1), listed("a", 1, 4, at(6))...)},
			},
			want: 4 + 5, doubts: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		{
			name: "workers of Puma that meet a key in the same second, the one with more at first",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, at(1), listed("b", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(3), reports: ofK(3, at(1), listed("a", 1, 3, after(1, 4000))...)},
				{uuid: "A", at: at(4), reports: ofK(5, at(1), listed("b", 1, 5, after(1, 4000))...)},
				{uuid: "A", at: at(5), reports: ofK(3, at(1), listed("a", 1, 3, after(1, 4000))...)},
			},
			want: 3 + 5, doubts: map[merge.Reason]uint64{merge.TotalFell: 1},
		},
		{
			name: "UUIDs that are made up of two that list nothing",
			answers: []answer{
				started,
				{uuid: "A", at: at(2), reports: ofK(5, first)},
				{uuid: "B", at: at(3), reports: ofK(8, second)},
				{uuid: "C", at: at(4), reports: ofK(5, first)},
				{uuid: "D", at: at(5), reports: ofK(9, second)},
				{uuid: "E", at: at(6), reports: ofK(6, first)},
				{uuid: "F", at: at(7), reports: ofK(9, second)},
			},
			want: 6 + 9, doubts: map[merge.Reason]uint64{merge.ChangingUUID: 4},
		},
		{
			name: "times and UUIDs that are made up of two that list nothing",
			answers: []answer{
				{uuid: "A", at: at(2), reports: ofK(5, at(2))},
				{uuid: "B", at: at(3), reports: ofK(8, at(3))},
				{uuid: "C", at: at(4), reports: ofK(5, at(4))},
				{uuid: "D", at: at(5), reports: ofK(8, at(5))},
				{uuid: "E", at: at(6), reports: ofK(6, at(6))},
				{uuid: "F", at: at(7), reports: ofK(9, at(7))},
			},
			want: (8 - 5) + (6 - 5) + (9 - 8), doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 3},
		},
		{
			name: "times that are made up of two with one UUID that list nothing",
			answers: []answer{
				{uuid: "A", at: at(2), reports: ofK(5, at(2))},
				{uuid: "A", at: at(3), reports: ofK(8, at(3))},
				{uuid: "A", at: at(4), reports: ofK(5, at(4))},
				{uuid: "A", at: at(5), reports: ofK(8, at(5))},
				{uuid: "A", at: at(6), reports: ofK(6, at(6))},
				{uuid: "A", at: at(7), reports: ofK(9, at(7))},
			},
			want: (8 - 5) + (9 - 8), doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 5, merge.TotalFell: 2},
		},
		{
			name: "one told with a time of the future at first, and another one before it at its address",
			answers: []answer{
				{at: at(0), reports: ofK(0, at(0))},
				{at: at(1), reports: ofK(30, at(1).AddDate(0, 1, 0), listed("a", 21, 30, at(1))...)},
				{at: at(2), reports: ofK(31, after(0, 500), listed("a", 22, 31, at(2))...)},
				{at: at(4), reports: ofK(2, at(4).AddDate(0, 1, 0), listed("b", 1, 2, at(4))...)},
				{at: at(5), reports: ofK(3, at(4), listed("b", 1, 3, at(5))...)},
				{at: at(6), reports: ofK(4, at(4), listed("b", 1, 4, at(6))...)},
			},
			want: 31 + 4, doubts: map[merge.Reason]uint64{merge.ChangingEpoch: 3},
		},
	}
}
