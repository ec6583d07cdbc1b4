package redact_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// The secrets are planted into documents that the standard library has encoded, and
// looked for in what it decodes from the redacted ones.
var (
	secretNames = rapid.SampledFrom([]string{
		"password", "Password", "PASSWORD", "passwd", "pwd", "pw", "pass", "user[password]", "user.password", "newPassword", "password2", "password_confirmation",
		"token", "access_token", "accessToken", "refresh-token", "id_token", "authenticity_token", "csrfmiddlewaretoken", "_csrf",
		"secret", "client_secret", "clientSecret", "secretKey", "aws_secret_access_key", "api_key", "apiKey", "apikey", "x-api-key", "private_key",
		"auth", "authorization", "credentials", "signature", "sig", "session", "session_id", "PHPSESSID", "jwt", "otp", "pin", "cvv", "card_number", "cookie",
	})
	publicNames = rapid.SampledFrom([]string{
		"user", "name", "id", "q", "page", "author", "key", "code", "token_type", "max_tokens", "country", "user[email]", "keyboard", "order",
	})
	// Words in a text say nothing, however they are strung together.
	publicValues = rapid.StringOfN(rapid.RuneFrom([]rune("abcdefgh ÄÖ世\"'\\/<>{}[]%+\n\t&;,")), 0, 20, -1)
	secretValues = rapid.Custom(func(t *rapid.T) string {
		return marker + rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ123 äß世\"'\\/<>{}[]()=:&?#%+;,.!@$*\n\t")), 0, 20, -1).Draw(t, "rest")
	})
)

// marker begins every planted secret.
const marker = "zQ7vK2wXp9"

func body(r *redact.Redactor, s, contentType string) string {
	return r.Occurrence(periskop.Occurrence{HTTPContext: &periskop.HTTPContext{
		Headers: []periskop.Header{{Name: "Content-Type", Value: contentType}},
		Body:    s,
	}}).HTTPContext.Body
}

// document draws an object with secrets in it, and the same without.
func document(t *rapid.T, depth int) (planted, want map[string]any) {
	planted, want = map[string]any{}, map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		name := publicNames.Draw(t, "name")
		if depth > 0 && rapid.Bool().Draw(t, "nest") {
			p, w := document(t, depth-1)
			planted[name], want[name] = []any{p, 1.5}, []any{w, 1.5}
			continue
		}
		v := publicValues.Draw(t, "value")
		planted[name], want[name] = v, v
	}
	name := secretNames.Draw(t, "secret name")
	value := secretValues.Draw(t, "secret")
	planted[name] = rapid.SampledFrom([]any{value, []any{value}, map[string]any{"a": value, "b": []any{}}, 12345, true, nil}).Draw(t, "secret value")
	want[name] = redact.Placeholder
	if planted[name] == true || planted[name] == nil {
		want[name] = planted[name] // says that there is one, or none
	}
	return planted, want
}

func TestPlantedInJSON(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		planted, want := document(t, 3)
		var text []byte
		if rapid.Bool().Draw(t, "indent") {
			text, _ = json.MarshalIndent(planted, "", "  ")
		} else {
			text, _ = json.Marshal(planted)
		}
		redacted := body(r, string(text), "application/json")
		var got map[string]any
		if err := json.Unmarshal([]byte(redacted), &got); err != nil {
			t.Fatalf("%s\nbecame %s\n%v", text, redacted, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\nbecame %s\n(-want +got):\n%s", text, redacted, diff)
		}
	})
}

// TestPlantedInJSONString plants documents into strings of documents, and in strings
// of those.
func TestPlantedInJSONString(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		planted, want := document(t, 1)
		text, _ := json.Marshal(planted)
		levels := rapid.IntRange(1, 3).Draw(t, "levels")
		for range levels {
			text, _ = json.Marshal(map[string]any{"n": 1, "event": string(text)})
		}
		redacted := body(r, string(text), "application/json")
		got := []byte(redacted)
		for range levels {
			var outer struct{ Event string }
			if err := json.Unmarshal(got, &outer); err != nil {
				t.Fatalf("%s\nbecame %s\n%v", text, redacted, err)
			}
			got = []byte(outer.Event)
		}
		var inner map[string]any
		if err := json.Unmarshal(got, &inner); err != nil {
			t.Fatalf("%s\nbecame %s\n%v", text, redacted, err)
		}
		if diff := cmp.Diff(want, inner); diff != "" {
			t.Fatalf("%s\nbecame %s\n(-want +got):\n%s", text, redacted, diff)
		}
	})
}

