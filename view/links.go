package view

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// links makes addresses relative to the page they are on. They hold under any route
// prefix, and behind a proxy that adds or takes away another.
type links struct {
	root string // from the page to the overview: "./", "../" …
}

func linksFrom(r *http.Request) links {
	depth := strings.Count(r.URL.EscapedPath(), "/") - 1
	if depth < 1 {
		return links{"./"}
	}
	return links{strings.Repeat("../", depth)}
}

func (l links) overview() string { return l.root }

func (l links) services(f serviceFilter) string {
	if q := f.values(); len(q) > 0 {
		return l.root + "?" + q.Encode()
	}
	return l.root
}

// service leads to the page of a service. Its name is a parameter, since it may be any text.
func (l links) service(name string) string {
	return l.to("service", url.Values{names.ServiceName: {name}})
}

func (l links) exceptions(f filter) string { return l.to("exceptions", f.values()) }

func (l links) status(f targetFilter) string { return l.to("status", f.values()) }

func (l links) config() string { return l.to("status/config", nil) }

// trace leads to an exception; an empty occurrence stands for the newest.
func (l links) trace(id, occurrence string) string {
	return l.to("trace/"+id, occurrenceValues(occurrence))
}

// text leads to the plain text form of a trace.
func (l links) text(id, occurrence string) string {
	return l.to("trace/"+id+"/text", occurrenceValues(occurrence))
}

// markdown leads to the form of a trace for tickets and chats.
func (l links) markdown(id, occurrence string) string {
	return l.to("trace/"+id+"/markdown", occurrenceValues(occurrence))
}

// json leads to the trace in the wire format, and curl to the command that repeats its
// request.
func (l links) json(id, occurrence string) string {
	return l.to("trace/"+id+"/json", occurrenceValues(occurrence))
}

func (l links) curl(id, occurrence string) string {
	return l.to("trace/"+id+"/curl", occurrenceValues(occurrence))
}

// trend leads to the picture of what an exception grew by, and serviceTrend to that of a
// service.
func (l links) trend(id string) string { return l.to("trace/"+id+"/trend", nil) }

func (l links) serviceTrend(name string) string {
	return l.to("service/trend", url.Values{names.ServiceName: {name}})
}

// decide leads to where the form of an action is sent: resolve, mute, note.
func (l links) decide(id, action string) string { return l.to("trace/"+id+"/"+action, nil) }

func (l links) reset(id string) string { return l.to("trace/"+id+"/reset", nil) }

func (l links) static(name string) string { return l.to("static/"+name, nil) }

func (l links) to(path string, query url.Values) string {
	if len(query) == 0 {
		return l.root + path
	}
	return l.root + path + "?" + query.Encode()
}

func occurrenceValues(uuid string) url.Values {
	if uuid == "" {
		return nil
	}
	return url.Values{names.Occurrence: {uuid}}
}

// pageParam is the parameter that names a page of a list, from 1 on.
const pageParam = "page"

func pageNumber(q url.Values) int {
	n, err := strconv.Atoi(q.Get(pageParam))
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// setParam leaves out what is empty, so that addresses stay short.
func setParam(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setPage(q url.Values, n int) {
	if n > 1 {
		q.Set(pageParam, strconv.Itoa(n))
	}
}
