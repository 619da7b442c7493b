package wasm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/columns"
)

// A session is one call of a guest, as seen from the host's side: what the
// guest may read, and what it asked for. It is used by one goroutine.
type session struct {
	ctx     context.Context
	fn      *step.Function
	inv     step.Invocation
	env     step.Env
	module  Module
	rights  rights          // nil before they are asked for: see may
	scanned map[string]bool // JSON artifacts whose digests are granted
	tables  map[string]*asColumns
	data    *dataset

	memory int64         // bytes that it may have
	left   int64         // bytes that it may still hand over
	puts   int           // how often it handed something over
	large  chan struct{} // taken while a large table is in memory
	held   int64         // bytes of the tables that the guest has open

	last  error // what the last request or file that failed, failed with
	world error // an error that may pass, if there was one
	lost  error // why something of the store or the registry was not to be had, though it may be later

	handed map[string]handed // the dataset and its split, by path
}

// handed is a file of /out that was handed over.
type handed struct {
	ref   events.Ref
	table *table.Table // nil: it is no table
	split []byte
	err   error
}

func (h *Host) newSession(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) *session {
	return &session{
		ctx: ctx, fn: fn, inv: inv, env: env, memory: h.memory, left: h.out, large: h.large,
		scanned: map[string]bool{}, tables: map[string]*asColumns{}, handed: map[string]handed{},
	}
}

// may is what the guest may read: at first what its events refer to. A guest that
// reads and writes nothing never asks.
func (s *session) may() rights {
	if s.rights == nil {
		s.rights = rights{}
		for _, e := range append([]events.Event{s.inv.Event}, s.inv.Set...) {
			_ = s.rights.give(bytes.NewReader(e.Data())) // data that is not JSON names nothing
		}
	}
	return s.rights
}

// failed remembers an error of the environment.
func (s *session) failed(err error) error {
	s.last = err
	switch step.ClassOf(err) {
	case step.ClassRetryable:
		s.world, s.lost = err, err
	case step.ClassTimeout:
		s.lost = err
	}
	return err
}

// Open implements guestfs.Backend.
func (s *session) Open(name string) (step.Blob, error) {
	switch name {
	case abi.DatasetFile:
		return s.openDataset()
	case abi.SplitFile:
		return s.openSplit()
	}
	digest, asTable := strings.CutSuffix(name, abi.Columns)
	r, ok := s.may()[digest]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if asTable {
		return s.openTable(r.ref)
	}
	b, err := s.env.Open(s.ctx, r.ref)
	if err != nil {
		return nil, s.failed(err)
	}
	if !r.stored && isJSON(r.ref.MediaType) && !s.scanned[digest] {
		s.scanned[digest] = true
		s.scan(b)
	}
	return &watched{b, s}, nil
}

// maxScan bounds the JSON artifacts whose references are looked for, in bytes: no
// step reads larger ones as JSON.
const maxScan = 256 << 20

// scan grants what a JSON artifact refers to.
func (s *session) scan(b step.Blob) {
	if b.Size() > maxScan {
		return
	}
	_ = s.may().give(step.ReaderOf(b)) // what is not JSON names nothing
}

// A watched blob tells the session of its errors.
type watched struct {
	step.Blob
	session *session
}

// ReadAt implements io.ReaderAt.
func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Blob.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = w.session.failed(err)
	}
	return n, err
}

// openTable gives a table as columns.
func (s *session) openTable(ref events.Ref) (step.Blob, error) {
	if b := s.tables[ref.Digest]; b != nil {
		return s.open(b)
	}
	t, err := s.env.Table(s.ctx, ref)
	if err != nil {
		return nil, s.failed(err)
	}
	return s.keep(ref.Digest, t)
}

// keep remembers a table under a name, as it is opened more than once; but few,
// since a dataset may have parts that are not in memory together.
func (s *session) keep(name string, t *table.Table) (step.Blob, error) {
	if len(s.tables) > 1 {
		clear(s.tables)
	}
	b := &asColumns{Reader: columns.NewReader(t), session: s, size: t.Bytes()}
	s.tables[name] = b
	return s.open(b)
}

// Put implements guestfs.Backend.
func (s *session) Put(put abi.Put, size int64, content io.Reader) abi.Response {
	h := s.put(put, size, content)
	if put.File == abi.Out+abi.DatasetFile || put.File == abi.Out+abi.SplitFile {
		s.handed[put.File] = h
	}
	if h.err != nil {
		return abi.Response{Error: s.failure(h.err)}
	}
	s.may().store(h.ref)
	return abi.Response{Ref: &h.ref}
}

// maxTable bounds the columns that are read into memory, in bytes; of tables
// larger than largeTable one is, whatever the number of guests.
const (
	maxTable   = 4 << 30
	largeTable = 256 << 20
)

func (s *session) put(put abi.Put, size int64, content io.Reader) (h handed) {
	if size > s.left { // a guest may take a file away that it handed over, and make another
		h.err = step.Permanent(fmt.Errorf("put %q: no more than %d bytes of %d are left for what this call hands over", put.File, s.left, size))
		return h
	}
	if s.puts++; s.puts > abi.MaxFiles {
		h.err = step.Permanent(fmt.Errorf("put %q: a call hands over at most %d artifacts", put.File, abi.MaxFiles))
		return h
	}
	s.left -= size
	if put.Table {
		h.ref, h.table, h.err = s.putTable(put.File, size, content)
		return h
	}
	if put.MediaType == "" {
		put.MediaType = events.MediaBytes
	}
	if len(put.MediaType) > 255 || strings.ContainsFunc(put.MediaType, func(c rune) bool { return c < ' ' || c > '~' }) {
		h.err = step.Permanent(fmt.Errorf("put %q: no media type: %.40q", put.File, put.MediaType))
		return h
	}
	var split bytes.Buffer
	if put.File == abi.Out+abi.SplitFile && size <= maxSplit {
		content = io.TeeReader(content, &split)
	}
	v := s.vet(size, content)
	h.ref, h.err = s.env.Put(s.ctx, put.MediaType, v)
	if wrong := v.end(); wrong != nil {
		h.err = step.Permanent(fmt.Errorf("put %q: %w", put.File, wrong))
	}
	h.split = split.Bytes()
	return h
}

