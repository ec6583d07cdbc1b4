package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	commonconfig "github.com/prometheus/common/config"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // which requests are compressed with
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
	"github.com/periskop-exporter/periskop_exporter/merge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An engine takes log records as its script says.
type engine struct {
	collector.UnimplementedLogsServiceServer
	*httptest.Server

	mu       sync.Mutex
	got      []*logs.LogRecord
	requests []*logs.ResourceLogs
	headers  http.Header
	calls    int
	// answer returns the status of a request with so many records, and how many of them are
	// refused; nil takes all.
	answer func(records []*logs.LogRecord, call int) (status int, retryAfter string, rejected int64)
}

func (e *engine) take(r *collector.ExportLogsServiceRequest) (code int, retryAfter string, rejected int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	var list []*logs.LogRecord
	for _, resource := range r.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			list = append(list, scope.LogRecords...)
		}
	}
	code = http.StatusOK
	if e.answer != nil {
		code, retryAfter, rejected = e.answer(list, e.calls)
	}
	if code == http.StatusOK {
		e.got = append(e.got, list...)
		e.requests = append(e.requests, r.ResourceLogs...)
	}
	return code, retryAfter, rejected
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	b, err := io.ReadAll(body)
	var req collector.ExportLogsServiceRequest
	if err != nil || r.URL.Path != "/v1/logs" || proto.Unmarshal(b, &req) != nil {
		http.Error(w, "what is that?", http.StatusNotFound)
		return
	}
	e.mu.Lock()
	e.headers = r.Header
	e.mu.Unlock()
	code, after, rejected := e.take(&req)
	if after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(code)
	if rejected > 0 {
		b, _ := proto.Marshal(&collector.ExportLogsServiceResponse{PartialSuccess: &collector.ExportLogsPartialSuccess{RejectedLogRecords: rejected, ErrorMessage: "too old"}})
		_, _ = w.Write(b)
	}
}

// Export implements the service of gRPC.
func (e *engine) Export(ctx context.Context, r *collector.ExportLogsServiceRequest) (*collector.ExportLogsServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	e.mu.Lock()
	e.headers = http.Header{}
	for name, values := range md {
		e.headers[http.CanonicalHeaderKey(name)] = values
	}
	e.mu.Unlock()
	code, _, rejected := e.take(r)
	if code != http.StatusOK {
		return nil, status.Error(map[int]codes.Code{400: codes.InvalidArgument, 413: codes.ResourceExhausted, 429: codes.ResourceExhausted, 503: codes.Unavailable, 401: codes.Unauthenticated}[code], "no")
	}
	return &collector.ExportLogsServiceResponse{PartialSuccess: &collector.ExportLogsPartialSuccess{RejectedLogRecords: rejected}}, nil
}

// uuids are those that came, in their order.
func (e *engine) uuids() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []string
	for _, r := range e.got {
		list = append(list, attributes(r)["log.record.uid"])
	}
	return list
}

func attributes(r *logs.LogRecord) map[string]string {
	out := map[string]string{}
	for _, a := range r.Attributes {
		out[a.Key] = a.Value.GetStringValue()
		for _, v := range a.Value.GetArrayValue().GetValues() {
			out[a.Key] += v.GetStringValue() + "|"
		}
	}
	return out
}

// A setup is an exporter that sends to an engine.
type setup struct {
	*Exporter
	t        *testing.T
	registry *prometheus.Registry
	settings Settings
	running  sync.Once
	given    uint64
}

func newSetup(t *testing.T, e *engine, change ...func(*Settings)) *setup {
	t.Helper()
	u := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	if e != nil {
		e.Server = httptest.NewServer(e)
		t.Cleanup(e.Close)
		u, _ = url.Parse(e.URL)
	}
	s := &setup{t: t, registry: prometheus.NewPedanticRegistry()}
	s.settings = Settings{URL: u.JoinPath("v1", "logs"), Timeout: time.Minute, QueueSize: 64 << 20, QueueAge: time.Hour, Compress: true}
	s.settings.HTTPClient = commonconfig.DefaultHTTPClientConfig
	for _, c := range change {
		c(&s.settings)
	}
	s.Exporter = New(Options{Dir: t.TempDir(), UserAgent: "periskop_exporter/test", Registerer: s.registry})
	if err := s.Configure(s.settings); err != nil {
		t.Fatal(err)
	}
	return s
}

