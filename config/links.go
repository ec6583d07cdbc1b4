package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// A SourceLink says where the code of frames is to be seen whose file begins like that.
type SourceLink struct {
	// Prefix is the beginning of the file in a frame, which URL has no more.
	Prefix string

	// URL has {version}, {path} and {line} in it, the last of them not always.
	URL string

	// Version is what stands for {version}, with the version of an occurrence in place of
	// {version} in it, and Unversioned what stands there for an occurrence without one.
	Version, Unversioned string
}

// A Link leads to another program. Its URL has names in braces in it.
type Link struct{ Name, URL string }

// LinkFields are the names that the URL of a link can have in braces; the first two are those of a
// service, the others those of an exception.
var LinkFields = []string{"service", "team", "exception_id", "key", "class", "severity", "version", "instance", "title", "body", "link"}

type rawSourceLink struct {
	Prefix      framePrefix    `yaml:"prefix"`
	Repository  webURL         `yaml:"repository_url"`
	Kind        repositoryHost `yaml:"kind"`
	Directory   directory      `yaml:"directory"`
	URL         sourceURL      `yaml:"url"`
	Version     string         `yaml:"version"`
	Unversioned string         `yaml:"unversioned"`
}

type rawLink struct {
	Name linkName `yaml:"name"`
	URL  linkURL  `yaml:"url"`
}

// repositoryForms are how hosts of repositories name a line of a file in a version.
var repositoryForms = map[string]string{
	"github":    "/blob/{version}/{path}#L{line}",
	"gitlab":    "/-/blob/{version}/{path}#L{line}",
	"bitbucket": "/src/{version}/{path}#lines-{line}",
	"gitea":     "/src/{version}/{path}#L{line}",
}

// hostKind returns the kind of a host that its name tells, or "".
func hostKind(host string) string {
	for _, known := range [][2]string{{"github", "github"}, {"gitlab", "gitlab"}, {"bitbucket.org", "bitbucket"}, {"gitea", "gitea"}, {"forgejo", "gitea"}, {"codeberg.org", "gitea"}} {
		if strings.Contains(strings.ToLower(host), known[0]) {
			return known[1]
		}
	}
	return ""
}

func sourceLinks(raw []rawSourceLink) []SourceLink {
	var list []SourceLink
	for _, r := range raw {
		l := SourceLink{Prefix: string(r.Prefix), URL: string(r.URL), Version: r.Version, Unversioned: r.Unversioned}
		if l.URL == "" {
			kind := string(r.Kind)
			if u, err := url.Parse(string(r.Repository)); kind == "" && err == nil {
				kind = hostKind(u.Host)
			}
			form := repositoryForms[kind]
			if d := strings.Trim(string(r.Directory), "/"); d != "" {
				form = strings.Replace(form, "{path}", d+"/{path}", 1)
			}
			l.URL = strings.TrimSuffix(strings.TrimRight(string(r.Repository), "/"), ".git") + form
		}
		if l.Version == "" {
			l.Version = "{version}"
		}
		list = append(list, l)
	}
	return list
}

func links(raw []rawLink) []Link {
	var list []Link
	for _, r := range raw {
		list = append(list, Link{Name: string(r.Name), URL: string(r.URL)})
	}
	return list
}

// sourceLink checks an entry of source_links.
func (c *checker) sourceLink(n *node) {
	if n.get("repository_url") == nil && n.get("url") == nil {
		c.missing(n, "repository_url", "add for example repository_url: https://github.com/example/shop, or url")
		return
	}
	c.exclusive(n, "repository_url", "url")
	for _, key := range []string{"kind", "directory"} {
		if v := n.get(key); v != nil && n.get("url") != nil {
			c.add(v.line, v.path, "belongs to repository_url and means nothing beside url; write it into the url")
		}
	}
	repository := n.get("repository_url")
	if repository != nil && repository.sound {
		if u, err := url.Parse(repository.yaml.Value); err == nil && (u.User != nil || u.RawQuery != "" || u.Fragment != "") {
			c.add(repository.line, repository.path, "has more than the address of a repository; write for example https://github.com/example/shop")
			return
		}
	}
	if repository == nil || !repository.sound || n.get("kind") != nil {
		return
	}
	if u, err := url.Parse(repository.yaml.Value); err == nil && hostKind(u.Host) == "" {
		c.missing(n, "kind", "the name of the host does not tell what it runs; add kind: github, gitlab, bitbucket or gitea, or write url in place of repository_url")
	}
}

