package s3

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// The examples of the documentation: 65 KiB of the letter a, in chunks of 64 KiB.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
var documented = []struct {
	name, form, seed, trailer string
	chunks                    []string
}{
	{"signed", chunks, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", "", []string{
		"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
	}},
	{"trailer", chunksTrailer, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n", []string{
			"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
			"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		}},
}

func openDocumented(t testing.TB, i int, body io.Reader) io.Reader {
	d := documented[i]
	r, err := http.NewRequest("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set(decodedLength, "66560")
	if d.trailer != "" {
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32c")
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature="+d.seed)
	s := &Server{credentials: Credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}
	if e := s.openChunks(r, d.form); e != nil {
		t.Fatal(e)
	}
	return r.Body
}

func (d documentedBody) String() string {
	return "10000;chunk-signature=" + d.chunks[0] + "\r\n" + strings.Repeat("a", 65536) + "\r\n" +
		"400;chunk-signature=" + d.chunks[1] + "\r\n" + strings.Repeat("a", 1024) + "\r\n" +
		"0;chunk-signature=" + d.chunks[2] + "\r\n" + d.trailer + "\r\n"
}

type documentedBody struct {
	chunks  []string
	trailer string
}

func TestDocumentedChunks(t *testing.T) {
	for i, d := range documented {
		body := documentedBody{d.chunks, d.trailer}.String()
		got, err := io.ReadAll(openDocumented(t, i, strings.NewReader(body)))
		if err != nil || string(got) != strings.Repeat("a", 66560) {
			t.Errorf("%s: %d bytes, %v", d.name, len(got), err)
		}
		if _, err := io.ReadAll(openDocumented(t, i, iotest.OneByteReader(strings.NewReader(body)))); err != nil {
			t.Errorf("%s, byte by byte: %v", d.name, err)
		}
		// Whoever reads as many bytes as were declared, and no more, learns of every fault.
		for name, bad := range map[string]string{
			"a byte":         strings.Replace(body, "aaa", "aba", 1),
			"last byte":      strings.Replace(body, "a\r\n0;", "b\r\n0;", 1),
			"signature":      strings.Replace(body, d.chunks[1][:8], "00000000", 1),
			"last signature": strings.Replace(body, d.chunks[2][:8], "00000000", 1),
			"no signature":   strings.Replace(body, ";chunk-signature="+d.chunks[0], "", 1),
			"longer chunk":   strings.Replace(body, "10000;", "10001;", 1),
			"negative chunk": strings.Replace(body, "10000;", "-1;", 1),
			"huge chunk":     strings.Replace(body, "10000;", "7fffffffffffffff;", 1),
			"early end":      strings.Replace(body, "10000;", "0;", 1),
			"cut chunk":      body[:30000],
			"cut end":        body[:strings.Index(body, "\r\n0;")],
			"no lines":       strings.Repeat("1", 100000),
			"long trailer":   body + strings.Repeat("x", maxTrailer),
			"trailer sum":    strings.Replace(body, "sOO8/Q==", "AAAAAA==", 1),
			"trailer sign":   strings.Replace(body, "d81f82fc", "00000000", 1),
			"no trailer":     strings.Replace(body, d.trailer, "", 1),
		} {
			if bad == body { // a fault of trailers, where there are none
				continue
			}
			r := openDocumented(t, i, strings.NewReader(bad))
			n, err := io.ReadFull(r, make([]byte, 66560))
			if err == nil {
				t.Errorf("%s: %s: read %d bytes without an error", d.name, name, n)
			}
		}
	}
}

// chunked makes the three forms of bodies, signed as they must be.
func (c *client) chunkedPut(path, form, content string, spoil func(string) string, headers ...string) reply {
	c.t.Helper()
	r := c.request("PUT", path, nil, nil)
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Set(k, v)
	}
	r.Header.Set("Content-Encoding", "aws-chunked")
	r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(content)))
	if form != chunks {
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
	}
	c.sign(r, form)
	_, previous, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	at := r.Header.Get("X-Amz-Date")
	scope := at[:8] + "/us-east-1/s3/aws4_request"
	key := []byte("AWS4" + c.keys.Secret)
	for _, p := range strings.Split(scope, "/") {
		key = mac(key, p)
	}
	var body strings.Builder
	for rest := content; ; {
		n := min(len(rest), 8192)
		fmt.Fprintf(&body, "%x", n)
		if form != unsignedTrailer {
			previous = hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256-PAYLOAD\n"+at+"\n"+scope+"\n"+previous+"\n"+hexSHA(nil)+"\n"+hexSHA([]byte(rest[:n]))))
			body.WriteString(";chunk-signature=" + previous)
		}
		body.WriteString("\r\n")
		if n == 0 {
			break
		}
		body.WriteString(rest[:n] + "\r\n")
		rest = rest[n:]
	}
	if form != chunks {
		sum := crc32.NewIEEE()
		io.WriteString(sum, content)
		line := "x-amz-checksum-crc32:" + base64.StdEncoding.EncodeToString(sum.Sum(nil))
		body.WriteString(line + "\r\n")
		if form == chunksTrailer {
			body.WriteString("x-amz-trailer-signature:" + hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256-TRAILER\n"+at+"\n"+scope+"\n"+previous+"\n"+hexSHA([]byte(line+"\n")))) + "\r\n")
		}
	}
	body.WriteString("\r\n")
	text := body.String()
	if spoil != nil {
		text = spoil(text)
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return c.send(r)
}

func TestChunkedUploads(t *testing.T) {
	s := openSite(t, nil)
	content := strings.Repeat("line of text\n", 3000)
	made := 0
	for _, form := range []string{chunks, chunksTrailer, unsignedTrailer} {
		for _, content := range []string{content, content[:8192], "x", ""} {
			key := fmt.Sprintf("/uploads/%s/%d", form, len(content))
			if r := s.chunkedPut(key, form, content, nil, "x-amz-meta-target: y"); r.status != 200 || r.header.Get("ETag") != etag(content) {
				t.Fatal(form, len(content), r)
			}
			made++
			r := s.must(200, "GET", key, "")
			if r.body != content || r.header.Get("Content-Encoding") != "" || r.header.Get("X-Amz-Meta-Target") != "y" {
				t.Error(form, len(content), r.header)
			}
		}
		for name, spoil := range map[string]func(string) string{
			"content": func(b string) string { return strings.Replace(b, "line", "Line", 1) },
			"end":     func(b string) string { return b[:len(b)-60] },
		} {
			if r := s.chunkedPut("/uploads/bad", form, content, spoil); r.status != 400 {
				t.Error(form, name, r)
			}
			s.must(404, "HEAD", "/uploads/bad", "")
		}
	}
	if n := len(s.events()); n != made {
		t.Errorf("%d events of %d uploads", n, made)
	}
	bad := s.request("PUT", "/uploads/bad", nil, strings.NewReader("0\r\n\r\n"))
	bad.Header.Set("X-Amz-Trailer", "x-amz-checksum-md4")
	bad.Header.Set(decodedLength, "0")
	s.sign(bad, unsignedTrailer)
	if got := s.send(bad); got.status != 400 {
		t.Error(got)
	}
	bad = s.request("PUT", "/uploads/bad", nil, strings.NewReader("0\r\n\r\n"))
	s.sign(bad, unsignedTrailer)
	if got := s.send(bad); got.status != 411 {
		t.Error(got)
	}
}

// A reader of aws-chunked bodies neither hangs nor gives more than was declared.
func FuzzChunked(f *testing.F) {
	for _, d := range documented {
		f.Add([]byte(documentedBody{d.chunks, d.trailer}.String()), uint16(66560%65536))
	}
	f.Add([]byte("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n"), uint16(3))
	f.Fuzz(func(t *testing.T, body []byte, size uint16) {
		c := newChunked(io.NopCloser(bytes.NewReader(body)), int64(size))
		c.trailers, _ = newTrailers([]string{"x-amz-checksum-crc32"})
		got, err := io.ReadAll(c)
		if len(got) > int(size) || err == nil && len(got) < int(size) {
			t.Errorf("%d bytes of %d, %v", len(got), size, err)
		}
		if err == nil && size > 0 && !bytes.Contains(body, []byte("0")) {
			t.Error("no last chunk, and no error")
		}
	})
}

// Content that ends before its declared length is an error to whoever stores it.
func TestExactly(t *testing.T) {
	for size, whole := range map[int64]bool{-1: true, 0: true, 2: true, 3: true, 4: false} {
		if got, err := io.ReadAll(exactly(strings.NewReader("abc"), size)); (err == nil) != whole || string(got) != "abc" {
			t.Errorf("%d: %q, %v", size, got, err)
		}
	}
}
