package redact_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// request redacts an occurrence with the given request and checks that doing so
// again changes nothing.
func request(t *testing.T, r *redact.Redactor, c periskop.HTTPContext) periskop.HTTPContext {
	t.Helper()
	once := r.Occurrence(periskop.Occurrence{HTTPContext: &c})
	twice := r.Occurrence(once)
	if diff := cmp.Diff(once, twice); diff != "" {
		t.Errorf("redacting is not idempotent (-once +twice):\n%s", diff)
	}
	return *once.HTTPContext
}

func TestHeaderNames(t *testing.T) {
	secret := []string{
		"Authorization", "authorization", "Proxy-Authorization", "X-Forwarded-Authorization",
		"HTTP_AUTHORIZATION", "REDIRECT_HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION",
		"Cookie", "Cookie2", "Set-Cookie", "HTTP_COOKIE", "rack.request.cookie_hash", "rack.request.cookie_string",
		"action_dispatch.cookies", "rack.session", "action_dispatch.secret_key_base",
		"X-Api-Key", "x_api_key", "HTTP_X_API_KEY", "Api-Key", "ApiKey", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key",
		"X-Functions-Key", "X-Auth-Key", "X-Auth", "X-Auth-Token", "X-Access-Token", "X-Amz-Security-Token",
		"Private-Token", "X-Vault-Token", "X-Token-Type", "X-Csrf-Token", "X-CSRFToken", "X-XSRF-TOKEN", "X-Csrf",
		"X-Password", "X-Passwd", "X-Secret", "X-Client-Secret", "X-Session-Id", "X-SessionId", "Session", "X-Credential", "X-Amz-Credentials",
		"X-Hub-Signature-256", "Stripe-Signature", "X-Signature", "X-Shopify-Hmac-Sha256", "Authentication", "DPoP",
		"Cf-Access-Jwt-Assertion", "X-Goog-Iap-Jwt-Assertion", "X-Pin", "X-OTP",
	}
	public := []string{
		"", "Accept", "Host", "User-Agent", "Content-Type", "Content-Length", "CONTENT_LENGTH", "X-Forwarded-For", "X-Request-Id",
		"Idempotency-Key", "Sec-WebSocket-Key", "WWW-Authenticate", "X-Amz-Content-Sha256", "X-Author", "Keep-Alive",
		"X-Monkey", "Public-Key-Pins", "rack.url_scheme", "X-Powered-By", "X-Tokenizer", "Ümlaut",
	}
	r := redact.New(redact.Options{})
	for _, names := range []struct {
		list []string
		want string
	}{{secret, redact.Placeholder}, {public, "plain value"}} {
		for _, name := range names.list {
			c := request(t, r, periskop.HTTPContext{Headers: []periskop.Header{{Name: name, Value: "plain value"}}})
			if got := c.Headers[0].Value; got != names.want {
				t.Errorf("header %q: got %q, want %q", name, got, names.want)
			}
		}
	}
}

