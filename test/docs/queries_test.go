//go:build e2e_docs

package docs_test

import (
	"testing"

	"github.com/periskop-exporter/periskop_exporter/test/process"
)

// testQueries asks the demo's Prometheus every query.
func (d *demo) testQueries(t *testing.T) {
	for _, b := range ofKind(t, query) {
		if _, err := process.Query(t.Context(), d.prometheus, b.text); err != nil {
			t.Errorf("%s:%d: %v in\n%s", b.page, b.line, err, b.text)
		}
	}
}