func (s *session) putTable(file string, size int64, content io.Reader) (events.Ref, *table.Table, error) {
	if size > maxTable {
		return events.Ref{}, nil, step.Permanent(fmt.Errorf("put %q: %d bytes of columns, at most %d are taken as one table: hand it over in parts", file, size, int64(maxTable)))
	}
	if size > largeTable {
		select {
		case s.large <- struct{}{}:
			defer func() { <-s.large }()
		case <-s.ctx.Done():
			return events.Ref{}, nil, s.ctx.Err()
		}
	}
	t, err := s.readTable(file, size, content)
	if err != nil {
		return events.Ref{}, nil, err
	}
	ref, err := s.env.PutTable(s.ctx, t)
	return ref, t, err
}

// readTable reads columns. No memory is taken for a file that does not begin as one.
func (s *session) readTable(file string, size int64, content io.Reader) (*table.Table, error) {
	begin := make([]byte, min(size, columns.HeaderSize))
	_, err := io.ReadFull(content, begin)
	if err == nil {
		if err := columns.Check(begin, size); err != nil {
			return nil, step.Permanent(fmt.Errorf("put %q: %w", file, err))
		}
		b := make([]byte, size)
		copy(b, begin)
		if _, err = io.ReadFull(content, b[len(begin):]); err == nil {
			t, err := columns.Decode(b)
			if err != nil {
				return nil, step.Permanent(fmt.Errorf("put %q: %w", file, err))
			}
			return t, nil
		}
	}
	return nil, fmt.Errorf("put %q: %w", file, err)
}

// maxUnit bounds the name of a unit of progress, in bytes.
const maxUnit = 64

// failure is an error as the guest is told it.
func (s *session) failure(err error) *abi.Error {
	return asError(s.failed(err))
}

func asError(err error) *abi.Error {
	out := &abi.Error{Class: step.ClassOf(err), Message: err.Error()}
	var classed *step.Error
	if errors.As(err, &classed) {
		out.Detail = classed.Detail
	}
	return out
}

// Ask implements guestfs.Backend.
func (s *session) Ask(req abi.Request) (res abi.Response) {
	if req.Error != nil {
		if s.last != nil {
			res.Error = asError(s.last)
		}
		return res
	}
	var err error
	switch {
	case req.Progress != nil:
		p := *req.Progress
		p.Unit = strings.ToValidUTF8(p.Unit[:min(len(p.Unit), maxUnit)], "")
		s.env.Progress(p)
	case req.Fetch != nil:
		lost := s.lost // a guest may well do without what lies elsewhere
		if err = s.fetch(*req.Fetch, &res); err != nil {
			res = abi.Response{Error: s.failure(err)}
			s.lost = lost
		}
		return res
	default:
		err = s.models(req, &res)
	}
	if err != nil {
		res = abi.Response{Error: s.failure(err)}
	}
	return res
}

func (s *session) fetch(f abi.Fetch, res *abi.Response) error {
	if !s.module.Network {
		return step.Permanent(fmt.Errorf("function %s was not granted the network: put `uses: [network]` into its function.yaml", s.fn.Name))
	}
	ref, err := s.env.Fetch(s.ctx, f.URL, step.FetchLimits{MaxBytes: f.MaxBytes, Timeout: time.Duration(f.TimeoutMS) * time.Millisecond, MaxRedirects: f.MaxRedirects})
	if err != nil {
		return err
	}
	if err := s.vetFetched(ref); err != nil {
		return step.Permanent(fmt.Errorf("fetch %s: %w", f.URL, err))
	}
	s.may().store(ref)
	res.Ref = &ref
	return nil
}

func (s *session) models(req abi.Request, res *abi.Response) (err error) {
	if !s.module.Models {
		return step.Permanent(fmt.Errorf("function %s was not granted the model registry: put `uses: [models]` into its function.yaml", s.fn.Name))
	}
	registry := s.env.Models()
	var v step.ModelVersion
	switch {
	case req.Get != nil:
		v, err = registry.Get(s.ctx, req.Get.Name, req.Get.Version)
	case req.Register != nil:
		if err = s.mayName(req.Register.Model); err != nil {
			return step.Permanent(fmt.Errorf("model %s: %w", req.Register.Name, err))
		}
		v, err = registry.Register(s.ctx, req.Register.Name, req.Register.Model)
	case req.SetAlias != nil:
		res.Previous, err = registry.SetAlias(s.ctx, req.SetAlias.Name, req.SetAlias.Alias, req.SetAlias.Version, req.SetAlias.Cause)
		return err
	}
	if err != nil {
		return err
	}
	for _, ref := range []events.Ref{v.Files.Model, v.Files.Weights, v.Card} {
		if !ref.IsZero() {
			s.may().grant(ref)
		}
	}
	res.Model = &v
	return nil
}

// mayName reports a reference in v to what the guest could not read and did not
// store.
func (s *session) mayName(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.mayPass(b)
}

// mayPass is mayName of JSON.
func (s *session) mayPass(b []byte) error {
	if !mayMention(b) {
		return nil
	}
	return s.may().check(bytes.NewReader(b), false)
}
