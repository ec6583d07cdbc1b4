//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
	"github.com/periskop-exporter/periskop_exporter/test/process"
)

var tracePath = regexp.MustCompile(`/trace/[0-9a-f]{16}`)

// TestResolve resolves an exception as the form on its page does, and ends the exporter
// with kill -9 right after.
func TestResolve(t *testing.T) {
	f := fleet.New(fleet.Options{Seed: 1})
	t.Cleanup(func() { _ = f.Close() })
	p := f.Start(fleet.ProcessOptions{Service: "shop"})
	server, err := f.Serve(p)
	if err != nil {
		t.Fatal(err)
	}
	raise := func() {
		p.Raise("CartError@1", periskop.Occurrence{Error: periskop.Exception{Class: "CartError", Message: "cart expired"}})
	}
	raise()
	config := fmt.Sprintf("global: {scraper: {refresh_interval: 1s}}\nservices: [{name: shop, static_configs: [{targets: [%q]}]}]\n", server.Address())
	exporter := process.Exporter(t, config)
	trace := exporter.URL + waitForTrace(t, exporter, "/exceptions?q=CartError")

	if status := resolveFrom(t, trace+"/resolve", "https://evil.example.com"); status != http.StatusForbidden {
		t.Errorf("from another origin: got status %d, want 403", status)
	}
	if status := resolveFrom(t, trace+"/resolve", exporter.URL); status != http.StatusSeeOther {
		t.Errorf("resolve: got status %d, want 303", status)
	}
	exporter.Kill(t)
	exporter.Start(t)
	if page, err := process.Get(t.Context(), trace); err != nil || !strings.Contains(page, "<bdi>fixed in 1.2</bdi>") {
		t.Errorf("after kill -9 the reason is not on the page: %v\n%s", err, page)
	}
	raise()
	waitForTrace(t, exporter, "/exceptions?state=regressed")

	locked := process.Exporter(t, config, "--web.read-only")
	trace = locked.URL + waitForTrace(t, locked, "/exceptions?q=CartError")
	if status := resolveFrom(t, trace+"/resolve", locked.URL); status != http.StatusForbidden {
		t.Errorf("read only: got status %d, want 403", status)
	}
}

// waitForTrace returns the path of the first exception of a list.
func waitForTrace(t *testing.T, exporter *process.Program, list string) string {
	t.Helper()
	var path string
	process.Eventually(t, "an exception in "+list, func() error {
		page, err := process.Get(t.Context(), exporter.URL+list)
		if err != nil {
			return err
		}
		if path = tracePath.FindString(strings.ReplaceAll(page, `"./`, `"/`)); path == "" {
			return errors.New("the list is empty")
		}
		return nil
	})
	return path
}

// post sends the form of a trace from a page of that origin, and returns the status.
func resolveFrom(t *testing.T, address, origin string) int {
	t.Helper()
	form := url.Values{"reason": {"fixed in 1.2"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", origin)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
