package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"runtime/debug"
	"strings"

	"radiograph"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages holds one template set for each page: the frame and the shared parts,
// and the page's own blocks.
var pages = parsePages("traces", "trace", "map", "insights", "insight", "functions", "function", "usage", "hash_route", "failure")

func parsePages(names ...string) map[string]*template.Template {
	shared := template.Must(template.ParseFS(templateFiles, "templates/frame.html", "templates/parts.html", "templates/graph.html"))
	set := make(map[string]*template.Template, len(names))
	for _, name := range names {
		set[name] = template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return set
}

// frame is what every page has around its content.
type frame struct {
	Title   string
	Section string // which entry of the navigation is the present one
	Tenant  radiograph.Tenant
	Content any
}

// handler answers one address or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

// page wraps a handler: its error becomes a page, its panic an internal error.
func (s *console) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Log.Error("page panicked", "op", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				s.fail(w, r, radiograph.Errorf(radiograph.KindInternal, "panic"))
			}
		}()
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// render writes a whole page, or nothing when a template fails.
func (s *console) render(w http.ResponseWriter, r *http.Request, status int, name, block string, data any) error {
	var b bytes.Buffer
	if err := pages[name].ExecuteTemplate(&b, block, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the browser may have gone
	}
	return nil
}

// show writes a page inside its frame.
func (s *console) show(w http.ResponseWriter, r *http.Request, status int, name, section, title string, content any) error {
	return s.render(w, r, status, name, "frame", frame{Title: title, Section: section, Tenant: s.Tenant, Content: content})
}

// failure is the page for a request that could not be answered.
type failure struct {
	Head, Message string
}

// statusOf maps the kind of an error to an HTTP status and a heading.
var statusOf = map[radiograph.Kind]struct {
	code int
	head string
}{
	radiograph.KindInternal:     {http.StatusInternalServerError, "Something went wrong here"},
	radiograph.KindInvalid:      {http.StatusBadRequest, "That cannot be read"},
	radiograph.KindNotFound:     {http.StatusNotFound, "Not found"},
	radiograph.KindConflict:     {http.StatusConflict, "Being changed by someone else"},
	radiograph.KindPrecondition: {http.StatusConflict, "Changed in the meantime"},
	radiograph.KindDenied:       {http.StatusForbidden, "Not permitted"},
	radiograph.KindThrottled:    {http.StatusTooManyRequests, "Too many requests"},
	radiograph.KindTooLarge:     {http.StatusRequestEntityTooLarge, "Too large"},
	radiograph.KindUnavailable:  {http.StatusServiceUnavailable, "Not available now"},
	radiograph.KindUnsupported:  {http.StatusNotImplemented, "Not served"},
}

// explain is what a person may read of an error: all but internal text.
func (s *console) explain(r *http.Request, err error) (code int, f failure) {
	kind := radiograph.ErrorKind(err)
	st := statusOf[kind]
	if kind == radiograph.KindInternal {
		s.Log.Error("page failed", "op", r.URL.Path, "request_id", radiograph.RequestID(r.Context()), "err", err)
		return st.code, failure{st.head, "The server's log has the reason."}
	}
	return st.code, failure{st.head, err.Error()}
}

func (s *console) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is listening
	}
	code, f := s.explain(r, err)
	section := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 2)[0]
	if err := s.show(w, r, code, "failure", section, f.Head, f); err != nil {
		s.Log.Error("page failed", "op", r.URL.Path, "err", err)
		http.Error(w, f.Head, code)
	}
}

// fragment reports whether only a page's changing part is asked for: the page's
// own script does, to exchange it in place.
func fragment(r *http.Request) bool { return r.Header.Get("X-Fragment") != "" }
