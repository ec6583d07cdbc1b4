package demo

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// What the requests of the shop contain and nobody is to see.
const (
	secretPassword = "correct-horse-battery"
	secretSession  = "s3ss10n-9f2b7c41"
	secretBearer   = "eyJhbGciOi-demo-bearer"
	secretAPIKey   = "ak_demo_5c1e77"
	secretToken    = "tok_demo_81aa04"
	secretClient   = "cs_demo_c0ffee"
)

// Secrets lists the secrets in headers, queries and bodies of the requests during
// which exceptions are raised: passwords, tokens, session cookies. None of them may be
// seen anywhere behind the exporter.
func Secrets() []string {
	return []string{secretPassword, secretSession, secretBearer, secretAPIKey, secretToken, secretClient}
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"

// searchRequest has a key in its query.
func searchRequest(g gen) *periskop.HTTPContext {
	q := url.Values{"q": {g.pick("garden chair", "blue kettle")}, "page": {g.pick("1", "2")}, "token": {secretToken}}
	return &periskop.HTTPContext{
		Method: "GET",
		URL:    "http://catalogue.shop.example/search?" + q.Encode(),
		Headers: []periskop.Header{
			{Name: "Accept", Value: "application/json"},
			{Name: "X-Api-Key", Value: secretAPIKey},
			{Name: "User-Agent", Value: "storefront/4.18"},
		},
	}
}

func productRequest(g gen) *periskop.HTTPContext {
	return &periskop.HTTPContext{
		Method: "GET",
		URL:    "http://catalogue.shop.example/products/" + g.sku(),
		Headers: []periskop.Header{
			{Name: "Authorization", Value: "Bearer " + secretBearer},
			{Name: "User-Agent", Value: "storefront/4.18"},
		},
	}
}

func relatedRequest(g gen) *periskop.HTTPContext {
	return &periskop.HTTPContext{
		Method: "GET",
		URL:    "http://recommendations.shop.example/v2/related?sku=" + g.sku(),
		Headers: []periskop.Header{
			{Name: "x-api-key", Value: secretAPIKey},
			{Name: "x-request-id", Value: g.build()},
			{Name: "user-agent", Value: "python-httpx/0.27"},
		},
	}
}

// pageRequest names its headers as Rack does.
func pageRequest(g gen) *periskop.HTTPContext {
	return &periskop.HTTPContext{
		Method: "GET",
		URL:    "https://shop.example/" + g.pick("de", "en", "fr") + "/products/" + g.sku(),
		Headers: []periskop.Header{
			{Name: "HTTP_USER_AGENT", Value: firefox},
			{Name: "HTTP_ACCEPT_LANGUAGE", Value: g.pick("de-DE,de;q=0.9", "en-GB,en;q=0.8")},
			{Name: "HTTP_COOKIE", Value: "theme=dark; _shop_session=" + secretSession},
		},
	}
}

// signInRequest is a form with a password.
func signInRequest(g gen) *periskop.HTTPContext {
	form := url.Values{"user[email]": {g.email()}, "user[password]": {secretPassword}, "user[remember]": {"1"}}
	return &periskop.HTTPContext{
		Method: "POST",
		URL:    "https://shop.example/sign_in",
		Headers: []periskop.Header{
			{Name: "CONTENT_TYPE", Value: "application/x-www-form-urlencoded"},
			{Name: "HTTP_USER_AGENT", Value: firefox},
			{Name: "HTTP_COOKIE", Value: "_shop_session=" + secretSession},
			{Name: "HTTP_X_FORWARDED_FOR", Value: fmt.Sprintf("198.51.100.%d", g.IntN(255))},
		},
		Body: form.Encode(),
	}
}

// paymentRequest has secrets in a nested JSON body.
func paymentRequest(g gen) *periskop.HTTPContext {
	return &periskop.HTTPContext{
		Method: "POST",
		URL:    "http://payments.shop.example/payments",
		Headers: []periskop.Header{
			{Name: "authorization", Value: "Bearer " + secretBearer},
			{Name: "idempotency-key", Value: g.build() + g.build()},
			{Name: "content-type", Value: "application/json"},
		},
		Body: fmt.Sprintf(`{"order":%q,"amount":{"value":%d,"currency":"EUR"},"source":{"type":"card","token":%q},"client_secret":%q}`,
			g.order(), 500+g.IntN(20_000), secretToken, secretClient),
	}
}

// orderBody is what customers post to checkout.
func orderBody(g gen, voucher string) string {
	return strings.Join([]string{
		`{"cart":[{"sku":"` + g.sku() + `","quantity":2},{"sku":"` + g.sku() + `","quantity":1}]`,
		`"voucher":"` + voucher + `"`,
		`"customer":{"email":"` + g.email() + `","password":"` + secretPassword + `"}`,
		`"card":{"token":"` + secretToken + `"}}`,
	}, ",")
}
