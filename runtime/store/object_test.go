package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

// bucketed makes the bucket lab.
func bucketed(t *testing.T, s *Store) *Store {
	t.Helper()
	if err := s.CreateBucket(t.Context(), "lab"); err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Store, in ObjectInput, content string) events.Object {
	t.Helper()
	o, err := s.PutObject(t.Context(), in, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestObjectVersions(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		bucketed(t, s)
		ctx := t.Context()
		in := ObjectInput{Bucket: "lab", Key: "2024/penguins.csv", MediaType: "text/csv", Metadata: map[string]string{"Target": "species"}}
		first := put(t, s, in, "a")
		if first.Version != 1 || first.Metadata["target"] != "species" || first.Content.MediaType != "text/csv" {
			t.Fatalf("first: %+v", first)
		}
		if again := put(t, s, in, "a"); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("the same again: %+v; want %+v", again, first)
		}
		forced := in
		forced.ForceVersion = true
		other := in
		other.Metadata = nil
		for want, o := range map[int]events.Object{2: put(t, s, forced, "a"), 3: put(t, s, in, "b"), 4: put(t, s, other, "b")} {
			if o.Version != want {
				t.Errorf("version %d; want %d", o.Version, want)
			}
		}
		o, err := s.Object(ctx, "lab", in.Key, 0)
		if err != nil || o.Version != 4 || o.MD5 != "92eb5ffee6ae2fec3ad71c777531578f" {
			t.Errorf("current: %+v, %v", o, err)
		}
		o, err = s.Object(ctx, "lab", in.Key, 1)
		if err != nil || o.Version != 1 {
			t.Errorf("version 1: %+v, %v", o, err)
		}
		b, err := s.Open(ctx, o.Content)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if data, _ := io.ReadAll(step.ReaderOf(b)); string(data) != "a" {
			t.Errorf("content %q", data)
		}
		copied, err := s.CopyObject(ctx, "lab", in.Key, 1, ObjectInput{Bucket: "lab", Key: "copy"})
		if err != nil || copied.Content != first.Content || !maps.Equal(copied.Metadata, first.Metadata) || copied.Version != 1 {
			t.Errorf("copy: %+v, %v", copied, err)
		}
		if err := s.DeleteObject(ctx, "lab", in.Key); err != nil {
			t.Fatal(err)
		}
		for _, version := range []int{0, 5, 9, -1} {
			if _, err := s.Object(ctx, "lab", in.Key, version); !errors.Is(err, ErrNotFound) {
				t.Errorf("version %d after the end: %v", version, err)
			}
		}
		if err := s.DeleteObject(ctx, "lab", in.Key); !errors.Is(err, ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if o := put(t, s, other, "b"); o.Version != 6 {
			t.Errorf("after the end: version %d", o.Version)
		}
		if got := collect(t, s.Versions(ctx, "lab", in.Key)); len(got) != 6 || !got[4].Deleted || got[5].Deleted {
			t.Errorf("versions: %+v", got)
		}
	})
}

func TestObjectConditions(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		bucketed(t, s)
		in := ObjectInput{Bucket: "lab", Key: "k"}
		try := func(change func(*ObjectInput), want error) {
			t.Helper()
			in := in
			change(&in)
			_, err := s.PutObject(t.Context(), in, strings.NewReader(fmt.Sprint(time.Now())))
			if !errors.Is(err, want) || (want == nil) != (err == nil) {
				t.Errorf("%+v: %v; want %v", in, err, want)
			}
		}
		try(func(in *ObjectInput) { in.IfMatch = "*" }, ErrPrecondition)
		try(func(in *ObjectInput) { in.IfNoneMatch = true }, nil)
		try(func(in *ObjectInput) { in.IfNoneMatch = true }, ErrPrecondition)
		try(func(in *ObjectInput) { in.IfMatch = "0123" }, ErrPrecondition)
		o, err := s.Object(t.Context(), "lab", "k", 0)
		if err != nil {
			t.Fatal(err)
		}
		try(func(in *ObjectInput) { in.IfMatch = `"` + o.MD5 + `"` }, nil)
		try(func(in *ObjectInput) { in.IfMatch = o.Content.Digest }, ErrPrecondition)
		try(func(in *ObjectInput) { in.Bucket = "nowhere" }, ErrNoBucket)
		try(func(in *ObjectInput) { in.Bucket = "../x" }, ErrBucketName)
		try(func(in *ObjectInput) { in.Key = strings.Repeat("k", 1025) }, ErrTooLarge)
		try(func(in *ObjectInput) { in.Key = strings.Repeat("/", long(1024)) }, nil)
		try(func(in *ObjectInput) { in.Metadata = map[string]string{"a": strings.Repeat("x", 2048)} }, ErrTooLarge)
	})
}

func TestObjectTooLarge(t *testing.T) {
	s := bucketed(t, openStore(t, location(t), &Options{MaxObject: 10}))
	in := ObjectInput{Bucket: "lab", Key: "k"}
	put(t, s, in, "0123456789")
	if _, err := s.PutObject(t.Context(), in, strings.NewReader("0123456789a")); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if o, err := s.Object(t.Context(), "lab", "k", 0); err != nil || o.Version != 1 {
		t.Error(o, err)
	}
}

