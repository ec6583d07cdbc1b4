package merge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// keepLabels has the service keep these labels of targets with its occurrences.
func keepLabels(names ...string) func(*merge.Settings) {
	return func(s *merge.Settings) { s.Services[0].OccurrenceLabels = names }
}

// deployed is a scrape of a process of a version, which tells of one occurrence.
func deployed(version string, minute int, told periskop.Labels) *periskop.Scrape {
	target := periskop.NewLabels(map[string]string{"version": version, "pod": "shop-" + version, "instance": "a:80"})
	return &periskop.Scrape{
		Target: &periskop.Target{Service: "shop", Instance: "a:80", URL: "http://a:80/", Labels: target},
		Start:  at(minute), Date: at(minute), Result: periskop.Success,
		Report: &periskop.Report{TargetUUID: version, Aggregates: []periskop.Aggregate{{
			Key: "k", TotalCount: 1, Severity: "error", CreatedAt: at(minute),
			Latest: periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: "o" + version, Timestamp: at(minute), Labels: told}}),
		}}},
	}
}

func TestOccurrenceLabels(t *testing.T) {
	secret := func(s *merge.Settings) {
		s.RedactText = func(text string) string {
			if text == "shop-hunter2" {
				return "<redacted>"
			}
			return text
		}
	}
	for name, c := range map[string]struct {
		settings merge.Settings
		version  string
		told     periskop.Labels
		want     periskop.Labels
	}{
		"none are kept that are not named":        {settings(), "1.0", nil, nil},
		"those of the target":                     {settings(keepLabels("version", "zone")), "1.0", nil, periskop.Labels{{Name: "version", Value: "1.0"}}},
		"those that an exporter tells come first": {settings(keepLabels("version", "pod")), "1.0", periskop.Labels{{Name: "version", Value: "0.9"}, {Name: "x", Value: "y"}}, periskop.Labels{{Name: "version", Value: "0.9"}}},
		"told ones that are not named are not":    {settings(keepLabels("pod")), "1.0", periskop.Labels{{Name: "version", Value: "0.9"}}, periskop.Labels{{Name: "pod", Value: "shop-1.0"}}},
		"without secrets":                         {settings(keepLabels("pod"), secret), "hunter2", nil, periskop.Labels{{Name: "pod", Value: "<redacted>"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(c.settings)
			s.now = at(1)
			s.Fold(deployed(c.version, 1, c.told))
			got := s.Snapshot().Services[0].Exceptions[0].Occurrences()[0].Labels
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("labels (-got +want):\n%s", diff)
			}
		})
	}
}

// TestVersions has an exception occur in more versions than are known of it: the first stays, and
// so do those it was seen in last.
func TestVersions(t *testing.T) {
	store := newMemory()
	s := store.restart(settings(keepLabels("version")), noon)
	const all = 40 // one a minute
	for i := range all {
		s.now = at(i)
		s.Fold(deployed(fmt.Sprintf("1.%d", i), i, nil))
	}
	e := s.Snapshot().Services[0].Exceptions[0]
	if e.FirstVersion() != "1.0" || e.LastVersion() != "1.39" {
		t.Errorf("it is from version %q to %q", e.FirstVersion(), e.LastVersion())
	}
	if n := len(e.Versions); n != 30 {
		t.Errorf("%d versions are known", n)
	}
	if v := e.Versions[1]; v.Name != "1.11" || !v.First.Equal(at(11)) {
		t.Errorf("the oldest after the first is %v", v)
	}
	again := store.restart(settings(keepLabels("version")), s.now)
	if diff := cmp.Diff(again.Snapshot().Services[0].Exceptions[0].Versions, e.Versions); diff != "" {
		t.Errorf("after a crash (-got +want):\n%s", diff)
	}
	s.Flush()
	again = store.restart(settings(keepLabels("version")), s.now)
	if diff := cmp.Diff(again.Snapshot().Services[0].Exceptions[0].Versions, e.Versions); diff != "" {
		t.Errorf("after a restart (-got +want):\n%s", diff)
	}
}

// TestVersionLate has an older version report after a newer one.
func TestVersionLate(t *testing.T) {
	s := newState(settings(keepLabels("version")))
	for i, version := range []string{"2.0", "1.0"} {
		s.now = at(10)
		s.Fold(deployed(version, 5-4*i, nil))
	}
	e := s.Snapshot().Services[0].Exceptions[0]
	want := []merge.Version{{Name: "1.0", First: at(1), Last: at(1)}, {Name: "2.0", First: at(5), Last: at(5)}}
	if diff := cmp.Diff(e.Versions, want, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("versions (-got +want):\n%s", diff)
	}
	if e.FirstVersion() != "1.0" || e.LastVersion() != "2.0" {
		t.Errorf("it is from version %q to %q", e.FirstVersion(), e.LastVersion())
	}
}
