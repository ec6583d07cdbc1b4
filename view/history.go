package view

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// A LogsLink is what leads to the older occurrences of an exception.
type LogsLink struct {
	ServiceName, ExceptionID string
	Occurrence               string // the one that is shown; "" for none
	From, To                 time.Time
}

// A TraceLink is what leads to the distributed trace that an occurrence was part of.
type TraceLink struct {
	TraceID, SpanID string // in hexadecimal; SpanID "" when it is not known
	ServiceName     string
}

// around is what is looked at before the first and after the last time that an exception was seen: clocks
// differ, and the last is not the newest once it is read.
const around = time.Hour

// olderThan is what leads to the occurrences of an exception that are not kept here.
func olderThan(e *merge.Exception, uuid string) LogsLink {
	return LogsLink{ServiceName: e.Service, ExceptionID: e.ID, Occurrence: uuid, From: e.FirstSeen.Add(-around), To: e.LastSeen.Add(around)}
}

// olderThanGone is the same for one that is not here any more.
func olderThanGone(d *merge.Departure) LogsLink {
	return LogsLink{ServiceName: d.Service, ExceptionID: d.ID, From: d.FirstSeen.Add(-around), To: d.LastSeen.Add(around)}
}

// serveOlder leads to the older occurrences of an exception, for those who know no more than its
// ID, such as dashboards.
func (v *view) serveOlder(w http.ResponseWriter, r *http.Request) {
	id := strings.ToLower(r.PathValue("id"))
	to := linksFrom(r)
	if v.LogsURL == nil {
		v.renderMessage(w, r, http.StatusNotFound, &messagePage{
			Heading: "Older occurrences are not known here",
			Lead:    "This exporter was not told where they are kept: that is its flag --web.logs-url.",
			Actions: []action{{"See the newest occurrences", to.trace(id, "")}},
		})
		return
	}
	var link LogsLink
	if e := v.find(v.Snapshot(), id); e != nil {
		link = olderThan(e, r.URL.Query().Get(names.Occurrence))
		if e = e.Read(); link.Occurrence == "" && e.Kept.Len() > 0 {
			link.Occurrence = e.Occurrences()[0].UUID
		}
	} else if d := v.Departed(id); d != nil {
		link = olderThanGone(d)
	} else {
		v.renderMessage(w, r, http.StatusNotFound, v.exceptionUnknown(id, to))
		return
	}
	w.Header().Set("Location", v.LogsURL(link))
	w.WriteHeader(http.StatusFound)
}

// history returns the links to what others keep of the exception, one of whose occurrences is
// shown, or none.
func (v *view) history(e *merge.Exception, at int) []query {
	var list []query
	o := &periskop.Occurrence{}
	if e.Kept.Len() > 0 {
		o = &e.Occurrences()[at]
	}
	if v.LogsURL != nil {
		list = append(list, query{"Older occurrences", v.LogsURL(olderThan(e, o.UUID))})
	}
	if t := o.HTTPContext.Trace(); v.TracesURL != nil && t.IsValid() {
		link := TraceLink{TraceID: hex.EncodeToString(t.TraceID[:]), ServiceName: e.Service}
		if t.SpanID != [8]byte{} {
			link.SpanID = hex.EncodeToString(t.SpanID[:])
		}
		list = append(list, query{"Distributed trace", v.TracesURL(link)})
	}
	return list
}