// run sends until all that was put has left the queue, and was counted.
func (s *setup) run() {
	s.t.Helper()
	s.runUntil(func(now Status) bool {
		return now.Records == 0 && now.Sent+now.Failed+now.Dropped >= s.given
	})
	if n := s.Status().Records; n > 0 {
		s.t.Fatalf("%d are left: %v", n, s.Status().Err)
	}
}

// runUntil sends until the condition holds, or for long. It goes on until the end of the test.
func (s *setup) runUntil(holds func(Status) bool) {
	s.t.Helper()
	s.running.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		s.t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				s.t.Error(err)
			}
		})
	})
	deadline := time.Now().Add(20 * time.Second)
	for !holds(s.Status()) && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *setup) give(n int) (want []string) {
	s.given += uint64(n)
	for i := range n {
		uuid := fmt.Sprintf("uuid-%04d", i)
		want = append(want, uuid)
		s.Put([]merge.ExportItem{item(uint64(i+1), uuid)}, 0)
	}
	return want
}

// wantRecords holds the counter against the numbers.
func (s *setup) wantRecords(sent, failed, dropped int) {
	s.t.Helper()
	want := fmt.Sprintf(`# HELP %[1]s %[2]s
# TYPE %[1]s counter
%[1]s{result="dropped"} %[5]d
%[1]s{result="failed"} %[4]d
%[1]s{result="sent"} %[3]d
`, names.ExporterExportRecords, names.Find(names.ExporterExportRecords).Help, sent, failed, dropped)
	if err := testutil.GatherAndCompare(s.registry, bytes.NewReader([]byte(want)), names.ExporterExportRecords); err != nil {
		s.t.Error(err)
	}
}

func TestSends(t *testing.T) {
	for _, compress := range []bool{true, false} {
		e := &engine{}
		s := newSetup(t, e, func(s *Settings) {
			s.Compress = compress
			s.Headers = map[string]string{"X-Scope-OrgID": "team-a"}
			s.HTTPClient.BasicAuth = &commonconfig.BasicAuth{Username: "u", Password: "p"}
		})
		want := s.give(1200)
		s.run()
		if diff := cmp.Diff(e.uuids(), want); diff != "" {
			t.Errorf("got -, want +\n%s", diff)
		}
		s.wantRecords(1200, 0, 0)
		if e.calls != 3 {
			t.Errorf("%d requests, want 3", e.calls)
		}
		if got := e.headers; got.Get("X-Scope-Orgid") != "team-a" || got.Get("Authorization") != "Basic dTpw" || got.Get("User-Agent") != "periskop_exporter/test" {
			t.Errorf("headers are %v", got)
		}
	}
}

// TestAnswers is about engines that do not simply take what they are sent.
func TestAnswers(t *testing.T) {
	bad := func(list []*logs.LogRecord) bool {
		for _, r := range list {
			if attributes(r)["log.record.uid"] == "uuid-0013" {
				return true
			}
		}
		return false
	}
	tests := []struct {
		name                  string
		answer                func(list []*logs.LogRecord, call int) (int, string, int64)
		arrive, sent, refused int // arrive is below zero when some can arrive again
	}{
		{"takes all but three", func(_ []*logs.LogRecord, call int) (int, string, int64) {
			if call == 1 {
				return 200, "", 3
			}
			return 200, "", 0
		}, 40, 37, 3},
		{"claims to refuse more than there are", func([]*logs.LogRecord, int) (int, string, int64) { return 200, "", 1 << 60 }, 40, 0, 40},
		{"wants ten at a time", func(list []*logs.LogRecord, _ int) (int, string, int64) {
			if len(list) > 10 {
				return 413, "", 0
			}
			return 200, "", 0
		}, 40, 40, 0},
		{"never wants one of them, 413", func(list []*logs.LogRecord, _ int) (int, string, int64) {
			if bad(list) {
				return 413, "", 0
			}
			return 200, "", 0
		}, 39, 39, 1},
		{"never wants one of them, 400", func(list []*logs.LogRecord, _ int) (int, string, int64) {
			if bad(list) {
				return 400, "", 0
			}
			return 200, "", 0
		}, 39, 39, 1},
		{"refuses everything", func([]*logs.LogRecord, int) (int, string, int64) { return 400, "", 0 }, 0, 0, 40},
		{"is away for a moment", func(_ []*logs.LogRecord, call int) (int, string, int64) {
			if call == 1 {
				return 503, "1", 0
			}
			return 200, "", 0
		}, 40, 40, 0},
		{"has a limit for a moment", func(_ []*logs.LogRecord, call int) (int, string, int64) {
			if call <= 2 {
				return 429, "", 0
			}
			return 200, "", 0
		}, 40, 40, 0},
		{"is too slow for many", func(list []*logs.LogRecord, _ int) (int, string, int64) {
			time.Sleep(time.Duration(len(list)) * 40 * time.Millisecond)
			return 200, "", 0
		}, -1, 40, 0},
		{"has another password for a moment", func(_ []*logs.LogRecord, call int) (int, string, int64) {
			if call == 1 {
				return 401, "", 0
			}
			return 200, "", 0
		}, 40, 40, 0},
	}
	for _, protocol := range []string{"http", "grpc"} {
		for _, tt := range tests {
			if protocol == "grpc" && strings.HasSuffix(tt.name, "413") {
				continue // it has no such code: see TestTooMuch
			}
			t.Run(protocol+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				e := &engine{answer: tt.answer}
				s := newSetup(t, e, func(s *Settings) {
					if tt.arrive < 0 {
						s.Timeout = time.Second
					}
				})
				if protocol == "grpc" {
					_, stop := s.over(protocol, e, nil)
					t.Cleanup(stop)
				}
				s.give(40)
				s.run()
				got := e.uuids()
				if len(got) != tt.arrive && tt.arrive >= 0 {
					t.Errorf("%d arrived, want %d", len(got), tt.arrive)
				}
				seen := map[string]bool{}
				for _, uuid := range got {
					if seen[uuid] && tt.arrive >= 0 {
						t.Errorf("%s came twice", uuid)
					}
					seen[uuid] = true
				}
				s.wantRecords(tt.sent, tt.refused, 0)
			})
		}
	}
}

