package frames_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/periskop-exporter/periskop_exporter/internal/frames"
)

func TestTopmostName(t *testing.T) {
	for name, tc := range map[string]struct {
		own    []string
		stacks [][]string
		want   string
	}{
		"nothing":  {},
		"no frame": {stacks: [][]string{{"frame cart expired"}}},
		"JVM": {stacks: [][]string{{
			"java.util.ArrayList.rangeCheck(ArrayList.java:659)", "com.example.shop.Cart.total(Cart.java:41)", "com.example.shop.App.main(App.java:7)",
		}}, want: "com.example.shop.Cart.total"},
		"Go": {stacks: [][]string{{
			"goroutine 7 [running]:", "runtime/debug.Stack()", "\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e",
			"github.com/example/shop/cart.(*Cart).Total(0xc000010000, 0x2)", "\t/srv/shop/cart/cart.go:17 +0x1d",
		}}, want: "github.com/example/shop/cart.(*Cart).Total"},
		"the Go client": {own: []string{"/srv/clients/"}, stacks: [][]string{{
			"/srv/ref/periskop-dev+periskop-go/collector.go:57", "\tinit.func2: c.addError(err, severity, nil, \"\")",
			"/srv/clients/go/cur/main.go:93", "\tinit.func2: c.ReportError(ErrnoLike(17)); t.Total++",
		}}, want: "/srv/clients/go/cur/main.go in init.func2"},
		"Python, the innermost last": {stacks: [][]string{{
			"Traceback (most recent call last):", `  File "/srv/shop/app.py", line 40, in main`, "    pay(1)",
			`  File "/srv/shop/cart.py", line 7, in pay`, "    raise Expired()", "    ^^^^^",
			`  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads`, "    return _default_decoder.decode(s)",
		}}, want: "/srv/shop/cart.py in pay"},
		"Ruby": {stacks: [][]string{{
			"/usr/local/bundle/gems/rack-2.2.8/lib/rack/sendfile.rb:110:in `call'", "/srv/shop/app/models/cart.rb:12:in `total'",
		}}, want: "/srv/shop/app/models/cart.rb in total"},
		"Ruby 3.4": {stacks: [][]string{{"/srv/shop/app/models/cart.rb:12:in 'Cart#total'"}}, want: "/srv/shop/app/models/cart.rb in Cart#total"},
		"Node": {stacks: [][]string{{
			"Error: gone", "    at checkout (/srv/shop/cart.js:7:11)", "    at node:internal/process/task_queues:95:5",
		}}, want: "/srv/shop/cart.js in checkout"},
		"of the cause":       {stacks: [][]string{{"java.lang.Thread.run(Thread.java:1)"}, {"com.example.Cart.total(Cart.java:41)"}}, want: "com.example.Cart.total"},
		"libraries only":     {stacks: [][]string{{"java.lang.Thread.run(Thread.java:1)"}}},
		"what is told":       {own: []string{"org.apache.mine."}, stacks: [][]string{{"com.example.Lib.call(Lib.java:2)", "org.apache.mine.Job.run(Job.java:1)"}}, want: "org.apache.mine.Job.run"},
		"a name with no end": {stacks: [][]string{{"com.example." + strings.Repeat("a", 900) + ".run(A.java:1)"}}, want: "com.example." + strings.Repeat("a", 288)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := frames.TopmostName(tc.stacks, tc.own); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAll(t *testing.T) {
	lines := []string{
		"Traceback (most recent call last):", `  File "/srv/shop/app.py", line 40, in main`, "    pay(1)",
		`  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads`, "    return _default_decoder.decode(s)",
	}
	want := []string{`File "/usr/lib/python3.11/json/__init__.py", line 346, in loads: return _default_decoder.decode(s)`, `File "/srv/shop/app.py", line 40, in main: pay(1)`}
	if diff := cmp.Diff(frames.All(lines, 10), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if got := frames.All(lines, 1); len(got) != 1 {
		t.Errorf("got %d, want 1", len(got))
	}
}
