package server

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// limit is how many things are listed: ?limit=, or so many where it is not given.
func limit(r *http.Request, otherwise int) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("limit: %q is not a number of things to list", text)
	}
	return n, nil
}

func (s *server) listBuckets(w http.ResponseWriter, r *http.Request) {
	out := []store.Bucket{}
	for b, err := range s.Node.Store.Buckets(r.Context()) {
		if err != nil {
			answer(w, nil, err)
			return
		}
		out = append(out, b)
	}
	answer(w, out, nil)
}

// maxObjects is how many objects one answer lists at most.
const maxObjects = 1000

func (s *server) listObjects(w http.ResponseWriter, r *http.Request) {
	out, err := s.objects(r)
	answer(w, out, err)
}

func (s *server) objects(r *http.Request) (api.Objects, error) {
	out := api.Objects{Objects: []api.Uploaded{}}
	n, err := limit(r, maxObjects)
	if err != nil {
		return out, err
	}
	q := r.URL.Query()
	list, err := s.Node.Store.ListObjects(r.Context(), r.PathValue("bucket"), q.Get("prefix"), q.Get("after"), "", min(n, maxObjects))
	if err != nil {
		return out, err
	}
	out.Next = list.Next
	for _, o := range list.Objects {
		ev, err := events.FromObject(o.Object)
		if err != nil {
			return out, err
		}
		out.Objects = append(out.Objects, api.Uploaded{Object: o.Object, Run: ev.ID()})
	}
	return out, nil
}

func (s *server) showPipeline(w http.ResponseWriter, r *http.Request) {
	p, err := s.Node.Engine.Definition(r.Context(), r.PathValue("version"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	answer(w, graphOf(p), nil)
}

// graphOf is what there is to draw of a pipeline.
func graphOf(p *pipeline.Pipeline) api.Pipeline {
	out := api.Pipeline{Name: p.Name, Version: p.Version, Description: p.Doc, Edges: []api.Edge{}}
	for _, s := range p.Steps {
		out.Steps = append(out.Steps, api.PipelineStep{Name: s.Name, Function: s.Function, Host: s.Host, Join: s.Join})
	}
	for _, root := range p.Roots() {
		for _, s := range p.Steps {
			for _, t := range s.On {
				if t.Type == root {
					out.Edges = append(out.Edges, api.Edge{To: s.Name, Type: root})
				}
			}
		}
	}
	for _, e := range p.Edges() {
		out.Edges = append(out.Edges, api.Edge{From: e.From.Name, To: e.To.Name, Type: e.Type})
	}
	return out
}

func (s *server) aliasHistory(w http.ResponseWriter, r *http.Request) {
	moves, err := s.Node.Registry.AliasHistory(r.Context(), r.PathValue("name"), r.PathValue("alias"))
	answer(w, moves, err)
}

// reportPolicy is what a report may do: show itself. It is made of users' data, so
// it runs nothing, sends nothing, and is of no origin, wherever it is opened.
const reportPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// report shows an artifact as a page.
func (s *server) report(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", reportPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	s.send(w, r, "text/html; charset=utf-8", "inline")
}

func (s *server) artifact(w http.ResponseWriter, r *http.Request) {
	s.send(w, r, "application/octet-stream", "attachment")
}

// send answers with the bytes of an artifact.
func (s *server) send(w http.ResponseWriter, r *http.Request, mediaType, disposition string) {
	digest := r.PathValue("digest")
	size, err := s.Node.Store.Size(r.Context(), digest)
	if err != nil {
		answer(w, nil, err)
		return
	}
	b, err := s.Node.Store.Open(r.Context(), events.Ref{Digest: digest, Size: size})
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer b.Close()
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.Header().Set("Content-Disposition", disposition)
	_, _ = io.Copy(w, step.ReaderOf(b)) // the client is gone: nobody to tell
}