// link checks an entry of links.
func (c *checker) link(n *node) {
	c.required(n, "name: New issue", "url: https://github.com/example/shop/issues/new?title={title}")
}

// A framePrefix is the beginning of a file; "" is that of any.
type framePrefix string

func (p *framePrefix) UnmarshalYAML(n *yaml.Node) error {
	if strings.TrimSpace(n.Value) != n.Value {
		return fmt.Errorf("%s has spaces at its ends; write for example /srv/shop/", quote(n.Value))
	}
	*p = framePrefix(n.Value)
	return nil
}

type repositoryHost string

func (h *repositoryHost) UnmarshalYAML(n *yaml.Node) error {
	return choose((*string)(h), n, "github", "gitlab", "bitbucket", "gitea")
}

// A directory is one within a repository.
type directory string

func (d *directory) UnmarshalYAML(n *yaml.Node) error {
	if slices.Contains(strings.Split(n.Value, "/"), "..") || strings.ContainsAny(n.Value, "{}?#") {
		return fmt.Errorf("%s is no directory within the repository; write for example src/main/java", quote(n.Value))
	}
	*d = directory(n.Value)
	return nil
}

type linkName string

func (l *linkName) UnmarshalYAML(n *yaml.Node) error {
	const most = 40 // bytes: what a button has room for
	if strings.TrimSpace(n.Value) == "" || len(n.Value) > most {
		return fmt.Errorf("%s is empty or longer than %d bytes; write what a button says, such as New issue", quote(n.Value), most)
	}
	*l = linkName(n.Value)
	return nil
}

type teamName string

func (t *teamName) UnmarshalYAML(n *yaml.Node) error {
	const most = 200 // bytes, as of the name of a service
	if strings.TrimSpace(n.Value) != n.Value || len(n.Value) > most {
		return fmt.Errorf("%s has spaces at its ends or is longer than %d bytes; write for example payments", quote(n.Value), most)
	}
	*t = teamName(n.Value)
	return nil
}

type sourceURL string

func (u *sourceURL) UnmarshalYAML(n *yaml.Node) error {
	if err := checkTemplate(n.Value, []string{"version", "path", "line"}); err != nil {
		return err
	}
	if !strings.Contains(n.Value, "{path}") {
		return errors.New("has no {path}; write for example https://code.example.com/shop/browse/{path}?at={version}#{line}")
	}
	*u = sourceURL(n.Value)
	return nil
}

type linkURL string

func (u *linkURL) UnmarshalYAML(n *yaml.Node) error {
	if err := checkTemplate(n.Value, LinkFields); err != nil {
		return err
	}
	*u = linkURL(n.Value)
	return nil
}

var templateField = regexp.MustCompile(`\{([^{}]*)\}`)

// checkTemplate checks a URL with names in braces, of which none may say where it leads to.
func checkTemplate(s string, fields []string) error {
	for _, m := range templateField.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(fields, m[1]) {
			return fmt.Errorf("{%s} stands for nothing here; there are {%s}", m[1], strings.Join(fields, "}, {"))
		}
	}
	before, _, _ := strings.Cut(s, "{")
	u, err := url.Parse(before)
	switch {
	case err == nil && u.User != nil:
		return errors.New("has a user name or a password, which every page would show")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || !strings.HasPrefix(before, u.Scheme+"://"+u.Host+"/"):
		shown := quote(s)
		if strings.Contains(s, "@") {
			shown = "the value"
		}
		return fmt.Errorf("%s does not begin with the address of a host, such as https://example.com/", shown)
	}
	return nil
}
