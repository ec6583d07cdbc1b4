package view

import (
	"regexp"
	"slices"
	"strings"
)

// An origin says whose code a line of a stack trace is.
type origin string

// The origins, which are also classes of the style sheet.
const (
	originOwn     origin = "own"
	originLibrary origin = "lib"
	originUnknown origin = ""
)

// origins tells for each line of a stack trace whose code it is: the application's, if
// it begins with one of own, or, when those are not known, if it is not where libraries
// are. It knows the forms of Go, Java and Scala, Python, Ruby and JavaScript. Nothing is
// told when all lines are of one origin: then there is nothing to set off.
func origins(lines, own []string) []origin {
	list := make([]origin, len(lines))
	for i, line := range lines {
		place, continued := placeOf(line)
		switch {
		case continued && i > 0:
			list[i] = list[i-1]
		case place == nil:
		default:
			list[i] = place.origin(own)
			// Go's own form has the function in the line before that of the file.
			if before := i - 1; place.below && before >= 0 && list[before] == originUnknown {
				list[before] = list[i]
			}
		}
	}
	if !slices.Contains(list, originOwn) || !slices.Contains(list, originLibrary) {
		clear(list)
	}
	return list
}

// A place is where a frame is in the code; either may be empty.
type place struct {
	file, function string
	// library is set when the form of the line says that it is one's.
	library bool
	// below is set when the line belongs to the one before it.
	below bool
}

// mostPlace is how much of a line is looked at. Places are shorter.
const mostPlace = 1000

var (
	pythonLine   = regexp.MustCompile(`^\s*File "([^"]+)", line \d+`)
	jvmLine      = regexp.MustCompile(`^\s*(?:at )?(?:[\w.@$-]*/)*([\w$]+(?:\.[\w$<>]+)+)\((?:[\w$-]+\.(?:java|scala|kt|groovy|clj)(?::\d+)?|Native Method|Unknown Source|<generated>|[\w$-]+)\)`)
	nodeLine     = regexp.MustCompile(`^\s*at (?:.*\()?((?:[a-z-]+:|/|[A-Z]:|\.|<|internal/|\w)[^()]*?)(?::\d+){1,2}\)?$`)
	browserLine  = regexp.MustCompile(`^[^@\s]*@([a-z-]+:[^\s]+?)(?::\d+){1,2}$`)
	goLine       = regexp.MustCompile(`^(\t?)\s*(\S.*?\.(?:go|s)):\d+(?: \+0x[0-9a-f]+)?$`)
	gemLine      = regexp.MustCompile(`^\s*(?:from )?[\w.-]+ \(\d[\w.]*\) \S+:\d+`)
	rubyLine     = regexp.MustCompile(`^\s*(?:from )?(\S[^:]*|<internal:[^>]+>):\d+(?::in .*)?$`)
	goFuncBefore = regexp.MustCompile(`\n\t\S`)
)

// placeOf reads a line of a stack trace. A line without a place may continue the frame
// before it: source text, or the function of Go's clients.
func placeOf(line string) (p *place, continued bool) {
	line, _ = beginning(line, mostPlace)
	line = strings.TrimRight(line, "\r\n")
	if goFuncBefore.MatchString(line) { // both lines in one
		function, file, _ := strings.Cut(line, "\n\t")
		if p, _ = placeOf(file); p != nil {
			p.function = function
		}
		return p, false
	}
	line, _, _ = strings.Cut(line, "\n") // Python's source text
	switch {
	case pythonLine.MatchString(line):
		return &place{file: pythonLine.FindStringSubmatch(line)[1]}, false
	case jvmLine.MatchString(line):
		return &place{function: jvmLine.FindStringSubmatch(line)[1]}, false
	case goLine.MatchString(line):
		m := goLine.FindStringSubmatch(line)
		return &place{file: m[2], below: m[1] != ""}, false
	case gemLine.MatchString(line):
		return &place{file: strings.TrimSpace(line), library: true}, false
	case nodeLine.MatchString(line):
		return &place{file: nodeLine.FindStringSubmatch(line)[1]}, false
	case browserLine.MatchString(line):
		return &place{file: browserLine.FindStringSubmatch(line)[1]}, false
	case rubyLine.MatchString(line):
		return &place{file: rubyLine.FindStringSubmatch(line)[1]}, false
	}
	return nil, strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    ")
}

func (p *place) origin(own []string) origin {
	if len(own) > 0 {
		if slices.ContainsFunc(own, p.beginsWith) {
			return originOwn
		}
		return originLibrary
	}
	if p.library || isLibraryFile(p.file) || isLibraryFunction(p.function) {
		return originLibrary
	}
	return originOwn
}

// beginsWith reports whether the place is below the prefix: its function, or its file
// from any slash on.
func (p *place) beginsWith(prefix string) bool {
	return strings.HasPrefix(p.function, prefix) || strings.HasPrefix(p.file, prefix) ||
		strings.Contains(p.file, "/"+strings.TrimPrefix(prefix, "/"))
}

// libraryPaths are where the package managers and the languages put code.
var libraryPaths = []string{
	"/pkg/mod/", "/vendor/", "/go/src/", "/usr/lib/go", // Go
	"site-packages/", "dist-packages/", "/lib/python", "<frozen ", // Python
	"/gems/", "/lib/ruby/", "/rubygems", "<internal:", // Ruby
	"node_modules/", "node:", "webpack/runtime", "<anonymous>", // JavaScript
}

// goStandard are the first elements of the packages of Go's standard library that
// occur in stack traces. Their files have no more of a path than that when a program
// was built with -trimpath.
var goStandard = words(`bufio bytes compress container context crypto database debug encoding errors fmt go hash html image
	internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings sync syscall testing
	text time unicode unique`)

func isLibraryFile(file string) bool {
	for _, p := range libraryPaths {
		if strings.Contains(file, p) {
			return true
		}
	}
	first, rest, _ := strings.Cut(file, "/")
	if strings.HasSuffix(file, ".go") {
		return strings.Contains(file, "@v") || (rest != "" && goStandard[first])
	}
	return first == "internal" && rest != "" // of old versions of Node.js
}

// jvmLibraries are the packages of the languages of the JVM, and of the libraries that
// most of their stack traces go through.
var jvmLibraries = strings.Fields(`java. javax. jakarta. jdk. sun. com.sun. kotlin. kotlinx. scala. scalaz. shapeless. groovy. clojure.
	akka. play. cats. zio. monix. fs2. org.apache. org.springframework. org.hibernate. org.eclipse. org.jboss. org.scalatra. org.http4s.
	org.junit. io.netty. io.grpc. io.vertx. io.undertow. io.micronaut. io.quarkus. io.reactivex. reactor. rx. com.google. com.twitter.
	com.fasterxml. com.mysql. com.zaxxer. org.postgresql. okhttp3. retrofit2. ch.qos.logback. com.soundcloud.periskop.`)

func isLibraryFunction(function string) bool {
	return slices.ContainsFunc(jvmLibraries, func(p string) bool { return strings.HasPrefix(function, p) })
}

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}
