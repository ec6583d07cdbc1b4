// Package fleet is a fake fleet of instrumented programs for tests, benchmarks and
// the demo. It knows the truth: what was raised, and what of it was told.
//
// A [Process] is one life of a program: it counts what is raised in it, as a client
// library does, and serves its report as that library would. A [Server] is what is
// listened on: it puts faults in front of any handler, which is swapped for another
// one when the program restarts. [Balance] puts several processes behind one
// address, [Server.Listen] gives one process several addresses, and a [Replay]
// serves recorded answers one after another.
//
// A [Fleet] makes processes and servers, and remembers of each process, after its
// end too, what [Fleet.Truth] tells: so a test can compute what must have been
// counted by whoever scraped the fleet.
package fleet
