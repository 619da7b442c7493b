package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/parquet"
)

// partsCompared is of how many parts of a dataset rows are read to compare with.
const partsCompared = 4

// background are training rows of a model, found by its lineage, for explanations
// that compare with some. It is nil where none are needed, and where there are
// none: of an imported model, or one whose dataset the store does not have.
func background(ctx context.Context, conn *connection, m *model.Model) (*table.Table, error) {
	var lineage struct{ Manifest string }
	if !explain.Compares(m) || json.Unmarshal(m.Lineage, &lineage) != nil || lineage.Manifest == "" {
		return nil, nil
	}
	t, err := trainingRows(ctx, conn, lineage.Manifest)
	var none *api.Error
	if errors.As(err, &none) && none.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the training rows to compare with: %w", err)
	}
	return explain.Background(m, t), nil
}

// trainingRows reads those of some parts of a dataset, spread over all.
func trainingRows(ctx context.Context, conn *connection, manifest string) (*table.Table, error) {
	b, err := readArtifact(ctx, conn, manifest)
	if err != nil {
		return nil, err
	}
	var m step.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	var split []byte
	if !m.Split.IsZero() {
		if split, err = readArtifact(ctx, conn, m.Split.Digest); err != nil {
			return nil, err
		}
		if int64(len(split)) != m.Rows {
			return nil, fmt.Errorf("the split has %d rows, the table %d", len(split), m.Rows)
		}
	}
	var read []*table.Table
	from := int64(0)
	for i, p := range m.Parts {
		if every := (len(m.Parts) + partsCompared - 1) / partsCompared; i%every == 0 {
			t, err := part(ctx, conn, p)
			if err != nil {
				return nil, fmt.Errorf("part %d: %w", i, err)
			}
			var rows []int
			for r := range t.Rows() {
				if split == nil || step.Subset(split[from+int64(r)]) == step.Train {
					rows = append(rows, r)
				}
			}
			read = append(read, t.Take(rows))
		}
		from += p.Rows
	}
	return table.Concat(read...)
}

func part(ctx context.Context, conn *connection, p step.Part) (*table.Table, error) {
	b, err := readArtifact(ctx, conn, p.Table.Digest)
	if err != nil {
		return nil, err
	}
	t, err := parquet.Read(bytes.NewReader(b), int64(len(b)), nil)
	if err == nil && int64(t.Rows()) != p.Rows {
		err = fmt.Errorf("%d rows, and the manifest says %d", t.Rows(), p.Rows)
	}
	return t, err
}
