package demo

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/fleet"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// FirstNew is how long after the start the first exception is raised that nobody has
// seen before: late enough for Prometheus to have seen the shop without it.
const FirstNew = 35 * time.Second

// A sample is what a service of the shop is made of.
type sample struct {
	name, language string
	instances      int
	// client is nil for checkout, which is instrumented with the real one.
	client *fleet.Client
	// failures go on all the time.
	failures []failure
	// debuts are first raised some time after the start.
	debuts []debut
}

// A failure is an exception that is raised again and again.
type failure struct {
	what string
	// every is the mean time between two of them, over all instances.
	every time.Duration
	// burst is the mean time between two bursts; 0 means none.
	burst time.Duration
	raise func(in *instance, at time.Time, g gen)
}

type debut struct {
	after time.Duration
	failure
}

// shop is the cast. The rates add up to about one exception a second.
func shop() []sample {
	return []sample{
		{
			name: "checkout", language: "Go", instances: 3,
			failures: []failure{
				ordered("out of stock", 8*time.Second, outOfStock),
				ordered("gateway timeout", 20*time.Second, gatewayTimeout),
				ordered("tax table", 50*time.Second, brokenTaxTable),
				ordered("receipt without customer", 70*time.Second, guestReceipt),
			},
			debuts: []debut{{8 * time.Minute, ordered("integer divide by zero", 40*time.Second, noGiftCards)}},
		},
		{
			name: "catalogue", language: "Scala", instances: 3, client: fleet.Scala(),
			failures: []failure{
				bursting(5*time.Minute, traced("catalogue/pool-exhausted", 40*time.Second, "error", productRequest)),
				traced("catalogue/search-timeout", 5*time.Second, "error", searchRequest),
				traced("catalogue/price-import", time.Minute, "warning", nil),
			},
			debuts: []debut{{3 * time.Minute, traced("catalogue/bundle-missing", 20*time.Second, "error", productRequest)}},
		},
		{
			name: "recommendations", language: "Python", instances: 2, client: fleet.Python(),
			failures: []failure{
				bursting(7*time.Minute, traced("recommendations/cache-timeout", 8*time.Second, "error", relatedRequest)),
				traced("recommendations/missing-feature", 12*time.Second, "error", relatedRequest),
				traced("recommendations/shape-mismatch", 45*time.Second, "error", nil),
			},
			debuts: []debut{{5 * time.Minute, traced("recommendations/decode-review", 25*time.Second, "error", nil)}},
		},
		{
			name: "storefront", language: "Ruby", instances: 3, client: fleet.Ruby(),
			failures: []failure{
				traced("storefront/product-page", 7*time.Second, "error", pageRequest),
				traced("storefront/record-not-found", 6*time.Second, "info", pageRequest),
				traced("storefront/catalogue-timeout", 20*time.Second, "error", pageRequest),
			},
			debuts: []debut{{FirstNew, traced("storefront/sign-in", 12*time.Second, "error", signInRequest)}},
		},
		{
			name: "payments", language: "JavaScript", instances: 2, client: fleet.Go(),
			failures: []failure{
				traced("payments/card-declined", 9*time.Second, "info", paymentRequest),
				traced("payments/webhook-shape", 30*time.Second, "error", nil),
				traced("payments/ledger-write", 90*time.Second, "error", paymentRequest),
			},
		},
	}
}

// traced raises an exception of traces/ in one of the fake processes.
func traced(name string, every time.Duration, severity string, request func(gen) *periskop.HTTPContext) failure {
	e := readTrace(name)
	return tracedAs(e, keyOf(e.Class, name), every, severity, request)
}

func tracedAs(e *periskop.Exception, key string, every time.Duration, severity string, request func(gen) *periskop.HTTPContext) failure {
	return failure{
		what:  e.Class,
		every: every,
		raise: func(in *instance, at time.Time, g gen) {
			o := periskop.Occurrence{Timestamp: at, Severity: severity, Error: *fill(e, g.values())}
			if request != nil {
				o.HTTPContext = request(g)
			}
			in.process.Raise(key, o)
		},
	}
}

// keyOf is a key as client libraries make them: of the class and what is the same in
// all its occurrences.
func keyOf(class, what string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(what)) // a hash takes everything
	return class + "@" + strconv.FormatUint(uint64(h.Sum32()), 16)
}

// ordered sends checkout a request that fails.
func ordered(what string, every time.Duration, request func(gen) order) failure {
	return failure{
		what:  what,
		every: every,
		raise: func(in *instance, _ time.Time, g gen) { in.checkout.send(request(g)) },
	}
}

func bursting(burst time.Duration, f failure) failure {
	f.burst = burst
	return f
}
