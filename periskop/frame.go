package periskop

import "strings"

// A frame is a line of a stack trace that was sent as an object.
type frame struct {
	class, separator, function string
	file, line, column         string
	// jvm is set when the members are those of a StackTraceElement of Java.
	jvm bool
}

// readFrame reads an object by what languages and error trackers call its members. It is
// empty if there is none that says where in the code it is.
func readFrame(raw []byte, limit int) frame {
	f := frame{separator: "."}
	d := newReader(raw)
	_ = d.eachMember(func(quoted []byte) error {
		v, err := d.value()
		if err == nil {
			var buf [maxPlainName]byte
			f.set(string(plainName(buf[:0], quoted)), scalarUpTo(v, limit))
		}
		return err
	})
	return f
}

func (f *frame) set(name, value string) {
	if value == "" {
		return
	}
	switch name {
	case "methodname":
		f.jvm = true
		f.function = value
	case "function", "func", "fn", "functionname", "method", "name", "symbol":
		f.function = value
	case "class", "classname", "declaringclass":
		f.class = value
	case "type": // -> and :: in PHP
		if value == "->" || value == "::" {
			f.separator = value
		}
	case "file", "filename", "path":
		f.file = value
	case "abspath", "source":
		if f.file == "" {
			f.file = value
		}
	case "lineno", "linenumber", "line":
		if strings.Trim(value, "-0123456789") == "" { // it is the source text in Python
			f.line = value
		}
	case "column", "columnnumber", "col", "colno":
		f.column = value
	}
}

// String returns the frame as its language prints it, as far as that can be told.
func (f frame) String() string {
	name := f.function
	if f.class != "" && name != "" {
		name = f.class + f.separator + name
	}
	location := f.file
	if f.line != "" && location != "" {
		location += ":" + f.line
		if f.column != "" && !f.jvm {
			location += ":" + f.column
		}
	}
	switch {
	case f.jvm && f.class != "":
		switch {
		case f.line == "-2":
			location = "Native Method"
		case f.file == "":
			location = "Unknown Source"
		case strings.HasPrefix(f.line, "-"):
			location = f.file
		}
		return name + "(" + location + ")"
	case name == "" && location == "":
		return ""
	case name == "":
		return "at " + location
	case location == "":
		return "at " + name
	}
	return "at " + name + " (" + location + ")"
}
