package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"iter"
	"net/http"
)

// writeList writes a JSON array, between what stands before and behind it, of values that
// are made one at a time: an answer can be larger than what may be held of it. It ends when
// the client is gone.
func writeList[T any](w http.ResponseWriter, before string, values iter.Seq[T], behind string) {
	setHeaders(w)
	w.WriteHeader(http.StatusOK)
	out := bufio.NewWriterSize(w, 32<<10)
	var value bytes.Buffer
	encoder := json.NewEncoder(&value)
	_, _ = out.WriteString(before + "[") // the error comes again
	separator := ""
	for v := range values {
		value.Reset()
		_ = encoder.Encode(v) // which always encodes
		_, _ = out.WriteString(separator)
		if _, err := out.Write(bytes.TrimSuffix(value.Bytes(), []byte("\n"))); err != nil {
			return
		}
		separator = ","
	}
	_, _ = out.WriteString("]" + behind + "\n")
	_ = out.Flush() // an error means that the client is gone
}

// successList writes a list as [success] does a value.
func successList[T any](w http.ResponseWriter, values iter.Seq[T]) {
	writeList(w, `{"status":"success","data":`, values, "}")
}
