package periskop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // Not every machine that runs tests has the database.

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// createdAt decodes an aggregate with this JSON for a time.
func createdAt(t testing.TB, value string) (time.Time, error) {
	t.Helper()
	r, err := periskop.Decode([]byte(`{"aggregated_errors":[{"aggregation_key":"k","total_count":1,"created_at":` + value + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Aggregates) != 1 {
		t.Fatalf("%s: the aggregate is lost: %v", value, r.SkippedErr)
	}
	if (r.UnreadableTimes > 0) != (r.UnreadableTimesErr != nil) {
		t.Errorf("%s: got %d unread times, but error %v", value, r.UnreadableTimes, r.UnreadableTimesErr)
	}
	return r.Aggregates[0].CreatedAt, r.UnreadableTimesErr
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// TestTimesOfOtherLanguages reads 2026-11-20 10:11:12 UTC, with or without a fraction, in
// the forms that languages and encoders give it by themselves.
func TestTimesOfOtherLanguages(t *testing.T) {
	second := time.Date(2026, 11, 20, 10, 11, 12, 0, time.UTC)
	milli, micro, nano := second.Add(345*time.Millisecond), second.Add(345678*time.Microsecond), second.Add(345678901)
	minute := second.Add(-12 * time.Second)
	for _, tc := range []struct {
		from, text string
		want       time.Time
	}{
		{"JavaScript, toISOString", "2026-11-20T10:11:12.345Z", milli},
		{"JavaScript, toString", "Fri Nov 20 2026 10:11:12 GMT+0000 (Coordinated Universal Time)", second},
		{"JavaScript, toString elsewhere", "Fri Nov 20 2026 02:11:12 GMT-0800 (Pacific Standard Time)", second},
		{"JavaScript, toUTCString", "Fri, 20 Nov 2026 10:11:12 GMT", second},
		{"JavaScript, toLocaleString with a long date", "November 20, 2026 at 10:11:12 AM UTC", second},
		{"Go, RFC3339Nano", "2026-11-20T10:11:12.345678901Z", nano},
		{"Go, String", "2026-11-20 10:11:12.345678901 +0000 UTC", nano},
		{"Go, String with the monotonic clock", "2026-11-20 10:11:12.345678901 +0000 UTC m=+0.012345678", nano},
		{"Go, String in Berlin", "2026-11-20 11:11:12.345678901 +0100 CET m=-0.5", nano},
		{"Go, String in São Paulo", "2026-11-20 07:11:12 -0300 -03", second},
		{"Go, UnixDate", "Fri Nov 20 10:11:12 UTC 2026", second},
		{"Go, RFC822", "20 Nov 26 10:11 UTC", minute},
		{"Go, RFC850", "Friday, 20-Nov-26 10:11:12 UTC", second},
		{"Go, RFC1123Z", "Fri, 20 Nov 2026 11:11:12 +0100", second},
		{"Java, Instant of a whole minute", "2026-11-20T10:11Z", minute},
		{"Java, OffsetDateTime", "2026-11-20T11:11:12.345678901+01:00", nano},
		{"Java, OffsetDateTime of a whole minute", "2026-11-20T11:11+01:00", minute},
		{"Java, ZonedDateTime", "2026-11-20T11:11:12.345+01:00[Europe/Berlin]", milli},
		{"Java, ZonedDateTime in UTC", "2026-11-20T10:11:12.345Z[UTC]", milli},
		{"Java, LocalDateTime", "2026-11-20T10:11:12.345678901", nano},
		{"Java, Date", "Fri Nov 20 11:11:12 CET 2026", second},
		{"Java, Date in New York", "Fri Nov 20 05:11:12 EST 2026", second},
		{"Java, Date with an offset", "Fri Nov 20 11:11:12 GMT+01:00 2026", second},
		{"Java, Timestamp", "2026-11-20 10:11:12.345", milli},
		{"Java, RFC_1123_DATE_TIME", "Fri, 20 Nov 2026 10:11:12 GMT", second},
		{"Java, Gson's Date", "Nov 20, 2026, 10:11:12 AM", second},
		{"Java, Gson's Date, newer", "Nov 20, 2026, 10:11:12\u202fAM", second},
		{"Java, Jackson's Date", "2026-11-20T10:11:12.345+0000", milli},
		{"Python, isoformat, naive", "2026-11-20T10:11:12.345678", micro},
		{"Python, isoformat", "2026-11-20T10:11:12.345678+00:00", micro},
		{"Python, isoformat and a Z too many", "2026-11-20T10:11:12.345678+00:00Z", micro},
		{"Python, str, naive", "2026-11-20 10:11:12.345678", micro},
		{"Python, str", "2026-11-20 10:11:12.345678+00:00", micro},
		{"Python, ctime", "Fri Nov 20 10:11:12 2026", second},
		{"Python, formatdate", "Fri, 20 Nov 2026 10:11:12 -0000", second},
		{"Ruby, Time#to_s in UTC", "2026-11-20 10:11:12 UTC", second},
		{"Ruby, Time#to_s", "2026-11-20 11:11:12 +0100", second},
		{"Ruby, Time#inspect", "2026-11-20 10:11:12.345678901 UTC", nano},
		{"Ruby, DateTime#to_s", "2026-11-20T11:11:12+01:00", second},
		{"Rails, to_s with the zone", "2026-11-20 10:11:12 UTC", second},
		{"PHP, DATE_ISO8601", "2026-11-20T10:11:12+0000", second},
		{"PHP, DATE_ATOM", "2026-11-20T10:11:12+00:00", second},
		{"PHP, DATE_COOKIE", "Friday, 20-Nov-2026 10:11:12 UTC", second},
		{"PHP, DATE_RFC2822", "Fri, 20 Nov 2026 10:11:12 +0000", second},
		{".NET, O", "2026-11-20T10:11:12.3456789Z", second.Add(345678900)},
		{".NET, O with an offset", "2026-11-20T11:11:12.3456789+01:00", second.Add(345678900)},
		{".NET, u", "2026-11-20 10:11:12Z", second},
		{".NET, U", "Friday, 20 November 2026 10:11:12", second},
		{".NET, JavaScriptSerializer", "/Date(1795169472345)/", milli},
		{".NET, DataContractJsonSerializer", "/Date(1795169472345+0100)/", milli},
		{"Elixir, DateTime.to_string", "2026-11-20 10:11:12.345678Z", micro},
		{"Elixir, DateTime.to_string elsewhere", "2026-11-20 11:11:12.345678+01:00 CET Europe/Berlin", micro},
		{"Rust, chrono", "2026-11-20 10:11:12.345 UTC", milli},
		{"Rust, time", "2026-11-20 10:11:12.345 +00:00:00", milli},
		{"Clojure, inst", `#inst "2026-11-20T10:11:12.345-00:00"`, milli},
		{"Crystal", "2026-11-20 11:11:12 +01:00", second},
		{"Dart, local", "2026-11-20 10:11:12.345678", micro},
		{"Julia", "2026-11-20T10:11:12.345", milli},
		{"R", "2026-11-20 10:11:12 UTC", second},
		{"MATLAB", "20-Nov-2026 10:11:12", second},
		{"C, asctime", "Fri Nov 20 10:11:12 2026\n", second},
		{"Unix, date", "Fri Nov 20 10:11:12 AM UTC 2026", second},
		{"Unix, date on Debian", "Fri 20 Nov 2026 10:11:12 AM UTC", second},
		{"PostgreSQL", "2026-11-20 10:11:12.345+00", milli},
		{"PostgreSQL in India", "2026-11-20 15:41:12.345+05:30", milli},
		{"SQL Server", "Nov 20 2026 10:11AM", minute},
		{".NET, ToString", "11/20/2026 10:11:12", second},
		{".NET, ToString in the US", "11/20/2026 10:11:12 AM +00:00", second},
		{"British", "20/11/2026, 10:11:12", second},
		{"Dutch", "20-11-2026 10:11:12", second},
		{"date +@%s", "@1795169472", second},
		{"German", "20.11.2026 10:11:12", second},
		{"Apache", "[20/Nov/2026:10:11:12 +0000]", second},
		{"nginx", "2026/11/20 10:11:12", second},
		{"RFC 9557 without an offset", "2026-11-20T11:11:12[Europe/Berlin]", second},
		{"RFC 9557", "2026-11-20T11:11:12+01:00[Europe/Berlin][u-ca=gregory]", second},
		{"ISO 8601, basic", "20261120T101112Z", second},
		{"ISO 8601, basic, with a fraction", "20261120T111112.345+0100", milli},
		{"ISO 8601, comma", "2026-11-20T10:11:12,345Z", milli},
		{"ISO 8601, minus sign", "2026-11-20T09:11:12\u221201:00", second},
		{"lower case", "2026-11-20t10:11:12z", second},
		{"hours of the offset only", "2026-11-20T10:11:12+00", second},
		{"space in front of the zone", "2026-11-20T10:11:12 Z", second},
		{"single digits", "2026-11-20 9:11:12 -1", second},
		{"noon", "Nov 20, 2026 12:11:12 PM -0149", second.Add(3*time.Hour + 49*time.Minute)},
		{"midnight", "Nov 20, 2026 12:11:12 AM GMT-10:00", second},
		{"spaces around", "  2026-11-20T10:11:12Z ", second},
		{"in quotes twice", `"2026-11-20T10:11:12Z"`, second},
		{"digits", "20261120101112", second},
		{"digits with milliseconds", "20261120101112345", milli},
		{"Unix seconds", "1795169472", second},
		{"Unix seconds with a fraction", "1795169472.345678901", nano},
		{"Unix milliseconds", "1795169472345", milli},
		{"Unix microseconds", "1795169472345678", micro},
		{"Unix nanoseconds", "1795169472345678901", nano},
		{"leap second", "2026-11-20 10:10:60 +00:00", minute},
	} {
		t.Run(tc.from, func(t *testing.T) {
			got, err := createdAt(t, quote(tc.text))
			if !got.Equal(tc.want) || err != nil {
				t.Errorf("%q: got %v and %v, want %v", tc.text, got, err, tc.want)
			}
		})
	}
}

// TestTimesOfOtherTypes has the same time as what is no text.
func TestTimesOfOtherTypes(t *testing.T) {
	second := time.Date(2026, 11, 20, 10, 11, 12, 0, time.UTC)
	milli, micro, nano := second.Add(345*time.Millisecond), second.Add(345678*time.Microsecond), second.Add(345678901)
	for _, tc := range []struct {
		from, value string
		want        time.Time
	}{
		{"Unix seconds", `1795169472`, second},
		{"Unix seconds as a float", `1795169472.0`, second},
		{"Unix seconds with a fraction", `1795169472.345`, milli},
		{"Unix seconds, as Jackson writes them", `1795169472.345678901`, nano},
		{"Unix seconds with an exponent", `1.795169472345E9`, milli},
		{"Unix milliseconds", `1795169472345`, milli},
		{"Unix milliseconds with a fraction", `1795169472345.678`, micro},
		{"Unix milliseconds with an exponent", `1.795169472345e12`, milli},
		{"Unix microseconds", `1795169472345678`, micro},
		{"Unix nanoseconds", `1795169472345678901`, nano},
		{".NET ticks", `639307662723450000`, milli},
		{"Swift, JSONEncoder", `816862272.345`, milli},
		{"digits", `20261120101112`, second},
		{"PHP, DateTime", `{"date":"2026-11-20 10:11:12.345678","timezone_type":3,"timezone":"UTC"}`, micro},
		{"PHP, DateTime in Berlin", `{"date":"2026-11-20 11:11:12.345678","timezone_type":3,"timezone":"Europe/Berlin"}`, micro},
		{"PHP, DateTime with an offset", `{"date":"2026-11-20 11:11:12.345678","timezone_type":1,"timezone":"+01:00"}`, micro},
		{"Java, Instant by Gson", `{"seconds":1795169472,"nanos":345678901}`, nano},
		{"Java, Instant by Jackson", `{"epochSecond":1795169472,"nano":345678901}`, nano},
		{"Java, LocalDateTime by Jackson", `[2026,11,20,10,11,12,345678901]`, nano},
		{"Java, LocalDateTime of a whole minute", `[2026, 11, 20, 10, 11]`, second.Add(-12 * time.Second)},
		{"PowerShell", `{"value":"\/Date(1795169472345)\/","DisplayHint":2,"DateTime":"Freitag, 20. November 2026 11:11:12"}`, milli},
		{"Joda by Gson", `{"millis":1795169472345,"chronology":{"zone":{"id":"UTC"}}}`, milli},
		{"Protocol Buffers", `{"seconds":"1795169472","nanos":345678901}`, nano},
		{"Firestore", `{"_seconds":1795169472,"_nanoseconds":345678901}`, nano},
		{"MongoDB", `{"$date":"2026-11-20T10:11:12.345Z"}`, milli},
		{"MongoDB, canonical", `{"$date":{"$numberLong":"1795169472345"}}`, milli},
		{"Rust, SystemTime by serde", `{"secs_since_epoch":1795169472,"nanos_since_epoch":345678901}`, nano},
		{"Ruby, json/add/time", `{"json_class":"Time","s":1795169472,"n":345678901}`, nano},
		{"Erlang", `[[2026,11,20],[10,11,12]]`, second},
		{"Python, struct_time", `[2026,11,20,10,11,12,4,324,0]`, second},
		{"escaped text", `"2026-11-20T10:11:12\u002b00:00"`, second},
		{"escaped slashes", `"\/Date(1795169472345)\/"`, milli},
	} {
		t.Run(tc.from, func(t *testing.T) {
			got, err := createdAt(t, tc.value)
			if !got.Equal(tc.want) || err != nil {
				t.Errorf("%s: got %v and %v, want %v", tc.value, got, err, tc.want)
			}
		})
	}
}

// TestNoTimes are what says that there is no time.
func TestNoTimes(t *testing.T) {
	for _, value := range []string{
		`null`, `""`, `" "`, `false`, `0`, `0.0`, `"0"`, `{}`, `[]`, `"0001-01-01T00:00:00Z"`, `"0001-01-01T00:00:00"`, `"01.01.0001 00:00:00"`,
		`"0000-00-00 00:00:00"`, `"1970-01-01T00:00:00Z"`, `"1970-01-01T01:00:00+01:00"`, `-62135596800`, `"/Date(-62135596800000)/"`,
		`{"seconds":0,"nanos":0}`, `"0001-01-01 00:00:00 +0000 UTC"`,
	} {
		if got, err := createdAt(t, value); !got.IsZero() || err != nil {
			t.Errorf("%s: got %v and %v, want the zero time", value, got, err)
		}
	}
}

func TestUnreadableTimes(t *testing.T) {
	const form, number, zone, day = "in no form of a time", "no Unix time", "time zone is not known", "no such day"
	for _, tc := range []struct{ value, want string }{
		{`"yesterday"`, form},
		{`"2026"`, number},
		{`"11/10/2026 10:11:12"`, "depends on the country"},
		{`"5-6-2026 10:11:12"`, "depends on the country"},
		{`"13/13/2026 10:11:12"`, day},
		{`"11/20/2026"`, form},
		{`"2026-11-20"`, "no time of day"},
		{`"20261120"`, "no time of day"},
		{`[2026,11,20]`, "no time of day"},
		{`"Nov 20 10:11:12"`, form},
		{`"2026-11-20T10:11:12+25:00"`, zone},
		{`"Fri Nov 20 10:11:12 CST 2026"`, zone},
		{`"2026-11-20 10:11:12 IST"`, zone},
		{`"2026-11-20T10:11:12[Mars/Olympus]"`, zone},
		{`{"date":"2026-11-20 10:11:12","timezone":"../../etc/passwd"}`, zone},
		{`"2026-02-30T10:11:12"`, day},
		{`"2026-11-20 25:11:12"`, day},
		{`"1969-07-20T20:17:40Z"`, "no clock showed it"},
		{`"2345-07-20T20:17:40Z"`, "no clock showed it"},
		{`1234567`, number},
		{`-1795169472`, number},
		{`1795169472345678901234`, number},
		{`1e300`, number},
		{`Infinity`, number},
		{`NaN`, number},
		{`true`, number},
		{`{"year":2026}`, form},
		{`{"$date":{"a":{}}}`, form},
		{`[2026,11,20,10]`, form},
		{`["2026",[["a"]]]`, form},
		{`[2026,13,20,10,11]`, day},
		{quote(strings.Repeat("2026-11-20T10:11:12Z", 50_000)), form},
		{"[" + strings.Repeat("1,", 100_000) + "1]", form},
	} {
		got, err := createdAt(t, tc.value)
		if !got.IsZero() || err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.60s: got %v and %v, want an error with %q", tc.value, got, err, tc.want)
		}
	}
}

// TestUnreadableTimesShowNoSecrets: what is no time may be anything, and the message is for
// pages and logs.
func TestUnreadableTimesShowNoSecrets(t *testing.T) {
	_, err := createdAt(t, `"token hunter2 in 3 days, AKIAIOSFODNN7EXAMPLE"`)
	const want = `aggregate 1: created_at cannot be read: "xxxxx xxxxxx0 xx 0 xxxx, XXXXXXXXXXXX0X…: it is in no form of a time that is known`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// TestUnreadableTimesAreCounted: an aggregate is not lost for them.
func TestUnreadableTimesAreCounted(t *testing.T) {
	r, err := periskop.Decode([]byte(`{"aggregated_errors":[
		{"aggregation_key":"a","total_count":1,"created_at":"soon","first_seen":"late"},
		{"aggregation_key":"b","total_count":2,"created_at":"2026-11-20T10:11:12Z"},
		{"aggregation_key":"c","total_count":3,"created_at":"never"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.UnreadableTimes != 3 || len(r.Aggregates) != 3 || r.Skipped != 0 {
		t.Errorf("got %d unread times, %d aggregates, %d skipped; want 3, 3, 0", r.UnreadableTimes, len(r.Aggregates), r.Skipped)
	}
	if got := fmt.Sprint(r.UnreadableTimesErr); !strings.HasPrefix(got, "aggregate 1: created_at") {
		t.Errorf("got error %q, want that of the first", got)
	}
}
