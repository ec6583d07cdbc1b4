package api

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// push takes a report as the client libraries send it: they post to <address>/errors,
// and the address that they are given is <this server>/push/<service>, with or without a
// slash at its end. What is pushed again is not counted again.
func (a Options) push(w http.ResponseWriter, r *http.Request) {
	service, ok := pushedService(r.PathValue("path"))
	switch {
	case !ok:
		pushToNobody(w, r)
		return
	case a.Snapshot().Service(service) == nil:
		http.Error(w, fmt.Sprintf("there is no service %q: name it in the configuration, with push: true", service), http.StatusNotFound)
		return
	case !a.CanPush(service):
		http.Error(w, fmt.Sprintf("the service %q takes no pushed reports: set push: true for it in the configuration", service), http.StatusForbidden)
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

// pushedService returns the name of the service in what follows /push/. It may hold
// slashes.
func pushedService(path string) (name string, ok bool) {
	path, ok = strings.CutSuffix(strings.TrimRight(path, "/"), "/errors")
	return strings.TrimRight(path, "/"), ok && strings.Trim(path, "/") != ""
}

// pushToNobody answers those who push without saying for which service, as the push
// gateway of the Periskop server had it.
func pushToNobody(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this report is for no service: give the client the address <this server>/push/<service_name>, so that it posts to "+
		"/push/<service_name>/errors, and set push: true for that service in the configuration", http.StatusNotFound)
}
