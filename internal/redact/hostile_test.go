package redact_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/internal/redact/corpus"
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
	"--B\nContent-Disposition: form-data; name=\"token\"\n\n", "\n--B", "Content-Disposition: name=", "Content-Disposition: form-data; name=",
	"password", "Password", "PaSsWoRd", "token.", "tokenTokens", "b'", "bearer token=bearer ",
	"password:", "password ", "password '", "password is ", "password(", "token (", `"password","`, `['token', '`, "IDENTIFIED BY ", "(token) VALUES (", "VALUES ('a'),",
	"curl -u ", "curl -u a:b ", "mysql -p", "sshpass -p 'a", " -p", "user:a1@h:80 ", "a/b1@//", "MTa.", "sdk-", "123456789:AA", "a8Q~", ".atlasv1.", "sk-", "Private-Lines: 2\n",
	"-----BEGIN PRIVATE KEY-----\nAAAA\n", "-----END PRIVATE KEY-----", "token: |\n ", "name: token\n\n", `"value":"a","name":"token",`, "<input name=token value=", "rejected value [",
	"%2520", "%252525", "%", "&amp;", "&quot;", "&amp;quot;", "\\u0026", "\\n", `\\`, "\uff41", "\u200b", "\u00a0", "+", "a+b=c&", "[[[[", "{{{{", "Some(\"", "((((a", "'a','b',", "..", "::", "->", "=>", "#", "~", "/", ",", ";", "!",
}

// hostilePrefixes make a text be taken for one of a format.
var hostilePrefixes = []string{"{", "[\"", "<a>", "a=", "--B\nContent-Disposition:", "\"\\\"", "%22"}

// TestLinear counts the bytes that are looked at in texts of repeated parts. Four times
// as long a text takes no more than six times as many.
func TestLinear(t *testing.T) {
	r := redact.New(redact.Options{})
	check := func(prefix, part string, k redact.Kind, n int) {
		text := func(n int) string { return prefix + strings.Repeat(part, n/len(part)+1) }
		short, long := redact.Work(r, text(n), k), redact.Work(r, text(4*n), k)
		if few := 16 * 4 * n; long > 6*short && long > few {
			t.Errorf("kind %d: %q + %q takes %d for %d bytes and %d for %d", k, prefix, part, short, n, long, 4*n)
		}
		if most := redact.MaxWork*(4*n+len(prefix)+len(part)) + 64<<10; long > most {
			t.Errorf("kind %d: %q + %q takes %d for %d bytes", k, prefix, part, long, 4*n)
		}
	}
	for i, part := range hostile {
		for k := redact.MessageText; k <= redact.QueryText; k++ {
			check("", part, k, 4<<10)
		}
		for _, prefix := range hostilePrefixes {
			check(prefix, part, redact.MessageText, 2<<10)
			check(prefix, part, redact.BodyText, 2<<10)
		}
		for j := i % 10; j < len(hostile); j += 10 { // a tenth of the pairs
			check("", part+hostile[j], redact.MessageText, 1<<10)
		}
	}
}

// TestWorkOfOrdinaryText checks that what texts need stays far below what they get.
func TestWorkOfOrdinaryText(t *testing.T) {
	r := redact.New(redact.Options{})
	for _, e := range slices.Concat(corpus.Ordinary(0), corpus.Secrets(0), corpus.Tokens(0)) {
		for k := redact.MessageText; k <= redact.QueryText; k++ {
			if work := redact.Work(r, e.Text, k); work > (redact.MaxWork*len(e.Text)+redact.SpareWork)/4 {
				t.Errorf("kind %d: %d for the %d bytes of %q", k, work, len(e.Text), e.Text)
			}
		}
	}
}

// TestGivenUp checks that what is not looked at is replaced.
func TestGivenUp(t *testing.T) {
	r := redact.New(redact.Options{})
	s := "begin " + strings.Repeat("a", 1000) + " token=hunter2 end"
	for work := range len(s) * 2 {
		if got := redact.WithWork(r, s, work); strings.Contains(got, "hunter2") {
			t.Fatalf("with work for %d bytes: %s", work, got)
		}
	}
}

// BenchmarkLinear has the times of what TestLinear counts, and fails if four times as
// long a text takes more than six times as long, however often one looks.
func BenchmarkLinear(b *testing.B) {
	r := redact.New(redact.Options{})
	const n, enough = 32 << 10, time.Millisecond // what takes less is not measured well
	best := func(s string, k redact.Kind) time.Duration {
		least := time.Hour
		for range 3 {
			start := time.Now()
			redact.Work(r, s, k)
			least = min(least, time.Since(start))
		}
		return least
	}
	for b.Loop() {
		slowest, worst := time.Duration(0), ""
		for k := redact.MessageText; k <= redact.QueryText; k++ {
			for _, part := range hostile {
				short, long := time.Hour, time.Hour
				for try := 0; try == 0 || try < 20 && long > 6*short && long > enough; try++ {
					short = best(strings.Repeat(part, n/len(part)+1), k)
					long = min(long, best(strings.Repeat(part, 4*n/len(part)+1), k))
				}
				if long > 6*short && long > enough {
					b.Errorf("kind %d: %q takes %v for %d bytes and %v for %d", k, part, short, n, long, 4*n)
				}
				if long > slowest {
					slowest, worst = long, part
				}
			}
		}
		b.Logf("the slowest is %q with %v for %d bytes", worst, slowest, 4*n)
	}
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
