package frames_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
)

// marks stand before lines: + for the application's own, - for those of libraries, and
// a full stop for what is no frame.
var marks = map[frames.Origin]string{frames.Own: "+", frames.Library: "-", frames.Unknown: "."}

func marked(lines, own []string) []string {
	var out []string
	for i, o := range frames.Origins(lines, own) {
		out = append(out, marks[o]+lines[i])
	}
	return out
}

func unmarked(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l[1:])
	}
	return out
}

// TestLanguages reads stack traces in the forms of many languages, each line after the
// mark that a reader would give it.
func TestLanguages(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("testdata has %d files, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var stacks map[string][]string
		if err := json.Unmarshal(b, &stacks); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, name := range slices.Sorted(maps.Keys(stacks)) {
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				if diff := cmp.Diff(marked(unmarked(stacks[name]), nil), stacks[name]); diff != "" {
					t.Errorf("(-got +want):\n%s", diff)
				}
			})
		}
	}
}

func TestOwnCode(t *testing.T) {
	for _, tt := range []struct {
		name  string
		own   []string
		lines []string
	}{
		{"packages", []string{"org.apache.mine."}, []string{"+org.apache.mine.Job.run(Job.java:1)", "-com.example.Lib.call(Lib.java:2)"}},
		{"paths", []string{"/app/", "github.com/acme/"}, []string{
			"+/srv/app/x.rb:1:in 'a'", "+/home/ci/go/pkg/mod/github.com/acme/lib@v1.0.0/x.go:3", "-/srv/other/x.rb:1:in 'b'",
		}},
		{"a function of Go whose file does not tell", []string{"github.com/acme/"}, []string{
			"+github.com/acme/shop.Pay(0x1)", "+\t/build/x.go:3 +0x1", "-net/http.HandlerFunc.ServeHTTP(0x1)", "-\t/usr/local/go/src/net/http/server.go:3 +0x1",
		}},
		{"a drive", []string{`C:\shop\`}, []string{`+  File "C:\shop\cart.py", line 3, in pay`, `-  File "C:\acme\x.py", line 3, in x`}},
		{"a namespace", []string{"Acme."}, []string{"+   at Acme.Shop.Cart.Total(Int32 n)", "-   at Other.Shop.Total(Int32 n)"}},
		{"an application of Elixir", []string{"shop"}, []string{"+    (shop 0.1.0) lib/shop/cart.ex:12: Shop.Cart.total/1", "-    (acme 0.1.0) lib/acme.ex:12: Acme.total/1"}},
		{"headlines stay", []string{"com.example."}, []string{".java.lang.Error: gone", "-\tat java.lang.Thread.run(Thread.java:1)", ".\t... 3 more"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(marked(unmarked(tt.lines), tt.own), tt.lines); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestTwoLinesInOne has clients that send the lines of a frame as one item.
func TestTwoLinesInOne(t *testing.T) {
	got := frames.Origins([]string{
		"main.main\n\t/srv/shop/main.go:12", "runtime.main\n\t/usr/local/go/src/runtime/proc.go:283",
		"  File \"/srv/x.py\", line 3, in f\n    open('/usr/lib/python3/x.py')\n",
	}, nil)
	if diff := cmp.Diff(got, []frames.Origin{frames.Own, frames.Library, frames.Own}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestTopmost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		own   []string
		lines []string
		want  []string
	}{
		{"Go's client", nil, []string{
			"/home/me/go/pkg/mod/github.com/periskop-dev/periskop-go@v1/collector.go:57", "\tReport: c.add(err)",
			"/srv/shop/cart.go:93", "\tAdd: return err", "/usr/local/go/src/runtime/asm_amd64.s:1771", "\tgoexit: BYTE",
		}, []string{"/srv/shop/cart.go:93: Add: return err"}},
		{"Go's own form", nil, []string{
			"goroutine 1 [running]:", "runtime/debug.Stack()", "\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e",
			"shop/cart.Add(0x1)", "\t/build/cart.go:12 +0x1d", "created by main.main in goroutine 1", "\t/build/main.go:9 +0x1",
		}, []string{"shop/cart.Add(0x1): /build/cart.go:12 +0x1d", "/build/main.go:9 +0x1"}},
		{"Scala", nil, []string{
			"scala.collection.List.foreach(List.scala:392)", "com.example.App.run(App.scala:26)", "java.lang.Thread.run(Thread.java:1)",
		}, []string{"com.example.App.run(App.scala:26)"}},
		{
			"Java with its headline", nil,
			[]string{"java.lang.Error: x", "\tat com.example.A.f(A.java:1)", "\tat com.example.B.g(B.java:2)", "\t... 3 more"},
			[]string{"at com.example.A.f(A.java:1)", "at com.example.B.g(B.java:2)"},
		},
		{"Ruby", nil, []string{"/usr/lib/ruby/gems/3.2.0/gems/x/lib/x.rb:2:in `y'", "app.rb:54:in `charge'"}, []string{"app.rb:54:in `charge'"}},
		{"Python ends with the innermost", nil, []string{
			"Traceback (most recent call last):", `  File "/srv/app.py", line 9, in main`, "    sell()",
			`  File "/srv/shop.py", line 27, in sell`, "    stock.take()", "    ^^^^^^^^^^^^",
			`  File "/usr/lib/python3/site-packages/stock.py", line 3, in take`, "    raise ValueError", "ValueError: no stock",
		}, []string{`File "/srv/shop.py", line 27, in sell: stock.take()`, `File "/srv/app.py", line 9, in main: sell()`}},
		{
			"Node.js", nil,
			[]string{"    at f (/app/node_modules/x/y.js:1:1)", "    at g (/app/src/a.js:1:1)", "    at h (/app/src/b.js:2:2)"},
			[]string{"at g (/app/src/a.js:1:1)", "at h (/app/src/b.js:2:2)"},
		},
		{"as the configuration says", []string{"com.mine."}, []string{"com.example.App.run(App.scala:26)", "com.mine.App.run(App.scala:27)"}, []string{"com.mine.App.run(App.scala:27)"}},
		{"nothing of its own", nil, []string{"java.lang.Thread.run(Thread.java:1)"}, []string{"java.lang.Thread.run(Thread.java:1)"}},
		{"no frames", nil, []string{"a", " b ", "", "c", "d"}, []string{"a", "b", "c"}},
		{"nothing", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := frames.TopmostOf([][]string{tt.lines}, tt.own, 3)
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestTopmostOfCauses has a library wrap what the application raised.
func TestTopmostOfCauses(t *testing.T) {
	library, own := []string{"java.lang.Thread.run(Thread.java:1)"}, []string{"com.example.A.f(A.java:1)", "java.lang.Thread.run(Thread.java:1)"}
	for _, tt := range []struct {
		name   string
		stacks [][]string
		want   []string
	}{
		{"the cause is the application's", [][]string{library, own}, own[:1]},
		{"no stack, then one", [][]string{nil, own}, own[:1]},
		{"libraries alone", [][]string{library, library}, library},
		{"none", nil, nil},
	} {
		if diff := cmp.Diff(frames.TopmostOf(tt.stacks, nil, 3), tt.want); diff != "" {
			t.Errorf("%s: (-got +want):\n%s", tt.name, diff)
		}
	}
	if list, isOwn := frames.Topmost(library, nil, 3); isOwn || len(list) != 1 {
		t.Errorf("got %q, %t", list, isOwn)
	}
}

// TestTopmostOfManyLines has a stack that ran over, in a language that ends with the
// innermost frame.
func TestTopmostOfManyLines(t *testing.T) {
	var lines []string
	for range 5000 {
		lines = append(lines, `  File "/usr/lib/python3/deep.py", line 1, in f`)
	}
	lines = append(lines, `  File "/srv/app.py", line 9, in main`)
	if got, isOwn := frames.Topmost(lines, nil, 3); !isOwn || len(got) != 1 || got[0] != `File "/srv/app.py", line 9, in main` {
		t.Errorf("got %q, %t", got, isOwn)
	}
}

func FuzzOrigins(f *testing.F) {
	for _, s := range []string{"at a.b(C.java:1)\n\tx.go:1", "main.main()\n\t/x/main.go:1 +0x1", "  File \"x\", line 1\n    y\n", "   1: a::b\n  at x.rs:1:1", "#0 /x.php(1): y()"} {
		f.Add(s, "com.")
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, s, own string) {
		lines := strings.Split(s, "\n")
		if got := frames.Origins(append(lines, s), []string{own}); len(got) != len(lines)+1 {
			t.Errorf("got %d origins of %d lines", len(got), len(lines)+1)
		}
		if got, _ := frames.Topmost(lines, nil, 2); len(got) > 2 {
			t.Errorf("got %d frames", len(got))
		}
	})
}

// BenchmarkOrigins has a line per iteration.
func BenchmarkOrigins(b *testing.B) {
	for name, line := range map[string]string{
		"Java":     "com.example.shop.checkout.PaymentProcessor$$anonfun$1.apply(PaymentProcessor.scala:40)",
		"Ruby":     "/srv/app/app/models/node.rb:3:in `children'",
		"Go":       "/srv/shop/internal/cart/service.go:57",
		"Python":   `  File "/srv/shop/cart.py", line 8, in pay`,
		"Node.js":  "    at Cart.pay (/app/src/cart.js:12:9)",
		"no frame": "not a frame at all: it (has) everything [in] it @ once: 0x1 #2",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				frames.Origins([]string{line}, nil)
			}
		})
	}
}