// TestPlantedInDamagedJSON cuts documents off, or breaks them by one character. Then
// no more is asked for than that the secret is gone.
func TestPlantedInDamagedJSON(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		planted, _ := document(t, 2)
		text, _ := json.Marshal(planted)
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		redacted := body(r, string(text[:cut]), "application/json")
		if strings.Contains(redacted, marker[:6]) {
			t.Fatalf("%s\nbecame %s", text[:cut], redacted)
		}
		// In place of a comma between members, so that names and values stay whole.
		broken := strings.Replace(string(text), `,"`, rapid.SampledFrom([]string{` "`, `;"`, `,x"`, `,,"`}).Draw(t, "broken"), 1)
		redacted = body(r, broken, "application/json")
		if strings.Contains(redacted, marker) {
			t.Fatalf("%s\nbecame %s", broken, redacted)
		}
	})
}

// form draws parameters with a secret among them, and the same without.
func form(t *rapid.T) (planted, want url.Values) {
	planted, want = url.Values{}, url.Values{}
	for range rapid.IntRange(0, 4).Draw(t, "parameters") {
		name, value := publicNames.Draw(t, "name"), publicValues.Draw(t, "value")
		planted.Add(name, value)
		want.Add(name, value)
	}
	for range rapid.IntRange(1, 2).Draw(t, "secrets") {
		name := secretNames.Draw(t, "secret name")
		planted.Add(name, secretValues.Draw(t, "secret"))
		want.Add(name, redact.Placeholder)
	}
	return planted, want
}

func TestPlantedInForm(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		planted, want := form(t)
		text := planted.Encode()
		for _, contentType := range []string{"application/x-www-form-urlencoded", ""} {
			redacted := body(r, text, contentType)
			got, err := url.ParseQuery(redacted)
			if err != nil {
				t.Fatalf("%s\nbecame %s\n%v", text, redacted, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s\nbecame %s\n(-want +got):\n%s", text, redacted, diff)
			}
		}
	})
}

func TestPlantedInURL(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		planted, want := form(t)
		u := url.URL{Path: "/a b/ü", RawQuery: planted.Encode()}
		if rapid.Bool().Draw(t, "absolute") {
			u.Scheme, u.Host = "https", "shop.example.test:8443"
			u.User = url.UserPassword("bob", secretValues.Draw(t, "password"))
		}
		text := u.String()
		redacted := r.Occurrence(periskop.Occurrence{HTTPContext: &periskop.HTTPContext{URL: text}}).HTTPContext.URL
		if strings.Contains(redacted, marker) {
			t.Fatalf("%s\nbecame %s", text, redacted)
		}
		// The placeholder is no valid password of a URL.
		got, err := url.Parse(strings.Replace(redacted, redact.Placeholder+"@", "@", 1))
		if err != nil {
			t.Fatalf("%s\nbecame %s\n%v", text, redacted, err)
		}
		if diff := cmp.Diff(want, got.Query()); diff != "" {
			t.Fatalf("%s\nbecame %s\n(-want +got):\n%s", text, redacted, diff)
		}
		if got.Path != u.Path || got.Host != u.Host {
			t.Fatalf("%s\nbecame %s", text, redacted)
		}
		message := fmt.Sprintf("Get %q: connection refused", text)
		if redacted := r.Text(message); strings.Contains(redacted, marker) {
			t.Fatalf("%s\nbecame %s", message, redacted)
		}
		nested := "/login?next=" + url.QueryEscape(text) + "&page=1"
		redacted = r.Occurrence(periskop.Occurrence{HTTPContext: &periskop.HTTPContext{URL: nested}}).HTTPContext.URL
		if strings.Contains(redacted, marker) || !strings.HasSuffix(redacted, "&page=1") {
			t.Fatalf("%s\nbecame %s", nested, redacted)
		}
	})
}

func TestPlantedInMultipart(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.WriteField("user", "bob")
		_ = w.WriteField(secretNames.Draw(t, "secret name"), secretValues.Draw(t, "secret"))
		_ = w.WriteField("note", "token expired")
		_ = w.Close()
		text := b.String()
		redacted := body(r, text, w.FormDataContentType())
		reader := multipart.NewReader(strings.NewReader(redacted), w.Boundary())
		for _, want := range []string{"bob", redact.Placeholder, "token expired"} {
			part, err := reader.NextPart()
			if err != nil {
				t.Fatalf("%s\nbecame %s\n%v", text, redacted, err)
			}
			if got, _ := io.ReadAll(part); string(got) != want {
				t.Fatalf("%s\nbecame %s\ngot %q, want %q", text, redacted, got, want)
			}
		}
	})
}

