package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/step"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true,
		"127.0.0.1": false, "127.8.9.1": false, "::1": false, "0.0.0.0": false, "::": false,
		"10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"fe80::1": false, "fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Public(%s) = %v, want %v", addr, got, want)
		}
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	for _, u := range []string{srv.URL, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)} {
		_, _, err := New(nil).Get(t.Context(), u, step.FetchLimits{})
		var refused *Refused
		if !errors.As(err, &refused) || step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("GET %s: %v (%s), want it refused for good", u, err, step.ClassOf(err))
		}
	}
	if reached {
		t.Error("the server was reached")
	}
}

func get(ctx context.Context, url string, limits step.FetchLimits) (string, error) {
	body, _, err := New(&Options{AllowPrivate: true}).Get(ctx, url, limits)
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	return string(b), err
}

func TestGet(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/table.csv", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a,b\n1,2\n") })
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			io.WriteString(w, strings.Repeat("x", 100))
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/table.csv", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	srv := httptest.NewServer(mux)
	defer srv.Close()

	for _, path := range []string{"/table.csv", "/moved"} {
		if got, err := get(t.Context(), srv.URL+path, step.FetchLimits{}); got != "a,b\n1,2\n" || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for _, test := range []struct {
		path   string
		limits step.FetchLimits
		want   string
		class  step.Class
	}{
		{"/absent", step.FetchLimits{}, "404 Not Found", step.ClassPermanent},
		{"/busy", step.FetchLimits{}, "503", step.ClassRetryable},
		{"/loop", step.FetchLimits{MaxRedirects: 3}, "more than 3 redirects", step.ClassPermanent},
		{"/file", step.FetchLimits{}, "redirected to a file URL", step.ClassPermanent},
		{"/table.csv", step.FetchLimits{MaxBytes: 5}, "larger than the limit of 5 bytes", step.ClassPermanent},
		{"/chunked", step.FetchLimits{MaxBytes: 500}, "larger than the limit of 500 bytes", step.ClassPermanent},
		{"/slow", step.FetchLimits{Timeout: 50 * time.Millisecond}, "deadline exceeded", step.ClassTimeout},
	} {
		_, err := get(t.Context(), srv.URL+test.path, test.limits)
		if err == nil || !strings.Contains(err.Error(), test.want) || step.ClassOf(err) != test.class {
			t.Errorf("%s: %v (%s), want %q (%s)", test.path, err, step.ClassOf(err), test.want, test.class)
		}
	}
	for _, u := range []string{"ftp://x/y", "file:///etc/passwd", "http://", "://"} {
		if _, err := get(t.Context(), u, step.FetchLimits{}); err == nil || step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("%s: %v", u, err)
		}
	}
	if _, err := get(t.Context(), "http://user:secret@127.0.0.1:1/", step.FetchLimits{}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the password, or there is none: %v", err)
	}
}