// Of concurrent uploads to one key in two stores that must not overwrite, one
// wins; without that condition each makes a version of its own.
func TestObjectsConcurrently(t *testing.T) {
	dir := location(t)
	stores := []*Store{bucketed(t, openStore(t, dir, nil)), openStore(t, dir, nil)}
	for key := range 10 {
		var won [8]bool
		var wg sync.WaitGroup
		for i := range won {
			wg.Go(func() {
				in := ObjectInput{Bucket: "lab", Key: fmt.Sprintf("once/%d", key), IfNoneMatch: true}
				_, err := stores[i%2].PutObject(t.Context(), in, strings.NewReader(fmt.Sprint(i)))
				won[i] = err == nil
				if err != nil && !errors.Is(err, ErrPrecondition) {
					t.Error(err)
				}
				in = ObjectInput{Bucket: "lab", Key: fmt.Sprintf("all/%d", key)}
				if _, err := stores[i%2].PutObject(t.Context(), in, strings.NewReader(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := strings.Count(fmt.Sprint(won), "true"); n != 1 {
			t.Fatalf("%d won", n)
		}
		if got := collect(t, stores[0].Versions(t.Context(), "lab", fmt.Sprintf("all/%d", key))); len(got) != 8 {
			t.Fatalf("%d versions", len(got))
		}
	}
}

// Uploads of the same bytes at the same time, as the clock has it, are one
// version whose event is not forgotten.
func TestSameUploadConcurrently(t *testing.T) {
	now := time.Now()
	s := bucketed(t, openStore(t, location(t), &Options{Now: func() time.Time { return now }}))
	for key := range 20 {
		var wg sync.WaitGroup
		var published events.Event
		var mu sync.Mutex
		for range 4 {
			wg.Go(func() {
				o, err := s.PutObject(t.Context(), ObjectInput{Bucket: "lab", Key: fmt.Sprint(key)}, strings.NewReader("same"))
				if err != nil || o.Version != 1 {
					t.Error(o, err)
				}
				if err := s.Announce(t.Context(), o, func(_ context.Context, e events.Event) error {
					mu.Lock()
					defer mu.Unlock()
					published = e
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if published.ID() == "" {
			t.Fatal("no event")
		}
	}
}

func TestListObjects(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		bucketed(t, s)
		ctx := t.Context()
		keys := []string{"a", "a-b", "a/", "a/b", "a/b/c", "a/d", "a0", "A", "b.csv", "b/x", "é/ü", "~", "0", "//", "deleted", "a/deleted"}
		for _, k := range keys {
			put(t, s, ObjectInput{Bucket: "lab", Key: k}, k)
		}
		for _, k := range []string{"deleted", "a/deleted"} {
			if err := s.DeleteObject(ctx, "lab", k); err != nil {
				t.Fatal(err)
			}
		}
		keys = keys[:len(keys)-2]
		slices.Sort(keys)
		for _, prefix := range []string{"", "a", "a/", "a/b", "b", "é", "zz", "/", "0"} {
			for _, delimiter := range []string{"", "/", "b", "-b"} {
				want := plainList(keys, prefix, delimiter)
				for _, limit := range []int{1, 2, 3, 1000} {
					var got []string
					for after := ""; ; {
						l, err := s.ListObjects(ctx, "lab", prefix, after, delimiter, limit)
						if err != nil {
							t.Fatal(err)
						}
						page := slices.Clone(l.Prefixes)
						for _, o := range l.Objects {
							page = append(page, o.Key)
						}
						if len(page) > limit {
							t.Fatalf("a page of %d, of at most %d", len(page), limit)
						}
						slices.Sort(page)
						got = append(got, page...)
						if after = l.Next; after == "" {
							break
						}
					}
					if !slices.Equal(got, want) {
						t.Errorf("prefix %q, delimiter %q, limit %d:\n%q, want\n%q", prefix, delimiter, limit, got, want)
					}
				}
			}
		}
		if _, err := s.ListObjects(ctx, "nowhere", "", "", "", 0); !errors.Is(err, ErrNoBucket) {
			t.Error(err)
		}
	})
}

func plainList(keys []string, prefix, delimiter string) (out []string) {
	for _, k := range keys {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			k = prefix + rest[:i+len(delimiter)]
		}
		if len(out) == 0 || out[len(out)-1] != k {
			out = append(out, k)
		}
	}
	return out
}

func TestBuckets(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		bucketed(t, s)
		if err := s.CreateBucket(ctx, "lab"); !errors.Is(err, ErrExists) {
			t.Errorf("twice: %v", err)
		}
		if err := s.CreateBucket(ctx, "a.b-c"); err != nil {
			t.Error(err)
		}
		for _, bad := range []string{"", "ab", strings.Repeat("a", 64), "Lab", "-lab", "lab.", "a..b", "192.168.0.1", "a_b", "xn--a", "a-s3alias", "a/b"} {
			if err := s.CreateBucket(ctx, bad); !errors.Is(err, ErrBucketName) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		put(t, s, ObjectInput{Bucket: "lab", Key: "k"}, "")
		if err := s.DeleteBucket(ctx, "lab"); !errors.Is(err, ErrPrecondition) {
			t.Errorf("not empty: %v", err)
		}
		if err := errors.Join(s.DeleteObject(ctx, "lab", "k"), s.DeleteBucket(ctx, "lab")); err != nil {
			t.Error(err)
		}
		if err := s.DeleteBucket(ctx, "lab"); !errors.Is(err, ErrNoBucket) {
			t.Errorf("deleted twice: %v", err)
		}
		if got := collect(t, s.Buckets(ctx)); len(got) != 1 || got[0].Name != "a.b-c" {
			t.Errorf("buckets: %v", got)
		}
	})
}
