package frames_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
)

// TestTopmostSource finds where to look first: in the own frame in which it happened.
func TestTopmostSource(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"Go":                  {[]string{"/usr/local/go/src/runtime/panic.go:7", "/srv/shop/cart.go:57", "/srv/shop/main.go:3"}, "/srv/shop/cart.go"},
		"Python ends with it": {[]string{`File "/srv/main.py", line 1, in x`, `File "/srv/shop.py", line 2, in y`, `File "/usr/lib/python3/site-packages/z.py", line 3, in z`}, "/srv/shop.py"},
		"nothing is own":      {[]string{"/usr/local/go/src/runtime/panic.go:7", "/usr/local/go/src/runtime/proc.go:7"}, "/usr/local/go/src/runtime/panic.go"},
		"no frames":           {[]string{"what happened: 7"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := frames.TopmostSource(c.lines, nil).Path; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	type source = frames.Source
	for name, c := range map[string]struct {
		lines []string
		want  []source
	}{
		"Go, as the client has it": {
			[]string{"/srv/shop/cart.go:57", "\tadd: return err", "/usr/local/go/src/runtime/asm_amd64.s:1700"},
			[]source{{"/srv/shop/cart.go", 57}, {}, {"/usr/local/go/src/runtime/asm_amd64.s", 1700}},
		},
		"Go, as it prints it": {
			[]string{"goroutine 1 [running]:", "main.(*Cart).add(0xc000)", "\t/srv/shop/cart.go:57 +0x1d", "github.com/example/shop/stock.take\n\tgithub.com/example/shop/stock/take.go:9"},
			[]source{{}, {}, {"/srv/shop/cart.go", 57}, {"github.com/example/shop/stock/take.go", 9}},
		},
		"Java": {
			[]string{"\tat com.example.shop.Cart.add(Cart.java:57)", "\tat com.example.shop.Cart$Item.<init>(Cart.java:8)", "\tat app//com.example.Main.main(Main.kt:3) ~[app.jar:1.2]", "at java.base/java.lang.Thread.run(Thread.java:840)", "at a.b.C.d(Native Method)", "at a.b.C.d(C.java)", "Caused by: x.Y: z"},
			[]source{{"com/example/shop/Cart.java", 57}, {"com/example/shop/Cart.java", 8}, {"com/example/Main.kt", 3}, {"java/lang/Thread.java", 840}, {}, {}, {}},
		},
		"Scala": {
			[]string{"com.example.Shop$.$anonfun$main$1(Shop.scala:12)"},
			[]source{{"com/example/Shop.scala", 12}},
		},
		"Python": {
			[]string{"Traceback (most recent call last):", "  File \"/srv/shop/app.py\", line 9, in main", "    sell(line 7)", "ValueError: no"},
			[]source{{}, {"/srv/shop/app.py", 9}, {}, {}},
		},
		"Ruby": {
			[]string{"/app/lib/cart.rb:57:in 'Cart#add'", "app/models/stock.rb:3:in `take'", "\tfrom /app/bin/run:1:in '<main>'"},
			[]source{{"/app/lib/cart.rb", 57}, {"app/models/stock.rb", 3}, {"/app/bin/run", 1}},
		},
		"Node": {
			[]string{"Error: no", "    at Cart.add (/app/src/cart.js:57:11)", "    at async file:///app/src/main.mjs:3:1", "    at node:internal/main:1:2", "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"},
			[]source{{}, {"/app/src/cart.js", 57}, {"/app/src/main.mjs", 3}, {"node:internal/main", 1}, {"node:internal/process/task_queues", 95}},
		},
		"PHP and Windows": {
			[]string{`#0 /srv/shop/cart.php(57): Cart->add()`, `    at C:\shop\cart.js:5:1`},
			[]source{{"/srv/shop/cart.php", 57}, {"C:/shop/cart.js", 5}},
		},
		"no line, or none that there can be": {
			[]string{"/srv/a.go:0", "/srv/a.go:99999999999999999999", "/srv/a.go", ""},
			[]source{{}, {}, {}, {}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(frames.Sources(c.lines), c.want); diff != "" {
				t.Errorf("sources (-got +want):\n%s", diff)
			}
		})
	}
}
