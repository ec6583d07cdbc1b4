package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// The program runs itself again in these roles.
const (
	roleFleet = "fleet"
	roleFloor = "floor"
)

// serveFleet serves all targets of the shape, each at its own address and one port, until
// standard input ends. It prints the port.
func serveFleet(ctx context.Context, s workload) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newFleet(s), ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	fmt.Println(port)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// host is the address of a target: all of 127.0.0.0/8 is loopback.
func host(target int) string {
	return fmt.Sprintf("127.1.%d.%d", target/250, target%250+1)
}

// numbered is the inverse of host.
func numbered(host string) (int, bool) {
	ip, _, err := net.SplitHostPort(host)
	if err != nil {
		return 0, false
	}
	b := net.ParseIP(ip).To4()
	if b == nil {
		return 0, false
	}
	return int(b[2])*250 + int(b[3]) - 1, true
}

// A fleet writes one payload at a time: the fleet must not take both cores.
type fleet struct {
	mu      sync.Mutex
	targets []*target
	pool    sync.Pool
}

func newFleet(s workload) *fleet {
	f := &fleet{}
	parts := newParts(s, 0)
	for i := range s.Targets {
		if s.Distinct && i > 0 {
			parts = newParts(s, i)
		}
		f.targets = append(f.targets, newTarget(i, s, parts))
	}
	return f
}

func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, ok := numbered(r.Host)
	if !ok || number >= len(f.targets) {
		http.NotFound(w, r)
		return
	}
	buffer, _ := f.pool.Get().(*[]byte)
	if buffer == nil {
		buffer = &[]byte{}
	}
	f.mu.Lock()
	*buffer = f.targets[number].appendReport((*buffer)[:0])
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(*buffer)))
	_, _ = w.Write(*buffer)
	f.pool.Put(buffer)
}

// download is the floor: it downloads every target's payload once per interval, spread
// over it, and throws it away, until ctx is done.
func download(ctx context.Context, port string, targets int, interval time.Duration) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10_000}}
	var loops sync.WaitGroup
	for i := range targets {
		loops.Go(func() {
			url := "http://" + net.JoinHostPort(host(i), port) + "/errors"
			timer := time.NewTimer(interval * time.Duration(i) / time.Duration(targets))
			for {
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				timer.Reset(interval)
				if err := discard(ctx, client, url); err != nil && ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}
		})
	}
	loops.Wait()
	return nil
}

func discard(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
