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
			var room [maxPlainName]byte
			f.set(string(plainName(room[:0], quoted)), scalarUpTo(v, limit))
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
	place := f.file
	if f.line != "" && place != "" {
		place += ":" + f.line
		if f.column != "" && !f.jvm {
			place += ":" + f.column
		}
	}
	switch {
	case f.jvm && f.class != "":
		switch {
		case f.line == "-2":
			place = "Native Method"
		case f.file == "":
			place = "Unknown Source"
		case strings.HasPrefix(f.line, "-"):
			place = f.file
		}
		return name + "(" + place + ")"
	case name == "" && place == "":
		return ""
	case name == "":
		return "at " + place
	case place == "":
		return "at " + name
	}
	return "at " + name + " (" + place + ")"
}
