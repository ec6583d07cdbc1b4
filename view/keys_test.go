package view_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// groupWorld has a group of sixty keys, of which one is hostile.
func groupWorld() *world {
	w := newWorld(merge.ServiceSettings{Name: "shop", Group: func(merge.Sample) string { return "user <_> not found" }})
	r := &periskop.Report{TargetUUID: "u"}
	for i := range 60 {
		key := fmt.Sprintf("*errors.errorString@%02x", i)
		if i == 59 {
			key = `<script>alert(1)</script>` + "\u202e" + strings.Repeat("long", 100)
		}
		one := reportOf(key, periskop.Exception{Class: "*errors.errorString", Message: fmt.Sprintf("user %d not found", i)})
		one.Aggregates[0].TotalCount += uint64(i)
		r.Aggregates = append(r.Aggregates, one.Aggregates...)
	}
	w.serve("shop", "shop-1", nil, r)
	return w
}

func TestGroup(t *testing.T) {
	h := groupWorld().handler(t)
	trace := "/trace/" + merge.ExceptionID("shop", "user <_> not found")
	for address, want := range map[string][]string{
		trace: {
			"Grouped from 60 keys", `<td class="mono"><bdi>*errors.errorString@1f</bdi></td>`, "10 more that were seen before these or less often",
			"&lt;script&gt;alert(1)&lt;/script&gt;", "U&#43;202E",
		},
		trace + "/text":     {"Grouped:    from 60 keys\n"},
		trace + "/markdown": {"- Grouped from 60 keys\n"},
		"/exceptions":       {`<span class="key">60 keys</span>`},
		"/exceptions?q=" + url.QueryEscape("errorString@1f"): {"user &lt;_&gt; not found"},
	} {
		body := get(t, h, address).Body.String()
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: %q is missing in\n%s", address, s, body)
			}
		}
		if strings.Contains(body, "<script>alert") {
			t.Errorf("%s: a key is markup", address)
		}
	}
	one := merge.ExceptionID("shop", "*errors.errorString@1f")
	for address, want := range map[string]string{
		"/trace/" + one + "?occurrence=x": ".." + trace + "?occurrence=x",
		"/trace?service_name=shop&aggregation_key=" + url.QueryEscape("*errors.errorString@1f"): "." + trace,
	} {
		w := get(t, h, address)
		if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != want {
			t.Errorf("%s: status %d to %q, want 302 to %q", address, w.Code, got, want)
		}
	}
	if w := get(t, h, "/trace/"+one+"/json"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"user <_> not found"`) && !strings.Contains(w.Body.String(), `user \u003c_\u003e not found`) {
		t.Errorf("the JSON of a key of a group: status %d\n%s", w.Code, w.Body)
	}
}