func TestPlantedInXML(t *testing.T) {
	r := redact.New(redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"password", "Password", "accessToken", "api-key", "client_secret", "wsse:Password"}).Draw(t, "name")
		var secret strings.Builder
		_ = xml.EscapeText(&secret, []byte(secretValues.Draw(t, "secret")))
		template := rapid.SampledFrom([]string{
			`<u a="b"><x>y</x><%[1]s t="v">%[2]s</%[1]s><x>y</x></u>`,
			`<u a="b"><x>y</x><%[1]s><c>%[2]s</c><d/></%[1]s><x>y</x></u>`,
			`<u a="b"><x>y</x><e %[1]s="%[2]s" t="v"/><x>y</x></u>`,
			`<u a="b"><x>y</x><param name="%[1]s">%[2]s</param><x>y</x></u>`,
		}).Draw(t, "template")
		text := fmt.Sprintf(template, name, secret.String())
		redacted := body(r, text, "text/xml")
		if strings.Contains(redacted, marker) || !isLeftOver(redacted, text) ||
			!strings.HasPrefix(redacted, `<u a="b"><x>y</x><`) || !strings.HasSuffix(redacted, "<x>y</x></u>") {
			t.Fatalf("%s\nbecame %s", text, redacted)
		}
	})
}

// TestPlantedInMessage plants secrets as programs print them.
func TestPlantedInMessage(t *testing.T) {
	r := redact.New(redact.Options{})
	words := rapid.StringMatching(`([a-z]{1,8} ){0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		name, value := secretNames.Draw(t, "secret name"), marker+rapid.StringMatching(`[a-zA-Z0-9!@$^*_./+-]{0,10}`).Draw(t, "secret")
		template := rapid.SampledFrom([]string{
			"%s=%s", "%s=%q", "{%s=%s}", "[a=b, %s=%s, c=d]", "a=b&%s=%s&c=d", "https://x.test/?%s=%s", "(https://x.test/?a=b&%s=%s)",
			`{"a":1,"%s":%q,"b":2}`, `{'a': 1, '%s': '%s', 'b': 2}`, `{"%s"=>%q, "a"=>1}`, `{\"%s\":\"%s\"}`, `"%s": ["%s"]`, "map[a:b %[1]q:%[2]s c:d]", "Map(a -> b, %s -> %s)",
			"--%s=%s", `<a b="c" %s=%q/>`,
		}).Draw(t, "template")
		message := words.Draw(t, "before") + fmt.Sprintf(template, name, value) + rapid.SampledFrom([]string{"", " ", ", ", "; ", ". "}).Draw(t, "mark") + words.Draw(t, "after")
		redacted := r.Text(message)
		if strings.Contains(redacted, marker) || !isLeftOver(redacted, message) {
			t.Fatalf("%s\nbecame %s", message, redacted)
		}
	})
}

// TestCombinations checks what FuzzOccurrence does for texts that are made of what
// the search goes by.
func TestCombinations(t *testing.T) {
	r := redact.New(redact.Options{})
	parts := rapid.SampledFrom(append([]string{"x1", "token", "state=", "code=", "\\u0026", "&quot;", "&lt;", "application/x-www-form-urlencoded"}, hostile...))
	rapid.Check(t, func(t *rapid.T) {
		checkText(t, r, strings.Join(rapid.SliceOfN(parts, 1, 12).Draw(t, "parts"), ""))
	})
}

// checkText checks that s is redacted once and for all, wherever it stands, and that
// nothing is left that was not there.
func checkText(t interface{ Errorf(string, ...any) }, r *redact.Redactor, s string) {
	once := r.Occurrence(everywhere(s))
	twice := texts(r.Occurrence(once))
	for i, text := range texts(once) {
		if twice[i] != text {
			t.Errorf("text %d of %q is not idempotent:\n once %q\ntwice %q", i, s, text, twice[i])
		}
		if !isLeftOver(text, s) {
			t.Errorf("text %d of %q became %q", i, s, text)
		}
	}
}
