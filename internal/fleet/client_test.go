package fleet_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

const payloads = "../../periskop/testdata/payloads"

// TestClientsWriteAsRecorded takes what was recorded from the real client libraries,
// raises the same in a fake process, and compares the bytes, but for the values that
// no two processes have in common.
func TestClientsWriteAsRecorded(t *testing.T) {
	for _, tt := range []struct {
		file   string
		client *fleet.Client
		zone   *time.Location
	}{
		{"go/basic-a.json", fleet.Go(), nil},
		{"go/markup-a.json", fleet.Go(), nil},
		{"python/basic-a.json", fleet.Python(), nil},
		{"python/chained-a.json", fleet.Python(), nil},
		{"python/markup-a.json", fleet.Python(), nil},
		{"ruby/causes-a.json", fleet.Ruby(), nil},
		{"ruby/rack-a.json", fleet.Ruby(), nil},
		{"scala/causes-a.json", fleet.Scala(), nil},
		{"scala/markup-b.json", fleet.Scala(), time.FixedZone("Berlin", 3600)},
	} {
		t.Run(tt.file, func(t *testing.T) {
			recorded, err := os.ReadFile(filepath.Join(payloads, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			report, err := periskop.Decode(recorded)
			if err != nil {
				t.Fatal(err)
			}
			f, _ := newFleet(t)
			p := f.Start(fleet.ProcessOptions{Client: tt.client, UUID: report.TargetUUID, Zone: tt.zone})
			for _, a := range report.Aggregates {
				for _, o := range a.Latest.Decode(nil) {
					p.Raise(a.Key, o)
				}
			}
			if diff := cmp.Diff(memberByMember(t, p.Report()), memberByMember(t, recorded)); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

var (
	createdAt = regexp.MustCompile(`("created_at": ?")[^"]*(\.\d\d\d)\d*[^"]*"`)
	fraction  = regexp.MustCompile(`(T\d\d:\d\d:\d\d\.\d\d\d)\d*`)
	headers   = regexp.MustCompile(`"request_headers":\{[^}]*\}`)
)

// memberByMember is the body one member a line, without the time at which an aggregate was
// created, which is a little before or after that of its first occurrence, and the
// order of headers, which a client has no say in.
func memberByMember(t *testing.T, body []byte) []string {
	t.Helper()
	if !json.Valid(body) {
		t.Fatalf("not JSON: %s", body)
	}
	s := createdAt.ReplaceAllString(string(body), `$1"`)
	s = fraction.ReplaceAllString(s, "$1")
	s = headers.ReplaceAllString(s, "")
	return strings.SplitAfter(s, ",")
}

// TestClientsAnswerAsRecorded compares the headers of the answers with the manifests.
func TestClientsAnswerAsRecorded(t *testing.T) {
	for name, client := range map[string]*fleet.Client{
		"go": fleet.Go(), "python": fleet.Python(), "ruby": fleet.Ruby(), "scala": fleet.Scala(),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(payloads, name, "MANIFEST.json"))
			if err != nil {
				t.Fatal(err)
			}
			f, _ := newFleet(t)
			p := f.Start(fleet.ProcessOptions{Client: client})
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/exceptions", nil))
			contentType := w.Header().Get("Content-Type")
			if !bytes.Contains(b, []byte(`"`+contentType+`"`)) {
				t.Errorf("content type %q was never recorded", contentType)
			}
			w = httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/exceptions?x=1", nil))
			if refused := w.Code == http.StatusNotFound; refused != (name == "python") {
				t.Errorf("a query: got status %d", w.Code)
			}
		})
	}
}
