package view

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A SourceLink says where the code of frames is to be seen whose file begins with Prefix.
type SourceLink struct {
	Prefix string
	// URL has {version}, {path} and {line} in it. Version is what stands for the first, with
	// the version of the occurrence in place of {version} in it, and Unversioned what stands
	// there for an occurrence without one; "" makes no link.
	URL, Version, Unversioned string
}

// sourcesOf returns what leads from the lines of a stack trace to their source code, at the
// version of the occurrence; nil when nothing does.
func sourcesOf(list []SourceLink, o *periskop.Occurrence) func(lines []string) []string {
	if len(list) == 0 {
		return nil
	}
	version := o.Labels.Value(merge.VersionLabel)
	return func(lines []string) []string {
		urls := make([]string, len(lines))
		for i, s := range frames.Sources(lines) {
			urls[i] = sourceURL(list, s, version)
		}
		return urls
	}
}

// sourceURL returns "" for a place of which no address is known.
func sourceURL(list []SourceLink, s frames.Source, version string) string {
	for i := range list {
		l := &list[i]
		if s.Line == 0 {
			break
		}
		path, ok := strings.CutPrefix(s.Path, l.Prefix)
		if !ok {
			continue
		}
		at := l.Unversioned
		if version != "" {
			at = strings.ReplaceAll(l.Version, "{version}", version)
		}
		path = strings.TrimPrefix(path, "./")
		if !isBelow(path) || !isBelow(at) {
			return ""
		}
		return strings.NewReplacer("{version}", escapedPath(at), "{path}", escapedPath(path), "{line}", strconv.Itoa(s.Line)).Replace(l.URL)
	}
	return ""
}

// isBelow reports whether a path is one below another, whatever that is: it goes neither up nor
// to the root, however a browser reads it.
func isBelow(path string) bool {
	return path != "" && !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == '\\' }) &&
		!slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return part == "" || part == "." || part == ".." })
}

// escapedPath encodes all but slashes, so that the result stands for the text in any part of an
// address.
func escapedPath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = escaped(parts[i])
	}
	return strings.Join(parts, "/")
}

// escaped encodes a text for any part of an address.
func escaped(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
