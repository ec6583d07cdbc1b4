package view

import (
	"net/url"
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
		Kept: merge.NewKept(
			periskop.Occurrence{
				Instance:    "shop-1:8080",
				UUID:        "5cfa9e9b-20f8-441c-9029-7fda69d6a1c0",
				Error:       *chain("PaymentError", "Card declined", "shop/pay.go:7", chain("IOError", "connection reset", "net.go:9", nil)),
				HTTPContext: &periskop.HTTPContext{Method: "POST", URL: "https://shop.test/Pay?x=1"},
			},
			periskop.Occurrence{
				Instance: "shop-2:8080", Labels: periskop.Labels{{Name: "pod", Value: "shop-x2x8q"}, {Name: "version", Value: "3.1.4"}},
				Error: *chain("PaymentError", "Überweisung abgelehnt", "shop/other.go:7", chain("IOError", "broken pipe", "net.go:9", chain("Root", "", "", nil))),
			},
		),
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
		{"label", "version=3.1.4", true},
		{"value of a label", "X2X8Q", true},
		{"value of another label", "pod=3.1.4", false},
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
	e := &merge.Exception{Kept: merge.NewKept(periskop.Occurrence{Error: periskop.Exception{Message: message}})}
	if !newSearch(strings.ToUpper(message)).matches(e) {
		t.Error("the message is not found by itself")
	}
	if newSearch("word for word said it what is i h g f e d c b a").matches(e) {
		t.Error("more words than are looked for one by one are found in another order")
	}
}

// TestSearchTakesNoLonger has no time to read occurrences: names are searched all the same, and
// the page says what was not, and leads to a search of everything.
func TestSearchTakesNoLonger(t *testing.T) {
	var spent searchBudget
	for range 10 {
		spent.take()
	}
	raise := func(key, message string) *merge.Exception {
		return &merge.Exception{ID: merge.ExceptionID("shop", key), Service: "shop", Key: key, Kept: merge.NewKept(periskop.Occurrence{Error: periskop.Exception{Message: message}})}
	}
	s := &merge.Snapshot{Services: []*merge.Service{{Name: "shop", Exceptions: []*merge.Exception{raise("declined", ""), raise("a", "card declined"), raise("b", "")}}}}
	f := filter{Query: "declined", State: conditionAny}
	all, _ := (*indexes)(nil).in(s)
	list, left := f.exceptions(s, all, classifier{}, &spent)
	if len(list) != 1 || list[0].Key != "declined" || left != 2 {
		t.Errorf("got %d exceptions, %d left, want 1 and 2", len(list), left)
	}
	u := newUnsearched(left, f, links{})
	if u == nil || u.Count != "2 exceptions" || !strings.Contains(u.URL, "deep=1") {
		t.Fatalf("got %+v", u)
	}
	f = parseFilter(mustQuery(t, u.URL))
	if list, left = f.exceptions(s, all, classifier{}, &spent); len(list) != 2 || left != 0 {
		t.Errorf("a search of everything: got %d exceptions, %d left, want 2 and 0", len(list), left)
	}
	if u := newUnsearched(left, f, links{}); u != nil {
		t.Errorf("a search of everything: got %+v", u)
	}
}

func mustQuery(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
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
