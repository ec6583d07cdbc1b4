package redact_test

import (
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/internal/redact"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// FuzzOccurrence checks for any text, in any place, that redacting it twice is the
// same as once, and that all that is left was there before, in the same order.
func FuzzOccurrence(f *testing.F) {
	for _, part := range hostile {
		f.Add(part + part + "x")
	}
	for _, s := range []string{
		`{"user":"a","pw":"hunter2","n":[1,{"token":{"a":"}"}}]}`,
		"a=b&user%5Bpassword%5D=c&next=%2F%3Ftoken%3Dd",
		"http://bob:hunter2@x.test/a;jsessionid=b?c=d#access_token=e",
		"<a b=\"c\"><password>hunter2</password><param name='token' value=\"d\"/></a>",
		"failed: password=hunter2, token: 'x', Authorization: Bearer abc1, \"a\\\"secret\\\": 5",
		jwt, awsKey, githubToken, privateKey, "<redacted>", `"<redacted>"`,
		"pw:[Ir2\",\"\\\":[1{\xc2\"",
		// What redacting once changed the meaning of.
		`0token=00"0#`, "(token=(n)n)=", "(token=()=)=<", "\"token:n\"\xd9", "\"token\":\x05token=[\"E",
		`token=0"n":://0:0@`, `"""token=:"t"an=[",ke":"`,
	} {
		f.Add(s)
	}
	r := redact.New(redact.Options{})
	f.Fuzz(func(t *testing.T, s string) {
		checkText(t, r, s)
	})
}

// everywhere is an occurrence with s in the place of every text.
func everywhere(s string) periskop.Occurrence {
	return periskop.Occurrence{
		Error: periskop.Exception{Class: s, Message: s, Stacktrace: []string{s}, Cause: &periskop.Exception{Message: s}},
		HTTPContext: &periskop.HTTPContext{
			Method: s, URL: s, Body: s,
			Headers: []periskop.Header{{Name: s, Value: s}, {Name: "Referer", Value: s}, {Name: "QUERY_STRING", Value: s}},
		},
	}
}

func texts(o periskop.Occurrence) []string {
	list := []string{
		o.Error.Class, o.Error.Message, o.Error.Stacktrace[0], o.Error.Cause.Message,
		o.HTTPContext.Method, o.HTTPContext.URL, o.HTTPContext.Body,
	}
	for _, h := range o.HTTPContext.Headers {
		list = append(list, h.Value)
	}
	return list
}

// isLeftOver tells whether the parts of redacted between placeholders and the
// quotation marks that come with them are parts of original, in that order.
func isLeftOver(redacted, original string) bool {
	parts := strings.Split(redacted, redact.Placeholder)
	for i, part := range parts {
		if i > 0 {
			part = trimQuote(part, strings.TrimLeft, strings.TrimPrefix)
		}
		if i < len(parts)-1 {
			part = trimQuote(part, strings.TrimRight, strings.TrimSuffix)
		}
		before, after, found := strings.Cut(original, part)
		if !found || i == 0 && before != "" {
			return false
		}
		original = after
	}
	return true
}

func trimQuote(s string, trim, trimString func(s, cut string) string) string {
	for {
		shorter := trim(s, "\\\"'`")
		for _, encoded := range []string{"%22", "%27", "%5C", "%60", "&quot;", "&#39;"} {
			shorter = trimString(shorter, encoded)
		}
		if shorter == s {
			return s
		}
		s = shorter
	}
}
