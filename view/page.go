package view

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// The pages, by the names of their templates.
const (
	pageOverview   = "overview"
	pageExceptions = "exceptions"
	pageTrace      = "trace"
	pageService    = "service"
	pageStatus     = "status"
	pageMessage    = "message"
)

// A page is what the layout prints around the content of every page.
type page struct {
	// Title tells the tabs of a browser apart.
	Title string
	// Section is the page of the navigation that this one belongs to.
	Section string
	// NoSearch leaves out the search field at the top.
	NoSearch bool

	Overview, Exceptions, Status string   // addresses
	Icon                         string   // its address
	Styles, Scripts              []string // addresses
	Made                         moment
	Version                      string

	Content any
}

// parseTemplates returns one set of templates per page: the layout, the parts that
// pages share, and the page itself as "content".
func parseTemplates() (map[string]*template.Template, error) {
	shared, err := template.New("shared").Funcs(template.FuncMap{"capital": capital}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{pageOverview, pageExceptions, pageTrace, pageService, pageStatus, pageMessage} {
		t, err := shared.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("parse templates: %w", err)
		}
		pages[name] = t
	}
	return pages, nil
}

// render answers with the page of that name, or, when it cannot be made, with an
// error and nothing of the page.
func (v *view) render(w http.ResponseWriter, r *http.Request, status int, name string, now time.Time, p *page) {
	to := linksFrom(r)
	p.Title += " – Periskop"
	p.Overview, p.Exceptions, p.Status = to.overview(), to.exceptions(filter{}), to.status(targetFilter{})
	p.Icon = to.static(v.assets.names["icon.svg"])
	for _, name := range []string{"style.css", "narrow.css"} {
		p.Styles = append(p.Styles, to.static(v.assets.names[name]))
	}
	for _, name := range []string{"script.js", "time.js", "refresh.js"} {
		p.Scripts = append(p.Scripts, to.static(v.assets.names[name]))
	}
	p.Made = newMoment(now, now)
	p.Version = v.Build.Version

	var b bytes.Buffer
	if err := v.pages[name].ExecuteTemplate(&b, "layout", p); err != nil {
		v.Logger.Error("page not rendered", "page", name, "err", err)
		http.Error(w, "This page could not be made; the log of the exporter says why.", http.StatusInternalServerError)
		return
	}
	v.write(w, status, "text/html; charset=utf-8", b.Bytes())
}

// writePlain answers with text that is shown as it is.
func (v *view) writePlain(w http.ResponseWriter, status int, s string) {
	v.write(w, status, "text/plain; charset=utf-8", []byte(s))
}

func (v *view) write(w http.ResponseWriter, status int, contentType string, b []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		v.Logger.Debug("page not sent", "err", err) // the reader has left
	}
}

// title returns the parts of a page's title that are not empty, cut and in one line.
func title(parts ...string) string {
	const most = 80 // of each part: more than a tab shows
	var kept []string
	for _, s := range parts {
		if s != "" {
			kept = append(kept, excerpt(s, most))
		}
	}
	return strings.Join(kept, " – ")
}
