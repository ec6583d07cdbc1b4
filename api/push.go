package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

// push takes a report as the client libraries send it: they post to <address>/errors,
// and the address that they are given is <this server>/push/<service>, with or without a
// slash at its end. What is pushed again is not counted again.
func (a Options) push(w http.ResponseWriter, r *http.Request) {
	name, ok := pushedService(r.PathValue("path"))
	service, known := a.knownService(name)
	switch {
	case !ok:
		pushToNobody(w, r)
		return
	case !known:
		http.Error(w, noService(name, service), http.StatusNotFound)
		return
	case !a.CanPush(service):
		http.Error(w, fmt.Sprintf("the service %q takes no pushed reports: set push: true for it in the configuration", service), http.StatusForbidden)
		return
	}
	body, release, err := a.pushedBody(w, r)
	defer release()
	if err == nil {
		err = a.Push(newPushed(service, r), body)
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
	case errors.Is(err, errEncoding):
		w.Header().Set("Accept-Encoding", "gzip") // RFC 9110, 15.5.16
		http.Error(w, fmt.Sprintf("the report has the Content-Encoding %q: gzip is read, and what has none", r.Header.Get("Content-Encoding")), http.StatusUnsupportedMediaType)
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("the report is larger than %d bytes", tooLarge.Limit), http.StatusRequestEntityTooLarge)
	case errors.Is(err, limit.ErrBusy), errors.Is(err, limit.ErrTooSlow):
		limit.Busy(w)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// A Pushed report is one that a process sends by itself.
type Pushed struct {
	Service string
	// Host is where the process runs.
	Host string
	// ForwardedBy is the process of a replica that passes it on, for Age since it has come there; ""
	// when it comes from its process.
	ForwardedBy string
	Age         time.Duration
}

func newPushed(service string, r *http.Request) Pushed {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	p := Pushed{Service: service, Host: host, ForwardedBy: r.Header.Get(names.ForwardedBy)}
	if p.ForwardedBy == "" {
		return p
	}
	if name := r.Header.Get(names.ForwardedHost); name != "" && len(name) <= maxHost && !strings.ContainsAny(name, "/?#@ ") {
		p.Host = name
	}
	if age, err := strconv.ParseFloat(r.Header.Get(names.ForwardedAge), 64); err == nil && age > 0 && age < maxAge.Seconds() {
		p.Age = time.Duration(age * float64(time.Second))
	}
	return p
}

const (
	// maxHost is how many bytes the name of a host has, and maxAge how long a report can have waited
	// to be passed on.
	maxHost = 253
	maxAge  = 7 * 24 * time.Hour
)

// pushedService returns the name of the service in what follows /push/. It may hold
// slashes.
func pushedService(path string) (name string, ok bool) {
	path, ok = strings.CutSuffix(strings.TrimRight(path, "/"), "/errors")
	return strings.TrimRight(path, "/"), ok && strings.Trim(path, "/") != ""
}

// endpointPrefix is what the libraries' examples have before the names of their endpoints, so
// that it comes before /errors in the address that some clients are given.
const endpointPrefix = "/-"

// knownService returns the service that is meant by a name from an address. When there is none,
// it returns the one with the longest name that the address begins with, or "".
func (a Options) knownService(name string) (service string, known bool) {
	snapshot := a.Snapshot()
	if snapshot.Service(name) != nil {
		return name, true
	}
	if shorter, ok := strings.CutSuffix(name, endpointPrefix); ok && snapshot.Service(shorter) != nil {
		return shorter, true
	}
	for at := strings.LastIndexByte(name, '/'); at > 0; at = strings.LastIndexByte(name[:at], '/') {
		if snapshot.Service(name[:at]) != nil {
			return name[:at], false
		}
	}
	return "", false
}

// noService says that there is no service of that name, and which may be meant.
func noService(name, meant string) string {
	text := fmt.Sprintf("there is no service %q: name it in the configuration, with push: true", name)
	if meant != "" {
		text += fmt.Sprintf("; or give the client the address <this server>/push/%s, if the service %q is meant", (&url.URL{Path: meant}).EscapedPath(), meant)
	}
	return text
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

// pushedBody returns the body of a request as it was before it was compressed, and what is to
// be called when nothing of it is held any more.
func (a Options) pushedBody(w http.ResponseWriter, r *http.Request) (body io.Reader, release func(), err error) {
	most := a.MaxPush()
	if r.ContentLength > most {
		return nil, func() {}, &http.MaxBytesError{Limit: most}
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	ctx, giveUp := context.WithCancelCause(r.Context())
	paced := pace.Body(ctx, w, r)
	end := func() {
		giveUp(nil)
		paced.Done()
	}
	sent := &wholeBody{paced}
	size := r.ContentLength
	if body, err = decoded(w, r, sent, most); err != nil {
		return nil, end, err
	}
	small, err := io.ReadAll(io.LimitReader(body, smallBody))
	if err != nil || len(small) < smallBody {
		return bytes.NewReader(small), end, err
	}
	if size < 0 || body != io.Reader(sent) {
		size = most
	}
	free, err := a.Bodies.Acquire(r.Context(), limit.Client(r.RemoteAddr), size, giveUp)
	if err != nil {
		return nil, end, err
	}
	paced.Anew() // the time that it has waited is not counted
	return io.MultiReader(bytes.NewReader(small), body), func() { free(); end() }, nil
}

// errEncoding is why a body was not read that is encoded in another way than gzip.
var errEncoding = errors.New("unknown Content-Encoding")

// decoded returns what is read of a body, which is bounded after decompression as well.
func decoded(w http.ResponseWriter, r *http.Request, body io.Reader, most int64) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip": // RFC 9110, 8.4.1.3
		z, err := gzip.NewReader(body)
		if errors.Is(err, io.EOF) {
			return bytes.NewReader(nil), nil // there is no body at all
		}
		if err != nil {
			return nil, err
		}
		return http.MaxBytesReader(w, z, most), nil
	}
	return nil, errEncoding
}

// errCutOff is why a body was not read that is neither too large nor read to its end.
var errCutOff = errors.New("the report is cut off, or does not come")

// A wholeBody tells a body that is cut off from one that is no report.
type wholeBody struct{ r io.Reader }

func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &tooLarge) && !errors.Is(err, limit.ErrTooSlow) {
		err = errCutOff
	}
	return n, err
}
