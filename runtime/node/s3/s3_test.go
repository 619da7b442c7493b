package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/runtime/store"
)

func fsWalk(dir fs.FS, out *[]string) error {
	return fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			*out = append(*out, path)
		}
		return err
	})
}

func etag(content string) string {
	s := md5.Sum([]byte(content))
	return `"` + hex.EncodeToString(s[:]) + `"`
}

// An upload can be read back whole and in part, and its event is accepted once,
// with its metadata.
func TestPutGet(t *testing.T) {
	s := openSite(t, nil)
	content := strings.Repeat("a,b\n1,2\n", 1000)
	r := s.must(200, "PUT", "/uploads/in/a b.csv", content,
		"Content-Type: text/csv", "x-amz-meta-target: species", "x-amz-meta-Task: classification", "Cache-Control: no-cache")
	if r.header.Get("ETag") != etag(content) {
		t.Error(r.header)
	}
	if ev := s.events(); len(ev) != 1 || ev[0].Key != "in/a b.csv" || ev[0].Version != 1 || ev[0].Content.MediaType != "text/csv" ||
		ev[0].Metadata["target"] != "species" || ev[0].Metadata["task"] != "classification" {
		t.Fatalf("%+v", ev)
	}
	r = s.must(200, "GET", "/uploads/in/a b.csv", "")
	for k, want := range map[string]string{
		"ETag": etag(content), "Content-Type": "text/csv", "X-Amz-Meta-Target": "species", "X-Amz-Meta-Task": "classification",
		"Cache-Control": "no-cache", "Content-Length": fmt.Sprint(len(content)), "Accept-Ranges": "bytes",
	} {
		if got := r.header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	if r.body != content {
		t.Error("the content differs")
	}
	if head := s.must(200, "HEAD", "/uploads/in/a b.csv", ""); head.header.Get("ETag") != etag(content) || head.header.Get("Content-Length") != fmt.Sprint(len(content)) || head.body != "" {
		t.Error(head)
	}
	for rng, want := range map[string]string{"bytes=4-6": content[4:7], "bytes=-5": content[len(content)-5:], "bytes=7990-": content[7990:]} {
		if r := s.must(206, "GET", "/uploads/in/a b.csv", "", "Range: "+rng); r.body != want {
			t.Errorf("%s: %q, want %q", rng, r.body, want)
		}
	}
	s.must(416, "GET", "/uploads/in/a b.csv", "", "Range: bytes=8000-")
	s.must(304, "GET", "/uploads/in/a b.csv", "", "If-None-Match: "+etag(content))

	// The same again is nothing new; other metadata is.
	s.must(200, "PUT", "/uploads/in/a b.csv", content,
		"Content-Type: text/csv", "x-amz-meta-target: species", "x-amz-meta-task: classification", "Cache-Control: no-cache")
	if n := len(s.events()); n != 1 {
		t.Errorf("%d events after an upload that changes nothing", n)
	}
	s.must(200, "PUT", "/uploads/in/a b.csv", content, "x-amz-meta-target: island")
	if ev := s.events(); len(ev) != 2 || ev[1].Version != 2 || ev[1].Metadata["target"] != "island" {
		t.Errorf("%+v", ev)
	}
}

// What is deleted is gone, and comes again as another version.
func TestDelete(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/uploads/k", "1")
	s.must(204, "DELETE", "/uploads/k", "")
	s.must(204, "DELETE", "/uploads/k", "") // as S3: deleting what is not there succeeds
	s.must(404, "HEAD", "/uploads/k", "")
	if r := s.must(404, "GET", "/uploads/k", ""); r.code() != "NoSuchKey" {
		t.Error(r)
	}
	s.must(200, "PUT", "/uploads/k", "1", "If-None-Match: *")
	if ev := s.events(); len(ev) != 2 || ev[1].Version != 3 {
		t.Errorf("%+v", ev)
	}
	s.must(200, "PUT", "/uploads/l", "2")
	r := s.must(200, "POST", "/uploads?delete", `<Delete><Object><Key>k</Key></Object><Object><Key>l</Key></Object><Object><Key>m</Key></Object></Delete>`)
	if strings.Count(r.body, "<Deleted>") != 3 {
		t.Error(r.body)
	}
	s.must(404, "GET", "/uploads/l", "")
}

func TestBuckets(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/other", "")
	s.must(409, "PUT", "/other", "")
	s.must(200, "HEAD", "/other", "")
	s.must(404, "HEAD", "/another", "")
	for _, bad := range []string{"Big", "a", "a..b", "192.168.0.1", "xn--a"} {
		if r := s.do("PUT", "/"+bad, ""); r.status != 400 || r.code() != "InvalidBucketName" {
			t.Errorf("%s: %v", bad, r)
		}
		s.must(404, "HEAD", "/"+bad, "")
	}
	if r := s.must(404, "PUT", "/another/k", "x"); r.code() != "NoSuchBucket" {
		t.Error(r)
	}
	s.must(200, "PUT", "/other/k", "x")
	if r := s.must(409, "DELETE", "/other", ""); r.code() != "BucketNotEmpty" {
		t.Error(r)
	}
	s.must(204, "DELETE", "/other/k", "")
	s.must(204, "DELETE", "/other", "")
	s.must(404, "DELETE", "/other", "")
	if r := s.must(200, "GET", "/", ""); strings.Count(r.body, "<Name>") != 1 || !strings.Contains(r.body, "<Name>uploads</Name>") {
		t.Error(r.body)
	}
}

// Any key is a key: none leaves the store, and none is another.
func TestHostileKeys(t *testing.T) {
	s := openSite(t, nil)
	keys := []string{"../../etc/x", "..", ".", "a/../b", "a//b", "a/", "/a", "//", "%2e%2e", "nul\x00byte", "new\nline", `back\slash`, "C:\\x", "ä/ö", "a\u0308", "+ &?#=", "CON", "~", strings.Repeat("k", 1024), strings.Repeat("k/", 512)}
	for _, k := range keys {
		s.must(200, "PUT", "/uploads/"+k, "at "+k)
	}
	for _, k := range keys {
		if r := s.must(200, "GET", "/uploads/"+k, ""); r.body != "at "+k {
			t.Errorf("%q has %q", k, r.body)
		}
	}
	if n := len(s.events()); n != len(keys) {
		t.Errorf("%d events", n)
	}
	if r := s.must(400, "PUT", "/uploads/"+strings.Repeat("k", 1025), "x"); r.code() != "KeyTooLongError" {
		t.Error(r)
	}
	if r := s.do("PUT", "/uploads/\xff\xfe", "x"); r.status < 400 || r.status >= 500 {
		t.Error(r)
	}
	r := s.must(200, "GET", "/uploads?list-type=2&encoding-type=url", "")
	if n := strings.Count(r.body, "<Key>"); n != len(keys) {
		t.Errorf("%d keys listed", n)
	}
}

// A body that is not what the client said is refused and leaves nothing.
func TestIntegrity(t *testing.T) {
	s := openSite(t, nil)
	sum := md5.Sum([]byte("other"))
	for name, header := range map[string]string{
		"md5":            "Content-MD5: " + base64.StdEncoding.EncodeToString(sum[:]),
		"crc":            "x-amz-checksum-crc32: AAAAAA==",
		"md5 form":       "Content-MD5: xyz",
		"reserved":       "x-amz-meta-runnel-pipeline: p@1",
		"large metadata": "x-amz-meta-a: " + strings.Repeat("m", 2049),
	} {
		if r := s.do("PUT", "/uploads/"+name, "content", header); r.status != 400 {
			t.Errorf("%s: %v", name, r)
		}
		s.must(404, "HEAD", "/uploads/"+name, "")
	}
	r := s.request("PUT", "/uploads/sha", nil, strings.NewReader("content"))
	s.sign(r, hexSHA([]byte("CONTENT")))
	if got := s.send(r); got.status != 400 || got.code() != "BadDigest" {
		t.Error(got)
	}
	r = s.request("PUT", "/uploads/sha", nil, http.NoBody)
	s.sign(r, hexSHA([]byte("CONTENT")))
	if got := s.send(r); got.status != 400 {
		t.Error(got)
	}
	s.must(404, "HEAD", "/uploads/sha", "")
	crc := base64.StdEncoding.EncodeToString(crc32.NewIEEE().Sum(nil))
	s.must(200, "PUT", "/uploads/empty", "", "x-amz-checksum-crc32: "+crc)
	if n := len(s.events()); n != 1 {
		t.Errorf("%d events", n)
	}
}

func mustInput(t *testing.T, key string) store.ObjectInput {
	in, err := input("uploads", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return in
}
