package redact_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
)

func TestPersonalData(t *testing.T) {
	if diff := cmp.Diff([]string{"card_number", "email", "home_directory", "iban"}, redact.PersonalData()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	tests := []struct{ kind, in, want string }{
		{"email", "alice@example.com is not a member", "<redacted> is not a member"},
		{"email", "to <alice.b+c@mail.example.co.uk>", "to <<redacted>>"},
		{"email", "/a?to=alice%40example.com&b=1", "/a?to=<redacted>&b=1"},
		{"email", `{"to":"alice\u0040example.com"}`, `{"to":"<redacted>"}`},
		{"email", "java.lang.NullPointerException@OrderService.java:42, bob@example.py", "java.lang.NullPointerException@OrderService.java:42, <redacted>"},
		{"email", "left-pad@1.3.0, Order@1a2b3c, git@github, @angular/core", "left-pad@1.3.0, Order@1a2b3c, git@github, @angular/core"},
		{"card_number", "declined: 4111111111111111", "declined: <redacted>"},
		{"card_number", "declined: 4111 1111 1111 1111 12/29", "declined: <redacted> 12/29"},
		{"card_number", "declined: 3782-822463-10005.", "declined: <redacted>."},
		{"card_number", "order 4111111111111112 of 1767225600123", "order 4111111111111112 of 1767225600123"},
		{"card_number", "id 41111111111111111111 and 4444444444444444", "id 41111111111111111111 and 4444444444444444"},
		{"iban", "to DE89370400440532013000", "to <redacted>"},
		{"iban", "to GB29 NWBK 6016 1331 9268 19 FAILED", "to <redacted> FAILED"},
		{"iban", "to DE88370400440532013000", "to DE88370400440532013000"},
		{"home_directory", "open /home/alice/src/x.go", "open /home/<redacted>/src/x.go"},
		{"home_directory", `File "/Users/alice/x.py", line 3`, `File "/Users/<redacted>/x.py", line 3`},
		{"home_directory", `C:\Users\alice b\x.cs:line 4`, `C:\Users\<redacted>\x.cs:line 4`},
		{"home_directory", "open /srv/home.html and /home/", "open /srv/home.html and /home/"},
	}
	for _, tt := range tests {
		r := redact.New(redact.Options{Personal: []string{tt.kind}})
		got := r.Text(tt.in)
		if got != tt.want {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.kind, tt.in, got, tt.want)
		}
		if again := r.Text(got); again != got {
			t.Errorf("%s is not idempotent: %s becomes %s", tt.kind, got, again)
		}
		if off := redact.New(redact.Options{}).Text(tt.in); off != tt.in {
			t.Errorf("not asked for: %s becomes %s", tt.in, off)
		}
	}
}

// TestHomeDirectories checks that the frames of one trace are treated alike.
func TestHomeDirectories(t *testing.T) {
	r := redact.New(redact.Options{Personal: []string{"home_directory"}})
	in := "panic: x\n\t/home/alice/go/src/shop/main.go:12 +0x1d\n\t/home/alice/go/pkg/mod/x/y.go:3 +0x2a"
	if got, want := r.Text(in), strings.ReplaceAll(in, "alice", redact.Placeholder); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
