package view

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestCurl(t *testing.T) {
	header := func(namesAndValues ...string) (list []periskop.Header) {
		for i := 0; i+1 < len(namesAndValues); i += 2 {
			list = append(list, periskop.Header{Name: namesAndValues[i], Value: namesAndValues[i+1]})
		}
		return list
	}
	const start = `curl --globoff --proto '=http,https' `
	tests := []struct {
		name string
		in   periskop.HTTPContext
		want string
	}{
		{"get", periskop.HTTPContext{Method: "GET", URL: "https://shop.test/a?b=[1]"}, start + `--url 'https://shop.test/a?b=[1]'`},
		{
			"post",
			periskop.HTTPContext{Method: "POST", URL: "http://s/", Headers: header("Accept", "*/*", "X", ""), Body: `{"a": "it's"}`},
			start + `--request 'POST' --url 'http://s/' --header 'Accept: */*' --header 'X;' --data-raw '{"a": "it'\''s"}'`,
		},
		{"head", periskop.HTTPContext{Method: "HEAD", URL: "http://s/"}, start + `--head --url 'http://s/'`},
		{
			"headers of its own",
			periskop.HTTPContext{URL: "http://s/", Headers: header("Content-Length", "3", "Accept-Encoding", "gzip", "Connection", "close")},
			start + `--url 'http://s/' --compressed`,
		},
		{
			"path and host",
			periskop.HTTPContext{Method: "GET", URL: "/a", Headers: header("Host", "shop.test:8080")},
			start + `--url 'http://shop.test:8080/a' --header 'Host: shop.test:8080'`,
		},
		{
			"headers as Rack has them",
			periskop.HTTPContext{Method: "GET", URL: "/a", Headers: header("HTTP_HOST", "shop.test", "HTTP_X_REQUEST_ID", "7")},
			start + `--url 'http://shop.test/a' --header 'Host: shop.test' --header 'X-Request-Id: 7'`,
		},
		{"path and no host", periskop.HTTPContext{Method: "GET", URL: "/a"}, start + `--url 'http://localhost/a'`},
		{
			"path and a strange host",
			periskop.HTTPContext{URL: "/a", Headers: header("Host", "x@y/../")},
			start + `--url 'http://localhost/a' --header 'Host: x@y/../'`,
		},
		{
			"command in words",
			periskop.HTTPContext{Method: "GET; rm -rf /", URL: "http://s/'$(id)`id`\"", Headers: header("@/etc/passwd", "", "A B", "c", "X-A", "1\r\nX-B: 2"), Body: "@/etc/passwd"},
			start + `--url 'http://s/'\''$(id)` + "`id`" + `"' --data-raw '@/etc/passwd'`,
		},
		{
			"hidden characters",
			periskop.HTTPContext{URL: "http://s/", Body: "a\n\x1b]0;x\a'\\\u202eé"},
			start + `--url 'http://s/' --data-raw $'a\n\x1b]0;x\x07\'\\\xe2\x80\xae\xc3\xa9'`,
		},
		{"a file", periskop.HTTPContext{URL: "file:///etc/passwd"}, ""},
		{"another protocol", periskop.HTTPContext{URL: "gopher://x/"}, ""},
		{"an option", periskop.HTTPContext{URL: "-K/etc/passwd"}, ""},
		{"no URL", periskop.HTTPContext{Method: "GET"}, ""},
		{"a zero byte", periskop.HTTPContext{URL: "http://s/", Body: "\x00"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(curlCommand(&tt.in), tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// FuzzShellQuote has a shell read back what was quoted.
func FuzzShellQuote(f *testing.F) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "it's", "$(id)`id`!!\\", "a\n\t\x1b[31m\u202e", "\xff", "é\x7f'", "\\'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			t.Skip("no argument of a command holds a NUL")
		}
		quoted := shellQuote(s)
		if quoted != plain(quoted) {
			t.Fatalf("%q has hidden characters", quoted)
		}
		out, err := exec.CommandContext(t.Context(), shell, "-c", "printf %s "+quoted).Output()
		if err != nil || string(out) != s {
			t.Fatalf("%s: got %q, %v, want %q", quoted, out, err, s)
		}
	})
}
