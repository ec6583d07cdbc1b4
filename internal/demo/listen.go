package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// ListenLocal listens on 127.0.0.1 on the preferred port, or on a free one when that
// is taken.
func ListenLocal(ctx context.Context, preferred int) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", preferred))
	if err == nil {
		return l, nil
	}
	l, anyErr := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if anyErr != nil {
		return nil, errors.Join(err, anyErr)
	}
	return l, nil
}
