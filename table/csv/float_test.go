package csv

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	number     = regexp.MustCompile(`^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	infinities = regexp.MustCompile(`(?i)^[+-]?(inf|infinity)$`)
)

// checkFloat compares parseFloat with strconv, bit for bit.
func checkFloat(t *testing.T, s string) {
	t.Helper()
	got, form := parseFloat([]byte(s), '.')
	padded := []byte("                        " + s + ",          ")
	if fast, ok := fastFloat(padded, 24, 24+len(s), '.'); ok && (form != fraction || math.Float64bits(fast) != math.Float64bits(got)) {
		t.Errorf("%q: fast %v, plain %v of form %d", s, fast, got, form)
	}
	checkFractions(t, s)
	if !number.MatchString(s) && !infinities.MatchString(s) {
		if form != notNumber {
			t.Errorf("%q: read as %v, want no number", s, got)
		}
		return
	}
	want, err := strconv.ParseFloat(s, 64)
	switch {
	case form == notNumber:
		t.Errorf("%q: no number, want %v", s, want)
	case err != nil:
		if form != overflow {
			t.Errorf("%q: %v of form %d, want overflow", s, got, form)
		}
	case math.Float64bits(got) != math.Float64bits(want):
		t.Errorf("%q: %v (%#x), want %v (%#x)", s, got, math.Float64bits(got), want, math.Float64bits(want))
	}
}

// checkFractions compares what the column loops make of one field with parseFloat.
func checkFractions(t *testing.T, s string) {
	t.Helper()
	if strings.ContainsAny(s, ",\n\"") {
		return
	}
	row := strings.Repeat("x", 40) + "," + s + "," + strings.Repeat("y", 40) + "\n"
	for _, tk := range levels() {
		// Alone, and among others that all are read.
		tk.split([]byte(row), 3, &Dialect{Delimiter: ",", Quote: `"`})
		if tk.rows != 1 {
			return // the text is not UTF-8, or has NUL bytes
		}
		want, form := parseFloat([]byte(s), '.')
		check := func(name string, out []float64, odd *oddRows, at int) {
			if odd[at>>3]>>(at&7)&1 == 0 && (form != fraction || math.Float64bits(out[at]) != math.Float64bits(want)) {
				t.Errorf("level %d, %s: %q is %v, want %v of form %d", tk.level, name, s, out[at], want, form)
			}
		}
		var odd oddRows
		out := make([]float64, 1, 16)
		tk.fractions(out, 0, 1, '.', &odd)
		check("alone", out, &odd, 0)

		const plenty = "some text,1.25,more\n"
		tk.split([]byte(strings.Repeat(plenty, 11)+row+strings.Repeat(plenty, 4)), 3, &Dialect{Delimiter: ",", Quote: `"`})
		odd, out = oddRows{}, out[:16]
		tk.fractions(out, 0, 1, '.', &odd)
		check("among others", out, &odd, 11)
		for i, v := range out {
			if i != 11 && v != 1.25 && odd[i>>3]>>(i&7)&1 == 0 {
				t.Errorf("level %d: beside %q, 1.25 is %v", tk.level, s, v)
			}
		}
	}
}

// levels are tokens of every level that the processor has.
func levels() (all []*tokens) {
	for l := plain; l <= best(); l++ {
		all = append(all, &tokens{level: l})
	}
	return all
}

// Nearly all numbers as programs write them take the fast road, all through a
// column, and read as strconv reads them.
func TestFractions(t *testing.T) {
	const rows, cols = 5000, 4
	r := rand.New(rand.NewPCG(5, 6))
	text := []byte{}
	want := make([][]float64, cols)
	for range rows {
		for c := range cols {
			v := r.NormFloat64() * math.Pow(10, float64(2*c))
			if c == 3 {
				v = math.Round(v*100)/100 + 0.5
			}
			want[c] = append(want[c], v)
			text = strconv.AppendFloat(text, v, 'f', -1, 64)
			text = append(text, ",\n"[c/3])
		}
	}
	for _, tk := range levels() {
		tk.split(text, cols, &Dialect{Delimiter: ",", Quote: `"`})
		for c := range cols {
			got, slow := make([]float64, rows), 0
			for r := 0; r < rows; r += batch {
				var odd oddRows
				tk.fractions(got[r:min(r+batch, rows)], r, c, '.', &odd)
				for row := range odd.all(r) {
					got[row], _ = parseFloat(tk.field(row, c), '.')
					slow++
				}
			}
			for i := range got {
				if math.Float64bits(got[i]) != math.Float64bits(want[c][i]) {
					t.Fatalf("level %d: column %d row %d: %v, want %v", tk.level, c, i, got[i], want[c][i])
				}
			}
			if slow > rows/5 {
				t.Errorf("level %d: column %d: %d of %d rows not read", tk.level, c, slow, rows)
			}
		}
	}
}

