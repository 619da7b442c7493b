// Package console is the web page of a node: what ran and runs, the models that
// came of it, what was uploaded, and what failed. It is plain HTML, CSS and
// JavaScript modules that ask the node's HTTP API, as the command does; they are
// embedded as they are, and refer to nothing outside of the node.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed page
var page embed.FS

// Policy is the Content-Security-Policy of the page: its own scripts and styles,
// none in the markup, and no way to make markup of text.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Public tells whether a path is one of the page's own, which hold nothing of
// the node's.
func Public(path string) bool { return path == "/" || strings.HasPrefix(path, "/console/") }

// A file is one of the page's, as it is sent.
type file struct {
	body      []byte // as it is embedded
	packed    []byte // the same with gzip, for who is far away
	mediaType string
	tag       string
}

// Handler serves the page at / and what it is made of below /console/.
func Handler() http.Handler {
	types := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	files := map[string]file{}
	entries, err := fs.ReadDir(page, "page")
	for _, e := range entries {
		var b []byte
		if b, err = page.ReadFile("page/" + e.Name()); err != nil {
			break
		}
		sum := sha256.Sum256(b)
		files["/console/"+e.Name()] = file{b, pack(b), types[path.Ext(e.Name())], `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	if err != nil {
		panic("console: reading embedded files: " + err.Error()) // cannot happen: they are in the program
	}
	files["/"] = files["/console/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.mediaType)
		h.Set("Content-Security-Policy", Policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", f.tag)
		h.Set("Vary", "Accept-Encoding")
		if r.Header.Get("If-None-Match") == f.tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		body := f.body
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.packed
		}
		_, _ = w.Write(body) // the client is gone: nobody to tell
	})
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	if err = errors.Join(err, w.Close()); err != nil {
		panic("console: packing a file: " + err.Error()) // cannot happen: a buffer takes everything
	}
	return out.Bytes()
}
