package s3

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Of those who write a key that must not be there, one wins.
func TestIfNoneMatchRace(t *testing.T) {
	s := openSite(t, nil)
	const keys, writers = 20, 8
	var mu sync.Mutex
	won := map[string]int{}
	var wait sync.WaitGroup
	for k := range keys {
		for w := range writers {
			wait.Go(func() {
				key := fmt.Sprintf("/uploads/%d", k)
				switch r := s.do("PUT", key, fmt.Sprint(w), "If-None-Match: *"); r.status {
				case 200:
					mu.Lock()
					won[key]++
					mu.Unlock()
				case 412:
				default:
					t.Errorf("%v", r)
				}
			})
		}
	}
	wait.Wait()
	for k := range keys {
		if n := won[fmt.Sprintf("/uploads/%d", k)]; n != 1 {
			t.Errorf("key %d has %d winners", k, n)
		}
	}
	if n := len(s.events()); n != keys {
		t.Errorf("%d events", n)
	}
}

// Of those who replace the same object by If-Match, one wins.
func TestIfMatchRace(t *testing.T) {
	s := openSite(t, nil)
	current := s.must(200, "PUT", "/uploads/k", "first").header.Get("ETag")
	var wait sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for w := range 8 {
		wait.Go(func() {
			if r := s.do("PUT", "/uploads/k", fmt.Sprint("next ", w), "If-Match: "+current); r.status == 200 {
				mu.Lock()
				won++
				mu.Unlock()
			} else if r.status != 412 {
				t.Errorf("%v", r)
			}
		})
	}
	wait.Wait()
	if won != 1 {
		t.Errorf("%d winners", won)
	}
	s.must(404, "PUT", "/uploads/none", "x", "If-Match: "+current)
	s.must(501, "PUT", "/uploads/k", "x", "If-None-Match: "+current)
}

// A copy is an upload of its own: with its event, and the metadata asked for.
func TestCopy(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/other", "")
	s.must(200, "PUT", "/uploads/a ä", "content", "Content-Type: text/csv", "x-amz-meta-target: species", "Content-Encoding: identity")
	r := s.must(200, "PUT", "/other/b", "", "x-amz-copy-source: /uploads/"+escape("a ä", false))
	if !strings.Contains(r.body, strings.Trim(etag("content"), `"`)) {
		t.Error(r.body)
	}
	r = s.must(200, "GET", "/other/b", "")
	if r.body != "content" || r.header.Get("X-Amz-Meta-Target") != "species" || r.header.Get("Content-Type") != "text/csv" || r.header.Get("Content-Encoding") != "identity" {
		t.Error(r)
	}
	s.must(200, "PUT", "/other/c", "", "x-amz-copy-source: other/b", "x-amz-metadata-directive: REPLACE", "x-amz-meta-target: island")
	if r = s.must(200, "HEAD", "/other/c", ""); r.header.Get("X-Amz-Meta-Target") != "island" || r.header.Get("Content-Type") != "application/octet-stream" {
		t.Error(r)
	}
	s.must(412, "PUT", "/other/c", "", "x-amz-copy-source: other/b", "If-None-Match: *")
	s.must(404, "PUT", "/other/d", "", "x-amz-copy-source: other/none")
	s.must(400, "PUT", "/other/b", "", "x-amz-copy-source: other/b")
	var keys []string
	for _, o := range s.events() {
		keys = append(keys, o.Bucket+"/"+o.Key+" "+o.Metadata["target"])
	}
	if want := []string{"uploads/a ä species", "other/b species", "other/c island"}; !slices.Equal(keys, want) {
		t.Errorf("%q, want %q", keys, want)
	}
}

