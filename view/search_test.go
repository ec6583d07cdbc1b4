package view

import (
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

func TestSearch(t *testing.T) {
	chain := func(class, message, frame string, cause *periskop.Exception) *periskop.Exception {
		return &periskop.Exception{Class: class, Message: message, Stacktrace: []string{"main.go:1", frame}, Cause: cause}
	}
	e := &merge.Exception{
		ID: "00112233aabbccdd", Service: "webshop", Key: "PaymentError@1a2b", Class: "PaymentError",
		Occurrences: []periskop.Occurrence{
			{
				Instance:    "shop-1:8080",
				UUID:        "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0",
				Error:       *chain("PaymentError", "Card declined", "shop/pay.go:7", chain("IOError", "connection reset", "net.go:9", nil)),
				HTTPContext: &periskop.HTTPContext{Method: "POST", URL: "https://shop.test/Pay?x=1"},
			},
			{
				Instance: "shop-2:8080",
				Error:    *chain("PaymentError", "Überweisung abgelehnt", "shop/other.go:7", chain("IOError", "broken pipe", "net.go:9", chain("Root", "", "", nil))),
			},
		},
	}
	tests := []struct {
		name, query string
		want        bool
	}{
		{"nothing", "", true},
		{"key", "paymenterror@1a", true},
		{"ID", "00112233aabbccdd", true},
		{"service", "webshop", true},
		{"message in other case", "CARD", true},
		{"words from different fields", "declined shop/pay.go post", true},
		{"one word is missing", "declined nowhere", false},
		{"words from different occurrences", "declined broken", true},
		{"cause", "connection", true},
		{"cause of a cause", "root", true},
		{"frame that only the second has", "other.go", true},
		{"URL", "/pay?x=1", true},
		{"instance", "shop-2", true},
		{"UUID", "5cfa9e9b", true},
		{"not ASCII", "überweisung", true},
		{"not ASCII in capitals", "ÜBERWEISUNG", true},
		{"not ASCII and not there", "größe", false},
		{"a pasted message", "one two three four five six seven eight nine", false},
		{"across fields", "paymenterrorcard", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newSearch(tt.query).matches(e); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSearchForPastedMessage(t *testing.T) {
	message := "a b c d e f g h i is what it said, word for word"
	e := &merge.Exception{Occurrences: []periskop.Occurrence{{Error: periskop.Exception{Message: message}}}}
	if !newSearch(strings.ToUpper(message)).matches(e) {
		t.Error("the message is not found by itself")
	}
	if newSearch("word for word said it what is i h g f e d c b a").matches(e) {
		t.Error("more words than are looked for one by one are found in another order")
	}
}

// FuzzWord compares with the obvious way.
func FuzzWord(f *testing.F) {
	f.Add("Some Message", "message")
	f.Add("aab", "ab")
	f.Add("ÜBER", "über")
	f.Fuzz(func(t *testing.T, s, q string) {
		lowered := strings.ToLower(q)
		if lowered == "" || !isASCII(s) {
			return
		}
		w := newWord(lowered)
		if got, want := w.in(s), strings.Contains(strings.ToLower(s), lowered); got != want {
			t.Errorf("%q in %q: got %v, want %v", q, s, got, want)
		}
	})
}
