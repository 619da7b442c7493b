package server

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

func (s *server) listModels(w http.ResponseWriter, r *http.Request) {
	names, err := s.Node.Registry.Names(r.Context())
	out := make([]api.Model, 0, len(names))
	for _, name := range names {
		m, merr := s.model(r.Context(), name)
		if merr != nil {
			err = merr
			break
		}
		out = append(out, m)
	}
	answer(w, out, err)
}

func (s *server) showModel(w http.ResponseWriter, r *http.Request) {
	m, err := s.model(r.Context(), r.PathValue("name"))
	answer(w, m, err)
}

func (s *server) model(ctx context.Context, name string) (api.Model, error) {
	m := api.Model{Name: name}
	var err error
	if m.Versions, err = s.Node.Registry.Versions(ctx, name); err != nil {
		return m, err
	}
	m.Aliases, err = s.Node.Registry.Aliases(ctx, name)
	return m, err
}

func (s *server) promote(w http.ResponseWriter, r *http.Request) {
	var req api.Promotion
	if err := readJSON(w, r, &req); err != nil {
		answer(w, nil, err)
		return
	}
	move := api.Move{Alias: "champion", To: req.Version}
	var err error
	if req.Alias == "" || req.Alias == "champion" {
		move.From, err = s.Node.Registry.Promote(r.Context(), r.PathValue("name"), req.Version, uuid.NewString())
	} else {
		move.Alias = req.Alias
		move.From, err = s.Node.Registry.SetAlias(r.Context(), r.PathValue("name"), req.Alias, req.Version, uuid.NewString())
	}
	answer(w, move, err)
}

func (s *server) rollback(w http.ResponseWriter, r *http.Request) {
	var req api.Promotion
	if err := readJSON(w, r, &req); err != nil {
		answer(w, nil, err)
		return
	}
	if req.Alias == "" {
		req.Alias = "champion"
	}
	from, to, err := s.Node.Registry.Rollback(r.Context(), r.PathValue("name"), req.Alias, uuid.NewString())
	answer(w, api.Move{Alias: req.Alias, From: from, To: to}, err)
}

func (s *server) listDeadLetters(w http.ResponseWriter, r *http.Request) {
	n, err := limit(r, 50)
	if err != nil {
		answer(w, nil, err)
		return
	}
	q := r.URL.Query()
	letters, err := engine.DeadLetters(r.Context(), s.Node.Store, engine.LetterQuery{Prefix: q.Get("prefix"), Decided: q.Get("decided") == "true", Limit: n})
	answer(w, letters, err)
}

func (s *server) showDeadLetter(w http.ResponseWriter, r *http.Request) {
	dl, err := engine.GetDeadLetter(r.Context(), s.Node.Store, r.PathValue("id"))
	answer(w, dl, err)
}

func (s *server) redrive(w http.ResponseWriter, r *http.Request) {
	dl, err := s.Node.Engine.Redrive(r.Context(), r.PathValue("id"))
	answer(w, dl, err)
}

func (s *server) discard(w http.ResponseWriter, r *http.Request) {
	dl, err := engine.Discard(r.Context(), s.Node.Store, r.PathValue("id"), time.Now())
	answer(w, dl, err)
}
