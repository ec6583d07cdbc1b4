package periskop_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestShapesOfReports has the shapes into which encoders of other languages bend a list
// of aggregates: a sound one among odd ones is read, and the odd ones are told.
func TestShapesOfReports(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 123e6, time.UTC)
	sound := periskop.Aggregate{Key: "k", TotalCount: 2, Severity: "error"}
	made := sound
	made.CreatedAt = at
	other := periskop.Aggregate{Key: "l", TotalCount: 3, Severity: "error"}
	for name, tc := range map[string]struct {
		aggregates string
		want       []periskop.Aggregate
		skipped    string // what is said of the one that is skipped
	}{
		"null":                    {`null`, nil, ""},
		"false":                   {`false`, nil, ""},
		"an empty text":           {`""`, nil, ""},
		"PHP's empty map":         {`{}`, nil, ""},
		"PHP's list with gaps":    {`{"0":{"aggregation_key":"k","total_count":2},"7":{"aggregation_key":"l","total_count":3}}`, []periskop.Aggregate{sound, other}, ""},
		"an object by key":        {`{"k":{"aggregation_key":"k","total_count":2},"l":{"aggregation_key":"l","total_count":3}}`, []periskop.Aggregate{sound, other}, ""},
		"keys only as names":      {`{"k":{"total_count":2},"l":{"total_count":3}}`, []periskop.Aggregate{sound, other}, ""},
		"an index is no key":      {`{"0":{"total_count":2},"l":{"total_count":3}}`, []periskop.Aggregate{other}, "aggregate 1: it has no aggregation_key"},
		"counts by key":           {`{"k":{"total_count":2},"l":3}`, []periskop.Aggregate{sound}, "aggregate 2: it is a number, not an object"},
		"one for itself":          {`{"aggregation_key":"k","total_count":2}`, []periskop.Aggregate{sound}, ""},
		"one for itself, odd":     {`{"aggregation_key":"k"}`, nil, "aggregate 1: it has no total_count"},
		"a key like a member":     {`{"total_count":{"total_count":3,"aggregation_key":"l"}}`, []periskop.Aggregate{other}, ""},
		"a key with escapes":      {`{"\u006b":{"total_count":2}}`, []periskop.Aggregate{sound}, ""},
		"camel case":              {`[{"aggregationKey":"k","totalCount":2,"createdAt":"2026-11-20T08:00:00.123Z"}]`, []periskop.Aggregate{made}, ""},
		"Pascal case":             {`[{"AggregationKey":"k","TotalCount":2,"CreatedAt":"2026-11-20T08:00:00.123Z"}]`, []periskop.Aggregate{made}, ""},
		"kebab case":              {`[{"aggregation-key":"k","total-count":2,"created-at":"2026-11-20T08:00:00.123Z"}]`, []periskop.Aggregate{made}, ""},
		"upper case":              {`[{"AGGREGATION_KEY":"k","TOTAL_COUNT":2,"CREATED_AT":"2026-11-20T08:00:00.123Z"}]`, []periskop.Aggregate{made}, ""},
		"periskop-scala 0.2.0":    {`[{"aggregation_key":"k","total_count":2,"createdAt":"2026-11-20T08:00:00.123Z"}]`, []periskop.Aggregate{made}, ""},
		"both spellings":          {`[{"createdAt":"2026-01-01T00:00:00Z","aggregation_key":"k","total_count":2,"created_at":"2026-11-20T08:00:00.123Z","CreatedAt":"2026-02-02T00:00:00Z"}]`, []periskop.Aggregate{made}, ""},
		"both, and one is null":   {`[{"createdAt":"2026-11-20T08:00:00.123Z","aggregation_key":"k","total_count":2,"created_at":null}]`, []periskop.Aggregate{made}, ""},
		"both, null first":        {`[{"created_at":null,"aggregation_key":"k","total_count":2,"createdAt":"2026-11-20T08:00:00.123Z"}]`, []periskop.Aggregate{made}, ""},
		"a count as a float":      {`[{"aggregation_key":"k","total_count":2.0}]`, []periskop.Aggregate{sound}, ""},
		"a count with exponent":   {`[{"aggregation_key":"k","total_count":2e0}]`, []periskop.Aggregate{sound}, ""},
		"a count as a text":       {`[{"aggregation_key":"k","total_count":"2"}]`, []periskop.Aggregate{sound}, ""},
		"a count as a float text": {`[{"aggregation_key":"k","total_count":" 2.0 "}]`, []periskop.Aggregate{sound}, ""},
		"half a count":            {`[{"aggregation_key":"k","total_count":3.5},{"aggregation_key":"l","total_count":3}]`, []periskop.Aggregate{other}, "aggregate 1: total_count is not a whole number from zero on"},
		"not JSON within":         {`[{"aggregation_key":None},{"aggregation_key":"l","total_count":3}]`, []periskop.Aggregate{other}, `aggregate 1: the body is not JSON from byte 41 on: "N" stands where a value is expected`},
		"a list in the list":      {`[[{"aggregation_key":"k","total_count":2}],{"aggregation_key":"l","total_count":3}]`, []periskop.Aggregate{other}, "aggregate 1: it is a list, not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := periskop.Decode([]byte(`{"aggregated_errors":` + tc.aggregates + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.Aggregates, tc.want); diff != "" {
				t.Errorf("aggregates (-got +want):\n%s", diff)
			}
			if (r.Skipped > 0) != (tc.skipped != "") || tc.skipped != "" && !strings.HasPrefix(r.SkippedErr.Error(), tc.skipped) {
				t.Errorf("got %d skipped with %v, want %q", r.Skipped, r.SkippedErr, tc.skipped)
			}
		})
	}
}

