package console_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/console"
)

// sinks are the ways by which text becomes markup or code.
var sinks = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function|DOMParser|createContextualFragment|javascript:`)

// outside is what refers to another place than the node.
var outside = regexp.MustCompile(`(https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)

// most is how many bytes the page may have when it is sent, with gzip.
const most = 32 << 10

// TestFiles finds nothing in the page that refers to other sites, that makes
// markup of text, or that its own policy would refuse.
func TestFiles(t *testing.T) {
	total := 0
	files := os.DirFS("page")
	names, err := fs.Glob(files, "*")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(b), "http://www.w3.org/2000/svg", "")
		if found := append(sinks.FindAllString(text, -1), outside.FindAllString(text, -1)...); found != nil {
			t.Errorf("%s has %q", name, found)
		}
		if found := regexp.MustCompile(`(?s)<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+="`).FindString(text); strings.HasSuffix(name, ".html") && found != "" {
			t.Errorf("%s has %q inline", name, found)
		}
	}
	h := console.Handler()
	for _, name := range names {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/"+name, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		total += w.Body.Len()
		plain, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(plain)
		if want, _ := fs.ReadFile(files, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is sent as %d bytes that are not its own (%v)", name, len(got), err)
		}
	}
	if total > most {
		t.Errorf("the page has %d bytes, at most %d are allowed", total, most)
	}
}

// TestHandler serves the page and its files, with a policy, and only these.
func TestHandler(t *testing.T) {
	h := console.Handler()
	get := func(path, tag string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for path, want := range map[string]string{"/": "text/html; charset=utf-8", "/console/main.js": "text/javascript; charset=utf-8", "/console/style.css": "text/css; charset=utf-8", "/console/icon.svg": "image/svg+xml"} {
		res := get(path, "")
		if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s: %s, %s", path, res.Status, got)
		}
		if res.Header.Get("Content-Security-Policy") != console.Policy || strings.Contains(console.Policy, "unsafe") {
			t.Errorf("%s: its policy is %q", path, res.Header.Get("Content-Security-Policy"))
		}
		if again := get(path, res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s again: %s", path, again.Status)
		}
	}
	for _, path := range []string{"/console/", "/console/nothing.js", "/console/../console.go", "/console/page/main.js"} {
		if res := get(path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	for path, want := range map[string]bool{"/": true, "/console/main.js": true, "/console": false, "/v1/runs": false, "/consoles": false} {
		if console.Public(path) != want {
			t.Errorf("%s is public: %v", path, !want)
		}
	}
}
