package redact_test

import (
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Tokens of well-known shapes, put together so that no secret scanner takes this
// file for a leak.
var (
	githubToken = "ghp_" + strings.Repeat("a1B2", 9)
	slackToken  = "xoxb-" + strings.Repeat("12ab", 6)
	googleKey   = "AIza" + strings.Repeat("Sy0", 11) + "xy"
	awsKey      = "AKIA" + "IOSFODNN7EXAMPLE"
	jwt         = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	privateKey  = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA " + "PRIVATE KEY-----"
)

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		// Assignments.
		{"assignment", "login failed: password=hunter2", "login failed: password=<redacted>"},
		{"assignment in a list", "user=bob, password=hunter2, age=3", "user=bob, password=<redacted>, age=3"},
		{"assignment in a list without blanks", "Server=x;Password=hunter2;Database=y", "Server=x;Password=<redacted>;Database=y"},
		{"assignment with a comma", "password=hun,ter2 for bob", "password=<redacted> for bob"},
		{"assignment at the end of a sentence", "cannot use password=hunter2.", "cannot use password=<redacted>."},
		{"toString of Java", "User{name=bob, password=hunter2}", "User{name=bob, password=<redacted>}"},
		{"toString of Java with a call behind", "User(password=hunter2).save()", "User(password=<redacted>).save()"},
		{"map of Java", "{Authorization=Bearer abc, Cookie=a=b; c=d, Host=x}", "{Authorization=<redacted>, Cookie=<redacted>, Host=x}"},
		{"map of Go", "map[password:hunter2 user:bob]", "map[password:<redacted> user:bob]"},
		{"headers of Go", "map[Authorization:[Bearer fixture] Accept:[*/*]]", "map[Authorization:<redacted> Accept:[*/*]]"},
		{"struct of Go", "{User:bob Password:hunter2 Age:3}", "{User:bob Password:<redacted> Age:3}"},
		{"map of Scala", "Map(user -> bob, password -> hunter2)", "Map(user -> bob, password -> <redacted>)"},
		{"option of Scala", "password -> Some(hunter2)", "password -> <redacted>"},
		{"hash of Ruby", `{"user"=>"bob", "password"=>"hunter2"}`, `{"user"=>"bob", "password"=>"<redacted>"}`},
		{"symbols of Ruby", `{:user=>"bob", :password=>"hunter2"}`, `{:user=>"bob", :password=>"<redacted>"}`},
		{"hash of Ruby 3.4", `{user: "bob", password: "hunter2"}`, `{user: "bob", password: "<redacted>"}`},
		{"dict of Python", `{'user': 'bob', 'password': 'hunter2'}`, `{'user': 'bob', 'password': '<redacted>'}`},
		{"bytes of Python", `{'password': b'hunter2', 'pin': 1234}`, `{'password': b'<redacted>', 'pin': '<redacted>'}`},
		{"array of PHP", `['password' => 'hunter2', 'a' => 1]`, `['password' => '<redacted>', 'a' => 1]`},
		{"row of PostgreSQL", "Key (token)=(hunter2) already exists.", "Key (token)=<redacted> already exists."},
		{"columns of PostgreSQL", "Key (email, token)=(bob, hunter2) already exists.", "Key (email, token)=<redacted> already exists."},
		{"quoted", `password="correct horse"`, `password="<redacted>"`},
		{"quoted with a colon", `password: 'correct horse', next`, `password: '<redacted>', next`},
		{"quoted with marks", `password=", x" and a`, `password="<redacted>" and a`},
		{"quoted in quotation marks", `"token=abc" and "a"`, `"token=<redacted>" and "a"`},
		{"spaced assignment", "password = hunter2", "password = <redacted>"},
		{"colon", "password: hunter2", "password: <redacted>"},
		{"colon and a word", "login failed, password: swordfish", "login failed, password: <redacted>"},
		{"colon and digits", "passcode: 123456", "passcode: <redacted>"},
		{"dotted name", "user.token: 123456", "user.token: <redacted>"},
		{"name of a header", "sent X-Api-Key: fixture", "sent X-Api-Key: <redacted>"},
		{"escaped quotation marks", "password=&quot;hunter2&quot;, a", "password=&quot;<redacted>&quot;, a"},
		{"two words", "API key: abc123", "API key: <redacted>"},
		{"card", "card number: 4111111111111111", "card number: <redacted>"},
		{"JSON in a message", `got {"user":"bob","token":"hunter2","n":1}`, `got {"user":"bob","token":"<redacted>","n":1}`},
		{"JSON number in a message", `got {"pin": 1234, "n": 1}`, `got {"pin": "<redacted>", "n": 1}`},
		{"JSON object in a message", `got {"token": {"a": "}", "b": [1]}, "n": 1}`, `got {"token": "<redacted>", "n": 1}`},
		{"JSON in JSON in a message", `got "{\"token\":\"hun\\\"ter2\",\"n\":1}"`, `got "{\"token\":\"<redacted>\",\"n\":1}"`},
		{"JSON number in JSON in a message", `got "{\"pin\": 1234}"`, `got "{\"pin\": \"<redacted>\"}"`},
		{"JSON cut off in a message", `got {"user":"bob","token":"hunt`, `got {"user":"bob","token":"<redacted>`},
		{"message that is JSON", `{"error":"x","token":["a","b"]}`, `{"error":"x","token":"<redacted>"}`},
		{"option", "run mysql --user bob --password hunter2 -h x", "run mysql --user bob --password <redacted> -h x"},
		{"option with equals", "run mysql --password=hunter2 -h x", "run mysql --password=<redacted> -h x"},
		{"option in a list", `['mysql', '--password', 'hunter2', 'db']`, `['mysql', '--password', '<redacted>', 'db']`},
		{"escaped line break", `log:\npassword=hunter2 x`, `log:\npassword=<redacted> x`},

		// Headers.
		{"authorization", "sent Authorization: Bearer fixture", "sent Authorization: <redacted>"},
		{"authorization in an option", "curl -H 'Authorization: Bearer fixture' http://x", "curl -H 'Authorization: <redacted>' http://x"},
		{"cookies", "GET /\nCookie: a=b; theme=\"dark\"; c=d\nHost: x", "GET /\nCookie: <redacted>\nHost: x"},
		{"bearer", "server said: Bearer abc123.def is invalid", "server said: Bearer <redacted> is invalid"},
		{"bearer that is a word", "sent Bearer fixture", "sent Bearer <redacted>"},
		{"basic", "sent Basic dXNlcjpwYXNz", "sent Basic <redacted>"},
		{"basic in lower case", "sent basic dXNlcjpodW50ZXIy to x", "sent basic <redacted> to x"},

		// URLs.
		{"password in a URL", "dial postgres://bob:hunter2@db:5432/x failed", "dial postgres://bob:<redacted>@db:5432/x failed"},
		{"password in a URL without user", "redis://:hunter2@cache", "redis://:<redacted>@cache"},
		{"password with a slash", "postgres://bob:hun/ter2@db/x", "postgres://bob:<redacted>@db/x"},
		{"password with an at", "http://bob:hun@ter2@db/x", "http://bob:<redacted>@db/x"},
		{"escaped URL", `{\"url\":\"http:\/\/bob:hunter2@db\"}`, `{\"url\":\"http:\/\/bob:<redacted>@db\"}`},
		{"data source", "open bob:hunter2@tcp(db:3306)/x", "open bob:<redacted>@tcp(db:3306)/x"},
		{"parameter", `Get "https://x.test/a?q=1&token=hunter2&r=2": EOF`, `Get "https://x.test/a?q=1&token=<redacted>&r=2": EOF`},
		{"parameter in parentheses", "(see https://x.test/?token=hunter2).", "(see https://x.test/?token=<redacted>)."},
		{"encoded name", "https://x.test/?p%61ssword=hunter2", "https://x.test/?p%61ssword=<redacted>"},
		{"encoded URL alone", "at https%3A%2F%2Fy%2F%3Ftoken%3Dhunter2%26a%3D1 x", "at https%3A%2F%2Fy%2F%3Ftoken%3D<redacted>%26a%3D1 x"},
		{"encoded URL", "https://x.test/?next=https%3A%2F%2Fy%2F%3Ftoken%3Dhunter2%26a%3D1", "https://x.test/?next=https%3A%2F%2Fy%2F%3Ftoken%3D<redacted>%26a%3D1"},
		{"session of Java", "https://x.test/cart;jsessionid=1A530637?q=1", "https://x.test/cart;jsessionid=<redacted>?q=1"},
		{"login code", "https://x.test/cb?code=hunter2&state=1", "https://x.test/cb?code=<redacted>&state=1"},
		{"fragment", "https://x.test/#access_token=hunter2", "https://x.test/#access_token=<redacted>"},

		// Tokens.
		{"JWT", "bad " + jwt + ", sorry", "bad <redacted>, sorry"},
		{"JWT cut off", "bad " + jwt[:30] + "...", "bad <redacted>..."},
		{"AWS", "key " + awsKey + " denied", "key <redacted> denied"},
		{"GitHub", "git clone https://" + githubToken + "@github.com/x", "git clone https://<redacted>@github.com/x"},
		{"Slack", "slack: " + slackToken + ": invalid_auth", "slack: <redacted>: invalid_auth"},
		{"Google", "GET /maps?key=" + googleKey + "&q=x", "GET /maps?key=<redacted>&q=x"},
		{"private key", "read " + privateKey + " failed", "read <redacted> failed"},
		{"private key cut off", "read " + privateKey[:50], "read <redacted>"},

		// Markup.
		{"XML in a message", "got <user><password>hunter2</password></user>", "got <user><password><redacted></password></user>"},
		{"escaped XML", "got &lt;token a=&quot;b&quot;&gt;hunter2&lt;/token&gt;", "got &lt;token a=&quot;b&quot;&gt;<redacted>&lt;/token&gt;"},
		{"escaped JSON", "got {&quot;pin&quot;:12,&quot;token&quot;:&quot;hunter2&quot;}", "got {&quot;pin&quot;:&quot;<redacted>&quot;,&quot;token&quot;:&quot;<redacted>&quot;}"},
		{"attributes in a message", `got <user name="bob" password="hunter2"/>`, `got <user name="bob" password="<redacted>"/>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := redact.New(redact.Options{})
			got := r.Text(tt.in)
			if got != tt.want {
				t.Errorf("Text(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
			if again := r.Text(got); again != got {
				t.Errorf("Text is not idempotent\n once %q\ntwice %q", got, again)
			}
		})
	}
}

func TestTextLeavesAlone(t *testing.T) {
	for _, s := range []string{
		"",
		"token expired",
		"Token expired.",
		"unexpected token ';'",
		"unexpected token: ';'",
		"Unexpected token: SELECT",
		"SyntaxError: Unexpected token < in JSON at position 0",
		"Unrecognized token 'password': was expecting (JSON String, Number, Array)",
		"unexpected token 'token': expected ','",
		"unexpected token = in expression",
		"NullPointerException: password is null",
		"NullPointerException: password",
		"key not found: user:42",
		"key not found: session:42",
		"invalid password for user bob",
		"password: must not be blank",
		"Access denied for user 'root'@'localhost' (using password: YES)",
		"access_token: required",
		"let token: &str, password: *string",
		"password: required",
		"Password: is too short (minimum is 8 characters)",
		"password must be at least 8 characters",
		"The password field is required.",
		"User{name=bob, password=null}",
		"{'password': None}",
		"missing parameter: token",
		"invalid_token: The token expired",
		"InvalidToken: user-42 is unknown",
		"com.example.TokenException: user42 has none",
		"PasswordMismatchError: user42",
		"javax.crypto.BadPaddingException: Given final block not properly padded: 16",
		"Bearer token missing",
		"Bearer token is missing",
		"Bearer authentication required",
		`Bearer realm="shop", error="invalid_token"`,
		"Basic authentication required",
		"basic usage of 4 items",
		"the bearer of bad news",
		"authorization: denied",
		"Authorization failed for user 42",
		"max_tokens=4096 token_type=bearer token_count=3",
		"This model's maximum context length is 4097 tokens: 5000 requested",
		"password_policy=strict token_expires_in=3600 passwordLength=12",
		"secretary=bob author=eve monkey=1 keyboard=us authority=x tokenizer=bpe",
		"country_code=DE zip code: 10115 error code: 5001",
		"key=user:42 sort_key=name public_key=abc",
		"pin: 13 of the connector",
		"PWD=/home/app SHLVL=1",
		"cookie=disabled",
		"session: closed by peer 10.1.2.3",
		"https://x.test/?code=42&country=DE",
		"https://x.test/?token_type=bearer&q=a@b:c",
		"http://x.test:8080/a@b",
		"http://[::1]:8080/a@b",
		"dial tcp 10.0.0.1:5432: connect: connection refused",
		"mailto:bob@example.org",
		`option "--password" is required`,
		"flag --password requires a value",
		"usage: login --password PASSWORD --token <token>",
		"found List<Token> and Map<Secret, Password> in Foo<Bar>",
		"-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
		"Token::new(x) and Secret::Key",
		"enum.name eyJ short",
		"sk-learn, xoxo, github_patterns, AKIA",
		`append "password=", then "token: " and so on`, `got "token=<redacted> x": 5`,
		"can't read '", "password=", "password:", "token: ;", `"password":`, "?token=&x=1", "?token=#x",
		"a <b> c </b>", "<", "--", "->", "=>", ":", "@", `\`, `"`, "://", "?&;#=",
	} {
		if got := redact.New(redact.Options{}).Text(s); got != s {
			t.Errorf("Text(%q) = %q", s, got)
		}
	}
}

func TestStacktraceLeavesAlone(t *testing.T) {
	lines := []string{
		"app/auth/token.py, line 3",
		`  File "/srv/app/auth/token.py", line 3, in verify_token`,
		"    token = get_token(user)",
		"    password = user.password",
		`    password = request.form["password"]`,
		"    token = tokens[0]",
		"    if token == None:",
		"    def login(self, user: str, password: str) -> Token:",
		"    raise InvalidToken()",
		"/srv/app/token.rb:12:in `verify'",
		"app/secrets/password.go:42 +0x1d",
		"/go/src/auth/session-token.go:42:7",
		"at com.example.auth.Password.check(Password.java:33)",
		"at com.example.Token$Parser.<init>(Token.scala:12)",
		"at verifyToken (/srv/token.js:10:15)",
		"\tat token-service:8443 (pid 12)",
		"goroutine 12 [running]:",
		"github.com/x/token.(*Parser).Parse(0xc0000, 0x12)",
	}
	o := periskop.Occurrence{Error: periskop.Exception{Stacktrace: lines}}
	for i, got := range redact.New(redact.Options{}).Occurrence(o).Error.Stacktrace {
		if got != lines[i] {
			t.Errorf("line %q became %q", lines[i], got)
		}
	}
}
