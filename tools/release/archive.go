package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// A file is an entry of an archive.
type file struct {
	name    string // with a slash at the end for a directory
	mode    fs.FileMode
	uid     int
	gid     int
	content []byte
}

// program is the name of the binary.
const program = "periskop_exporter"

// documents are what every archive has beside the program.
var documents = []string{"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "config.example.yaml"}

// archiveFiles returns what an archive is made of, below a directory of its own name.
func archiveFiles(root, binary, extra, out string) ([]file, error) {
	dir := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(out), ".zip"), ".tar.gz")
	name := program
	if strings.HasSuffix(out, ".zip") {
		name += ".exe" // Windows unpacks .zip, and runs by this ending
	}
	var files []file
	add := func(name, from string, mode fs.FileMode) error {
		content, err := os.ReadFile(from)
		files = append(files, file{name: path.Join(dir, name), mode: mode, content: content})
		return err
	}
	if err := add(name, binary, 0o755); err != nil {
		return nil, err
	}
	for _, d := range documents {
		if err := add(d, filepath.Join(root, d), 0o644); err != nil {
			return nil, err
		}
	}
	if extra == "" {
		return files, nil
	}
	entries, err := os.ReadDir(extra) // sorted by name
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := add(e.Name(), filepath.Join(extra, e.Name()), 0o644); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// writeArchive writes files in the format that the name asks for.
func writeArchive(out string, files []file) error {
	date, err := sourceDate()
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(out, ".zip"):
		err = writeZip(f, files, date)
	case strings.HasSuffix(out, ".tar.gz"):
		z, _ := gzip.NewWriterLevel(f, gzip.BestCompression) // fails for a wrong level alone
		err = errors.Join(writeTar(z, files, date), z.Close())
	case strings.HasSuffix(out, ".tar"):
		err = writeTar(f, files, date)
	default:
		err = errors.New("an archive is .tar, .tar.gz or .zip")
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return nil
}

func writeTar(w io.Writer, files []file, date time.Time) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{
			Name: f.name, Mode: int64(f.mode.Perm()), Uid: f.uid, Gid: f.gid, Size: int64(len(f.content)),
			ModTime: date, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
		}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.content); err != nil {
			return err
		}
	}
	return t.Close()
}

func writeZip(w io.Writer, files []file, date time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: date}
		h.SetMode(f.mode)
		entry, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.content); err != nil {
			return err
		}
	}
	return z.Close()
}
