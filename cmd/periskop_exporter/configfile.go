package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/periskop-exporter/periskop_exporter/config"
)

// exampleConfig is where a configuration to begin with is.
const exampleConfig = "https://github.com/periskop-exporter/periskop_exporter/blob/main/config.example.yaml"

// A configFile is the file of --config.file. It is for one goroutine at a time.
type configFile struct {
	name string
	// seen is what was there when it was loaded last.
	seen [sha256.Size]byte
}

// load reads the file. Whatever is wrong with it, changed tells of the next change.
func (f *configFile) load() (*config.Config, error) {
	data, err := f.read()
	f.seen = fingerprint(data, err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--config.file: %w; name the file with that flag, or begin with the example, %s", err, exampleConfig)
	case err != nil:
		return nil, fmt.Errorf("--config.file: %w", err)
	}
	return config.LoadFrom(f.name, bytes.NewReader(data), filepath.Dir(f.name))
}

// read returns the content, or the beginning of a file that is larger than config takes.
func (f *configFile) read() ([]byte, error) {
	const most = 8 << 20
	file, err := os.Open(f.name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(file, most))
}

// changed reports whether the file differs from what load has read. Its content is
// compared, and not its time: a ConfigMap changes by a link to another directory.
func (f *configFile) changed() bool {
	return fingerprint(f.read()) != f.seen
}

// fingerprint is the same for the same content, and for the same reason why there is none.
func fingerprint(data []byte, err error) [sha256.Size]byte {
	if err != nil {
		return sha256.Sum256([]byte("error: " + err.Error()))
	}
	return sha256.Sum256(data)
}
