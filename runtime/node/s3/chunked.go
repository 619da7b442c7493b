package s3

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/rclone/gofakes3"
)

// chunked reads the content of an aws-chunked body: chunks with their length, in
// the signed forms each with a signature over it and the one before, then in the
// trailer forms headers with checksums:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
//
// Its last bytes come with the error where anything up to the end of the body is
// wrong, since nobody may read on after them.
type chunked struct {
	io.Closer
	in       *bufio.Reader
	left     int64        // of the content
	chunk    int64        // of the chunk
	said     string       // the chunk's signature
	signer   *chunkSigner // nil where chunks are not signed
	trailers *trailers    // nil where there are none
	err      error
}

// maxTrailer bounds the bytes after the last chunk.
const maxTrailer = 16 << 10

func newChunked(body io.ReadCloser, size int64) *chunked {
	return &chunked{Closer: body, in: bufio.NewReaderSize(body, 64<<10), left: size}
}

func (c *chunked) Read(p []byte) (n int, err error) {
	switch {
	case c.err != nil:
		return 0, c.err
	case c.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	defer func() { c.err = err }()
	if c.chunk == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if c.chunk == 0 || c.chunk > c.left {
			return 0, malformed("its chunks have another length than x-amz-decoded-content-length")
		}
	}
	n, err = c.in.Read(p[:min(int64(len(p)), c.chunk)])
	c.chunk -= int64(n)
	c.left -= int64(n)
	if c.signer != nil {
		c.signer.sum.Write(p[:n])
	}
	if c.trailers != nil {
		c.trailers.write(p[:n])
	}
	if err == nil && c.chunk == 0 {
		err = c.endOfChunk()
	}
	if err == nil && c.left == 0 {
		err = c.finish()
	}
	if errors.Is(err, io.EOF) {
		err = gofakes3.ErrIncompleteBody
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// line reads a line without its end.
func (c *chunked) line() (string, error) {
	b, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", malformed("a line does not end")
	case err == io.EOF:
		return "", gofakes3.ErrIncompleteBody
	}
	return strings.TrimRight(string(b), "\r\n"), err
}

// next reads the head of a chunk: its length and its signature.
func (c *chunked) next() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	length, extension, _ := strings.Cut(line, ";")
	if c.chunk, err = strconv.ParseInt(length, 16, 64); err != nil || c.chunk < 0 {
		return malformed("the length of a chunk is no hexadecimal number")
	}
	c.said, _ = strings.CutPrefix(extension, "chunk-signature=")
	return nil
}

func (c *chunked) endOfChunk() error {
	if line, err := c.line(); err != nil || line != "" {
		return errors.Join(malformed("a chunk is longer than it says"), err)
	}
	return c.signer.check(c.said)
}

// finish reads the last chunk, which is empty, and the trailer.
func (c *chunked) finish() error {
	if err := c.next(); err != nil {
		return err
	}
	if c.chunk != 0 {
		return malformed("its chunks have another length than x-amz-decoded-content-length")
	}
	if err := c.signer.check(c.said); err != nil {
		return err
	}
	rest, err := io.ReadAll(io.LimitReader(c.in, maxTrailer+1))
	if err != nil {
		return err
	}
	if len(rest) > maxTrailer {
		return malformed("its trailer is too long")
	}
	return c.trailers.check(string(rest), c.signer)
}

func malformed(what string) error {
	return gofakes3.ErrorMessage(gofakes3.ErrIncompleteBody, "The aws-chunked body is malformed: "+what+".")
}

// chunkSigner makes the signatures of chunks, each of which covers the one before.
type chunkSigner struct {
	key      []byte
	context  string // the time and the scope, a line each
	previous string
	sum      hash.Hash // of the chunk
	trailer  bool      // is signed too
}

// newChunkSigner goes on from the signature in the Authorization header, which
// was found to be right.
func newChunkSigner(r *http.Request, secret string) (*chunkSigner, error) {
	fields := map[string]string{}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for f := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[name] = value
	}
	_, scope, _ := strings.Cut(fields["Credential"], "/")
	parts := strings.Split(scope, "/")
	at := r.Header.Get("X-Amz-Date")
	if len(parts) != 4 || at == "" || fields["Signature"] == "" {
		return nil, errors.New("signed chunks need an Authorization header and x-amz-date")
	}
	key := []byte("AWS4" + secret)
	for _, p := range parts {
		key = sign(key, p)
	}
	return &chunkSigner{key: key, context: at + "\n" + scope + "\n", previous: fields["Signature"], sum: sha256.New()}, nil
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// check compares the signature of the chunk that sum has seen, and goes on to the next.
func (s *chunkSigner) check(said string) error {
	if s == nil {
		return nil
	}
	empty := sha256.Sum256(nil)
	err := s.compare("AWS4-HMAC-SHA256-PAYLOAD\n"+s.context+s.previous+"\n"+hex.EncodeToString(empty[:])+"\n"+hex.EncodeToString(s.sum.Sum(nil)), said)
	s.sum.Reset()
	return err
}

func (s *chunkSigner) compare(text, said string) error {
	s.previous = hex.EncodeToString(sign(s.key, text))
	if !hmac.Equal([]byte(s.previous), []byte(said)) {
		return gofakes3.ErrorMessage(gofakes3.ErrBadDigest, "A chunk of the body does not have the signature that it says.")
	}
	return nil
}

// trailers are the headers after the last chunk: checksums of the content.
type trailers struct{ sums map[string]hash.Hash }

const checksumPrefix = "x-amz-checksum-"

// newTrailers takes the names that x-amz-trailer announces.
func newTrailers(names []string) (*trailers, error) {
	t := &trailers{map[string]hash.Hash{}}
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(names, ",")), ",") {
		name = strings.TrimSpace(name)
		algorithm, ok := strings.CutPrefix(name, checksumPrefix)
		if !ok {
			continue
		}
		switch algorithm {
		case "crc32":
			t.sums[name] = crc32.NewIEEE()
		case "crc32c":
			t.sums[name] = crc32.New(crc32.MakeTable(crc32.Castagnoli))
		case "crc64nvme":
			t.sums[name] = crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5))
		case "sha1":
			t.sums[name] = sha1.New()
		case "sha256":
			t.sums[name] = sha256.New()
		default:
			return nil, fmt.Errorf("the checksum %s is not known here: use crc32, crc32c, crc64nvme, sha1 or sha256", algorithm)
		}
	}
	return t, nil
}

func (t *trailers) write(p []byte) {
	for _, h := range t.sums {
		h.Write(p)
	}
}

// check compares the checksums that follow the last chunk, and their signature.
func (t *trailers) check(text string, s *chunkSigner) error {
	if t == nil {
		return nil
	}
	said, signed, theirs := map[string]string{}, "", ""
	for line := range strings.SplitSeq(text, "\n") {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "x-amz-trailer-signature" {
			theirs = value
			continue
		}
		said[name] = value
		signed += name + ":" + value + "\n"
	}
	for name, h := range t.sums {
		if want := base64.StdEncoding.EncodeToString(h.Sum(nil)); said[name] != want {
			return gofakes3.ErrorMessagef(gofakes3.ErrBadDigest, "The content does not have the %s that its trailer says.", strings.TrimPrefix(name, checksumPrefix))
		}
	}
	if s == nil || !s.trailer {
		return nil
	}
	sum := sha256.Sum256([]byte(signed))
	return s.compare("AWS4-HMAC-SHA256-TRAILER\n"+s.context+s.previous+"\n"+hex.EncodeToString(sum[:]), theirs)
}
