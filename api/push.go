package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
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
	body, release, err := a.pushedBody(w, r)
	if err == nil {
		defer release()
		host, _, splitErr := net.SplitHostPort(r.RemoteAddr)
		if splitErr != nil {
			host = r.RemoteAddr
		}
		err = a.Push(service, host, body)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("the report is larger than %d bytes", tooLarge.Limit), http.StatusRequestEntityTooLarge)
	case errors.Is(err, limit.ErrBusy), errors.Is(err, limit.ErrTooSlow):
		limit.Busy(w)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
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

// smallBody is how much of a body is read before it is counted: nearly all are smaller, and
// do not wait for those that are larger.
const smallBody = 64 << 10

// pace is how fast a report has to come: over a bad line of a phone, 64 kB take less.
var pace = limit.Pace{Stall: 10 * time.Second, Most: time.Minute}

// pushedBody returns the body of a request, and what is to be called when nothing of it is
// held any more.
func (a Options) pushedBody(w http.ResponseWriter, r *http.Request) (body io.Reader, release func(), err error) {
	most := a.MaxPush()
	if r.ContentLength > most {
		return nil, nil, &http.MaxBytesError{Limit: most}
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	ctx, giveUp := context.WithCancelCause(r.Context())
	small, err := io.ReadAll(io.LimitReader(wholeBody{pace.Body(ctx, w, r)}, smallBody))
	if err != nil || len(small) < smallBody {
		return bytes.NewReader(small), func() { giveUp(nil) }, err
	}
	size := r.ContentLength
	if size < 0 {
		size = most
	}
	free, err := a.Bodies.Acquire(r.Context(), limit.Client(r.RemoteAddr), size, giveUp)
	if err != nil {
		giveUp(nil)
		return nil, nil, err
	}
	rest := wholeBody{pace.Body(ctx, w, r)} // the time that it has waited is not counted
	return io.MultiReader(bytes.NewReader(small), rest), func() { free(); giveUp(nil) }, nil
}

// errCutOff is why a body was not read that is neither too large nor read to its end.
var errCutOff = errors.New("the report is cut off, or does not come")

// A wholeBody tells a body that is cut off from one that is no report.
type wholeBody struct{ r io.Reader }

func (b wholeBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &tooLarge) && !errors.Is(err, limit.ErrTooSlow) {
		err = errCutOff
	}
	return n, err
}
