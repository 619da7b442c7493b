// Package preprocess holds the transforms between a raw table and the feature
// matrix: cleaning, encoding, scaling, dates and text.
//
// A [Spec] is a transform's parameters. Fitting it on training rows gives a
// [Transformer], which is immutable, and which means the same for one row as
// for a table: it never drops or reorders rows, and it takes missing values and
// categories that it has not seen. A [Graph] is an ordered list of fitted
// transformers, and is itself one. It is stored within the model, so serving
// offline, online and on the edge run this one implementation.
//
// Whoever fits passes the training rows and nothing else, and never the column
// that is predicted: it goes in as y, and only [TargetEncode] looks at it.
package preprocess

import (
	"context"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// A Spec is a set of parameters that can be fitted. A zero field means its
// default. It encodes to JSON, and [DecodeSpec] reads it back by its kind.
type Spec interface {
	// Kind names the transform: "impute", "onehot", ...
	Kind() string
	// Fit learns from the rows of t, the training rows. y holds the target of
	// the same rows; only specs that say so need it, and it may be nil for the
	// others. opts may be nil. Invalid parameters and columns are errors.
	Fit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, error)
}

// A FitTransformer is a spec whose result on the rows that it is fitted on is
// not what Transform gives for them: target encoding is cross-fitted there, so
// that no row sees its own target.
type FitTransformer interface {
	Spec
	FitTransform(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, *table.Table, error)
}

// A Transformer is a fitted transform. It is immutable and safe for concurrent use.
type Transformer interface {
	// Spec returns the parameters that it was fitted with.
	Spec() Spec
	// Transform returns a new table of the same rows in the same order. Columns
	// that it does not concern are shared with t. It is an error where t lacks a
	// column that the transform reads, or has it in another type.
	Transform(t *table.Table) (*table.Table, error)
	// State is all there is to the transformer; [FromState] reads it back.
	State() learn.State
	// Notes says what fitting decided, column by column.
	Notes() []Note
}

// A Note is something that fitting decided about a column and that a person
// would want to read.
type Note struct {
	Column string `json:"column"`
	Text   string `json:"text"`
	Rows   int    `json:"rows,omitempty"` // how many training rows it is about
}

func (n Note) String() string { return n.Column + ": " + n.Text }

// The kinds of transform, in the order in which a table usually meets them.
var kinds = [...]string{"tidy", "dates", "drop", "impute", "cap", "bin", "interact", "cluster", "pca", "dateparts",
	"onehot", "ordinal", "frequency", "target", "tfidf", "hashtext", "scale", "auto", "branches"}

// Kinds lists the kinds of spec that [DecodeSpec] knows.
func Kinds() []string { return append([]string(nil), kinds[:]...) }

// A restorable is a fitted transformer that its readable parameters were read
// into. check makes it whole with the state's tensors, or says what is wrong.
type restorable interface {
	Transformer
	check(s learn.State) error
}

// blank makes an empty spec of a kind and an empty transformer to restore; nil
// where there is no such kind.
func blank(kind string) (Spec, restorable) {
	switch kind {
	case "tidy":
		return &Tidy{}, &tidier{}
	case "dates":
		return &Dates{}, &dateParser{}
	case "drop":
		return &Drop{}, &dropper{}
	case "impute":
		return &Impute{}, &imputer{}
	case "cap":
		return &Cap{}, &capper{}
	case "bin":
		return &Bin{}, &binner{}
	case "interact":
		return &Interact{}, &interacter{}
	case "cluster":
		return &Cluster{}, &clusterer{}
	case "pca":
		return &PCA{}, &componenter{}
	case "dateparts":
		return &DateParts{}, &datePartser{}
	case "onehot":
		return &OneHot{}, &oneHot{}
	case "ordinal":
		return &Ordinal{}, &ordinal{}
	case "frequency":
		return &Frequency{}, &frequency{}
	case "target":
		return &TargetEncode{}, &targetEncoder{}
	case "tfidf":
		return &Tfidf{}, &tfidf{}
	case "hashtext":
		return &HashText{}, &textHasher{}
	case "scale":
		return &Scale{}, &scaler{}
	case "auto":
		return &Auto{}, nil // see autoFromState
	case "branches":
		return &Branches{}, nil // see branchesFromState
	}
	return nil, nil
}

// DecodeSpec reads a spec of a kind from JSON. Unknown fields are errors.
func DecodeSpec(kind string, params []byte) (Spec, error) {
	s, _ := blank(kind)
	if s == nil {
		return nil, unknownKind(kind)
	}
	if len(params) == 0 {
		return s, nil
	}
	if err := json.Strict(params, s); err != nil {
		return nil, fmt.Errorf("parameters of %q: %w", kind, err)
	}
	return s, nil
}

// FromState restores a transformer from its state. A state that no transformer
// could have is an error, whatever it holds.
func FromState(s learn.State) (Transformer, error) {
	switch s.Kind {
	case "auto":
		return autoFromState(s)
	case "branches":
		return branchesFromState(s)
	}
	_, restored := blank(s.Kind)
	if restored == nil {
		return nil, unknownKind(s.Kind)
	}
	err := reread(s.Params, restored)
	if err == nil {
		err = restored.check(s)
	}
	if err != nil {
		return nil, fmt.Errorf("state of %q: %w", s.Kind, err)
	}
	return restored, nil
}

func unknownKind(kind string) error {
	if hint := nearest.Hint(kind, kinds[:]); hint != "" {
		return fmt.Errorf("unknown transform %q%s", kind, hint)
	}
	return fmt.Errorf("unknown transform %q: want one of %s", kind, strings.Join(kinds[:], ", "))
}
