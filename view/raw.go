package view

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// serveJSON answers with a trace as the wire format has it, whole: with all occurrences
// that are kept, or with the one that is asked for.
func (v *view) serveJSON(w http.ResponseWriter, r *http.Request) {
	e := v.find(v.Snapshot(), r.PathValue("id"))
	if e == nil {
		v.write(w, http.StatusNotFound, contentJSON, []byte(`{"error": "no exception has this ID now"}`+"\n"))
		return
	}
	occurrences := e.Occurrences()
	if uuid := r.URL.Query().Get(names.Occurrence); uuid != "" {
		at := indexOf(occurrences, uuid)
		if at < 0 {
			v.write(w, http.StatusNotFound, contentJSON, []byte(`{"error": "this occurrence is not kept any more"}`+"\n"))
			return
		}
		occurrences = occurrences[at : at+1]
	}
	b, err := traceJSON(e, occurrences)
	if err != nil {
		v.Logger.Error("trace not encoded", "exception_id", e.ID, "err", err)
		http.Error(w, "This trace could not be encoded; the log of the exporter says why.", http.StatusInternalServerError)
		return
	}
	v.write(w, http.StatusOK, contentJSON, b)
}

const contentJSON = "application/json"

func traceJSON(e *merge.Exception, occurrences []periskop.Occurrence) ([]byte, error) {
	a := periskop.Aggregate{
		Key: e.Key, TotalCount: e.Counted(), History: e.History, FirstSeen: e.FirstSeen, CreatedAt: e.FirstSeen,
		Latest: periskop.EncodeOccurrences(occurrences),
	}
	if all := severitiesOf(e); len(all) > 0 {
		a.Severity = all[0]
	}
	var compact, indented bytes.Buffer
	if err := periskop.Encode(&compact, &periskop.Report{Aggregates: []periskop.Aggregate{a}}); err != nil {
		return nil, err
	}
	if err := json.Indent(&indented, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	return indented.Bytes(), nil
}
