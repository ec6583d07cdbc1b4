// Package store keeps what package merge counts in a file, so that it survives the end
// of the program, by kill -9 and power cut too.
//
// In go events as they happen, and now and then the records that have changed; out come
// both at the next start. The file, state.db, is a log: frames are appended, and nothing
// is changed in place. A frame is
//
//	head     what it is, of which service, its number, its length, a checksum of that
//	payload
//	tail     the head once more, and a checksum of the payload
//
// and one of
//
//	meta     the first frame: version of the layout, the exporter's UUID
//	put      a record: its table, its key, its value; in place of an earlier one
//	delete   a record that is no more
//	commit   ends a series of puts and deletes, which are one change, and says up to which
//	         event they comprise
//	event       what happened since, packed
//	dictionary  what the events that follow have in common: see [packing]
//
// When more than half of the file is of no use any more, a new file is written beside it
// and takes its place.
//
// # Damage
//
// Every byte is under a checksum. Because what a frame is stands before and behind it, it
// is nearly always known which service a damaged one belongs to: that service begins its
// watch anew, the others go on. So a flipped bit is found at the start, and never counted.
//
// Beside the file stands state.mark. It has a random mark, which each start writes to both
// files, so that a state that was put back from a backup is known for what it is; and how
// much of the file was synced, so that an end that is missing is found. Its time of
// modification is when the program is known to have run last. By state.lock a second program
// finds that the state is in use.
package store
