package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// The files that stand beside the state.
const (
	markName = "state.mark"
	lockName = "state.lock"
)

// lockTimeout is how long to wait for another process to let go of the lock. A restart
// does not overlap by more.
const lockTimeout = 100 * time.Millisecond

// A mark is what stands in the file beside the state.
type mark struct {
	path string
	lock fileutil.Releaser

	// id is also in the state: who puts back one without the other is found out. While the
	// state is being given a new one, before is that which it may still have.
	id, before string
	// synced is how many bytes of the state were synced.
	synced int64
	// alive is when the program is known to have run last.
	alive time.Time
}

// openMark takes the lock and reads the mark. It returns ErrInUse, and no mark, when another
// program has the lock, and a mark with another error when there can be no lock. A mark that is not there, or is not readable, has no ID.
func openMark(dir string) (*mark, error) {
	m := &mark{path: filepath.Join(dir, markName)}
	m.read()
	deadline := time.Now().Add(lockTimeout)
	for {
		lock, _, err := fileutil.Flock(filepath.Join(dir, lockName))
		switch {
		case err == nil:
			m.lock = lock
			m.read() // what the program wrote that had the lock
			return m, nil
		case !isLocked(err):
			return m, err
		case time.Now().After(deadline):
			return nil, ErrInUse
		}
		time.Sleep(lockTimeout / 10)
	}
}

func isLocked(err error) bool {
	const windowsLockViolation = syscall.Errno(33) // EDOM elsewhere, which no file knows
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, windowsLockViolation)
}

func (m *mark) read() {
	text, err := os.ReadFile(m.path)
	if err != nil {
		return // no mark
	}
	if info, err := os.Stat(m.path); err == nil {
		m.alive = info.ModTime().Round(0)
	}
	fields := strings.Fields(string(text))
	if len(fields) != 3 {
		return
	}
	synced, err := strconv.ParseInt(fields[2], 10, 64)
	if _, hexErr := hex.DecodeString(fields[0]); err == nil && hexErr == nil {
		m.id, m.before, m.synced = fields[0], fields[1], synced
	}
}

// is reports whether the state that has the ID is the one that the mark is of.
func (m *mark) is(id string) bool { return id == m.id || id == m.before }

// renew gives the mark a new ID, before the state has it.
func (m *mark) renew() error {
	m.before, m.id, m.synced = m.id, newMark(), 0
	return m.write()
}

// write writes the mark, in place and of one length, so that it is never cut off.
func (m *mark) write() error {
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	before := m.before
	if before == "" {
		before = strings.Repeat("-", len(m.id))
	}
	_, err = fmt.Fprintf(f, "%s %s %020d\n", m.id, before, m.synced)
	return errors.Join(err, f.Close())
}

// touch notes that the program runs.
func (m *mark) touch(now time.Time) {
	_ = os.Chtimes(m.path, now, now) // it only makes the next start count less
}

func (m *mark) close() error {
	if m.lock == nil {
		return nil
	}
	return m.lock.Release()
}
