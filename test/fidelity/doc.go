// Package fidelity proves that what Prometheus counts is what happened. Fake targets that
// know the truth are scraped by the built exporter, which is scraped by a real Prometheus;
// in each case something happens to one of them. At the end every case is a row of a
// table: what was thrown, what was told, and what Prometheus makes of it.
package fidelity
