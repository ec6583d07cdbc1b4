package merge

import (
	"slices"
	"time"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// VersionLabel is the label of occurrences that says which version of the service they are of.
const VersionLabel = "version"

// A Version is one of a service in which an exception occurred.
type Version struct {
	Name string
	// First and Last are when it was first and last seen in it.
	First, Last time.Time
}

// maxVersions is how many versions are known of an exception: the first, and those it was seen
// in last. A team that deploys every day needs a month for as many.
const maxVersions = 30

// FirstVersion returns the version in which it was seen first, "" when none is known.
func (e *Exception) FirstVersion() string {
	if len(e.Versions) == 0 {
		return ""
	}
	return e.Versions[0].Name
}

// LastVersion returns the version in which it was seen last, "" when none is known.
func (e *Exception) LastVersion() string {
	last := Version{}
	for _, v := range e.Versions {
		if !v.Last.Before(last.Last) {
			last = v
		}
	}
	return last.Name
}

// sawVersion notes that it was seen in a version at that time. The list is replaced and not
// changed: snapshots share it.
func (e *exception) sawVersion(name string, at time.Time) {
	if name == "" || at.IsZero() {
		return
	}
	i := slices.IndexFunc(e.versions, func(v Version) bool { return v.Name == name })
	if i >= 0 && !at.Before(e.versions[i].First) && !at.After(e.versions[i].Last) {
		return
	}
	list := slices.Clone(e.versions)
	if i >= 0 {
		list[i].First, list[i].Last = earlier(list[i].First, at), later(list[i].Last, at)
	} else {
		list = append(list, Version{Name: name, First: at, Last: at})
		e.service.muteSawVersion(e, at)
	}
	slices.SortStableFunc(list, func(a, b Version) int { return a.First.Compare(b.First) })
	if len(list) > maxVersions { // the first tells where it came from
		oldest := slices.MinFunc(list[1:], func(a, b Version) int { return a.Last.Compare(b.Last) })
		list = slices.DeleteFunc(list, func(v Version) bool { return v == oldest })
	}
	e.versions = list
	e.changed()
}

// sawVersions notes the versions of occurrences.
func (e *exception) sawVersions(list []periskop.Occurrence) {
	for i := range list {
		e.sawVersion(list[i].Labels.Value(VersionLabel), list[i].Timestamp)
	}
}

// labelsOf returns the labels that an occurrence keeps. An exporter tells those of the targets
// that it scrapes; of what a client library sends, they are those of the target.
func (r *report) labelsOf(o *periskop.Occurrence) periskop.Labels {
	if told := labelsOf(o.Labels, r.keeps); len(told) > 0 || r.relayed {
		return told
	}
	return r.labels
}
