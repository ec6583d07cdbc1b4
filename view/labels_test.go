package view_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/periskop-exporter/periskop_exporter/merge"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// labelWorld has an exception in two versions, on two nodes.
func labelWorld() *world {
	w := newWorld(merge.ServiceSettings{Name: "shop", OccurrenceLabels: []string{"node", "version"}})
	for i, p := range [][3]string{{"shop-1", "3.1.4", "node 7"}, {"shop-2", "3.2.0", "node 8"}} {
		r := reportOf("PaymentError@1a", periskop.Exception{Class: "PaymentError", Message: "declined by " + p[0]})
		r.TargetUUID = p[0]
		r.Aggregates[0].Latest = periskop.EncodeOccurrences([]periskop.Occurrence{{UUID: p[0], Timestamp: now.Add(time.Duration(i-3) * time.Second), Error: periskop.Exception{Class: "PaymentError"}}})
		w.serve("shop", p[0], periskop.NewLabels(map[string]string{"version": p[1], "node": p[2]}), r)
	}
	return w
}

func TestLabels(t *testing.T) {
	h := labelWorld().handler(t)
	trace := "/trace/" + merge.ExceptionID("shop", "PaymentError@1a")
	for address, want := range map[string][]string{
		trace: {
			"By <bdi>node</bdi>", "By <bdi>version</bdi>", "<bdi>node</bdi>=<bdi>node 8</bdi>",
			`<a href="../exceptions?q=version%3D3.2.0&amp;state=all"><bdi>3.2.0</bdi></a>`, `<td class="mono"><bdi>node 7</bdi></td>`,
			"<dd><bdi>3.2.0</bdi> <small>first in <bdi>3.1.4</bdi></small></dd>",
		},
		trace + "/text":                 {"Version:    first in 3.1.4, last in 3.2.0\n", `Labels:     node="node 8" version="3.2.0"`},
		trace + "/markdown":             {"- Version: `first in 3.1.4, last in 3.2.0`\n", "- Labels: `node=\"node 8\" version=\"3.2.0\"`\n"},
		trace + "/json":                 {`"node": "node 7"`},
		"/exceptions?q=version%3D3.2.0": {"PaymentError"},
		"/exceptions?q=" + url.QueryEscape("version=9.9"): {"Nothing matches"},
	} {
		body := get(t, h, address).Body.String()
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: %q is missing in\n%s", address, s, body)
			}
		}
	}
}
