package export

import (
	"net/http"
	"testing"
	"time"
)

// TestStatuses is about what HTTP answers: see docs/history.md for where that is not what OTLP says.
func TestStatuses(t *testing.T) {
	for want, statuses := range map[outcomeKind][]int{
		taken:   {200, 202, 204},
		smaller: {413},
		refused: {400, 411, 415, 422, 431},
		again:   {301, 401, 403, 404, 405, 408, 429, 500, 501, 502, 503, 504},
	} {
		for _, status := range statuses {
			if got := kindOfStatus(status); got != want {
				t.Errorf("%d: got %v, want %v", status, got, want)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "0": 0, "-5": 0, "7": 7 * time.Second, "86400": maxPause, "99999999999999999999": 0,
		noon.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		noon.Add(-time.Minute).Format(http.TimeFormat): 0,
		noon.Add(time.Hour).Format(http.TimeFormat):    maxPause,
	} {
		if got := retryAfter(value, noon); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}
