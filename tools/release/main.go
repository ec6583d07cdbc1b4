// Command release makes what goes out: archives, the files of the image, checksums. What it
// writes depends on its arguments and the files that it reads, and on nothing else: one
// commit gives the same bytes on every machine.
//
// Usage:
//
//	release version [-tag TAG]                     print the version, when VERSION and CHANGELOG.md agree
//	release archive -binary FILE -extra DIR OUT    write an archive, .tar.gz or .zip, of which OUT is the name
//	release image -binary FILE OUT.tar             write the files of the container image
//	release checksums DIR                          write sha256sums.txt of the files of a directory
//
// All times in what it writes are that of the environment variable SOURCE_DATE_EPOCH.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("which of version, archive, image, checksums?")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	var (
		root   = flags.String("root", ".", "the top of the repository")
		tag    = flags.String("tag", "", "the tag that is to be released")
		binary = flags.String("binary", "", "the program")
		extra  = flags.String("extra", "", "a directory with further files: completions and the page of the manual")
	)
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if args[0] == "version" {
		version, err := versionOf(*root, *tag)
		if err == nil {
			fmt.Println(version)
		}
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("%s: one argument says where to write to", args[0])
	}
	out := flags.Arg(0)
	switch args[0] {
	case "archive":
		files, err := archiveFiles(*root, *binary, *extra, out)
		if err != nil {
			return err
		}
		return writeArchive(out, files)
	case "image":
		files, err := imageFiles(*root, *binary)
		if err != nil {
			return err
		}
		return writeArchive(out, files)
	case "checksums":
		return writeChecksums(out)
	}
	return fmt.Errorf("there is no %q", args[0])
}

// sourceDate returns the time that everything written has.
func sourceDate() (time.Time, error) {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return time.Time{}, errors.New("SOURCE_DATE_EPOCH is not set to a time in seconds: set it to that of the commit")
	}
	return time.Unix(seconds, 0).UTC(), nil
}
