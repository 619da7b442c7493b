// Package s3 lets a node speak S3, so that `aws s3 cp` and every SDK can upload to
// it. An upload is answered with 200 once the object and its event are durable.
//
// What S3 clients rely on holds: requests are signed (SigV4 in headers or in a
// presigned URL), bodies are checked against what was signed, also where they come
// in signed chunks (aws-chunked), conditional writes (If-None-Match: *, If-Match)
// are atomic, and an upload that ends early leaves nothing. The parts of multipart
// uploads are files in the node's folder; a restart forgets unfinished uploads.
//
// It differs from S3 in these points. The ETag is the MD5 of the content for
// multipart uploads too. An upload that equals the current object in content, media
// type and metadata makes no new version and no event. There is no versioning API,
// no ACL, no lifecycle. The metadata key runnel-pipeline is refused and not shown.
//
// The protocol is rclone/gofakes3; authentication and the reading of bodies are
// done here, before it, since it checks neither the hash of a body nor the
// signatures and checksums within aws-chunked ones.
package s3

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/signature"

	"github.com/runnel-dev/runnel/runtime/node"
)

// Options are the choices of a Server; nil is the defaults.
type Options struct {
	// Stale is how long a multipart upload may lie untouched before its parts are
	// dropped; 0 is a day.
	Stale time.Duration
	// Log gets refused requests and internal errors, without secrets or
	// signatures; nil is none.
	Log *slog.Logger
}

// A Server answers S3 requests from a node's store. It is an http.Handler that
// must see the path as it was sent: give it to http.Server directly, not to a mux.
type Server struct {
	credentials Credentials
	api         http.Handler
	parts       *uploads
	log         *slog.Logger
}

// Open makes the server of a node's store, and drops the parts of uploads that
// were not finished before.
func Open(n *node.Node, c Credentials, o *Options) (*Server, error) {
	if o == nil {
		o = &Options{}
	}
	if c.AccessKey == "" || c.Secret == "" {
		return nil, fmt.Errorf("S3 needs an access key and a secret: make them with LoadCredentials")
	}
	s := &Server{credentials: c, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	dir := filepath.Join(n.Dir, "s3-parts")
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("dropping the parts of unfinished uploads: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of parts: %w", err)
	}
	stale := o.Stale
	if stale == 0 {
		stale = 24 * time.Hour
	}
	s.parts = &uploads{dir: dir, stale: stale, open: map[gofakes3.UploadID]*upload{}}
	b := &backend{node: n, uploads: s.parts}
	g := gofakes3.New(b, gofakes3.WithLogger(logger{s.log}), gofakes3.WithMetadataSizeLimit(maxMetadata))
	s.parts.forget = g.ForgetMultipartUpload
	s.api = g.Server()
	return s, nil
}

// Close drops the parts of unfinished uploads.
func (s *Server) Close() error { return os.RemoveAll(s.parts.dir) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions { // a browser asks what it may do, and signs nothing
		s.api.ServeHTTP(w, r)
		return
	}
	if r.URL.Query().Has("AWSAccessKeyId") {
		s.refuse(w, r, *refusal(http.StatusBadRequest, "InvalidRequest", "this URL is presigned by signature version 2: use version 4 (boto3: Config(signature_version=\"s3v4\"))"))
		return
	}
	if code := signature.V4SignVerifyWithLookup(r, s.credentials.lookup); code != signature.ErrNone {
		s.refuse(w, r, signature.GetAPIError(code))
		return
	}
	if e := s.openBody(r); e != nil {
		s.refuse(w, r, *e)
		return
	}
	c, e := conditionsOf(r)
	if e != nil {
		s.refuse(w, r, *e)
		return
	}
	virtualHost(r)
	defer func() {
		if v := recover(); v != nil { // gofakes3 does for some markers of lists
			s.log.Error("S3 request failed", "method", r.Method, "path", r.URL.Path, "panic", v)
			s.refuse(w, r, *refusal(http.StatusInternalServerError, "InternalError", "this request cannot be answered here"))
		}
	}()
	s.api.ServeHTTP(w, r.WithContext(withConditions(r.Context(), c)))
}

// refuse answers with an error. The query is not logged: it may be a presigned
// URL's, which lets in whoever has it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, e signature.APIError) {
	s.log.Warn("S3 request refused", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "code", e.Code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(e.HTTPStatusCode)
	_, _ = w.Write(signature.EncodeAPIErrorToResponse(e)) // the client is gone: nobody to tell
}

// virtualHost moves the bucket from a host such as uploads.localhost, which SDKs
// make of the endpoint localhost, to the path.
func virtualHost(r *http.Request) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if bucket, ok := strings.CutSuffix(host, ".localhost"); ok {
		r.URL.Path = "/" + bucket + r.URL.Path
	}
}

// logger passes on the errors of gofakes3.
type logger struct{ *slog.Logger }

// Print implements gofakes3.Logger.
func (l logger) Print(level gofakes3.LogLevel, v ...any) {
	if level == gofakes3.LogErr {
		l.Error("S3: " + strings.TrimSuffix(fmt.Sprintln(v...), "\n"))
	}
}
