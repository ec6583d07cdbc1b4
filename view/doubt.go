package view

import (
	"net/url"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// doubtOf returns why a target is doubtful, if it is. The service may be nil.
func doubtOf(s *merge.Service, t *periskop.Target) (merge.Doubt, bool) {
	if s == nil || len(s.Doubts) == 0 {
		return merge.Doubt{}, false
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return merge.Doubt{}, false
	}
	d, ok := s.Doubts[u.Host]
	return d, ok
}

// inconsistencies say in words why something was not counted, or is doubtful. The page of
// the documentation about counting says what is made of it.
var inconsistencies = map[merge.Reason]string{
	merge.TotalFell:        "a total lower than one before",
	merge.TotalWavers:      "totals that fall and rise again, as of several processes at one address",
	merge.ImpossibleTotal:  "a total that no program can have reached",
	merge.Malformed:        "an aggregate without a key or a count",
	merge.UnreadableTime:   "a time in no known form",
	merge.IncredibleTime:   "a time of creation in the future, or before 2000",
	merge.LocalTime:        "local time that is marked as UTC",
	merge.ChangingEpoch:    "a time of creation that changes while the exceptions go on",
	merge.ChangingUUID:     "a target_uuid that changes while the exceptions go on",
	merge.SeveralAddresses: "one process at several addresses that does not say so",
	merge.TooManyEpochs:    "more keys and restarts of one process than are kept",
	merge.TooManyProcesses: "more processes of one target than are kept",
	merge.NoRoomForHistory: "keys that were never counted and do not fit",
}

func inconsistency(r merge.Reason) string {
	if words := inconsistencies[r]; words != "" {
		return words
	}
	return string(r)
}