// What names a pipeline is not for clients to see or to copy.
func TestReservedMetadataIsHidden(t *testing.T) {
	s := openSite(t, nil)
	in, err := input("uploads", "k", map[string]string{"X-Amz-Meta-Target": "y"})
	if err != nil {
		t.Fatal(err)
	}
	in.Metadata["runnel-pipeline"] = "p@1"
	if _, err := s.node.Store.PutObject(t.Context(), in, strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	if r := s.must(200, "HEAD", "/uploads/k", ""); r.header.Get("X-Amz-Meta-Runnel-Pipeline") != "" || r.header.Get("X-Amz-Meta-Target") != "y" {
		t.Error(r.header)
	}
	s.must(200, "PUT", "/uploads/l", "", "x-amz-copy-source: uploads/k")
	if ev := s.events(); len(ev) != 1 || len(ev[0].Metadata) != 1 {
		t.Errorf("%+v", ev)
	}
	s.must(400, "PUT", "/uploads/m", "", "x-amz-copy-source: uploads/k", "x-amz-metadata-directive: REPLACE", "x-amz-meta-Runnel-Pipeline: p@2")
}

// Text that is not ASCII travels as RFC 2047 has it.
func TestMetadataText(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/uploads/k", "x", "x-amz-meta-target: =?UTF-8?B?R3LDtsOfZQ==?=")
	if ev := s.events(); ev[0].Metadata["target"] != "Größe" {
		t.Errorf("%+v", ev)
	}
	if r := s.must(200, "HEAD", "/uploads/k", ""); r.header.Get("X-Amz-Meta-Target") != "=?UTF-8?b?R3LDtsOfZQ==?=" {
		t.Error(r.header)
	}
}

// Tags are kept, and changing them keeps the rest.
func TestTags(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/uploads/k", "x", "x-amz-tagging: team=a", "x-amz-meta-target: y")
	s.must(200, "PUT", "/uploads/k?tagging", "<Tagging><TagSet><Tag><Key>team</Key><Value>b</Value></Tag></TagSet></Tagging>")
	if r := s.must(200, "GET", "/uploads/k?tagging", ""); !strings.Contains(r.body, "<Value>b</Value>") {
		t.Error(r.body)
	}
	s.must(204, "DELETE", "/uploads/k?tagging", "")
	if r := s.must(200, "GET", "/uploads/k", ""); r.header.Get("X-Amz-Meta-Target") != "y" || r.body != "x" || r.header.Get("X-Amz-Tagging-Count") != "" {
		t.Error(r)
	}
}

type listing struct {
	Contents              []struct{ Key, ETag string }
	CommonPrefixes        []struct{ Prefix string }
	IsTruncated           bool
	NextContinuationToken string
	NextMarker            string
}

func (l listing) keys() (out []string) {
	for _, c := range l.Contents {
		out = append(out, c.Key)
	}
	for _, p := range l.CommonPrefixes {
		out = append(out, p.Prefix)
	}
	return out
}

// Lists page through everything once, in order, in both versions of the request.
func TestList(t *testing.T) {
	s := openSite(t, nil)
	var keys []string
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("dir%d/%04d", i%3, i))
	}
	keys = append(keys, "top")
	slices.Sort(keys)
	var wait sync.WaitGroup
	queue := make(chan string)
	for range 8 {
		wait.Go(func() {
			for k := range queue {
				if _, err := s.node.Store.PutObject(t.Context(), mustInput(t, k), strings.NewReader("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, k := range keys {
		queue <- k
	}
	close(queue)
	wait.Wait()
	pages := func(query url.Values, next string, token func(listing) string) (out []string, n int) {
		for {
			r := s.must(200, "GET", "/uploads?"+query.Encode(), "")
			var l listing
			if err := xml.Unmarshal([]byte(r.body), &l); err != nil {
				t.Fatal(err)
			}
			out = append(out, l.keys()...)
			n++
			if !l.IsTruncated {
				return out, n
			}
			query.Set(next, token(l))
		}
	}
	v2 := func(l listing) string { return l.NextContinuationToken }
	last := func(l listing) string { return l.Contents[len(l.Contents)-1].Key }
	marker := func(l listing) string { return l.NextMarker }
	under := keys[500:1000]
	for name, c := range map[string]struct {
		query url.Values
		next  string
		token func(listing) string
		want  []string
		pages int
	}{
		"v2":             {url.Values{"list-type": {"2"}}, "continuation-token", v2, keys, 2},
		"v1":             {url.Values{}, "marker", last, keys, 2},
		"prefix":         {url.Values{"list-type": {"2"}, "prefix": {"dir1/"}, "max-keys": {"77"}}, "continuation-token", v2, under, 7},
		"start-after":    {url.Values{"list-type": {"2"}, "start-after": {keys[1499]}}, "continuation-token", v2, keys[1500:], 1},
		"delimiter":      {url.Values{"list-type": {"2"}, "delimiter": {"/"}}, "continuation-token", v2, []string{"top", "dir0/", "dir1/", "dir2/"}, 1},
		"delimiter 1":    {url.Values{"delimiter": {"/"}, "max-keys": {"1"}}, "marker", marker, []string{"dir0/", "dir1/", "dir2/", "top"}, 4},
		"prefix of none": {url.Values{"list-type": {"2"}, "prefix": {"dir9"}}, "continuation-token", v2, nil, 1},
	} {
		got, n := pages(c.query, c.next, c.token)
		if !slices.Equal(got, c.want) || n != c.pages {
			t.Errorf("%s: %d keys on %d pages, want %d on %d", name, len(got), n, len(c.want), c.pages)
		}
	}
}

// A client that goes away before the end leaves nothing.
func TestCancelledUpload(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/uploads/before", "x")
	before := files(t, s.node.Dir)
	in, out := io.Pipe()
	r := s.request("PUT", "/uploads/k", nil, in)
	r.ContentLength = 8 << 20
	s.sign(r, unsigned)
	done := make(chan error)
	go func() {
		res, err := http.DefaultClient.Do(r)
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	if _, err := out.Write(make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	out.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-done; err == nil {
		t.Error("half an upload succeeded")
	}
	s.must(404, "HEAD", "/uploads/k", "")
	eventually(t, func() bool {
		return len(s.events()) == 1 && slices.Equal(storeFiles(files(t, s.node.Dir)), storeFiles(before))
	})
}

// storeFiles are the files of the store and of parts, without the bus's.
func storeFiles(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(f string) bool { return !strings.HasPrefix(f, "store/") && !strings.HasPrefix(f, "s3-parts/") })
}

// age makes the multipart uploads that are open so much older.
func age(s *site, by time.Duration) {
	s.server.parts.mu.Lock()
	defer s.server.parts.mu.Unlock()
	for _, up := range s.server.parts.open {
		up.used = up.used.Add(-by)
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about within a minute")
		}
	}
}

func random(t *testing.T, n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (c *client) begin(target string, headers ...string) string {
	c.t.Helper()
	var out struct {
		ID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal([]byte(c.must(200, "POST", target+"?uploads", "", headers...).body), &out); err != nil || out.ID == "" {
		c.t.Fatal(out, err)
	}
	return out.ID
}

func completion(etags ...string) string {
	var b strings.Builder
	b.WriteString("<CompleteMultipartUpload>")
	for i, e := range etags {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, e)
	}
	return b.String() + "</CompleteMultipartUpload>"
}

// 21 MiB in parts, out of order, one of them sent twice, are one object and one event.
func TestMultipart(t *testing.T) {
	s := openSite(t, nil)
	content := random(t, 21<<20)
	const size = 5 << 20
	id := s.begin("/uploads/big.csv", "x-amz-meta-target: y", "Content-Type: text/csv")
	etags := make([]string, 5)
	put := func(i int, body string) {
		etags[i] = s.must(200, "PUT", fmt.Sprintf("/uploads/big.csv?partNumber=%d&uploadId=%s", i+1, id), body).header.Get("ETag")
	}
	put(1, "a first try")
	for _, i := range []int{4, 1, 3, 0, 2} {
		put(i, content[i*size:min(len(content), (i+1)*size)])
	}
	if n := len(files(t, s.server.parts.dir)); n != 5 {
		t.Errorf("%d files of parts", n)
	}
	s.must(404, "HEAD", "/uploads/big.csv", "")
	if r := s.must(200, "GET", "/uploads/big.csv?uploadId="+id, ""); strings.Count(r.body, "<Part>") != 5 {
		t.Error(r.body)
	}
	if r := s.must(200, "GET", "/uploads?uploads", ""); !strings.Contains(r.body, id) {
		t.Error(r.body)
	}
	s.must(500, "GET", "/uploads/big.csv?part-number-marker=9999&uploadId="+id, "") // gofakes3 panics
	for name, body := range map[string]string{
		"wrong etag":   completion(etags[1], etags[1]),
		"unknown part": completion(append(slices.Clone(etags), etags[0])...),
		"none":         completion(),
		"disorder":     strings.Replace(completion(etags[:2]...), "<PartNumber>1<", "<PartNumber>3<", 1),
		"twice":        strings.Replace(completion(etags[0], etags[0]), "<PartNumber>2<", "<PartNumber>1<", 1),
		"no XML":       "x",
	} {
		if r := s.do("POST", "/uploads/big.csv?uploadId="+id, body); r.status != 400 {
			t.Errorf("%s: %v", name, r)
		}
	}
	r := s.must(200, "POST", "/uploads/big.csv?uploadId="+id, completion(etags...))
	again := s.must(200, "POST", "/uploads/big.csv?uploadId="+id, completion(etags...))
	if !strings.Contains(r.body, strings.Trim(etag(content), `"`)) || again.body != r.body {
		t.Error(r.body, again.body)
	}
	got := s.must(200, "GET", "/uploads/big.csv", "")
	if got.body != content || got.header.Get("ETag") != etag(content) {
		t.Error("the content differs", got.header)
	}
	if ev := s.events(); len(ev) != 1 || ev[0].Metadata["target"] != "y" || ev[0].Content.MediaType != "text/csv" || ev[0].Content.Size != int64(len(content)) {
		t.Errorf("%+v", ev)
	}
	if left := files(t, s.server.parts.dir); len(left) > 0 {
		t.Error(left)
	}
	// If-None-Match holds when it is completed, not when it is begun.
	id = s.begin("/uploads/late")
	e := s.must(200, "PUT", "/uploads/late?partNumber=1&uploadId="+id, "part").header.Get("ETag")
	s.must(200, "PUT", "/uploads/late", "meanwhile")
	s.must(412, "POST", "/uploads/late?uploadId="+id, completion(e), "If-None-Match: *")
	s.must(200, "POST", "/uploads/late?uploadId="+id, completion(e), "If-Match: "+etag("meanwhile"))
	// Parts may be copied from objects.
	id = s.begin("/uploads/copied")
	r = s.must(200, "PUT", "/uploads/copied?partNumber=1&uploadId="+id, "", "x-amz-copy-source: uploads/late", "x-amz-copy-source-range: bytes=1-2")
	var copied struct{ ETag string }
	if err := xml.Unmarshal([]byte(r.body), &copied); err != nil {
		t.Fatal(err)
	}
	s.must(200, "POST", "/uploads/copied?uploadId="+id, completion(copied.ETag))
	if r := s.must(200, "GET", "/uploads/copied", ""); r.body != "ar" {
		t.Error(r.body)
	}
}

// Uploads compete for one key at their completion, and one wins.
func TestMultipartRace(t *testing.T) {
	s := openSite(t, nil)
	var wait sync.WaitGroup
	status := make(chan int, 8)
	for w := range 8 {
		wait.Go(func() {
			id := s.begin("/uploads/k")
			e := s.must(200, "PUT", "/uploads/k?partNumber=1&uploadId="+id, fmt.Sprint(w)).header.Get("ETag")
			status <- s.do("POST", "/uploads/k?uploadId="+id, completion(e), "If-None-Match: *").status
		})
	}
	wait.Wait()
	close(status)
	count := map[int]int{}
	for c := range status {
		count[c]++
	}
	if count[200] != 1 || count[412] != 7 || len(s.events()) != 1 {
		t.Errorf("%v, %d events", count, len(s.events()))
	}
}

// What is aborted, cut off, lies too long or is left at a restart leaves no file.
func TestMultipartEnds(t *testing.T) {
	s := openSite(t, nil)
	id := s.begin("/uploads/k")
	s.must(200, "PUT", "/uploads/k?partNumber=1&uploadId="+id, "part")
	s.must(204, "DELETE", "/uploads/k?uploadId="+id, "")
	s.must(404, "PUT", "/uploads/k?partNumber=2&uploadId="+id, "part")
	s.must(404, "POST", "/uploads/k?uploadId="+id, completion(etag("part")))
	if left := files(t, s.server.parts.dir); len(left) > 0 {
		t.Error(left)
	}
	id = s.begin("/uploads/k")
	r := s.request("PUT", "/uploads/k", url.Values{"partNumber": {"1"}, "uploadId": {id}}, strings.NewReader("tampered"))
	s.sign(r, hexSHA([]byte("part")))
	if got := s.send(r); got.status != 400 {
		t.Error(got)
	}
	if left := files(t, s.server.parts.dir); len(left) > 0 {
		t.Error(left)
	}
	s.must(200, "PUT", "/uploads/k?partNumber=1&uploadId="+id, "part")
	age(s, 25*time.Hour)
	other := s.begin("/uploads/other")
	s.must(404, "PUT", "/uploads/k?partNumber=2&uploadId="+id, "part")
	if r := s.must(200, "GET", "/uploads?uploads", ""); strings.Contains(r.body, id) || !strings.Contains(r.body, other) {
		t.Error(r.body)
	}
	s.must(200, "PUT", "/uploads/other?partNumber=1&uploadId="+other, "part")
	if _, err := Open(s.node, s.keys, nil); err != nil {
		t.Fatal(err)
	}
	if left := files(t, s.server.parts.dir); len(left) > 0 {
		t.Error(left)
	}
	if len(s.events()) > 0 {
		t.Error(s.events())
	}
	if err := s.server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.node.Dir, "s3-parts")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// SDKs that are given localhost put the bucket into the host's name.
func TestVirtualHost(t *testing.T) {
	s := openSite(t, nil)
	r := s.request("PUT", "/a/k", nil, strings.NewReader("x"))
	r.Host = "uploads.localhost:7071"
	s.sign(r, hexSHA([]byte("x")))
	if got := s.send(r); got.status != 200 {
		t.Fatal(got)
	}
	s.must(200, "GET", "/uploads/a/k", "")
}

// A checksum is there for clients that ask for one.
func TestChecksum(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/uploads/k", "x")
	r := s.must(200, "GET", "/uploads/k", "", "x-amz-checksum-mode: ENABLED")
	raw, err := base64.StdEncoding.DecodeString(r.header.Get("X-Amz-Checksum-Sha256"))
	if err != nil || fmt.Sprintf("%x", raw) != hexSHA([]byte("x")) {
		t.Error(r.header)
	}
}
