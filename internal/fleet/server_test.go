package fleet_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func serve(t *testing.T, f *fleet.Fleet, h http.Handler) *fleet.Server {
	t.Helper()
	s, err := f.Serve(h)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get reads at most a megabyte of the answer.
func get(ctx context.Context, t *testing.T, url string) (int, string, error) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, string(b), err
}

func TestFaults(t *testing.T) {
	f, _ := newFleet(t)
	p := f.Start(fleet.ProcessOptions{Service: "shop"})
	p.RaiseTimes("k", boom(strings.Repeat("long ", 1000)), 7)
	s := serve(t, f, p)
	isReport := func(_ int, body string, err error) bool {
		r, decodeErr := periskop.Decode([]byte(body))
		return err == nil && decodeErr == nil && len(r.Aggregates) == 1
	}
	whole := func(want string) func(int, string, error) bool {
		return func(status int, body string, err error) bool {
			return err == nil && status == http.StatusOK && strings.HasPrefix(body, want) && !isReport(status, body, err)
		}
	}
	for _, tt := range []struct {
		fault fleet.Fault
		ok    func(status int, body string, err error) bool
	}{
		{fleet.NoFault, isReport},
		{fleet.Down, func(_ int, _ string, err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{fleet.NoFault, isReport},
		{fleet.Hang, func(_ int, _ string, err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
		{fleet.InternalError, func(status int, _ string, _ error) bool { return status == http.StatusInternalServerError }},
		{fleet.HTML, whole("<!DOCTYPE html>")},
		{fleet.Garbage, whole("\x16\x03")},
		{fleet.Empty, whole("")},
		{fleet.CutOff, func(_ int, body string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && strings.HasPrefix(body, "{")
		}},
		{fleet.HalfReport, whole(`{"aggregated_errors"`)},
		{fleet.RedirectLoop, func(_ int, _ string, err error) bool {
			return err != nil && strings.Contains(err.Error(), "redirects")
		}},
		{fleet.Endless, func(_ int, body string, err error) bool { return err == nil && len(body) == 1<<20 }},
		{fleet.NoFault, isReport},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			if err := s.SetFault(tt.fault); err != nil {
				t.Fatal(err)
			}
			timeout := time.Minute
			if tt.fault == fleet.Hang {
				timeout = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			p.Raise("k", boom("reported only when all is well"))
			status, body, err := get(ctx, t, s.URL())
			if !tt.ok(status, body, err) {
				t.Errorf("got status %d, %d bytes %.40q, error %v", status, len(body), body, err)
			}
			if got, want := f.Truth().Settled(), tt.fault == fleet.NoFault; got != want {
				t.Errorf("settled: got %v, want %v", got, want)
			}
		})
	}
}

func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fleet.New(fleet.Options{})
		p := f.Start(fleet.ProcessOptions{})
		s := fleet.NewServer(p) // without a network, whose time cannot be faked
		if err := s.SetFault(fleet.Drip); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if got, want := w.Body.String(), string(p.Report()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := time.Since(start), time.Duration(w.Body.Len())*100*time.Millisecond; got != want {
			t.Errorf("took %v, want %v", got, want)
		}
	})
}

func TestGzip(t *testing.T) {
	f, _ := newFleet(t)
	p := f.Start(fleet.ProcessOptions{})
	p.Raise("k", boom(strings.Repeat("long ", 1000)))
	s := serve(t, f, p)
	s.SetGzip(true)
	_, body, err := get(t.Context(), t, s.URL())
	if err != nil || body != string(p.Report()) {
		t.Errorf("got %.40q, error %v", body, err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	s.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 1000 {
		t.Errorf("got %d bytes, headers %v", w.Body.Len(), w.Header())
	}
	if !f.Truth().Settled() {
		t.Error("not settled")
	}
}

func TestTruth(t *testing.T) {
	f, now := newFleet(t)
	first := f.Start(fleet.ProcessOptions{Service: "shop"})
	other := f.Start(fleet.ProcessOptions{Service: "other"})
	first.RaiseTimes("k", boom(""), 100)
	other.Raise("k", boom(""))
	s := serve(t, f, first)
	second, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	read := func(address string) {
		t.Helper()
		if _, _, err := get(t.Context(), t, "http://"+address); err != nil {
			t.Fatal(err)
		}
	}
	read(s.Address())
	first.RaiseTimes("k", boom(""), 20)
	first.Raise("new", boom(""))
	read(second)
	first.RaiseTimes("k", boom(""), 3) // never told to anybody
	*now = now.Add(time.Minute)
	restarted := f.Restart(first)
	if first.Raise("k", boom("")) {
		t.Error("raised in a process that has ended")
	}
	restarted.RaiseTimes("k", boom(""), 2)
	s.SetHandler(restarted)
	read(s.Address())

	epochs := func(firstReported, reported, newReported, restartedReported uint64) fleet.Truth {
		return fleet.Truth{
			{Service: "shop", Key: "k", TargetUUID: first.UUID(), CreatedAt: noon, Raised: 123, First: firstReported, Reported: reported, Ended: true},
			{Service: "shop", Key: "new", TargetUUID: first.UUID(), CreatedAt: noon, Raised: 1, First: newReported, Reported: newReported, Ended: true},
			{Service: "other", Key: "k", TargetUUID: other.UUID(), CreatedAt: noon, Raised: 1},
			{Service: "shop", Key: "k", TargetUUID: restarted.UUID(), CreatedAt: noon.Add(time.Minute), Raised: 2, First: restartedReported, Reported: restartedReported},
		}
	}
	for _, tt := range []struct {
		name      string
		addresses []string
		want      fleet.Truth
	}{
		{"on any address", nil, epochs(100, 120, 1, 2)},
		{"on the first address", []string{s.Address()}, epochs(100, 100, 0, 2)},
		{"on the second address", []string{second}, epochs(120, 120, 1, 0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(f.Truth(tt.addresses...), tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
	wantSums := map[fleet.Key]fleet.Counts{
		{Service: "shop", Key: "k"}:   {Raised: 125, Reported: 122},
		{Service: "shop", Key: "new"}: {Raised: 1, Reported: 1},
		{Service: "other", Key: "k"}:  {Raised: 1},
	}
	if diff := cmp.Diff(f.Truth().Sums(), wantSums); diff != "" {
		t.Errorf("sums (-got +want):\n%s", diff)
	}
	if f.Truth().Settled() {
		t.Error("settled, although one process was never read")
	}
}

func TestBalance(t *testing.T) {
	f, _ := newFleet(t)
	a, b := f.Start(fleet.ProcessOptions{}), f.Start(fleet.ProcessOptions{})
	h := fleet.Balance(a, b)
	var got []string
	for range 3 {
		r, _ := answer(t, h)
		got = append(got, r.TargetUUID)
	}
	if diff := cmp.Diff(got, []string{a.UUID(), b.UUID(), a.UUID()}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestClosedServer(t *testing.T) {
	f, _ := newFleet(t)
	s := serve(t, f, http.NotFoundHandler())
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Listen(); err == nil {
		t.Error("a closed server listens")
	}
	if err := s.SetFault(fleet.NoFault); err == nil {
		t.Error("a closed server comes back")
	}
}
