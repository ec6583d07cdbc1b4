// Package bench measures what the exporter costs as its users run it: a built binary with
// its store on disk, scraped by a real Prometheus, and a fleet of targets in a process of
// its own. What it is measured against is the floor: an HTTP client, in a process of its
// own as well, that downloads the same payloads at the same pace and throws them away.
// Both run at the same time, each on a fleet of its own.
//
// The results are ratios to the floor, or counts of bytes. Single times depend on the
// machine; ratios from one run hardly do. All CPU times are those that the kernel has
// counted for the process.
//
//	go test -run '^$' -bench . -benchtime 1x ./test/bench
package bench
