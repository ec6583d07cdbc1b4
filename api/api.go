package api

import (
	"encoding/json"
	"net/http"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Options are where the answers come from. The functions may be called concurrently.
type Options struct {
	Snapshot func() *merge.Snapshot
	Targets  func() []periskop.ServiceTargets
	Health   func() []periskop.TargetHealth
	// Resolve marks the exception with that ID as resolved, and returns false when
	// there is none.
	Resolve func(id, reason string) bool
}

// New returns the handler of all routes of both APIs, /api/v1/, /services/ and
// /targets/.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	v1 := v1{o}
	mux.HandleFunc("GET /api/v1/services", v1.services)
	mux.HandleFunc("GET /api/v1/exceptions", v1.exceptions)
	mux.HandleFunc("GET /api/v1/trace", v1.trace)
	mux.HandleFunc("GET /api/v1/targets", v1.targets)
	mux.HandleFunc("/api/v1/", v1.unknown)
	server := server{o}
	mux.HandleFunc("GET /services/{$}", server.services)
	mux.HandleFunc("GET /services/{service}/errors/{$}", server.errors)
	mux.HandleFunc("DELETE /services/{service}/errors/{key...}", server.resolve)
	mux.HandleFunc("OPTIONS /services/{service}/errors/{key...}", server.options)
	mux.HandleFunc("GET /targets/{$}", server.targets)
	return localhostCORS(mux)
}

// writeJSON writes v, which always encodes. An error means that the client is gone.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
