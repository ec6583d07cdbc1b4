package demo

import (
	"embed"
	"fmt"
	"strings"

	"github.com/periskop-exporter/periskop_exporter/periskop"
)

// The exceptions, as the languages print them. {placeholders} differ from one
// occurrence to the next.
//
//go:embed traces
var traces embed.FS

// readTrace returns the exception of a file below traces/.
func readTrace(name string) *periskop.Exception {
	b, err := traces.ReadFile("traces/" + name + ".txt")
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // it is built in
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if strings.HasPrefix(lines[0], "Traceback ") {
		return pythonException(lines)
	}
	return exception(lines)
}

// pythonException reads a traceback. The client of Python reports all of it as the
// stack trace of the last exception, with those that led to it.
func pythonException(lines []string) *periskop.Exception {
	e := &periskop.Exception{Stacktrace: lines}
	class, message, _ := strings.Cut(lines[len(lines)-1], ": ")
	e.Class, e.Message = class[strings.LastIndex(class, ".")+1:], message
	return e
}

// exception reads what Java, Ruby and Node.js print: the class and the message, a line
// for each frame, and then the cause in the same way.
func exception(lines []string) *periskop.Exception {
	const causedBy = "Caused by: "
	e := &periskop.Exception{}
	e.Class, e.Message, _ = strings.Cut(strings.TrimPrefix(lines[0], causedBy), ": ")
	for i, line := range lines[1:] {
		if strings.HasPrefix(line, causedBy) {
			e.Cause = exception(lines[i+1:])
			break
		}
		// The client of Scala reports frames without what Java prints before them.
		e.Stacktrace = append(e.Stacktrace, strings.TrimPrefix(line, "\tat "))
	}
	return e
}

// fill returns a copy of the exception with placeholders replaced.
func fill(e *periskop.Exception, values *strings.Replacer) *periskop.Exception {
	if e == nil {
		return nil
	}
	filled := &periskop.Exception{Class: e.Class, Message: values.Replace(e.Message), Cause: fill(e.Cause, values)}
	for _, line := range e.Stacktrace {
		if strings.Contains(line, "{") {
			line = values.Replace(line)
		}
		filled.Stacktrace = append(filled.Stacktrace, line)
	}
	return filled
}
