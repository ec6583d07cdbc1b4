package periskop_test

import (
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestWaiting(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }
	targets := []*periskop.Target{{URL: "http://a"}, {URL: "http://b"}}
	for name, tc := range map[string]struct {
		service periskop.ServiceTargets
		health  []periskop.TargetHealth
		want    periskop.Wait
		since   time.Time
	}{
		"discovery has not answered": {
			service: periskop.ServiceTargets{Asked: at(1), Empty: at(1)},
			want:    periskop.WaitDiscovery, since: at(1),
		},
		"there are no targets": {
			service: periskop.ServiceTargets{Asked: at(1), Answered: at(2), Empty: at(3)},
			want:    periskop.WaitTargets, since: at(3),
		},
		"targets are there before discovery has answered": {
			service: periskop.ServiceTargets{Asked: at(1), Targets: targets},
			health:  []periskop.TargetHealth{{Since: at(5)}, {Since: at(4)}},
			want:    periskop.WaitFirstScrape, since: at(4),
		},
		"no scrape has ended": {
			service: periskop.ServiceTargets{Asked: at(1), Answered: at(2), Targets: targets},
			health:  []periskop.TargetHealth{{Since: at(5)}, {Since: at(4)}},
			want:    periskop.WaitFirstScrape, since: at(4),
		},
		"targets that scraping has not taken up": {
			service: periskop.ServiceTargets{Asked: at(1), Answered: at(2), Targets: targets},
			want:    periskop.WaitFirstScrape,
		},
		"one scrape has failed": {
			service: periskop.ServiceTargets{Asked: at(1), Answered: at(2), Targets: targets},
			health:  []periskop.TargetHealth{{Since: at(5)}, {Since: at(4), Last: &periskop.Scrape{Result: periskop.Timeout}}},
		},
		"it is pushed to": {
			service: periskop.ServiceTargets{Asked: at(1), NoDiscovery: true, Empty: at(1)},
			want:    periskop.WaitPush, since: at(1),
		},
	} {
		if got, since := tc.service.Waiting(tc.health); got != tc.want || !since.Equal(tc.since) {
			t.Errorf("%s: got %q since %v, want %q since %v", name, got, since, tc.want, tc.since)
		}
	}
}
