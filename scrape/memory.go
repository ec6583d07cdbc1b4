package scrape

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/periskop-exporter/periskop_exporter/internal/limit"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// Nearly all reports are read within a window of fixed size. One that has an exception, or
// comes from an exporter, larger than that takes more, and all of those together have a
// bound: some may take a bit more at a time, and one as much as its body may have. The
// others wait, within their timeouts.
const (
	// freeBytes is what each may take without waiting, a bit more than a window.
	freeBytes = 256 << 10
	// littleBytes is what littleAtOnce may take at a time, and someBytes what someAtOnce may.
	littleBytes  = 1 << 20
	littleAtOnce = 64
	someBytes    = 8 << 20
	someAtOnce   = 4
	// mostTurn is for how long one may hold it while others wait: 8 MB come within that from
	// a target that is any good, and 64 MB on a local network.
	mostTurn = 2 * time.Second
)

// memoryLimits are where those wait that want more than freeBytes, one after the other.
type memoryLimits []memoryLimit

type memoryLimit struct {
	beyond int // for those that want more than that
	*limit.Slots
}

func newMemoryLimits() memoryLimits {
	return memoryLimits{
		{freeBytes, limit.NewSlots(littleAtOnce, mostTurn)},
		{littleBytes, limit.NewSlots(someAtOnce, mostTurn)},
		{someBytes, limit.NewSlots(1, mostTurn)},
	}
}

// A memoryUse is what one scrape has of the memoryLimits. It is for one goroutine.
type memoryUse struct {
	ctx    context.Context
	giveUp context.CancelCauseFunc
	ahead  memoryLimits // that it has not entered
	leaves []func()
	most   int // that it has asked for
}

// grow waits until the scrape may hold so many bytes.
func (u *memoryUse) grow(bytes int) error {
	u.most = max(u.most, bytes)
	for len(u.ahead) > 0 && bytes > u.ahead[0].beyond {
		leave, err := u.ahead[0].Enter(u.ctx, u.giveUp)
		if err != nil {
			return errNoMemory
		}
		u.leaves = append(u.leaves, leave)
		u.ahead = u.ahead[1:]
	}
	return nil
}

// leave is called when what was read is held no more.
func (u *memoryUse) leave() {
	limit.Collect(int64(u.most))
	for _, leave := range u.leaves {
		leave()
	}
	u.leaves, u.most = nil, 0
}

// errNoMemory is why a scrape ended that waited for others in vain.
var errNoMemory = errors.New("others hold the memory")

// isMemoryError reports whether a scrape ended because others hold the memory, or wait for it.
func isMemoryError(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, errNoMemory) || errors.Is(context.Cause(ctx), limit.ErrTooSlow))
}

func memoryFailure(ctx context.Context, err error, t *periskop.Target) *failure {
	text := fmt.Sprintf("the report has an exception of more than %d kB and did not come within %s, while other targets waited to send theirs", freeBytes>>10, mostTurn)
	if errors.Is(err, errNoMemory) {
		text = fmt.Sprintf("the report has an exception of more than %d kB, and for %s other targets were sending such reports", freeBytes>>10, t.Timeout)
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			text = "the scrape was stopped"
		}
	}
	return &failure{result: periskop.Timeout, text: text}
}
