package demo

import (
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// TestCheckout sends each kind of order that fails, and reads what periskop-go made of
// it.
func TestCheckout(t *testing.T) {
	g := gen{rand.New(rand.NewPCG(1, 1))}
	for _, tt := range []struct {
		name  string
		order order
		// What the only exception is to have. The stack trace is joined.
		key, class, message, severity, stack, cause string
	}{
		{
			name: "out of stock", order: outOfStock(g), key: "*demo.stockError@", class: "*demo.stockError",
			message: "not enough stock in warehouse Leipzig", severity: "warning", stack: "checkout.go",
		},
		{
			name: "gateway timeout", order: gatewayTimeout(g), key: "card gateway/timeout & retry #3", class: "*fmt.wrapError",
			message: "context deadline exceeded", severity: "error", stack: "checkout.go",
		},
		{
			name: "tax table", order: brokenTaxTable(g), key: "*demo.taxTableError@", class: "*demo.taxTableError",
			message: "price the order: tax table: invalid character", severity: "error", stack: "demo.parseTaxTable",
			cause: "*json.SyntaxError",
		},
		{
			name: "gift cards", order: noGiftCards(g), key: "runtime.errorString@", class: "runtime.errorString",
			message: "runtime error: integer divide by zero", severity: "error", stack: "checkout_order.go",
		},
		{
			name: "receipt of a guest", order: guestReceipt(g), key: "runtime.errorString@", class: "runtime.errorString",
			message: "runtime error: invalid memory address or nil pointer dereference", severity: "error", stack: "checkout_order.go",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCheckout()
			for range 3 {
				c.send(tt.order)
			}
			w := httptest.NewRecorder()
			c.exceptions.ServeHTTP(w, httptest.NewRequest("GET", "/-/exceptions", nil))
			r, err := periskop.Decode(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Aggregates) != 1 || r.Aggregates[0].TotalCount != 3 {
				t.Fatalf("got %+v", r.Aggregates)
			}
			a := r.Aggregates[0]
			o := a.Latest.Decode(nil)[0]
			if !strings.HasPrefix(a.Key, tt.key) || o.Error.Class != tt.class || a.Severity != tt.severity {
				t.Errorf("got key %q, class %q, severity %q", a.Key, o.Error.Class, a.Severity)
			}
			if !strings.Contains(o.Error.Message, tt.message) {
				t.Errorf("got message %q", o.Error.Message)
			}
			if !strings.Contains(strings.Join(o.Error.Stacktrace, "\n"), tt.stack) {
				t.Errorf("got stack trace %q", o.Error.Stacktrace)
			}
			if tt.cause != "" && (o.Error.Cause == nil || o.Error.Cause.Class != tt.cause) {
				t.Errorf("got cause %+v", o.Error.Cause)
			}
			if o.HTTPContext == nil || o.HTTPContext.Body != tt.order.body {
				t.Errorf("got context %+v", o.HTTPContext)
			}
		})
	}
}

func TestCheckoutSucceeds(t *testing.T) {
	c := newCheckout()
	c.send(order{"POST", "/orders", orderBody(gen{rand.New(rand.NewPCG(1, 1))}, "")})
	w := httptest.NewRecorder()
	c.exceptions.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if !strings.HasPrefix(w.Body.String(), `{"aggregated_errors":[],`) {
		t.Errorf("got %s", w.Body.String())
	}
}
