package store

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/awstest"
	_ "github.com/runnel-dev/runnel/runtime/store/s3"
)

// The tests of stores on this machine, on S3.
func TestOverS3(t *testing.T) {
	awstest.OverS3(t, func(t *testing.T, location func() string) {
		elsewhere = location
		defer func() { elsewhere = nil }()
		tests := map[string]func(*testing.T){
			"Artifacts": TestArtifacts, "Records": TestRecords, "OneWins": TestOneWins,
			"ObjectVersions": TestObjectVersions, "ObjectConditions": TestObjectConditions, "ObjectTooLarge": TestObjectTooLarge,
			"SameUploadConcurrently": TestSameUploadConcurrently, "Buckets": TestBuckets, "AgainstMaps": TestAgainstMaps, "Outbox": TestOutbox,
		}
		if !strings.HasSuffix(t.Name(), "moto") { // which takes 5 ms a request
			tests["ListObjects"] = TestListObjects
			tests["ObjectsConcurrently"] = TestObjectsConcurrently
			tests["RecoverBesideUploads"] = TestRecoverBesideUploads
		}
		for name, test := range tests {
			t.Run(name, test)
		}
	})
}

// Of many who store a large artifact in parts, each finds it whole; of what
// failed on its way nothing is left.
func TestLargeArtifactsOverS3(t *testing.T) {
	awstest.OverS3(t, func(t *testing.T, location func() string) {
		s := openStore(t, location(), nil)
		data := make([]byte, 21<<20+3)
		r := rand.NewChaCha8([32]byte{1})
		_, _ = r.Read(data)
		var all sync.WaitGroup
		refs := make([]events.Ref, 3)
		for i := range refs {
			all.Go(func() {
				var err error
				if refs[i], err = s.Put(t.Context(), "", bytes.NewReader(data)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, ref := range refs {
			if ref != refs[0] || ref.Size != int64(len(data)) {
				t.Fatalf("%+v", refs)
			}
		}
		if err := s.Verify(t.Context(), refs[0]); err != nil {
			t.Error(err)
		}
		b, err := s.Open(t.Context(), refs[0])
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for range 8 { // pieces of any size, several at a time
			all.Go(func() {
				for range 10 {
					off := rand.IntN(len(data))
					p := make([]byte, rand.IntN(1<<rand.IntN(24)))
					n, err := b.ReadAt(p, int64(off))
					if n != min(len(p), len(data)-off) || n < len(p) && err != io.EOF || n == len(p) && err != nil || !bytes.Equal(p[:n], data[off:off+n]) {
						t.Errorf("%d bytes at %d: %d, %v", len(p), off, n, err)
					}
				}
			})
		}
		all.Wait()
		broken := errors.New("broken off")
		if _, err := s.Put(t.Context(), "", &breaking{bytes.NewReader(data[1:]), broken}); !errors.Is(err, broken) {
			t.Error(err)
		}
		if got := collect(t, s.list(t.Context(), artifacts, "", "", "")); len(got) != 1 {
			t.Errorf("artifacts: %q", got)
		}
	})
}

// breaking fails where the reader ends.
type breaking struct {
	io.Reader
	err error
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		err = b.err
	}
	return n, err
}

func TestS3Location(t *testing.T) {
	for name := range map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": ""} {
		t.Setenv(name, "")
	}
	const always = "response_checksum_validation=when_required"
	for in, want := range map[string]string{
		"s3://lab":                                          "s3://lab?" + always,
		"s3://lab/?region=eu-north-1":                       "s3://lab?region=eu-north-1&" + always,
		"s3://lab?prefix=a/b":                               "s3://lab?prefix=a%2Fb%2F&" + always,
		"s3://lab?endpoint=http://h:1":                      "s3://lab?endpoint=http%3A%2F%2Fh%3A1&region=us-east-1&" + always + "&use_path_style=true",
		"s3://lab?response_checksum_validation=x&prefix=a/": "s3://lab?prefix=a%2F&response_checksum_validation=x",
		"s3://":          "error: it names no bucket",
		"s3://lab/a/b":   "error: write s3://lab?prefix=a/b",
		"s3://lab?a=%zz": "s3://lab?" + always,
	} {
		got, bucket, err := s3Location(in)
		if cut, ok := strings.CutPrefix(want, "error: "); ok {
			if err == nil || !strings.Contains(err.Error(), cut) {
				t.Errorf("%s: %v", in, err)
			}
		} else if err != nil || got != want || bucket != "lab" {
			t.Errorf("%s is %s, %s, %v\nwant %s", in, got, bucket, err, want)
		}
	}
}
