package s3

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Only who has the keys comes in, and nobody's secret or signature is logged.
func TestAuthentication(t *testing.T) {
	s := openSite(t, nil)
	s.must(200, "PUT", "/uploads/k", "content")
	get := func() *http.Request { return s.request("GET", "/uploads/k", nil, nil) }
	stranger := *s.client
	stranger.keys = Credentials{"RUNNELSTRANGER", s.keys.Secret}
	guesser := *s.client
	guesser.keys.Secret = "guess"
	late, early := *s.client, *s.client
	late.skew, early.skew = -16*time.Minute, 16*time.Minute
	for name, c := range map[string]struct {
		code string
		make func() *http.Request
	}{
		"anonymous":    {"AccessDenied", get},
		"unknown key":  {"InvalidAccessKeyId", func() *http.Request { r := get(); stranger.sign(r, hexSHA(nil)); return r }},
		"wrong secret": {"SignatureDoesNotMatch", func() *http.Request { r := get(); guesser.sign(r, hexSHA(nil)); return r }},
		"slow clock":   {"RequestTimeTooSkewed", func() *http.Request { r := get(); late.sign(r, hexSHA(nil)); return r }},
		"fast clock":   {"RequestTimeTooSkewed", func() *http.Request { r := get(); early.sign(r, hexSHA(nil)); return r }},
		"another path": {"SignatureDoesNotMatch", func() *http.Request {
			r := get()
			s.sign(r, hexSHA(nil))
			r.URL.Path, r.URL.RawPath = "/uploads/l", ""
			return r
		}},
		"another query": {"SignatureDoesNotMatch", func() *http.Request { r := get(); s.sign(r, hexSHA(nil)); r.URL.RawQuery = "versions="; return r }},
		"another verb":  {"SignatureDoesNotMatch", func() *http.Request { r := get(); s.sign(r, hexSHA(nil)); r.Method = "DELETE"; return r }},
		"added header":  {"AccessDenied", func() *http.Request { r := get(); s.sign(r, hexSHA(nil)); r.Header.Set("x-amz-meta-a", "b"); return r }},
		"old signature": {"UnsupportedAlgorithm", func() *http.Request {
			r := get()
			r.Header.Set("Authorization", "AWS "+s.keys.AccessKey+":c2ln")
			return r
		}},
		"garbage": {"MissingFields", func() *http.Request { r := get(); r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x"); return r }},
		"body unsigned": {"SignatureDoesNotMatch", func() *http.Request {
			r := s.request("PUT", "/uploads/k", nil, strings.NewReader("other"))
			s.sign(r, hexSHA([]byte("other")))
			r.Header.Set("X-Amz-Content-Sha256", unsigned)
			return r
		}},
		"unknown form": {"InvalidArgument", func() *http.Request { r := get(); s.sign(r, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"); return r }},
	} {
		got := s.send(c.make())
		if got.status/100 != 4 || got.code() != c.code {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.body, c.code)
		}
	}
	if r := s.must(200, "GET", "/uploads/k", ""); r.body != "content" {
		t.Error(r)
	}

	now := time.Now()
	presigned := s.presign("GET", "/uploads/k", now, time.Minute)
	visit := func(method, u, body string) reply {
		r, err := http.NewRequestWithContext(t.Context(), method, u, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return s.send(r)
	}
	if r := visit("GET", presigned, ""); r.status != 200 || r.body != "content" {
		t.Error(r)
	}
	for name, u := range map[string]string{
		"expired":     s.presign("GET", "/uploads/k", now.Add(-time.Hour), time.Minute),
		"later":       s.presign("GET", "/uploads/k", now.Add(time.Hour), time.Minute),
		"eight days":  s.presign("GET", "/uploads/k", now, 8*24*time.Hour),
		"longer":      strings.Replace(presigned, "X-Amz-Expires=60", "X-Amz-Expires=600", 1),
		"another key": strings.Replace(presigned, "/uploads/k", "/uploads/l", 1),
		"no end":      strings.Replace(presigned, "X-Amz-Expires=60&", "", 1),
	} {
		if r := visit("GET", u, ""); r.status != 403 {
			t.Errorf("%s: %v", name, r)
		}
	}
	if r := visit("PUT", presigned, "x"); r.status != 403 {
		t.Errorf("a presigned GET let in a PUT: %v", r)
	}
	if r := visit("PUT", s.presign("PUT", "/uploads/presigned.csv", now, time.Minute), "a,b\n"); r.status != 200 {
		t.Error(r)
	}
	if ev := s.events(); len(ev) != 2 || ev[1].Key != "presigned.csv" {
		t.Errorf("%+v", ev)
	}

	if r := visit("GET", s.base+"/uploads/k?AWSAccessKeyId="+s.keys.AccessKey+"&Signature=c2ln&Expires=9999999999", ""); r.status != 400 || !strings.Contains(r.body, "s3v4") {
		t.Error(r)
	}

	signature := url.QueryEscape(presigned[len(presigned)-64:])
	if text := s.log.String(); !strings.Contains(text, "SignatureDoesNotMatch") || strings.Contains(text, s.keys.Secret) || strings.Contains(text, signature) {
		t.Errorf("the log lacks refusals or shows secrets:\n%s", text)
	}
}

// The keys are made once, for the user alone, and are read however a user wrote them.
func TestCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	made, err := LoadCredentials(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	again, err := LoadCredentials(path)
	if err != nil || again != made || len(made.Secret) < 40 || len(made.AccessKey) != 20 {
		t.Errorf("%q %v", again.AccessKey, err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Error(left)
	}
	for name, c := range map[string]struct{ text, want string }{
		"own":           {"[default]\naws_access_key_id=a\naws_secret_access_key=b\n", "a b"},
		"runnel first":  {"# x\n[default]\naws_access_key_id=a\naws_secret_access_key=b\n[runnel]\r\naws_secret_access_key = d=\r\n; y\r\naws_access_key_id = c\r\n", "c d="},
		"incomplete":    {"[runnel]\naws_access_key_id=c\n[default]\naws_access_key_id=a\naws_secret_access_key=b\nregion=x\n", "a b"},
		"empty":         {"", "neither [runnel] nor [default] has both"},
		"other profile": {"[work]\naws_access_key_id=a\naws_secret_access_key=b\n", "neither [runnel] nor [default] has both"},
		"no profile":    {"aws_access_key_id=a\n", "line 1 is no key = value under a [profile]"},
		"cut off":       {"[default]\naws_access_key_id=a\naws_secr", "line 3 is no key = value"},
		"open bracket":  {"[default\n", "line 1 is no [profile]"},
	} {
		got, err := parseCredentials([]byte(c.text))
		text := got.AccessKey + " " + got.Secret
		if err != nil {
			text = err.Error()
		}
		if !strings.HasPrefix(text, c.want) {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add([]byte("[default]\naws_access_key_id = a\naws_secret_access_key = b\n"))
	f.Add([]byte("[runnel]\n#\n;\n=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCredentials(b)
		if err != nil {
			return
		}
		if again, err := parseCredentials(c.file()); err != nil || again != c {
			t.Errorf("%q is read, and what is written of it is not: %v", b, err)
		}
	})
}
