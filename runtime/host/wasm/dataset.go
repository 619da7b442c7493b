package wasm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/columns"
)

// maxSplit bounds a split, in rows.
const maxSplit = 1 << 30

// maxManifest bounds a dataset's manifest, in bytes.
const maxManifest = 256 << 20

// A dataset is that of the event.
type dataset struct {
	described events.Dataset
	manifest  step.Manifest
}

// dataset reads the manifest of the event's dataset; fs.ErrNotExist where the
// event has none.
func (s *session) dataset() (*dataset, error) {
	if s.data != nil {
		return s.data, nil
	}
	var in struct {
		Dataset events.Dataset `json:"dataset"`
	}
	if err := json.Unmarshal(s.inv.Event.Data(), &in); err != nil || in.Dataset.Manifest.IsZero() {
		return nil, fs.ErrNotExist
	}
	d := &dataset{described: in.Dataset}
	b, err := step.ReadAll(s.ctx, s.env, in.Dataset.Manifest, maxManifest)
	if err == nil {
		if jerr := json.Unmarshal(b, &d.manifest); jerr != nil {
			err = step.Permanent(jerr)
		}
	}
	if err != nil {
		return nil, s.failed(fmt.Errorf("dataset %s: %w", in.Dataset.Name, err))
	}
	s.data = d
	return d, nil
}

// openDataset gives all rows of the event's dataset as columns.
func (s *session) openDataset() (step.Blob, error) {
	if b := s.tables[abi.DatasetFile]; b != nil {
		return s.open(b)
	}
	d, err := s.dataset()
	if err != nil {
		return nil, err
	}
	m := &d.manifest
	if m.Rows < 0 || m.Rows > maxTable/8/int64(max(1, len(m.Schema))) {
		return nil, s.failed(step.Permanent(fmt.Errorf("dataset %s has %d rows of %d columns, which is too much for one file: read the parts that its manifest names", d.described.Name, m.Rows, len(m.Schema))))
	}
	var parts []*table.Table
	rows := int64(0)
	for i, p := range m.Parts {
		t, err := s.env.Table(s.ctx, p.Table)
		if err != nil {
			return nil, s.failed(fmt.Errorf("dataset %s: part %d: %w", d.described.Name, i, err))
		}
		if rows += int64(t.Rows()); rows > m.Rows {
			return nil, s.failed(step.Permanent(fmt.Errorf("dataset %s: part %d: its manifest says that it has %d rows, which is too few", d.described.Name, i, m.Rows)))
		}
		parts = append(parts, t)
	}
	t, err := table.Concat(parts...)
	if err != nil {
		return nil, s.failed(step.Permanent(fmt.Errorf("dataset %s: %w", d.described.Name, err)))
	}
	return s.keep(abi.DatasetFile, t)
}

// openSplit gives the subset of each row.
func (s *session) openSplit() (step.Blob, error) {
	d, err := s.dataset()
	if err != nil {
		return nil, err
	}
	if d.manifest.Split.IsZero() {
		return nil, fs.ErrNotExist
	}
	b, err := s.env.Open(s.ctx, d.manifest.Split)
	if err != nil {
		return nil, s.failed(err)
	}
	return &watched{b, s}, nil
}

// wrote reports whether the guest wrote a dataset.
func (s *session) wrote() bool {
	_, ok := s.handed[abi.Out+abi.DatasetFile]
	return ok
}

// emitDataset sends the one event of a guest that wrote a dataset and names no
// event: that which came, with the new dataset.
func (s *session) emitDataset(call *step.Call) (map[string]events.Ref, int64, error) {
	if len(s.fn.Emits) != 1 {
		return nil, 0, fmt.Errorf("the guest wrote a dataset and names no event, but function %s emits %d types: name one in the answer", s.fn.Name, len(s.fn.Emits))
	}
	h := s.handed[abi.Out+abi.DatasetFile]
	if h.err != nil {
		return nil, 0, h.err
	}
	if h.table == nil {
		return nil, 0, fmt.Errorf("%s%s was handed over as a file: hand it over with \"table\": true, or leave that to the host", abi.Out, abi.DatasetFile)
	}
	d, err := s.dataset()
	if err != nil {
		return nil, 0, fmt.Errorf("the guest wrote a dataset in answer to an event that has none: %w", err)
	}
	rows := int64(h.table.Rows())
	m := step.Manifest{Schema: h.table.Schema(), Rows: rows, Parts: []step.Part{{Table: h.ref, Rows: rows}}}
	for name, order := range d.manifest.DateOrder {
		if h.table.Column(name) != nil {
			if m.DateOrder == nil {
				m.DateOrder = map[string]string{}
			}
			m.DateOrder[name] = order
		}
	}
	outputs := map[string]events.Ref{"dataset.table": h.ref}
	if split, ok := s.handed[abi.Out+abi.SplitFile]; ok {
		if err := split.checkSplit(rows); err != nil {
			return nil, 0, err
		}
		m.Split = split.ref
		outputs["dataset.split"] = split.ref
	} else if rows == d.manifest.Rows {
		m.Split = d.manifest.Split
	}
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, 0, err
	}
	ref, err := s.env.Put(s.ctx, events.MediaDataset, bytes.NewReader(b))
	if err != nil {
		return nil, 0, s.failed(err)
	}
	outputs["dataset"] = ref
	next := d.described
	next.Manifest, next.Rows, next.Columns = ref, rows, len(m.Schema)
	data := map[string]any{}
	if err := json.Unmarshal(s.inv.Event.Data(), &data); err != nil {
		return nil, 0, err
	}
	data = maps.Clone(data)
	data["dataset"] = next
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, 0, err
	}
	return outputs, rows, call.Emit(payload{s.fn.Emits[0], raw})
}

func (h handed) checkSplit(rows int64) error {
	if h.err != nil {
		return h.err
	}
	if int64(len(h.split)) != rows {
		return fmt.Errorf("%s%s has %d bytes, the table %d rows: one byte a row", abi.Out, abi.SplitFile, len(h.split), rows)
	}
	for i, v := range h.split {
		if step.Subset(v) > step.Excluded {
			return fmt.Errorf("%s%s has %d in row %d, which is no subset: 0 train, 1 validation, 2 test, 3 excluded", abi.Out, abi.SplitFile, v, i)
		}
	}
	return nil
}

// asColumns is a table as columns, which are made as they are read. Its memory
// is the session's while the guest has it open.
type asColumns struct {
	*columns.Reader
	session *session
	size    int64
	opened  int
}

// open gives a table to the guest, which may have so much of them open.
func (s *session) open(b *asColumns) (step.Blob, error) {
	if b.opened == 0 {
		if s.held > 0 && s.held+b.size > maxTable {
			return nil, s.failed(step.Permanent(fmt.Errorf("a table of %d bytes: the tables that are open have %d, at most %d are open at once: close those that were read", b.size, s.held, int64(maxTable))))
		}
		s.held += b.size
	}
	b.opened++
	return b, nil
}

// Close implements io.Closer.
func (b *asColumns) Close() error {
	if b.opened--; b.opened == 0 {
		b.session.held -= b.size
	}
	return nil
}
