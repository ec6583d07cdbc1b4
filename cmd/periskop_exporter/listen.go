package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"
)

// shutdownTimeout is how long requests that are under way may take to end.
const shutdownTimeout = 5 * time.Second

// listen answers requests until ctx is cancelled or a listener is lost.
func (e *exporter) listen(ctx context.Context, handler http.Handler) error {
	tasks, ctx := errgroup.WithContext(ctx)
	health, err := e.listenHealth(ctx)
	if err != nil {
		return err
	}
	servers := []*http.Server{e.server(handler), e.server(e.health())}
	tasks.Go(func() error { return served(e.serveHTTP(servers[0])) })
	if health != nil {
		tasks.Go(func() error { return served(servers[1].Serve(health)) })
	}
	tasks.Go(func() error {
		<-ctx.Done()
		e.logger.Info("stopping")
		return shutDown(context.WithoutCancel(ctx), servers)
	})
	return tasks.Wait()
}

// listenHealth listens on the address of the health checks, if there is one.
func (e *exporter) listenHealth(ctx context.Context) (net.Listener, error) {
	if e.flags.healthAddress == "" {
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.flags.healthAddress)
	if err != nil {
		return nil, fmt.Errorf("--web.health-address: %w", err)
	}
	e.logger.Info("health checks are answered without authentication", "address", l.Addr().String())
	return l, nil
}

func (e *exporter) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute, // a large exposition over a slow line
		IdleTimeout:       5 * time.Minute, // longer than scrape intervals, so that connections are kept
		ConnState:         newConnectionLimit(maxConnections, e.refused.WithLabelValues(kindConnection).Inc).changed,
		ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelDebug),
	}
}

func (e *exporter) serveHTTP(server *http.Server) error {
	if len(e.listeners) > 0 {
		return web.ServeMultiple(e.listeners, server, e.flags.web, e.logger)
	}
	return web.ListenAndServe(server, e.flags.web, e.logger)
}

// served is what serving came to: that a server was closed is no error.
func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// shutDown ends the servers, and what is under way after a while.
func shutDown(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	var errs []error
	for _, server := range servers {
		if server.Shutdown(ctx) != nil {
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(errs...)
}
