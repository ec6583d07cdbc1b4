package demo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A gen makes up what differs from one occurrence to the next.
type gen struct{ *rand.Rand }

func (g gen) pick(list ...string) string { return list[g.IntN(len(list))] }

// pause is the time until the next of events that are every so often on average and
// know nothing of each other.
func (g gen) pause(every time.Duration) time.Duration {
	const least = 20 * time.Millisecond
	return max(least, time.Duration(g.ExpFloat64()*float64(every)))
}

func (g gen) order() string { return strconv.Itoa(20_480_000 + g.IntN(90_000)) }

func (g gen) sku() string { return fmt.Sprintf("SKU-%05d", 10_000+g.IntN(800)) }

func (g gen) email() string {
	return g.pick("ada", "grace", "edsger", "barbara", "tony", "radia") + strconv.Itoa(g.IntN(900)) + "@example.com"
}

// build is the hash that a bundler puts into a file name.
func (g gen) build() string { return fmt.Sprintf("%08x", g.Uint32()) }

// values fills the placeholders of a trace.
func (g gen) values() *strings.Replacer {
	return strings.NewReplacer(
		"{email}", g.email(),
		"{line}", strconv.Itoa(2+g.IntN(40_000)),
		"{ms}", strconv.Itoa(30_000+g.IntN(40)),
		"{n}", strconv.Itoa(1+g.IntN(64)),
		"{octet}", strconv.Itoa(2+g.IntN(250)),
		"{order}", g.order(),
		"{query}", g.pick("garden chair", "blue kettle", "run shoes 43", "usb-c kabel", "café crème", "<b>sale</b>"),
		"{sku}", g.sku(),
		"{user}", strconv.Itoa(100_000+g.IntN(400_000)),
	)
}
