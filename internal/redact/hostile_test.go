package redact_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// hostile are parts that, repeated, make a search look again and again at what it
// has seen, unless it takes care.
var hostile = []string{
	"a", " ", "&", "?", "=", ":", "<", ">", "-", "@", `"`, "'", `\`, `\"`, "[", "{", "(", ")", "]", "}", "%", "%25", "%3D", "\n", "\xff", "<redacted>",
	"a=", "a:", "&&a=b", "?a=", "?a=%3D", "%3Fa%3Db", "token=", "token: ", "token=a&", "?token=", "token=[", "token={\"", "token=(", "token='", `token="`,
	`token=\"`, `token=\\\"`, `"token":`, `"token":"`, `"token":{`, `"token":[`, `\"token\":\"`, `"`, `":`, `':`, `"a":"token=[",`, `{"a":"\u0026`, `{"a":"{`, `{"name":"token","value":`,
	"<a", "<token", "<token>", "<token1><token2>", "<param name=\"token\">", "<a></", "</token", "<token></a>", "<token a=",
	"://", "://a:", "://a:b/", "://a:b@", "@tcp(", "a:b@tcp(", "http://a:b@c/?token=d&", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "--token ", "--token a ", "--a ", "'--token', '",
	"eyJ", "eyJhbGciOiJI.", "eyJhbGciOiJIUzI1NiJ9.e30.", "Bearer ", "Basic ", "Bearer a1 ", "AKIA", "ghp_", "hooks.slack.com/services/",
	"password: a ", "password a: ", "api key: ", "key: ", "Authorization: ", "Cookie: ", "Cookie: a=b ", "cookie={a=b; ", "token -> ", "token=>", "(token)=(", ")=", ",a", ";a=", "token=a,b;c,", "code=&",
	"--B\nContent-Disposition: form-data; name=\"token\"\n\n", "\n--B", "Content-Disposition: name=",
	"password", "Password", "PaSsWoRd", "token.", "tokenTokens", "b'", "bearer token=bearer ",
}

// TestHostile ends: a search that is quadratic in any of these texts takes seconds for
// it, and minutes for all of them. BenchmarkHostile has the times.
func TestHostile(*testing.T) {
	r := redact.New(redact.Options{})
	for _, part := range hostile {
		for _, prefix := range hostilePrefixes {
			r.Occurrence(hostileOccurrence(prefix, part))
		}
	}
}

var hostilePrefixes = []string{"", "{", "<a>", "a=", "--B\nContent-Disposition:"}

// hostileOccurrence has the part repeated in its body, and, without a prefix, in all of
// its texts.
func hostileOccurrence(prefix, part string) periskop.Occurrence {
	const size = 64 << 10
	s := prefix + strings.Repeat(part, size/len(part))
	o := periskop.Occurrence{HTTPContext: &periskop.HTTPContext{Body: s}}
	if prefix == "" {
		o.Error.Message = s
		o.HTTPContext.URL = s
		o.HTTPContext.Headers = []periskop.Header{{Name: s, Value: s}}
	}
	return o
}

// TestManySecrets checks that what is remembered of a text made of secrets is bounded.
func TestManySecrets(t *testing.T) {
	const n = 80_000
	tests := map[string]string{
		"parameters": strings.Repeat("token=ab&", n),
		"members":    "[" + strings.Repeat(`{"token":1},`, n) + "{}]",
		"nested":     `{"a":"` + strings.Repeat(`\"token\":1,`, n) + `"}`,
		"lines":      strings.Repeat("password: x1\n", n),
		"matches":    strings.Repeat("cust-1 ", n),
		"tokens":     strings.Repeat(awsKey+" ", n),
	}
	r := redact.New(redact.Options{Patterns: []*regexp.Regexp{regexp.MustCompile(`cust-\d|x{20}`)}})
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			got := body(r, s, "")
			if strings.Contains(got, "ab") || strings.Contains(got, "1") {
				t.Error("a secret is left over")
			}
			if found := strings.Count(got, redact.Placeholder); found > 1<<17 || !strings.Contains(got[len(got)-20:], redact.Placeholder) {
				t.Errorf("got %d placeholders and %q at the end", found, got[len(got)-20:])
			}
			if again := body(r, got, ""); again != got {
				t.Error("redacting is not idempotent")
			}
		})
	}
}

func BenchmarkHostile(b *testing.B) {
	r := redact.New(redact.Options{})
	for _, size := range []int{1 << 20, 64 << 20} {
		for _, part := range []string{"ordinary text, ", "a=b&", "token=a&"} {
			s := strings.Repeat(part, size/len(part))
			b.Run(fmt.Sprintf("%q/%dMiB", part, size>>20), func(b *testing.B) {
				b.SetBytes(int64(len(s)))
				for b.Loop() {
					r.Text(s)
				}
			})
		}
	}
}
