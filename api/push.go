package api

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// push takes a report as the client libraries send it: they post to <address>/errors,
// and the address that they are given is <this server>/push/<service>. What is pushed
// again is not counted again.
func (a Options) push(w http.ResponseWriter, r *http.Request) {
	service := r.PathValue("service")
	if a.Snapshot().Service(service) == nil {
		http.Error(w, fmt.Sprintf("there is no service %q in the configuration", service), http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.MaxPush()))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("the report is larger than %d bytes", tooLarge.Limit), http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the report is cut off", http.StatusBadRequest)
		return
	}
	report, err := periskop.Decode(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a.Push(service, host, report)
}
