package view

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVisible(t *testing.T) {
	tests := []struct {
		name, in, oneLine, lines string
	}{
		{"plain", `<b>"it's" & more</b>`, `<b>"it's" & more</b>`, `<b>"it's" & more</b>`},
		{"line breaks", "a\n\tb\r\nc\rd", "a<U+000A><U+0009>b<U+000D><U+000A>c<U+000D>d", "a\n\tb\r\nc<U+000D>d"},
		{"control", "a\x00b\x1b[31m\x7f\u009b", "a<U+0000>b<U+001B>[31m<U+007F><U+009B>", "a<U+0000>b<U+001B>[31m<U+007F><U+009B>"},
		{"bidirectional", "user\u202etxt.exe\u2066\u200f\u061c", "user<U+202E>txt.exe<U+2066><U+200F><U+061C>", "user<U+202E>txt.exe<U+2066><U+200F><U+061C>"},
		{"without width", "a\u200bb\ufeffc\u00add\u2060e\u3164f\u115fg\u034fh", "a<U+200B>b<U+FEFF>c<U+00AD>d<U+2060>e<U+3164>f<U+115F>g<U+034F>h", "a<U+200B>b<U+FEFF>c<U+00AD>d<U+2060>e<U+3164>f<U+115F>g<U+034F>h"},
		{"separators", "a\u2028b\u2029c", "a<U+2028>b<U+2029>c", "a<U+2028>b<U+2029>c"},
		{"tags and private use", "\U000e0041\ue000\uffff", "<U+E0041><U+E000><U+FFFF>", "<U+E0041><U+E000><U+FFFF>"},
		{"several of the same", "a" + strings.Repeat("\u200b", 5000) + "b", "a<U+200B×5,000>b", "a<U+200B×5,000>b"},
		{"combining flood", "Z" + strings.Repeat("\u0301", 10), "Z\u0301\u0301\u0301\u0301<U+0301×6>", "Z\u0301\u0301\u0301\u0301<U+0301×6>"},
		{"words that carry marks", "क्षि เป็ด", "क्षि เป็ด", "क्षि เป็ด"},
		{"right to left words", "خطأ שגיאה", "خطأ שגיאה", "خطأ שגיאה"},
		{"emoji", "👩‍💻 ❤️ 1️⃣ 🇩🇪", "👩‍💻 ❤️ 1️⃣ 🇩🇪", "👩‍💻 ❤️ 1️⃣ 🇩🇪"},
		{"joiner with nothing to join", "a\u200db\u200d", "a<U+200D>b<U+200D>", "a<U+200D>b<U+200D>"},
		{"style of a letter", "a\ufe0f", "a<U+FE0F>", "a<U+FE0F>"},
		{"empty", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := plainText(tt.in, oneLine); got != tt.oneLine {
				t.Errorf("in one line: got %q, want %q", got, tt.oneLine)
			}
			if got := plainText(tt.in, lines); got != tt.lines {
				t.Errorf("in lines: got %q, want %q", got, tt.lines)
			}
		})
	}
}

func TestVisibleBudget(t *testing.T) {
	tests := []struct {
		name, in string
		budget   int
		want     text
		rest     int
	}{
		{"all fits", "abc", 3, text{{Text: "abc"}}, 0},
		{"cut", "abcdef", 4, text{{Text: "abcd"}}, 2},
		{"escaping counts", "<<<", 8, text{{Text: "<<"}}, 1},
		{"not within a character", "aéé", 4, text{{Text: "aé"}}, 2},
		{"no budget for a mark", "a\x00b", markCost, text{{Text: "a"}}, 2},
		{"no budget", "abc", 0, nil, 3},
		{"less than no budget", "abc", -5, nil, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, cost, rest := visible(tt.in, oneLine, tt.budget)
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("text (-got +want):\n%s", diff)
			}
			if rest != tt.rest {
				t.Errorf("rest: got %d, want %d", rest, tt.rest)
			}
			if cost > max(tt.budget, 0) {
				t.Errorf("cost: got %d, more than %d", cost, tt.budget)
			}
		})
	}
}

// FuzzVisible checks that the text says all that was in the string, and that nothing
// in it hides.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{"", "a\x00\x00b", "\u202eabc", "Z\u0301\u0301\u0301\u0301\u0301\u0301", "👩‍💻❤️", "\r\n\r"} {
		f.Add(s, 1000)
	}
	f.Fuzz(func(t *testing.T, s string, budget int) {
		s = strings.ToValidUTF8(s, "\ufffd")
		budget = min(max(budget, 0), 1<<20)
		for _, layout := range []textLayout{oneLine, lines} {
			got, _, rest := visible(s, layout, budget)
			if back := spellOut(t, got); back != s[:len(s)-rest] {
				t.Fatalf("got %v, which says %q and not %q", got, back, s[:len(s)-rest])
			}
			for _, p := range got {
				if strings.ContainsAny(p.Text, "\x00\x1b\u202e\u2066\u200b\ufeff") {
					t.Fatalf("hidden character in %q", p.Text)
				}
			}
		}
	})
}

// spellOut is the reverse of visible.
func spellOut(t *testing.T, parts text) string {
	t.Helper()
	var b strings.Builder
	for _, p := range parts {
		if !p.Mark {
			b.WriteString(p.Text)
			continue
		}
		code, times, _ := strings.Cut(strings.TrimPrefix(p.Text, "U+"), "×")
		r, err := strconv.ParseInt(code, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		if times != "" {
			if n, err = strconv.Atoi(strings.ReplaceAll(times, ",", "")); err != nil {
				t.Fatal(err)
			}
		}
		b.WriteString(strings.Repeat(string(rune(r)), n))
	}
	return b.String()
}

func TestSnippet(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"one line", "a message", "a message"},
		{"white space", "  a\r\n\n\tb   c\n", "a b c"},
		{"long", strings.Repeat("ab", 30), "ababababababababababababababab…"},
		{"long white space", strings.Repeat(" ", 1000) + "x", "…"},
		{"hidden", "a\u202eb", "a<U+202E>b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			for _, p := range snippet(tt.in, 30+markCost*strings.Count(tt.in, "\u202e")) {
				if p.Mark {
					got.WriteString("<" + p.Text + ">")
				} else {
					got.WriteString(p.Text)
				}
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	const most = 12
	for in, want := range map[string]string{
		"":                                  "",
		"twelve bytes":                      "twelve bytes",
		"thirteen byte":                     "thirteen …",
		"äöüäöü":                            "äöüäöü",
		"äöüäöüä":                           "äöüä…",
		"a\u202eb":                          "a<U+202E>b",
		"a\u202ebcd":                        "a<U+202E>bcd",
		strings.Repeat("\u202e\u202d", 1e6): "<U+202E><…",
	} {
		if got := excerpt(in, most); got != want || len(got) > most {
			t.Errorf("%.20q: got %q, want %q", in, got, want)
		}
	}
}
