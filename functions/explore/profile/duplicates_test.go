package profile

import (
	"testing"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/sieve"
)

// Rows too many to keep a hash of each are counted by a second reading.
func TestDuplicatesBySecondReading(t *testing.T) {
	const rows, distinct = 5000, 1234
	ints := make([]int64, rows)
	for i := range ints {
		ints[i] = int64(i * 7 % distinct)
	}
	parts := func(part func(*table.Table) error) error {
		for from := 0; from < rows; from += 1000 {
			if err := part(&table.Table{Columns: []*table.Column{{Name: "x", Kind: table.Int64, Ints: ints[from : from+1000]}}}); err != nil {
				return err
			}
		}
		return nil
	}
	for name, s := range map[string]*sieve.Sieve{"kept": sieve.New(rows), "sifted": sieve.Sifting(rows)} {
		b := &builder{p: &Profile{}}
		b.rows.hashes = s
		if err := parts(func(t *table.Table) error {
			for _, h := range hashRows(t) {
				s.Add(h)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := b.duplicates(t.Context(), parts); err != nil {
			t.Fatal(err)
		}
		if b.p.Duplicates != rows-distinct {
			t.Errorf("%s: %d duplicates, want %d", name, b.p.Duplicates, rows-distinct)
		}
	}
}
