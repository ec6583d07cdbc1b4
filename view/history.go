package view

import (
	"encoding/hex"
	"time"

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

// history returns the links to what others keep of the exception, one of whose occurrences is
// shown, or none.
func (v *view) history(e *merge.Exception, at int) []query {
	var list []query
	o := &periskop.Occurrence{}
	if e.Kept.Len() > 0 {
		o = &e.Occurrences()[at]
	}
	if v.LogsURL != nil {
		list = append(list, query{"Older occurrences", v.LogsURL(LogsLink{
			ServiceName: e.Service, ExceptionID: e.ID, Occurrence: o.UUID, From: e.FirstSeen.Add(-around), To: e.LastSeen.Add(around),
		})})
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
