// Package store keeps what package merge counts in a file, so that it survives the end
// of the program, by kill -9 and power cut too.
//
// In go the changes of a commit, out come all records at the next start. The file is a
// bbolt database (https://github.com/etcd-io/bbolt): one file, one writer, and
// transactions that are synced to disk. Its layout:
//
//	meta         version             the version of this layout
//	             uuid                names the exporter: the target_uuid of /federate
//	             file                names this file, to know it again
//	services     name
//	processes    service NUL id      with all epochs of the process
//	forgotten    service NUL id
//	exceptions   service NUL id      without occurrences
//	occurrences  service NUL id      compressed
//	series       kind labels
//	scrapers     id
//
// What happens to the file: one that another process uses, or that a newer version
// wrote, is refused; one that is damaged is set aside under another name; where it
// cannot be written, commits fail until it can.
package store
