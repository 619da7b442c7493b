package s3

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
)

// A site is a node that speaks S3, with what its engine accepted.
type site struct {
	*client
	node   *node.Node
	server *Server
	log    *bytes.Buffer

	mu       sync.Mutex
	accepted []events.Object
}

// RunAccepted implements engine.Observer.
func (s *site) RunAccepted(r engine.Run) {
	d, err := events.Data[events.ObjectCreatedData](r.Event)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, d.Object)
}

// events are the objects of the accepted events, by key.
func (s *site) events() []events.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

type observer struct {
	engine.Observer
	*site
}

func (o observer) RunAccepted(r engine.Run) { o.site.RunAccepted(r) }

func openSite(t testing.TB, o *Options) *site {
	t.Helper()
	s := &site{log: &bytes.Buffer{}}
	n, err := node.Open(t.Context(), t.TempDir(), &node.Options{Observers: []engine.Observer{observer{site: s}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Store.CreateBucket(t.Context(), "uploads"); err != nil {
		t.Fatal(err)
	}
	c, err := LoadCredentials(n.Dir + "/credentials")
	if err != nil {
		t.Fatal(err)
	}
	if o == nil {
		o = &Options{}
	}
	o.Log = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if s.server, err = Open(n, c, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.server.Close() })
	srv := httptest.NewServer(s.server)
	t.Cleanup(srv.Close)
	s.node, s.client = n, &client{t: t, base: srv.URL, keys: c}
	return s
}

// client signs requests by SigV4, written from the documentation alone:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
type client struct {
	t    testing.TB
	base string
	keys Credentials
	skew time.Duration
}

// A reply is an answered request.
type reply struct {
	status int
	header http.Header
	body   string
}

// code is the code of an error.
func (r reply) code() string {
	var e struct{ Code string }
	_ = xml.Unmarshal([]byte(r.body), &e)
	return e.Code
}

func escape(s string, slash bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 || slash && c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func hexSHA(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

func canonicalQuery(q url.Values) string {
	var out []string
	for k, vs := range q {
		for _, v := range vs {
			out = append(out, escape(k, false)+"="+escape(v, false))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "&")
}

// seal computes the signature of a request over the given headers.
func (c *client) seal(r *http.Request, at time.Time, query, payload string, headers map[string]string) (signed, signature string) {
	names := slices.Sorted(maps.Keys(headers))
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + query + "\n"
	for _, n := range names {
		canonical += n + ":" + strings.TrimSpace(headers[n]) + "\n"
	}
	signed = strings.Join(names, ";")
	canonical += "\n" + signed + "\n" + payload
	scope := at.Format("20060102") + "/us-east-1/s3/aws4_request"
	key := []byte("AWS4" + c.keys.Secret)
	for _, p := range strings.Split(scope, "/") {
		key = mac(key, p)
	}
	return signed, hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+at.Format("20060102T150405Z")+"\n"+scope+"\n"+hexSHA([]byte(canonical))))
}

func (c *client) request(method, path string, query url.Values, body io.Reader) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = path, escape(path, true), canonicalQuery(query)
	return r
}

// sign signs a request in its headers.
func (c *client) sign(r *http.Request, payload string) {
	at := time.Now().UTC().Add(c.skew)
	r.Header.Set("X-Amz-Date", at.Format("20060102T150405Z"))
	r.Header.Set("X-Amz-Content-Sha256", payload)
	headers := map[string]string{"host": r.Host}
	for k := range r.Header {
		headers[strings.ToLower(k)] = r.Header.Get(k)
	}
	signed, signature := c.seal(r, at, r.URL.RawQuery, payload, headers)
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/s3/aws4_request, SignedHeaders=%s, Signature=%s",
		c.keys.AccessKey, at.Format("20060102"), signed, signature))
}

// presign gives a URL that lets in whoever has it.
func (c *client) presign(method, path string, at time.Time, expires time.Duration) string {
	at = at.UTC()
	r := c.request(method, path, url.Values{
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Date": {at.Format("20060102T150405Z")}, "X-Amz-SignedHeaders": {"host"},
		"X-Amz-Credential": {c.keys.AccessKey + "/" + at.Format("20060102") + "/us-east-1/s3/aws4_request"},
		"X-Amz-Expires":    {fmt.Sprint(int(expires.Seconds()))},
	}, nil)
	_, signature := c.seal(r, at, r.URL.RawQuery, "UNSIGNED-PAYLOAD", map[string]string{"host": r.Host})
	return r.URL.String() + "&X-Amz-Signature=" + signature
}

func (c *client) send(r *http.Request) reply {
	c.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

// do sends a signed request to /path?query with headers "k: v".
func (c *client) do(method, target, body string, headers ...string) reply {
	c.t.Helper()
	path, rawQuery, _ := strings.Cut(target, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		c.t.Fatal(err)
	}
	var in io.Reader
	if body != "" || method == http.MethodPut || method == http.MethodPost {
		in = strings.NewReader(body)
	}
	r := c.request(method, path, query, in)
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Set(k, v)
	}
	c.sign(r, hexSHA([]byte(body)))
	return c.send(r)
}

// must is do for what must be answered with the status.
func (c *client) must(status int, method, target, body string, headers ...string) reply {
	c.t.Helper()
	r := c.do(method, target, body, headers...)
	if r.status != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, target, r.status, r.body, status)
	}
	return r
}

// files lists the files below a folder.
func files(t testing.TB, dir string) (out []string) {
	t.Helper()
	if err := fsWalk(os.DirFS(dir), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
