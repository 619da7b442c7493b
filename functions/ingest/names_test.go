package ingest

import (
	"net/url"
	"path"
	"testing"

	"github.com/runnel-dev/runnel/functions/ingest/reading"
	"github.com/runnel-dev/runnel/runtime/schema"
	"pgregory.net/rapid"
)

// TestHostAndPath compares with package net/url.
func TestHostAndPath(t *testing.T) {
	same := func(t interface{ Errorf(string, ...any) }, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return // nothing was fetched from there
		}
		if got, want := hostAndPath(text), path.Join(u.Host, u.Path); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"http://h", "https://u:p@h:8/a%20b/c.csv?q=/x.json#f/y", "s3://bucket/key%2Fa.csv", "http://h?x=/y", "http://[::1]:80/%C3%A9.csv"} {
		same(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		same(t, rapid.StringMatching(`https?://([a-z]{1,3}(:[a-z]?)?@)?[a-z.]{1,8}(:[0-9]{1,4})?(/[a-zA-Z .~+%é-]{0,5}(%[0-9a-fA-F]{2}){0,2}){0,4}(\?[a-z=/%]{0,6})?(#[a-z/?]{0,6})?`).Draw(t, "url"))
	})
}

// TestDefaults checks that files are read by others as they are by default here.
func TestDefaults(t *testing.T) {
	p, err := schema.Decode[Params](schema.Of[Params](), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.reading() != reading.Defaults() {
		t.Errorf("%+v, want %+v", reading.Defaults(), p.reading())
	}
}
