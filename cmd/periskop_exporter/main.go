// Command periskop_exporter scrapes the exceptions of services that are instrumented
// with a Periskop client library, and shows them as Prometheus metrics and on pages.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // An image from scratch has no database of time zones, and PHP sends their names.
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "periskop_exporter:", err)
		os.Exit(1)
	}
}

// run runs the subcommand that args name until it is done or ctx is cancelled.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	c := newCommands(stdin, stdout, stderr)
	command, err := c.parse(args)
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil {
		return err
	}
	return command(ctx)
}
