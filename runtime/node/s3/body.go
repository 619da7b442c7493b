package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/signature"
)

// What x-amz-content-sha256 says beside a digest:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const (
	unsigned        = "UNSIGNED-PAYLOAD"
	chunks          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	chunksTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

	hashHeader    = "X-Amz-Content-Sha256"
	decodedLength = "X-Amz-Decoded-Content-Length"
)

// openBody replaces the body of an authenticated request by its content, whose
// reading fails where it is not what was signed.
func (s *Server) openBody(r *http.Request) *signature.APIError {
	switch said := r.Header.Get(hashHeader); said {
	case unsigned:
		return nil
	case chunks, chunksTrailer, unsignedTrailer:
		return s.openChunks(r, said)
	case "":
		if r.Header.Get("Authorization") == "" { // a presigned URL
			return nil
		}
		return openHashed(r, sha256.Sum256(nil)) // such is the signature
	default:
		var want [sha256.Size]byte
		if n, err := hex.Decode(want[:], []byte(said)); err != nil || n != len(want) || len(said) != 2*n {
			return refusal(http.StatusBadRequest, "InvalidArgument", "x-amz-content-sha256 must be a SHA-256 in hexadecimal digits, "+unsigned+" or a STREAMING- form that this server knows")
		}
		return openHashed(r, want)
	}
}

func refusal(status int, code, message string) *signature.APIError {
	return &signature.APIError{Code: code, Description: message, HTTPStatusCode: status}
}

var _ io.ReadCloser = (*hashed)(nil)

// hashed fails at the end of content that has another digest. The end is where
// the declared length is reached, since nobody may read on.
type hashed struct {
	io.ReadCloser
	left int64 // negative where no length is declared
	sum  hash.Hash
	want [sha256.Size]byte
}

func openHashed(r *http.Request, want [sha256.Size]byte) *signature.APIError {
	if r.ContentLength == 0 {
		if want != sha256.Sum256(nil) {
			return refusal(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "the body is empty and x-amz-content-sha256 says it is not")
		}
		return nil
	}
	r.Body = &hashed{r.Body, r.ContentLength, sha256.New(), want}
	return nil
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.sum.Write(p[:n])
	h.left -= int64(n)
	if (h.left == 0 || err == io.EOF) && !bytes.Equal(h.sum.Sum(nil), h.want[:]) {
		return 0, gofakes3.ErrorMessage(gofakes3.ErrBadDigest, "The body does not have the SHA-256 that x-amz-content-sha256 says.")
	}
	return n, err
}

// openChunks replaces an aws-chunked body by its content.
func (s *Server) openChunks(r *http.Request, said string) *signature.APIError {
	size, err := strconv.ParseInt(r.Header.Get(decodedLength), 10, 64)
	if err != nil || size < 0 {
		return refusal(http.StatusLengthRequired, "MissingContentLength", "an aws-chunked body needs x-amz-decoded-content-length")
	}
	c := newChunked(r.Body, size)
	if said != unsignedTrailer {
		if c.signer, err = newChunkSigner(r, s.credentials.Secret); err != nil {
			return refusal(http.StatusBadRequest, "InvalidRequest", err.Error())
		}
		c.signer.trailer = said == chunksTrailer
	}
	if said != chunks {
		if c.trailers, err = newTrailers(r.Header.Values("X-Amz-Trailer")); err != nil {
			return refusal(http.StatusBadRequest, "InvalidRequest", err.Error())
		}
	}
	if size == 0 { // nobody reads what is empty
		if err := c.finish(); err != nil {
			return refusal(http.StatusBadRequest, "BadDigest", err.Error())
		}
	}
	r.Body, r.ContentLength, r.TransferEncoding = c, size, nil
	r.Header.Set("Content-Length", strconv.FormatInt(size, 10))
	r.Header.Set(hashHeader, unsigned)
	r.Header.Del(decodedLength)
	return nil
}

// exactly fails where content ends before size bytes; a negative size is any.
func exactly(r io.Reader, size int64) io.Reader {
	if size < 0 {
		return r
	}
	return &whole{r, size}
}

type whole struct {
	io.Reader
	left int64
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if w.left -= int64(n); err == io.EOF && w.left > 0 {
		return n, gofakes3.ErrIncompleteBody
	}
	return n, err
}
