package demo

import (
	"fmt"
	"io"
)

// Addresses are the URLs that are told on the terminal. Those of programs that do not run
// are empty.
type Addresses struct {
	Exporter, Prometheus, Alertmanager, VictoriaLogs string
}

// Welcome tells what runs where and what there is to try.
func (d *Demo) Welcome(w io.Writer, a Addresses) {
	instances := 0
	for _, s := range d.services {
		instances += len(s.instances)
	}
	fmt.Fprintf(w, "\nA sample shop of %d services in %d instances is raising exceptions.\n\n", len(d.services), instances)
	fmt.Fprintf(w, "  exceptions    %s\n", a.Exporter)
	if a.Prometheus != "" {
		fmt.Fprintf(w, "  Prometheus    %s\n", a.Prometheus)
	}
	if a.Alertmanager != "" {
		fmt.Fprintf(w, "  Alertmanager  %s\n", a.Alertmanager)
	}
	if a.VictoriaLogs != "" {
		fmt.Fprintf(w, "  VictoriaLogs  %s\n", a.VictoriaLogs)
	}
	fmt.Fprintf(w, "\nIn %.0f seconds storefront raises an exception that nobody has seen before.\n", FirstNew.Seconds())
	if a.Alertmanager != "" {
		fmt.Fprint(w, `Seconds later the exporter tells Alertmanager of it. The alert is told here, with the link to the stack
trace. On the page of Alertmanager that link is Source, beside the alert; + Info there has the message
and the first frames. Rules in Prometheus tell of the rest, after some minutes: rates, targets that are
down. Their links are below + Info, as exception_url and status_url.
`)
	} else {
		fmt.Fprint(w, "Alerts need Prometheus and Alertmanager: `make demo` runs them too.\n")
	}
	fmt.Fprint(w, `
Worth a look:
  - an exception of storefront: its causes, and the password in the request that is not shown
  - payments-2, which restarts every minute: its counts go on
  - recommendations-2, which stops answering in two minutes, and comes back
`)
	if a.VictoriaLogs != "" {
		fmt.Fprint(w, "  - Older occurrences, on the page of an exception: VictoriaLogs keeps those that come from now on\n")
	}
	fmt.Fprint(w, `
Ctrl-C stops everything.

`)
}
