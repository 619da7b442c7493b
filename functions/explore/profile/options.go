package profile

// Options bound and tune a profile. The zero value of a field, or a nil
// Options, means the default.
type Options struct {
	Target string // column to predict; "": none
	Task   string // classification or regression; "": by the target's values
	Seed   uint64 // of the sample

	Sample int // rows that correlations, components and grids are computed from at most (50,000)
	Charts int // columns that get a histogram (30)
	Heat   int // columns of a correlation matrix (24)
	Pairs  int // pairs that are drawn (6)
	Bins   int // of a histogram at most (60)
	Top    int // values that are named a column (10)
	Rare   int // values that fewer rows have are not named (5)

	Limits Limits
}

// Limits are where alerts begin. Shares are in [0, 1].
type Limits struct {
	Missing     float64 // share of missing values (0.05)
	MostMissing float64 // share that is severe (0.5)
	Skew        float64 // absolute skew (2)
	Outliers    float64 // share beyond Tukey's whiskers (0.05)
	Correlated  float64 // absolute correlation of two columns (0.95)
	Leakage     float64 // absolute correlation or AUC with the target (0.99)
	Imbalance   float64 // share of the rarest class (0.1)
	Cardinality int     // categories (50)
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func (o *Options) withDefaults() Options {
	var d Options
	if o != nil {
		d = *o
	}
	d.Sample = or(d.Sample, 50_000)
	d.Charts = or(d.Charts, 30)
	d.Heat = or(d.Heat, 24)
	d.Pairs = or(d.Pairs, 6)
	d.Bins = or(d.Bins, 60)
	d.Top = or(d.Top, 10)
	d.Rare = or(d.Rare, 5)
	l := &d.Limits
	l.Missing = or(l.Missing, 0.05)
	l.MostMissing = or(l.MostMissing, 0.5)
	l.Skew = or(l.Skew, 2)
	l.Outliers = or(l.Outliers, 0.05)
	l.Correlated = or(l.Correlated, 0.95)
	l.Leakage = or(l.Leakage, 0.99)
	l.Imbalance = or(l.Imbalance, 0.1)
	l.Cardinality = or(l.Cardinality, 50)
	return d
}