func TestHeaderValues(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"Authorization", "", ""},
		{"Referer", "https://bob:hunter2@x.test/a?q=1&token=hun ter2", "https://bob:<redacted>@x.test/a?q=1&token=<redacted>"},
		{"Referer", "https://x.test/a?token=hun)ter\"2'&b=1", "https://x.test/a?token=<redacted>&b=1"},
		{"HTTP_REFERER", "https://x.test/a?token=a,b;c", "https://x.test/a?token=<redacted>"},
		{"Location", "/login?code=hunter2&state=x", "/login?code=<redacted>&state=x"},
		{"Origin", "https://bob:hunter2@x.test", "https://bob:<redacted>@x.test"},
		{"X-Forwarded-Uri", "/a;jsessionid=hunter2?q=1", "/a;jsessionid=<redacted>?q=1"},
		{"X-Original-Url", "/a?api_key=hunter2", "/a?api_key=<redacted>"},
		{"QUERY_STRING", "a=1&password=hunter2", "a=1&password=<redacted>"},
		{"REQUEST_URI", "/a?a=1&password=hunter2", "/a?a=1&password=<redacted>"},
		{"X-Forwarded-For", "10.1.1.2, 10.1.1.3", "10.1.1.2, 10.1.1.3"},
		{"Link", "<https://x.test/?page=2&token=hunter2>; rel=\"next\"", "<https://x.test/?page=2&token=<redacted>>; rel=\"next\""},
		{"Sec-WebSocket-Protocol", "bearer, " + jwt, "bearer, <redacted>"},
		{"X-Debug", `["Authorization","Bearer fixture1"]`, `["Authorization","<redacted>"]`},
		{"Accept", "text/html;q=0.9, */*;q=0.8", "text/html;q=0.9, */*;q=0.8"},
	}
	r := redact.New(redact.Options{})
	for _, tt := range tests {
		c := request(t, r, periskop.HTTPContext{Headers: []periskop.Header{{Name: tt.name, Value: tt.value}}})
		if got := c.Headers[0].Value; got != tt.want {
			t.Errorf("%s: %s\n got %q\nwant %q", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestURL(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"password", "http://bob:hunter2@x.test/", "http://bob:<redacted>@x.test/"},
		{"password without scheme", "//bob:hunter2@x.test/", "//bob:<redacted>@x.test/"},
		{"password with a question mark", "http://bob:hun?ter2@x.test/", "http://bob:<redacted>@x.test/"},
		{"user alone", "http://bob@x.test/", "http://bob@x.test/"},
		{"at in the path", "http://x.test:80/@bob:x", "http://x.test:80/@bob:x"},
		{"parameters", "/a?q=%20&token=hunter2&r=%c3%bc", "/a?q=%20&token=<redacted>&r=%c3%bc"},
		{"any value", "/a?token=hun ter\"2<>,;'&q=1", "/a?token=<redacted>&q=1"},
		{"case", "/a?ToKeN=hunter2&PASSWORD=hunter2", "/a?ToKeN=<redacted>&PASSWORD=<redacted>"},
		{"punctuation", "/a?user[password]=x&user.password=y&user_password=z&pass-word=w", "/a?user[password]=<redacted>&user.password=<redacted>&user_password=<redacted>&pass-word=<redacted>"},
		{"encoded name", "/a?%70%61ssword=x&user%5Bpassword%5D=y&api%2Dkey=z&pass+word=w", "/a?%70%61ssword=<redacted>&user%5Bpassword%5D=<redacted>&api%2Dkey=<redacted>&pass+word=<redacted>"},
		{"list", "/a?token[]=x&token[1]=y", "/a?token[]=<redacted>&token[1]=<redacted>"},
		{"semicolons", "/a?a=1;token=x&b=2", "/a?a=1;token=<redacted>&b=2"},
		{"no value", "/a?token&token=&b", "/a?token&token=&b"},
		{"fragment", "/a?b=1#access_token=x&token_type=bearer", "/a?b=1#access_token=<redacted>&token_type=bearer"},
		{"fragment with a path", "/#/login?token=x", "/#/login?token=<redacted>"},
		{"code of a login", "/cb?code=x&state=y", "/cb?code=<redacted>&state=y"},
		{"other code", "/cb?code=x&page=y", "/cb?code=x&page=y"},
		{"Azure", "/c?sv=2020&sig=abc%3D&se=x", "/c?sv=2020&sig=<redacted>&se=x"},
		{"AWS", "/c?X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-Date=c", "/c?X-Amz-Credential=<redacted>&X-Amz-Signature=<redacted>&X-Amz-Date=c"},
		{"nested", "/a?next=%2Fb%3Ftoken%3Dx%26c%3Dd&e=f", "/a?next=%2Fb%3Ftoken%3D<redacted>%26c%3Dd&e=f"},
		{"nested twice", "/a?n=%2Fb%3Fm%3D%252Fc%253Ftoken%253Dhunter2", "/a?n=%2Fb%3Fm%3D%252Fc%253Ftoken%253D<redacted>"},
		{"nested twice alone", "/a?n=%252Fb%253Ftoken%253Dhunter2", "/a?n=%252Fb%253Ftoken%253D<redacted>"},
		{"nested URL", "/a?next=https%3A%2F%2Fbob%3Ahunter2%40x", "/a?next=https%3A%2F%2Fbob%3A<redacted>%40x"},
		{"nested JSON", "/a?q=%7B%22pin%22%3A1234%2C%22a%22%3A1%7D", "/a?q=%7B%22pin%22%3A%22<redacted>%22%2C%22a%22%3A1%7D"},
		{"path parameter", "/a;jsessionid=x/b", "/a;jsessionid=<redacted>"},
		{"token in the path", "/hook/" + slackToken + "/x", "/hook/<redacted>/x"},
		{"none", "not a url \x7f", "not a url \x7f"},
		{"broken", "/a?%=%zz&%7=1&\xff=\xfe#?&;=", "/a?%=%zz&%7=1&\xff=\xfe#?&;="},
		{"plain", "/a/b?sort=name&key=user:42&code=7&page=2&author=bob&pinned=1", "/a/b?sort=name&key=user:42&code=7&page=2&author=bob&pinned=1"},
	}
	r := redact.New(redact.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := request(t, r, periskop.HTTPContext{URL: tt.in}).URL; got != tt.want {
				t.Errorf("%q\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestBody(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 10000)
	tests := []struct{ name, in, want string }{
		// JSON.
		{"member", `{"user":"a","pw":"hunter2"}`, `{"user":"a","pw":"<redacted>"}`},
		{"layout", "{ \"user\" : \"a\",\r\n\t\"token\" :\n \"hun\\\"ter2\" }\n", "{ \"user\" : \"a\",\r\n\t\"token\" :\n \"<redacted>\" }\n"},
		{"types", `{"a":{"pin":1234,"otp":null},"token":["x",{"y":"]"}],"secret":{"z":"}"},"auth":true,"b":1e3}`, `{"a":{"pin":"<redacted>","otp":null},"token":"<redacted>","secret":"<redacted>","auth":true,"b":1e3}`},
		{"escaped name", `{"p\u0061ssword":"x","a":1}`, `{"p\u0061ssword":"<redacted>","a":1}`},
		{"names", `{"accessToken":"x","API-KEY":"x","client_secret":"x","newPassWord":"x","card_number":1,"cvv":2,"dbPassword2":"x"}`, `{"accessToken":"<redacted>","API-KEY":"<redacted>","client_secret":"<redacted>","newPassWord":"<redacted>","card_number":"<redacted>","cvv":"<redacted>","dbPassword2":"<redacted>"}`},
		{"other names", `{"token_type":"bearer","max_tokens":5,"author":"x","key":"x","code":1,"passwordPolicy":"x"}`, `{"token_type":"bearer","max_tokens":5,"author":"x","key":"x","code":1,"passwordPolicy":"x"}`},
		{"duplicates and NaN", `{"token":"x","token":"y","a":NaN,"b":-Infinity}`, `{"token":"<redacted>","token":"<redacted>","a":NaN,"b":-Infinity}`},
		{"lines", "{\"token\":\"x\"}\n{\"token\":\"y\"}\n", "{\"token\":\"<redacted>\"}\n{\"token\":\"<redacted>\"}\n"},
		{"JSON in a string", `{"a":"{\"token\":\"hun\\\"ter2\",\"pin\":12,\"b\":1}"}`, `{"a":"{\"token\":\"<redacted>\",\"pin\":\"<redacted>\",\"b\":1}"}`},
		{"URL in a string", `{"u":"https:\/\/bob:hunter2@x\/?a=1\u0026token=x\u0026b=2"}`, `{"u":"https:\/\/bob:<redacted>@x\/?a=1\u0026token=<redacted>\u0026b=2"}`},
		{"unclosed bracket in a string", `{"a":"token=[x","b":"c"}`, `{"a":"token=<redacted>","b":"c"}`},
		{"empty assignment in a string", `{"a":"token=","b":"password:","c":"d"}`, `{"a":"token=","b":"password:","c":"d"}`},
		{"name and value", `{"env":[{"name":"DB_PASSWORD","value":"x"},{"name":"HOME","value":"y"}]}`, `{"env":[{"name":"DB_PASSWORD","value":"<redacted>"},{"name":"HOME","value":"y"}]}`},
		{"cut off in the secret", `{"a":1,"token":"hunt`, `{"a":1,"token":"<redacted>`},
		{"cut off in an object", `{"a":1,"token":{"b":"hunt`, `{"a":1,"token":"<redacted>"`},
		{"cut off in the name", `{"a":1,"tok`, `{"a":1,"tok`},
		{"cut off behind the colon", `{"a":1,"token":`, `{"a":1,"token":`},
		{"cut off elsewhere", `{"token":"x","a":"b`, `{"token":"<redacted>","a":"b`},
		{"bare value", `{"a":b, "password": hunter 2, "c": 1}`, `{"a":b, "password": "<redacted>", "c": 1}`},
		{"stray quotation mark", `{"a": it"s, "password":"hunter2"}`, `{"a": it"s, "password":"<redacted>"}`},
		{"single quotation marks", `{'a': 1, 'password': 'hunter2'}`, `{'a': 1, 'password': '<redacted>'}`},
		{"bare names", `{a: 1, password: "hunter2", pin: 1234}`, `{a: 1, password: "<redacted>", pin: <redacted>}`},
		{"with a comment", "// x\n{\"password\": \"hun\nter2\"}", "// x\n{\"password\": \"<redacted>\"}"},
		{"callback", `cb({"token":"hunter2"})`, `cb({"token":"<redacted>"})`},
		{"deep", deep + `{"token":"x"}`, deep + `{"token":"<redacted>"}`},
		{"deep secret", `{"token":` + deep + `"x"` + strings.Repeat("]}", 10000) + `,"a":1}`, `{"token":"<redacted>","a":1}`},
		{"string", `"password=hunter2"`, `"password=<redacted>"`},
		{"token request in JSON", `{"grant_type":"authorization_code","code":"x"}`, `{"grant_type":"authorization_code","code":"<redacted>"}`},
		{"list of pairs", `[["Authorization","Bearer fixture1"]]`, `[["Authorization","<redacted>"]]`},

		// Forms.
		{"form", "user=bob&password=hunter2&a=%26", "user=bob&password=<redacted>&a=%26"},
		{"form with an encoded name", "user%5Bpassword%5D=hunter2", "user%5Bpassword%5D=<redacted>"},
		{"form with any value", "password=a#b;c,d'e&f=g", "password=<redacted>&f=g"},
		{"form with JSON", "payload=%7B%22token%22%3A%22x%22%7D&a=1", "payload=%7B%22token%22%3A%22<redacted>%22%7D&a=1"},
		{"token request", "grant_type=authorization_code&code=x&redirect_uri=y", "grant_type=authorization_code&code=<redacted>&redirect_uri=y"},

		// Multipart.
		{
			"multipart",
			"--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhun\r\n\r\nter2\r\n--B\r\nContent-Disposition: form-data; filename=\"a\"; name=\"b\"\r\n\r\ntoken\r\n--B--\r\n",
			"--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n<redacted>\r\n--B\r\nContent-Disposition: form-data; filename=\"a\"; name=\"b\"\r\n\r\ntoken\r\n--B--\r\n",
		},
		{
			"multipart with a file name",
			"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"password\"\r\n\r\n{\"token\":\"x\"}\r\n--B--",
			"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"password\"\r\n\r\n{\"token\":\"<redacted>\"}\r\n--B--",
		},
		{
			"multipart cut off",
			"--B\nContent-Disposition: form-data; name=api-key\n\nhunt",
			"--B\nContent-Disposition: form-data; name=api-key\n\n<redacted>",
		},

		// XML.
		{"element", "<u><name>a</name><password>hunter2</password></u>", "<u><name>a</name><password><redacted></password></u>"},
		{"namespace", "<wsse:Password Type=\"x\">hunter2</wsse:Password>", "<wsse:Password Type=\"x\"><redacted></wsse:Password>"},
		{"nested elements", "<u><secret><a>x</a><b>y</b></secret><c>z</c></u>", "<u><secret><redacted></secret><c>z</c></u>"},
		{"CDATA", "<u><token><![CDATA[x<y]]></token></u>", "<u><token><redacted></token></u>"},
		{"attribute", `<u name="a" password='hunter2' x="1"/>`, `<u name="a" password='<redacted>' x="1"/>`},
		{"parameter", `<u><param name="password">x</param><param name="a">y</param></u>`, `<u><param name="password"><redacted></param><param name="a">y</param></u>`},
		{"value attribute", `<u><add key="ApiKey" value="x"/><add key="a" value="y"/></u>`, `<u><add key="ApiKey" value="<redacted>"/><add key="a" value="y"/></u>`},
		{"empty element", "<u><token/><a>x</a></u>", "<u><token/><a>x</a></u>"},
		{"XML cut off", "<u><password>hunt", "<u><password><redacted>"},

		// Text.
		{"text", "user: bob\npassword: correct horse\nage: 3", "user: bob\npassword: <redacted>\nage: 3"},
		{"settings", "[db]\nuser = bob\npassword = hunter2\n", "[db]\nuser = bob\npassword = <redacted>\n"},
		{"header lines", "POST / HTTP/1.1\r\nAuthorization: Bearer x\r\nCookie: a=b; c=d\r\n\r\nx", "POST / HTTP/1.1\r\nAuthorization: <redacted>\r\nCookie: <redacted>\r\n\r\nx"},
		{"binary", "\x00\x01\xff\xfePNG\r\n", "\x00\x01\xff\xfePNG\r\n"},
		{"invalid UTF-8", "\xff{\"token\":\"\xfe\xfd\"}\xff", "\xff{\"token\":\"<redacted>\"}\xff"},
		{"generic type", "List<Token> x", "List<Token> x"},
		{"plain", "hello, world", "hello, world"},
	}
	r := redact.New(redact.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := request(t, r, periskop.HTTPContext{Body: tt.in}).Body
			if got != tt.want {
				t.Errorf("%.300q\n got %.300q\nwant %.300q", tt.in, got, tt.want)
			}
			if json.Valid([]byte(tt.in)) && !json.Valid([]byte(got)) {
				t.Errorf("no longer valid JSON: %.300q", got)
			}
		})
	}
}

func TestDeclaredForm(t *testing.T) {
	c := periskop.HTTPContext{
		Headers: []periskop.Header{{Name: "CONTENT_TYPE", Value: "application/x-www-form-urlencoded; charset=utf-8"}},
		Body:    "password=correct horse, battery&a=b c",
	}
	r := redact.New(redact.Options{})
	if got, want := request(t, r, c).Body, "password=<redacted>&a=b c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// curl declares a form unless told otherwise.
	c.Body = `{"password": "hunter2", "a": "b&c=d"}`
	if got, want := request(t, r, c).Body, `{"password": "<redacted>", "a": "b&c=d"}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOptions(t *testing.T) {
	r := redact.New(redact.Options{
		Headers: []string{"X-Shop-Customer", "", "rack.custom"},
		Members: []string{"e-mail", "iban", "--"},
		Patterns: []*regexp.Regexp{
			regexp.MustCompile(`\bcust-\d+`),
			regexp.MustCompile(`order (?P<secret>\d+)`),
			regexp.MustCompile(`q*`),
		},
	})
	got := request(t, r, periskop.HTTPContext{
		URL: "/a?user[email]=bob&E_Mail=bob&emails=3&page=2",
		Headers: []periskop.Header{
			{Name: "x-shop-customer", Value: "42"},
			{Name: "HTTP_X_SHOP_CUSTOMER", Value: "42"},
			{Name: "rack.custom", Value: "a"},
			{Name: "X-Email", Value: "b"},
			{Name: "email", Value: "b"},
			{Name: "X-Other", Value: "cust-12"},
		},
		Body: `{"payment":{"iban":["DE1"],"note":"cust-99 has order 77"}}`,
	})
	want := periskop.HTTPContext{
		URL: "/a?user[email]=<redacted>&E_Mail=<redacted>&emails=3&page=2",
		Headers: []periskop.Header{
			{Name: "x-shop-customer", Value: "<redacted>"},
			{Name: "HTTP_X_SHOP_CUSTOMER", Value: "<redacted>"},
			{Name: "rack.custom", Value: "<redacted>"},
			{Name: "X-Email", Value: "b"},
			{Name: "email", Value: "<redacted>"},
			{Name: "X-Other", Value: "<redacted>"},
		},
		Body: `{"payment":{"iban":"<redacted>","note":"<redacted> has order <redacted>"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected request (-want +got):\n%s", diff)
	}
}

func TestPatternOverlapsSecret(t *testing.T) {
	r := redact.New(redact.Options{Patterns: []*regexp.Regexp{regexp.MustCompile(`ter2 or \w+|my password`)}})
	if got, want := r.Text("my password=hunter2 or hunter3."), "<redacted>=<redacted>."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPatternAroundPlaceholder(t *testing.T) {
	r := redact.New(redact.Options{Patterns: []*regexp.Regexp{regexp.MustCompile(`red\w+|>;|=<`)}})
	if got, want := r.Text("a <redacted>; b=<redacted> redder"), "a <redacted> b<redacted> <redacted>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
