// Package frames tells whose code the lines of a stack trace are: the application's
// own, or that of a library.
//
// In go the lines as a client library reports them, in the forms that Go, the languages
// of the JVM, Python, Ruby, JavaScript, PHP, .NET, Elixir, Erlang, Rust, Dart, Swift and
// a few others print them. Out comes an [Origin] for each line, or the topmost frames of
// the application.
//
// A line is read in two steps. The [forms] know how languages print a frame, and find in
// it the file, the function or the module. The tables of libraries know where package
// managers put code, and what libraries are called. What neither knows is the
// application's. A service can also say what is its own; everything else is a library
// then.
package frames
