package limit

import "runtime/debug"

// muchGarbage is from how many bytes on what was held is worth a collection of its own: that
// costs about what reading so much does.
const muchGarbage = 8 << 20

// Collect is called when so many bytes are held no more, and before somebody else may hold
// as many. Without it the runtime, which waits until the heap has doubled, would have what
// several have held one after another in memory at once.
func Collect(bytes int64) {
	if bytes >= muchGarbage {
		debug.FreeOSMemory()
	}
}