// A refusal is a sender who is always answered the same.
type refusal outcome

func (r refusal) send(context.Context, []entry) outcome { return outcome(r) }
func (refusal) close()                                  {}

// TestTooMuch gives up nothing that is too much, since that may be a limit of what may come: less is sent
// at a time, and later.
func TestTooMuch(t *testing.T) {
	s := newSetup(t, nil)
	s.give(4)
	batches := sender{exporter: s.Exporter, client: refusal{kind: tooMuch}, age: time.Hour, limit: maxBatch, most: maxBatch}
	for _, most := range []int{4, 2, 1, 1} {
		batch := s.opened().next(batches.limit, maxBatchSize)
		if len(batch) != most {
			t.Errorf("%d are sent at a time, want %d", len(batch), most)
		}
		if pause := batches.deliver(t.Context(), s.opened(), batch); pause < firstPause {
			t.Errorf("the next request is made after %v", pause)
		}
	}
	if n := s.Status().Records; n != 4 {
		t.Errorf("%d wait, want 4", n)
	}
	s.wantRecords(0, 0, 0)
}

// TestGivesUpWhatIsOld has nobody to send to, and a clock that goes on.
func TestGivesUpWhatIsOld(t *testing.T) {
	now := noon
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	s := newSetup(t, nil)
	s.options.Now = clock
	s.queue.now = clock
	s.give(30)
	mu.Lock()
	now = now.Add(2 * time.Hour)
	mu.Unlock()
	s.run()
	s.wantRecords(0, 0, 30)
}

// TestConfigure is about what a reload changes.
func TestConfigure(t *testing.T) {
	e, other := &engine{}, &engine{}
	s := newSetup(t, e)
	s.settings.HTTPClient.TLSConfig.CAFile = "/nowhere"
	if err := s.Configure(s.settings); err == nil {
		t.Error("a certificate that is not there is no error")
	}
	s.give(5)
	s.run()
	if n := len(e.uuids()); n != 5 {
		t.Errorf("%d arrived after a bad reload, want 5", n)
	}
	s.settings = newSetup(t, other).settings
	if err := s.Configure(s.settings); err != nil {
		t.Fatal(err)
	}
	s.give(5)
	s.run()
	if n := len(other.uuids()); n != 5 {
		t.Errorf("%d arrived where the new file says, want 5", n)
	}
	if err := s.Configure(Settings{}); err != nil || s.Status().Configured {
		t.Errorf("%v, %+v", err, s.Status())
	}
}

// TestUnconfigured makes no file, and takes nothing.
func TestUnconfigured(t *testing.T) {
	dir := t.TempDir()
	e := New(Options{Dir: dir + "/export"})
	if err := e.Configure(Settings{}); err != nil {
		t.Fatal(err)
	}
	e.Resume(3)
	e.Put([]merge.ExportItem{item(1, "a")}, 0)
	e.Sync()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	cancel()
	if err := <-done; err != nil || e.queue != nil {
		t.Errorf("%v, queue %v", err, e.queue)
	}
}
