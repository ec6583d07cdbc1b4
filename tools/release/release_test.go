package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the top of the repository.
const root = "../.."

// build writes what a release is made of, and returns where.
func build(t *testing.T) (binary, extra string) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	dir := t.TempDir()
	extra = filepath.Join(dir, "extra")
	if err := os.Mkdir(extra, 0o755); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "built")
	for name, text := range map[string]string{binary: "program", filepath.Join(extra, "periskop_exporter.1"): "manual"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return binary, extra
}

// TestArchives makes archives of both kinds twice, and unpacks them.
func TestArchives(t *testing.T) {
	binary, extra := build(t)
	for name, list := range map[string]func(*testing.T, []byte) []string{
		"periskop_exporter-1.2.3.linux-amd64.tar.gz": listTarGz, "periskop_exporter-1.2.3.windows-amd64.zip": listZip,
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, name)
		var contents [2][]byte
		for i := range contents {
			if err := run([]string{"archive", "-root", root, "-binary", binary, "-extra", extra, out}); err != nil {
				t.Fatal(err)
			}
			contents[i], _ = os.ReadFile(out)
		}
		if !bytes.Equal(contents[0], contents[1]) {
			t.Errorf("%s is not the same when it is made again", name)
		}
		top := strings.TrimSuffix(strings.TrimSuffix(name, ".tar.gz"), ".zip")
		program := "periskop_exporter -rwxr-xr-x"
		if strings.HasSuffix(name, ".zip") {
			program = "periskop_exporter.exe -rwxr-xr-x"
		}
		var want []string
		for _, f := range []string{program, "LICENSE -rw-r--r--", "NOTICE -rw-r--r--", "README.md -rw-r--r--", "CHANGELOG.md -rw-r--r--", "config.example.yaml -rw-r--r--", "periskop_exporter.1 -rw-r--r--"} {
			want = append(want, top+"/"+f+" 2026-01-01")
		}
		if got := list(t, contents[0]); !slices.Equal(got, want) {
			t.Errorf("%s has\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func listTarGz(t *testing.T, b []byte) []string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return listTar(t, z)
}

func listTar(t *testing.T, r io.Reader) []string {
	t.Helper()
	var out []string
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %s %s", h.Name, h.FileInfo().Mode(), h.ModTime.UTC().Format("2006-01-02")))
	}
}

func listZip(t *testing.T, b []byte) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range z.File {
		out = append(out, fmt.Sprintf("%s %s %s", f.Name, f.Mode(), f.Modified.UTC().Format("2006-01-02")))
	}
	return out
}

// TestImage looks at the files of the image, and has Go's library read its certificates.
func TestImage(t *testing.T) {
	binary, _ := build(t)
	out := filepath.Join(t.TempDir(), "files.tar")
	if err := run([]string{"image", "-root", root, "-binary", binary, out}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"bin/periskop_exporter -rwxr-xr-x", "data/ drwxrwx---", "etc/passwd -rw-r--r--", "etc/ssl/certs/ca-certificates.crt -rw-r--r--",
	} {
		if got := strings.Join(listTar(t, bytes.NewReader(b)), "\n"); !strings.Contains(got, want) {
			t.Errorf("the image lacks %q:\n%s", want, got)
		}
	}
	pool := x509.NewCertPool()
	text := certificates()
	if n := bytes.Count(text, []byte("BEGIN CERTIFICATE")); n < 100 || !pool.AppendCertsFromPEM(text) {
		t.Errorf("the image has %d certificates", n)
	}
}

// TestVersion holds VERSION, the changelog and the tag to each other.
func TestVersion(t *testing.T) {
	if _, err := versionOf(root, ""); err != nil {
		t.Errorf("of this tree: %v", err)
	}
	for _, c := range []struct{ version, head, tag, want string }{
		{"1.2.3", "## 1.2.3 / unreleased", "", ""},
		{"1.2.3", "## 1.2.3 / 2026-01-31", "v1.2.3", ""},
		{"1.2.3", "## 1.2.3 / unreleased", "v1.2.3", "CHANGELOG.md says that 1.2.3 is unreleased: write the day of the release"},
		{"1.2.3", "## 1.2.3 / 2026-01-31", "v1.2.4", "the tag is v1.2.4, and VERSION has 1.2.3"},
		{"1.2.3", "## 1.2.2 / 2026-01-31", "", "VERSION has 1.2.3, and the newest entry of CHANGELOG.md 1.2.2"},
		{"1.2.3", "", "", "CHANGELOG.md has no entry such as ## 1.2.3 / 2026-01-31"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"VERSION": c.version + "\n", "CHANGELOG.md": "# Changelog\n\n" + c.head + "\n\n## 0.0.1 / 2025-01-01\n"} {
			if c.head == "" && name == "CHANGELOG.md" {
				text = "# Changelog\n"
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		version, err := versionOf(dir, c.tag)
		if err != nil {
			got = err.Error()
		} else if version != c.version {
			t.Errorf("%+v: got version %s", c, version)
		}
		if got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestChecksums writes them twice: they are not among themselves.
func TestChecksums(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := run([]string{"checksums", dir}); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha256.Sum256([]byte("a"))
	if got, _ := os.ReadFile(filepath.Join(dir, sums)); string(got) != hex.EncodeToString(sum[:])+"  a\n" {
		t.Errorf("got %s", got)
	}
}
