package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// remedy says what to do about a directory that cannot be written to.
func remedy(dir string, err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("let user %d read and write %s and its files: chown them, or set fsGroup in Kubernetes", os.Getuid(), dir)
	case errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("mount a volume that can be written at %s, or name another directory with --storage.path", dir)
	case errors.Is(err, syscall.ENOSPC):
		return "make room on the disk of " + dir
	}
	return "see that " + dir + " is a directory on a disk that can be written"
}
