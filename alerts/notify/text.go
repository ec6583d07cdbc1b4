package notify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// maxHeadline bounds the class and the message in a summary, in bytes: what fits into the
// title of a message and into the list of a phone.
const maxHeadline = 160

// headline says in one line what happened: the class, and the message of the newest
// occurrence.
func headline(e *merge.Exception) string {
	out := cmp.Or(e.Class, e.Label)
	if e.Kept.Len() > 0 {
		if words := strings.Fields(e.Occurrences()[0].Error.Message); len(words) > 0 {
			out += ": " + strings.Join(words, " ")
		}
	}
	return cut(out, maxHeadline)
}

// counts says how often the exception was counted at which severity, as "3 times at
// severity error, once at severity warning".
func counts(e *merge.Exception) string {
	bySeverity := map[string]uint64{}
	for i := range e.Counts {
		if n := e.Counts[i].Counted; n > 0 {
			bySeverity[e.Counts[i].Severity] += n
		}
	}
	var out []string
	for _, severity := range slices.Sorted(maps.Keys(bySeverity)) {
		out = append(out, times(bySeverity[severity])+" at severity "+severity)
	}
	return strings.Join(out, ", ")
}

// onInstance says which instance reported the newest occurrence, if that is known.
func onInstance(e *merge.Exception) string {
	if e.Kept.Len() == 0 || e.Occurrences()[0].Instance == "" {
		return ""
	}
	o := &e.Occurrences()[0]
	if v := o.Labels.Value(merge.VersionLabel); v != "" {
		return ", last on " + o.Instance + " in version " + v
	}
	return ", last on " + o.Instance
}

// whence annotates where the occurrence came from.
func whence(annotations map[string]string, o *periskop.Occurrence) {
	if o.Instance != "" {
		annotations["instance"] = o.Instance
	}
	for _, l := range o.Labels { // never in place of what says something else
		if _, taken := annotations[l.Name]; !taken {
			annotations[l.Name] = l.Value
		}
	}
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// plural returns "1 thing" or "2 things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
