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
	"time"
	_ "time/tzdata" // An image from scratch has no database of time zones, and PHP sends their names.
)

func main() {
	ctx, hangups := listenForSignals()
	if err := run(ctx, hangups, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "periskop_exporter:", err)
		os.Exit(1)
	}
}

// listenForSignals returns a context that is cancelled by SIGINT or SIGTERM, and the
// SIGHUPs. It is called before anything else, and listens until the process ends: by
// default SIGHUP would end it while it starts, and while it writes the last of its state.
// A second SIGINT ends it at once.
func listenForSignals() (context.Context, <-chan os.Signal) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-interrupts
		first := time.Now()
		cancel()
		for s := range interrupts {
			if s == os.Interrupt && time.Since(first) > sameInterrupt {
				fmt.Fprintln(os.Stderr, "periskop_exporter: interrupted again, ending at once")
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, hangups
}

// sameInterrupt is within what SIGINT is taken for the first one, delivered again: programs
// such as timeout(1) send it to the process, and then to its whole group.
const sameInterrupt = 100 * time.Millisecond

// exitInterrupted is the status of a program that SIGINT ended, as shells have it.
const exitInterrupted = 130

// run runs the subcommand that args name until it is done or ctx is cancelled.
func run(ctx context.Context, hangups <-chan os.Signal, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	c := newCommands(stdin, stdout, stderr)
	c.hangups = hangups
	command, err := c.parse(args)
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil {
		return err
	}
	return command(ctx)
}