var hardFloats = []string{
	"0", "-0", "-0.0", "+0", "1", "1.", ".1", ".", "-", "+", "", "e1", "1e", "1e+", "1e-", "1e5", "1E-5", "1.5e+3", "00", "01", "-01.5", "0.5", "007.5",
	"9007199254740993", "9007199254740992", "9007199254740993.0", "18446744073709551615", "18446744073709551616", "9999999999999999999", "99999999999999999999",
	"1e22", "1e23", "8.5e22", "1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "1e400", "-1e400", "1e-400", "4.9e-324", "2.4e-324", "2.5e-324",
	"2.2250738585072011e-308", "2.2250738585072014e-308", "0.1234567890123456789", "1.2345678901234567890123456789", "0.000000000000000000000000000000000001234567890123456789",
	"1e99999999999999999999", "0e99999999999999999999", "1e-99999999999999999999", "inf", "-Infinity", "+INF", "infi", "nan", "0x10", "1_000", "1,5", "1e5.5", "1..2", "12345678", "1234567a", "0.1234567a", "0.12345678a",
	"9214843084008499", "5e-324", "3.237883913302901e-319", "8.988465674311582e307", "6929495644600919.5", "3.7455744005952583e15", "9.5e-64", "9.5e-65", "9.5e64", "9.5e65",
	"0.00000000000000000000000000000000000000000000000000000000000000000000000000000001e80", "100000000000000000000000000000000000000000e-41",
}

func TestFloatHard(t *testing.T) {
	for _, s := range hardFloats {
		checkFloat(t, s)
	}
}

// Shortest and 17-digit texts of random bits, and random digits, read as strconv reads them.
func TestFloatRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) {
			continue
		}
		checkFloat(t, strconv.FormatFloat(f, 'g', -1, 64))
		checkFloat(t, strconv.FormatFloat(r.NormFloat64(), 'g', 15+r.IntN(5), 64))
		checkFloat(t, fmt.Sprintf("%d.%0*d", r.Uint64()>>r.UintN(64), r.IntN(20), r.Uint64()>>r.UintN(64)))
		checkFloat(t, fmt.Sprintf("%de%d", r.Uint64()>>r.UintN(64), r.IntN(140)-70))
	}
}

// Half-way cases: texts exactly between two float64, and next to it.
func TestFloatHalfway(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1500 {
		f := math.Ldexp(float64(r.Uint64()>>11|1<<52), r.IntN(80)-70)
		half := new(big.Float).SetPrec(2000).SetFloat64(f)
		half.Add(half, new(big.Float).SetFloat64(math.Ldexp(f, -54)))
		for _, digits := range []int{17, 18, 19, 20, 25, 60} {
			checkFloat(t, half.Text('f', digits))
			checkFloat(t, half.Text('e', digits))
		}
	}
}

func TestPowersOfTen(t *testing.T) {
	for e := pow10Min; e <= pow10Max; e++ {
		p := pow10[e-pow10Min]
		got := new(big.Int).SetUint64(p[0])
		got.Lsh(got, 64).Or(got, new(big.Int).SetUint64(p[1]))
		exact := new(big.Rat).SetFrac(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil), big.NewInt(1))
		if e < 0 {
			exact.Inv(exact)
		}
		lo := new(big.Rat).SetInt(got)
		hi := new(big.Rat).SetInt(new(big.Int).Add(got, big.NewInt(1)))
		shift := 127 - (108853*e)>>15
		scale := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(max(shift, -shift))))
		if shift < 0 {
			scale.Inv(scale)
		}
		if exact.Mul(exact, scale); p[0]>>63 != 1 || exact.Cmp(lo) < 0 || exact.Cmp(hi) >= 0 {
			t.Errorf("10^%d is not within its 128 bits", e)
		}
	}
}

func FuzzFloat(f *testing.F) {
	for _, s := range hardFloats {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkFloat(t, s) })
}

func FuzzInt(f *testing.F) {
	for _, s := range []string{"0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "12345678", "123456789012", "1234567x", "+5", "01", ""} {
		f.Add(s)
	}
	plain := regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)$`)
	f.Fuzz(func(t *testing.T, s string) {
		want, err := strconv.ParseInt(s, 10, 64)
		ok := err == nil && plain.MatchString(s)
		got, gotOK := parseInt([]byte(s))
		if gotOK != ok || ok && got != want {
			t.Errorf("%q: %d %v, want %d %v", s, got, gotOK, want, ok)
		}
		padded := "12345678" + s
		if fast, fastOK := fastInt([]byte(padded), 8, len(padded)); fastOK && (!ok || fast != want) || !fastOK && ok && len(s) <= 8 && s[0] != '+' {
			t.Errorf("%q: fast %d %v, want %d %v", s, fast, fastOK, want, ok)
		}
	})
}