func TestMembersOfReports(t *testing.T) {
	r, err := periskop.Decode([]byte(`{"targetUuid":"u","aggregatedErrors":[{"aggregationKey":"k","totalCount":1,"latestErrors":[
		{"Uuid":"o","Error":{"Class":"C","Message":"m","StackTrace":["f"],"Cause":{"Class":"D"}},
		 "HttpContext":{"requestMethod":"GET","requestUrl":"/x","requestHeaders":{"A":"b"},"requestBody":"c"}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.TargetUUID != "u" || len(r.Aggregates) != 1 {
		t.Fatalf("got %+v, want one aggregate of u", r)
	}
	want := []periskop.Occurrence{{
		UUID: "o", Error: periskop.Exception{Class: "C", Message: "m", Stacktrace: []string{"f"}, Cause: &periskop.Exception{Class: "D"}},
		HTTPContext: &periskop.HTTPContext{Method: "GET", URL: "/x", Headers: []periskop.Header{{Name: "A", Value: "b"}}, Body: "c"},
	}}
	if diff := cmp.Diff(r.Aggregates[0].Latest.Decode(nil), want); diff != "" {
		t.Errorf("occurrences (-got +want):\n%s", diff)
	}
}

// TestShapesOfOccurrences has what stands in the place of a list of occurrences.
func TestShapesOfOccurrences(t *testing.T) {
	o, p := periskop.Occurrence{UUID: "o", Error: periskop.Exception{Message: "m"}}, periskop.Occurrence{UUID: "p", Error: periskop.Exception{Message: "n"}}
	for name, tc := range map[string]struct {
		raw  string
		want []periskop.Occurrence
		err  string
	}{
		"a list":                {`[{"uuid":"o","error":{"message":"m"}},{"uuid":"p","error":{"message":"n"}}]`, []periskop.Occurrence{o, p}, ""},
		"null":                  {`null`, nil, ""},
		"false":                 {`false`, nil, ""},
		"PHP's list with gaps":  {`{"0":{"uuid":"o","error":{"message":"m"}},"7":{"uuid":"p","error":{"message":"n"}}}`, []periskop.Occurrence{o, p}, ""},
		"an object by UUID":     {`{"o":{"error":{"message":"m"}},"p":{"error":{"message":"n"}}}`, []periskop.Occurrence{o, p}, ""},
		"one for itself":        {`{"uuid":"o","error":{"message":"m"}}`, []periskop.Occurrence{o}, ""},
		"one without UUID":      {`{"error":"m","timestamp":null}`, []periskop.Occurrence{{UUID: "d5407a8b1b6bdb8e6dfea3f3bd7c1e4b", Error: periskop.Exception{Message: "m"}}}, ""},
		"a number":              {`7`, nil, "latest_errors is a number, not a list"},
		"null among them":       {`[null,{"uuid":"o","error":{"message":"m"}}]`, []periskop.Occurrence{o}, "occurrence 1 is null, not an object"},
		"a number among them":   {`[{"uuid":"o","error":{"message":"m"}},7]`, []periskop.Occurrence{o}, "occurrence 2 is a number, not an object"},
		"broken within":         {`[{"uuid" "o"},{"uuid":"p","error":{"message":"n"}}]`, []periskop.Occurrence{p}, "occurrence 1: "},
		"a comma too few":       {`[{"uuid":"o","error":{"message":"m"}} {"uuid":"p"}]`, []periskop.Occurrence{o}, "after occurrence 1: "},
		"a comma too many":      {`[{"uuid":"o","error":{"message":"m",},},]`, []periskop.Occurrence{o}, ""},
		"no time":               {`[{"uuid":"o","timestamp":"soon","error":{"message":"m"}}]`, []periskop.Occurrence{o}, `occurrence 1: timestamp cannot be read: "xxxx": it is in no form`},
		"members of the error":  {`[{"uuid":"o","message":"m"}]`, []periskop.Occurrence{o}, ""},
		"UUIDs true":            {`[{"uuid":true,"error":"m"},{"uuid":true,"error":"n"}]`, []periskop.Occurrence{{UUID: strings.Repeat("0", 32), Error: o.Error}, {UUID: strings.Repeat("0", 32), Error: p.Error}}, ""},
		"UUID a number":         {`[{"uuid":7}]`, []periskop.Occurrence{{UUID: "7"}}, ""},
		"UUID with a line feed": {`[{"uuid":"a\nb"}]`, []periskop.Occurrence{{UUID: "fa4d4a9e4b9a8f5a1e5bd79c4f09a0bb"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := periskop.Selection{}.Decode(periskop.RawOccurrences(tc.raw))
			if diff := cmp.Diff(got.Occurrences, tc.want, cmp.Transformer("hash", hashes)); diff != "" {
				t.Errorf("occurrences (-got +want):\n%s", diff)
			}
			if (got.Err != nil) != (tc.err != "") || got.Err != nil && !strings.Contains(got.Err.Error(), tc.err) {
				t.Errorf("got error %v, want one with %q", got.Err, tc.err)
			}
			if (got.Skipped+got.UnreadableTimes > 0) != (tc.err != "") {
				t.Errorf("got %d skipped and %d unread times, with error %q", got.Skipped, got.UnreadableTimes, tc.err)
			}
		})
	}
}

// hashes makes all UUIDs equal that are hashes.
func hashes(s string) string {
	if len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" {
		return "a hash"
	}
	return s + " as it is" // a transformer must not return what it got
}

// TestShapesOfErrors has what encoders make of an exception.
func TestShapesOfErrors(t *testing.T) {
	plain := func(change func(*periskop.Exception)) periskop.Exception {
		e := periskop.Exception{Class: "C", Message: "m"}
		change(&e)
		return e
	}
	stack := func(lines ...string) periskop.Exception {
		return plain(func(e *periskop.Exception) { e.Stacktrace = lines })
	}
	cause := func(c *periskop.Exception) periskop.Exception {
		return plain(func(e *periskop.Exception) { e.Cause = c })
	}
	with := func(member string) string { return `{"class":"C","message":"m",` + member + `}` }
	for name, tc := range map[string]struct {
		raw  string
		want periskop.Exception
	}{
		"null":                  {`null`, periskop.Exception{}},
		"a text":                {`"m"`, periskop.Exception{Message: "m"}},
		"a list of a chain":     {`[{"class":"C","message":"m"},{"class":"D","message":"n"}]`, cause(&periskop.Exception{Class: "D", Message: "n"})},
		"class null":            {`{"class":null,"message":"m"}`, periskop.Exception{Message: "m"}},
		"message an object":     {`{"message":{"code": 5}}`, periskop.Exception{Message: `{"code": 5}`}},
		"message a number":      {`{"message":42}`, periskop.Exception{Message: "42"}},
		"message a list":        {`{"message":["m","x"]}`, periskop.Exception{Message: `["m","x"]`}},
		"JavaScript's":          {`{"name":"C","message":"m","stack":"C: m\n    at f (a.js:1:2)"}`, stack("C: m", "    at f (a.js:1:2)")},
		".NET's":                {`{"ClassName":"C","Message":"m","InnerException":{"ClassName":"D"}}`, cause(&periskop.Exception{Class: "D"})},
		"stack null":            {with(`"stacktrace":null`), plain(func(*periskop.Exception) {})},
		"stack false":           {with(`"stacktrace":false`), plain(func(*periskop.Exception) {})},
		"stack empty":           {with(`"stacktrace":{}`), plain(func(*periskop.Exception) {})},
		"stack one text":        {with(`"stacktrace":"f.a(A:1)\nf.b(B:2)\n"`), stack("f.a(A:1)", "f.b(B:2)")},
		"stack one Windows":     {with(`"stacktrace":"f.a(A:1)\r\nf.b(B:2)\r\n"`), stack("f.a(A:1)", "f.b(B:2)")},
		"stack, null between":   {with(`"stacktrace":["f.a(A:1)",null,false,"f.b(B:2)"]`), stack("f.a(A:1)", "f.b(B:2)")},
		"stack, PHP with gaps":  {with(`"stacktrace":{"0":"f.a(A:1)","2":"f.b(B:2)"}`), stack("f.a(A:1)", "f.b(B:2)")},
		"stack of numbers":      {with(`"stacktrace":[1,"f"]`), stack("1", "f")},
		"stack of lists":        {with(`"stacktrace":[["a.py",12,"f",null],["b.py",3,"g","x = 1"]]`), stack("a.py 12 f", "b.py 3 g x = 1")},
		"frames":                {with(`"stacktrace":[{"file":"A","line":1,"function":"f.a"},{"file":"B","line":"2"},{"function":"f.c"}]`), stack("at f.a (A:1)", "at B:2", "at f.c")},
		"one frame":             {with(`"stacktrace":{"file":"A","line":1,"function":"f.a"}`), stack("at f.a (A:1)")},
		"frames of Java":        {with(`"stacktrace":[{"classLoaderName":"app","methodName":"pay","fileName":"Pay.java","lineNumber":12,"nativeMethod":false,"className":"com.acme.Pay"},{"className":"a.B","methodName":"c","fileName":null,"lineNumber":-1},{"className":"a.B","methodName":"d","fileName":"B.java","lineNumber":-2}]`), stack("com.acme.Pay.pay(Pay.java:12)", "a.B.c(Unknown Source)", "a.B.d(Native Method)")},
		"frames of PHP":         {with(`"stacktrace":[{"file":"/app/Cart.php","line":12,"function":"total","class":"App\\Cart","type":"->","args":[]}]`), stack(`at App\Cart->total (/app/Cart.php:12)`)},
		"frames of Python":      {with(`"stacktrace":[{"filename":"a.py","lineno":12,"name":"f","line":"x = 1"}]`), stack("at f (a.py:12)")},
		"frames of Sentry":      {with(`"stacktrace":{"frames":[{"filename":"a.js","abs_path":"/app/a.js","function":"f","lineno":1,"colno":2,"in_app":true}]}`), stack("at f (a.js:1:2)")},
		"frames of Go":          {with(`"stacktrace":[{"PC":1,"Func":{},"Function":"main.f","File":"/app/main.go","Line":3}]`), stack("at main.f (/app/main.go:3)")},
		"objects of who knows":  {with(`"stacktrace":[{"a":1}]`), stack(`{"a":1}`)},
		"cause a text":          {with(`"cause":"why"`), cause(&periskop.Exception{Message: "why"})},
		"cause a list":          {with(`"cause":[{"class":"R","message":"why","stacktrace":[]}]`), cause(&periskop.Exception{Class: "R", Message: "why"})},
		"cause a list of two":   {with(`"cause":[{"class":"R"},{"class":"S"}]`), cause(&periskop.Exception{Class: "R", Cause: &periskop.Exception{Class: "S"}})},
		"cause {}":              {with(`"cause":{}`), plain(func(*periskop.Exception) {})},
		"cause []":              {with(`"cause":[]`), plain(func(*periskop.Exception) {})},
		"cause false":           {with(`"cause":false`), plain(func(*periskop.Exception) {})},
		"cause true":            {with(`"cause":true`), plain(func(*periskop.Exception) {})},
		"cause an empty text":   {with(`"cause":""`), plain(func(*periskop.Exception) {})},
		"cause of nothing":      {with(`"cause":{"class":null,"cause":{"message":"","cause":null}}`), plain(func(*periskop.Exception) {})},
		"cause of something":    {with(`"cause":{"class":null,"cause":{"message":"why"}}`), cause(&periskop.Exception{Cause: &periskop.Exception{Message: "why"}})},
		"cause first, then all": {`{"cause":{"cause":{"message":"root"},"message":"n"},"message":"m","class":"C"}`, cause(&periskop.Exception{Message: "n", Cause: &periskop.Exception{Message: "root"}})},
		"cause twice":           {with(`"cause":{"message":"x","cause":"y"},"cause":"why"`), cause(&periskop.Exception{Message: "why"})},
		"caused_by":             {with(`"caused_by":{"message":"why"}`), cause(&periskop.Exception{Message: "why"})},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []periskop.Selection{{}, {Size: 1 << 20}} {
				got := s.Decode(periskop.RawOccurrences(`[{"uuid":"u","error":` + tc.raw + `}]`))
				if len(got.Occurrences) != 1 || got.Err != nil {
					t.Fatalf("got %d occurrences and error %v, want one", len(got.Occurrences), got.Err)
				}
				if diff := cmp.Diff(got.Occurrences[0].Error, tc.want); diff != "" {
					t.Errorf("size %d: error (-got +want):\n%s", s.Size, diff)
				}
			}
		})
	}
}

// TestShapesOfRequests has what frameworks make of a request and its headers.
func TestShapesOfRequests(t *testing.T) {
	accept := []periskop.Header{{Name: "Accept", Value: "text/html"}}
	two := []periskop.Header{{Name: "Accept", Value: "text/html"}, {Name: "Cookie", Value: "a=b; c=d"}}
	request := func(h []periskop.Header) *periskop.HTTPContext { return &periskop.HTTPContext{URL: "/x", Headers: h} }
	headers := func(raw string) string { return `{"request_url":"/x","request_headers":` + raw + `}` }
	for name, tc := range map[string]struct {
		raw  string
		want *periskop.HTTPContext
	}{
		"null":                      {`null`, nil},
		"PHP's empty map":           {`[]`, nil},
		"an empty object":           {`{}`, nil},
		"all null":                  {`{"request_method":null,"request_url":null,"request_headers":null,"request_body":null}`, nil},
		"a list of one":             {`[{"request_url":"/x"}]`, &periskop.HTTPContext{URL: "/x"}},
		"a list of a list":          {`[[{"request_url":"/x"}]]`, nil},
		"a URL":                     {`"https://x.example/p"`, &periskop.HTTPContext{URL: "https://x.example/p"}},
		"a request line":            {`"GET /p HTTP/1.1"`, &periskop.HTTPContext{Method: "GET", URL: "/p"}},
		"shorter names":             {`{"method":"GET","url":"/p","headers":{"Accept":"text/html"},"body":"b"}`, &periskop.HTTPContext{Method: "GET", URL: "/p", Headers: accept, Body: "b"}},
		"body an object":            {`{"request_body":{"a": 1}}`, &periskop.HTTPContext{Body: `{"a": 1}`}},
		"body a number":             {`{"request_body":5}`, &periskop.HTTPContext{Body: "5"}},
		"headers null":              {headers(`null`), request(nil)},
		"headers PHP's empty map":   {headers(`[]`), request(nil)},
		"headers an object":         {headers(`{"Accept":"text/html","Cookie":"a=b; c=d"}`), request(two)},
		"headers lists":             {headers(`{"Accept":["text/html","x"],"B":[]}`), request([]periskop.Header{{Name: "Accept", Value: "text/html"}, {Name: "Accept", Value: "x"}})},
		"headers pairs":             {headers(`[["Accept","text/html"],["Cookie","a=b; c=d"]]`), request(two)},
		"headers pairs with lists":  {headers(`[["Accept",["text/html","x"]],["B"],[]]`), request([]periskop.Header{{Name: "Accept", Value: "text/html, x"}, {Name: "B"}})},
		"headers in turn":           {headers(`["Accept","text/html","Cookie","a=b; c=d"]`), request(two)},
		"headers in turn, colons":   {headers(`["Host","x:80",":path","/p"]`), request([]periskop.Header{{Name: "Host", Value: "x:80"}, {Name: ":path", Value: "/p"}})},
		"headers in turn, odd":      {headers(`["Accept","text/html","B"]`), request([]periskop.Header{accept[0], {Name: "B"}})},
		"headers in turn, numbers":  {headers(`["Content-Length",12,"X",null]`), request([]periskop.Header{{Name: "Content-Length", Value: "12"}, {Name: "X"}})},
		"header lines in a list":    {headers(`["Accept: text/html","Cookie: a=b; c=d"]`), request(two)},
		"header lines and others":   {headers(`["GET / HTTP/1.1","Accept: text/html"]`), request([]periskop.Header{{Value: "GET / HTTP/1.1"}, accept[0]})},
		"values without names":      {headers(`["text/html","x"]`), request([]periskop.Header{{Value: "text/html"}, {Value: "x"}})},
		"headers of HTTP archives":  {headers(`[{"name":"Accept","value":"text/html"},{"name":"Cookie","value":"a=b; c=d"}]`), request(two)},
		"headers of .NET":           {headers(`[{"Key":"Accept","Value":["text/html"]},{"Key":"Cookie","Value":["a=b; c=d"]}]`), request(two)},
		"headers one by one":        {headers(`[{"Accept":"text/html"},{"Cookie":"a=b; c=d"}]`), request(two)},
		"a header called name":      {headers(`[{"name":"x"}]`), request([]periskop.Header{{Name: "name", Value: "x"}})},
		"headers in one text":       {headers(`"Accept: text/html\r\nCookie: a=b;\r\n c=d\r\n\r\n"`), request(two)},
		"headers in one Unix text":  {headers(`"Accept:text/html\nCookie:a=b; c=d"`), request(two)},
		"headers as JSON in a text": {headers(`"{\"Accept\":\"text/html\",\"Cookie\":\"a=b; c=d\"}"`), request(two)},
		"headers as Python's str":   {headers(`"{'Accept': 'text/html'}"`), request([]periskop.Header{{Value: "{'Accept': 'text/html'}"}})},
		"headers a number":          {headers(`12`), request([]periskop.Header{{Value: "12"}})},
		"header value a number":     {headers(`{"Accept":"text/html","Content-Length":12}`), request([]periskop.Header{accept[0], {Name: "Content-Length", Value: "12"}})},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []periskop.Selection{{}, {Size: 1 << 20}} {
				got := s.Decode(periskop.RawOccurrences(`[{"uuid":"u","http_context":` + tc.raw + `}]`))
				if len(got.Occurrences) != 1 || got.Err != nil {
					t.Fatalf("got %d occurrences and error %v, want one", len(got.Occurrences), got.Err)
				}
				if diff := cmp.Diff(got.Occurrences[0].HTTPContext, tc.want); diff != "" {
					t.Errorf("size %d: request (-got +want):\n%s", s.Size, diff)
				}
			}
		})
	}
}
