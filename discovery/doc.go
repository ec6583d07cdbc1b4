// Package discovery keeps the current set of targets: Prometheus service discovery
// and relabelling behind the vocabulary of package periskop.
//
// In go the configured services, each a block of the file ([Discovery.Apply], at the
// start and at every reload); out comes one [periskop.ServiceTargets] for each service,
// those without targets included, through Options.Publish whenever something has
// changed. A service is one that a block is named after, or one that labels of targets
// name: see serviceSet.
//
// Every mechanism of Prometheus that is linked into the program works. Only static
// and file discovery are by this package itself; the others are blank imports of
// the program, of Prometheus' install package for example.
//
// # How it fits together
//
// Prometheus' discovery manager owns the discoverers: it creates, shares, starts and
// stops them and exposes its metrics about them. What it is given for each
// configuration is a source, which stands between the manager and the discoverer,
// keeps the target groups that the discoverer sends, and finds out from what the
// discoverer sends and logs whether it works. One goroutine, that of
// [Discovery.Run], turns the groups of the sources into targets and publishes them.
//
// # Rounds
//
// [Discovery.Rounds] says of each service when its discovery last saw all that there
// was: what turns up later did not exist then, or was not to be found. Most mechanisms
// ask at intervals, and a round is complete when one has ended without an error. File
// discovery and watches know of every change by themselves, and are complete for as
// long as they log no warning and no error. Of Kubernetes that is known only by how
// the requests to its API end; a connection that hangs is noticed by its client within
// a minute.
//
// # Problems
//
// Prometheus' discoverers tell nobody but the log that they fail, and most say it at
// each refresh. Here a problem is a state: one sentence in
// ServiceTargets.Problems for as long as it lasts, and one line in the log when it
// begins and when it ends. How the end is noticed depends on the mechanism; see
// refreshHealth, streamHealth, fileHealth and apiServerHealth. No sentence holds the password or the query
// of a URL.
package discovery
