package view

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOrigins has a stack trace per language and form, each line after its origin: own
// is +, of a library -, and not known ?.
func TestOrigins(t *testing.T) {
	tests := []struct {
		name  string
		own   []string
		lines string
	}{
		{"Go, as its client prints it", nil, `
+/srv/shop/main.go:93
+	main: f(cp, v, t)
-/usr/local/go/src/internal/runtime/atomic/types.go:194
-	(*Uint32).Load: return Load(&u.value)`},
		{"Go, as it prints itself", nil, `
?goroutine 1 [running]:
-runtime/debug.Stack()
-	runtime/debug/stack.go:26 +0x5e
+main.(*cart).add(0x1)
+	example.com/shop/cart.go:12 +0x1d
-github.com/jackc/pgx.(*Conn).Query(...)
-	github.com/jackc/pgx@v3.6.2/conn.go:99`},
		{"Java", nil, `
?java.lang.IllegalStateException: no stock
+	at com.example.shop.Cart.add(Cart.java:17)
+	at app//com.example.shop.Cart$Item.<init>(Cart.java:40)
-	at java.base/java.util.ArrayList.forEach(ArrayList.java:1511)
-	at org.apache.catalina.core.StandardHostValve.invoke(Unknown Source)`},
		{"Scala", nil, `
+com.example.shop.App$$anonfun$3.apply(App.scala:28)
-scala.collection.immutable.List.foreach(List.scala:392)
-akka.actor.ActorCell.invoke(ActorCell.scala:547)`},
		{"Python", nil, `
?Traceback (most recent call last):
-  File "/usr/lib/python3.12/runpy.py", line 198, in _run_module_as_main
-    return _run_code(code, main_globals, None,
+  File "/srv/app.py", line 66, in chained
+    try: {}['k']
+         ~~^^^^^
?KeyError: 'k'
-  File "/venv/lib/python3.12/site-packages/flask/app.py", line 1488, in __call__`},
		{"Ruby", nil, `
+app.rb:67:in 'block (2 levels) in <main>'
-/usr/share/rubygems-integration/all/gems/rack-2.2.22/lib/rack/mock.rb:83:in 'request'
-actionpack (7.1.3) lib/action_controller/metal/rescue.rb:25:in 'process_action'
-<internal:kernel>:187:in 'loop'
+app/controllers/sessions_controller.rb:12:in 'create'`},
		{"Node.js", nil, `
?TypeError: Cannot read properties of undefined
+    at addToCart (/srv/app/cart.js:10:15)
+    at async Promise.all (file:///srv/app/all.mjs:1:2)
-    at Layer.handle (/srv/app/node_modules/express/lib/router/layer.js:95:5)
-    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
-    at Array.forEach (<anonymous>)`},
		{"a browser", nil, `
+add@https://shop.test/static/cart.js:10:15
-render@https://shop.test/node_modules/react/index.js:1:2`},
		{"given packages", []string{"org.apache.mine."}, `
+org.apache.mine.Job.run(Job.java:1)
-com.example.Lib.call(Lib.java:2)`},
		{"given paths", []string{"/app/", "github.com/acme/"}, `
+/srv/app/x.rb:1:in 'a'
+/home/ci/go/pkg/mod/github.com/acme/lib@v1.0.0/x.go:3
-/srv/other/x.rb:1:in 'b'`},
		{"all of one origin", nil, `
?app.rb:67:in 'a'
?app.rb:68:in 'b'`},
		{"words", nil, `
?frame cart expired
?	of nothing`},
	}
	marks := map[origin]string{originOwn: "+", originLibrary: "-", originUnknown: "?"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines, got []string
			for line := range strings.SplitSeq(strings.TrimPrefix(tt.lines, "\n"), "\n") {
				lines = append(lines, line[1:])
			}
			for i, o := range origins(lines, tt.own) {
				got = append(got, marks[o]+lines[i])
			}
			if diff := cmp.Diff("\n"+strings.Join(got, "\n"), tt.lines); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestOriginsInOneItem has a client that sends a frame as one item of two lines.
func TestOriginsInOneItem(t *testing.T) {
	got := origins([]string{"main.main\n\t/srv/shop/main.go:12", "runtime.main\n\t/usr/local/go/src/runtime/proc.go:283"}, nil)
	if diff := cmp.Diff(got, []origin{originOwn, originLibrary}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func FuzzOrigins(f *testing.F) {
	f.Add("at a.b(C.java:1)\n\tx.go:1", "com.")
	f.Fuzz(func(t *testing.T, s, own string) {
		lines := strings.Split(s, "\n")
		if got := origins(append(lines, s), []string{own}); len(got) != len(lines)+1 {
			t.Errorf("got %d origins of %d lines", len(got), len(lines)+1)
		}
	})
}
