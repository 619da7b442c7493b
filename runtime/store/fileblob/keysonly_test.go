package fileblob

import (
	"fmt"
	"testing"

	"gocloud.dev/blob"
)

// A list of keys only has the keys of one with sizes, page by page.
func TestKeysOnly(t *testing.T) {
	b, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range 25 {
		if err := b.WriteAll(t.Context(), fmt.Sprintf("a%d/%d", i%3, i), []byte("content"), nil); err != nil {
			t.Fatal(err)
		}
	}
	list := func(before func(func(any) bool) error, delimiter string) (keys, sizes string) {
		token := blob.FirstPageToken
		for token != nil {
			page, next, err := b.ListPage(t.Context(), token, 7, &blob.ListOptions{Prefix: "a", Delimiter: delimiter, BeforeList: before})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page {
				keys += o.Key + " "
				sizes += fmt.Sprint(o.Size, " ")
			}
			if token = next; len(token) == 0 {
				break
			}
		}
		return keys, sizes
	}
	for _, delimiter := range []string{"", "/"} {
		keys, sizes := list(nil, delimiter)
		only, none := list(func(as func(any) bool) error {
			var k *KeysOnly
			if !as(&k) {
				t.Error("not to be had")
			}
			*k = true
			return nil
		}, delimiter)
		if only != keys || keys == "" {
			t.Errorf("keys %s, want %s", only, keys)
		}
		if delimiter == "" && none == sizes {
			t.Error("files were opened for their sizes")
		}
	}
}
