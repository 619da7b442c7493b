package fileblob

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"pgregory.net/rapid"
)

// Lists of random keys, page by page, are those of gocloud's bucket in memory,
// with keys that are long, that begin alike and that are prefixes of each other.
func TestListAgainstMemory(t *testing.T) {
	long := strings.Repeat("l", chunk)
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"/", long, "-", "0"}),
		rapid.SampledFrom([]string{"/", "/", "a", "A", "a-", ".", "..", "a.blob", "b^", "é"}),
		rapid.StringN(0, 5, 12),
	)
	key := rapid.Custom(func(t *rapid.T) string {
		start := rapid.SampledFrom([]string{"", "", long, long + "/", long + "0"}).Draw(t, "start")
		return start + strings.Join(rapid.SliceOfN(piece, 1, 4).Draw(t, "pieces"), "")
	}).Filter(func(s string) bool { return s != "" })
	parent := t.TempDir()
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		rounds++
		ours, err := Open(filepath.Join(parent, fmt.Sprint(rounds)))
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		theirs := memblob.OpenBucket(nil)
		defer theirs.Close()
		keys := rapid.SliceOfN(key, 0, 12).Draw(t, "keys")
		for _, k := range keys {
			for _, b := range []*blob.Bucket{ours, theirs} {
				if err := b.WriteAll(ctx, k, []byte(k), &blob.WriterOptions{ContentType: defaultType}); err != nil {
					t.Fatal(err)
				}
			}
		}
		opts := &blob.ListOptions{Delimiter: rapid.SampledFrom([]string{"", "/", "a", "ll"}).Draw(t, "delimiter")}
		if len(keys) > 0 {
			k := rapid.SampledFrom(keys).Draw(t, "prefix of")
			for cut := rapid.IntRange(0, len(k)).Draw(t, "cut"); ; cut-- {
				if cut == len(k) || k[cut]&0xc0 != 0x80 {
					opts.Prefix = k[:cut]
					break
				}
			}
		}
		size := rapid.IntRange(1, 20).Draw(t, "page")
		list := func(b *blob.Bucket) (out []string) {
			for token := blob.FirstPageToken; ; {
				page, next, err := b.ListPage(ctx, token, size, opts)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range page {
					out = append(out, fmt.Sprintf("%q %v %d", o.Key, o.IsDir, o.Size))
				}
				if token = next; len(token) == 0 {
					return out
				}
			}
		}
		if got, want := list(ours), list(theirs); !slices.Equal(got, want) {
			t.Fatalf("prefix %q, delimiter %q\n%s\nwant\n%s", opts.Prefix, opts.Delimiter, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Files that are not ours are not listed.
func TestListForeign(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, name := range []string{"README", "A.blob", ".hidden.blob", ".tmp/x.blob"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if page, _, err := b.ListPage(t.Context(), blob.FirstPageToken, 10, nil); err != nil || len(page) > 0 {
		t.Fatalf("%v, %v", page, err)
	}
}
