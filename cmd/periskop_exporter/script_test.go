package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this test binary as periskop_exporter.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){appName: main})
}

// TestScripts runs testdata/script. Beside testscript's own commands they have
//
//	target NAME FILE...      serve the files one after another, then the last one for
//	                         ever; the address is in $NAME
//	http METHOD URL PATTERN  ask until status and body match the pattern
//	signal NAME              send SIGHUP or SIGTERM to all that runs in the background
//	interrupt                send SIGINT to all that runs in the background, until it ends
//	hang ADDRESS             begin a request, and send no more of it
//	release                  give the requests up that hang
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			address, err := freeAddress()
			env.Setenv("ADDRESS", address)
			env.Setenv("PORT", address[strings.LastIndexByte(address, ':')+1:])
			second, secondErr := freeAddress()
			env.Setenv("ADDRESS2", second)
			payloads, _ := filepath.Abs("../../periskop/testdata/payloads")
			env.Setenv("PAYLOADS", payloads)
			env.Values[hanging] = new([]net.Conn)
			return errors.Join(err, secondErr)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"target":    target,
			"http":      ask,
			"signal":    sendSignal,
			"interrupt": interrupt,
			"hang":      hang,
			"release":   release,
		},
	})
}

// freeAddress returns an address on loopback that nothing listens on now.
func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func target(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: target NAME FILE...")
	}
	var bodies []string
	for _, f := range args[1:] {
		bodies = append(bodies, ts.ReadFile(f))
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	next := make(chan string, len(bodies))
	for _, b := range bodies[:len(bodies)-1] {
		next <- b
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := bodies[len(bodies)-1]
		select {
		case body = <-next:
		default:
		}
		_, _ = io.WriteString(w, body)
	})}
	go func() { _ = server.Serve(l) }()
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: http METHOD URL PATTERN [ORIGIN]")
	}
	origin := strings.Join(args[3:], "")
	pattern, err := regexp.Compile("(?s)" + args[2])
	ts.Check(err)
	answer := ""
	for range 1200 { // a minute, for a machine that is busy
		if answer = answerOf(args[0], args[1], origin); pattern.MatchString(answer) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s %s: no match for %q in\n%s", args[0], args[1], args[2], answer)
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || signals[args[0]] == nil || len(ts.BackgroundCmds()) == 0 {
		ts.Fatalf("usage: signal HUP|TERM, while something runs in the background")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(signals[args[0]]); !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: interrupt")
	}
	for _, cmd := range ts.BackgroundCmds() {
		for cmd.Process.Signal(os.Interrupt) == nil {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// hanging is where a script keeps its connections.
const hanging = "connections that hang"

func hang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hang ADDRESS")
	}
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", args[0])
	ts.Check(err)
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: hanging\r\n")
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	list, _ := ts.Value(hanging).(*[]net.Conn)
	*list = append(*list, conn)
}

func release(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: release")
	}
	list, _ := ts.Value(hanging).(*[]net.Conn)
	for _, conn := range *list {
		_ = conn.Close() // what else it comes to does not matter
	}
}

// answerOf returns status and body of an answer, or the error. With an origin, a page of
// that asks, under whose name this program is found.
func answerOf(method, url, origin string) string {
	req, err := http.NewRequestWithContext(context.Background(), method, url, http.NoBody)
	if err == nil && origin != "" {
		req.Header.Set("Origin", origin)
		_, req.Host, _ = strings.Cut(origin, "://")
	}
	if err != nil {
		return err.Error()
	}
	client := &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s\n%s", res.StatusCode, res.Header.Get("Location"), body)
}

// TestScriptsAreNumbered keeps the scripts readable in order.
func TestScriptsAreNumbered(t *testing.T) {
	files, err := os.ReadDir("testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if want := fmt.Sprintf("%02d_", i+1); !strings.HasPrefix(f.Name(), want) {
			t.Errorf("%s: want a name that begins with %s", f.Name(), want)
		}
	}
}
