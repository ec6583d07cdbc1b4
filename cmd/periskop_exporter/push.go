package main

import (
	"context"
	"io"
	"time"

	"github.com/periskop-exporter/periskop_exporter/api"
	"github.com/periskop-exporter/periskop_exporter/peers"
	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// push takes in what a process reports by itself, as if it had been scraped, and passes it on to the
// other replicas, unless one of those passes it on.
func (e *exporter) push(p api.Pushed, body io.Reader) error {
	now := time.Now()
	report := peers.Report{Service: p.Service, Host: p.Host, Received: now.Add(-p.Age)}
	var kept *peers.Copy
	switch p.ForwardedBy {
	case e.recorder.UUID(): // through an address that leads to all
		return nil
	case "":
		body, kept = e.peers.Copy(body)
	}
	scraped := &periskop.Scrape{
		Target: &periskop.Target{Service: p.Service, Instance: p.Host, URL: "push://" + p.Host},
		Start:  now, Result: periskop.Success, Pushed: true,
	}
	intake := e.state.Begin(scraped)
	told, err := (&periskop.Stream{Take: intake.Take}).Decode(body, nil)
	if err != nil {
		kept.Release()
		return err
	}
	report.Process = told.TargetUUID
	if !e.pushes.Next(&report, p.ForwardedBy != "") {
		return nil
	}
	scraped.Report, scraped.Duration = told, time.Since(scraped.Start)
	intake.Fold(scraped)
	e.peers.Forward(context.Background(), report, kept)
	return nil
}
