// Package fetch downloads URLs that users name, without letting them reach what
// they should not: by default no loopback, link-local, private or otherwise
// special address, whatever the name resolves to and wherever it redirects.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/runtime/step"
)

// Options say which addresses may be reached. Nil means the defaults.
type Options struct {
	AllowPrivate bool // also loopback, link-local and private addresses
}

// The limits where the caller gives none.
const (
	DefaultMaxBytes     = 1 << 30
	DefaultTimeout      = 10 * time.Minute
	DefaultMaxRedirects = 5
)

// A Fetcher downloads. It is safe for concurrent use.
type Fetcher struct {
	transport *http.Transport
}

// New makes a Fetcher. It uses no proxy: a proxy would resolve names where
// their addresses cannot be checked.
func New(o *Options) *Fetcher {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if o == nil || !o.AllowPrivate {
		d.Control = func(_, address string, _ syscall.RawConn) error { return check(address) }
	}
	return &Fetcher{transport: &http.Transport{
		DialContext:            d.DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}}
}

// A Refused is an address that may not be reached.
type Refused struct{ Address string }

func (r *Refused) Error() string {
	return fmt.Sprintf("%s is not a public address: start the node with --allow-private-urls to fetch from it", r.Address)
}

// check runs on the address that is about to be dialled, after any name was
// resolved, so that a name cannot be made to mean something else in between.
func check(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Refused{address}
	}
	if !Public(ap.Addr()) {
		return &Refused{ap.Addr().String()}
	}
	return nil
}

// special lists the blocks, of those in the IANA special-purpose registries,
// that netip's own predicates leave out.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),    // RFC 6890
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarking
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("64:ff9b::/96"),    // NAT64: holds an IPv4 address
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo and others
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4: holds an IPv4 address
}

// Public reports whether the address is one of the open internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Get downloads a URL. Reading more than the limit from the body, or for longer
// than the time limit, fails. Errors carry a class: what the server may mend is
// retryable.
func (f *Fetcher) Get(ctx context.Context, rawURL string, limits step.FetchLimits) (io.ReadCloser, string, error) {
	if limits.MaxBytes <= 0 {
		limits.MaxBytes = DefaultMaxBytes
	}
	if limits.Timeout <= 0 {
		limits.Timeout = DefaultTimeout
	}
	if limits.MaxRedirects <= 0 {
		limits.MaxRedirects = DefaultMaxRedirects
	}
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, "", step.Permanent(fmt.Errorf("%q is not an http or https URL", rawURL))
	}
	shown := u.Redacted()
	ctx, cancel := context.WithTimeout(ctx, limits.Timeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		cancel()
		return nil, "", step.Permanent(fmt.Errorf("GET %s: %w", shown, err))
	}
	req.Header.Set("Accept", "text/csv, application/vnd.apache.parquet, application/x-ndjson, application/json;q=0.9, */*;q=0.5")
	client := &http.Client{Transport: f.transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > limits.MaxRedirects {
			return step.Permanent(fmt.Errorf("more than %d redirects", limits.MaxRedirects))
		}
		if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
			return step.Permanent(fmt.Errorf("redirected to a %s URL", req.URL.Scheme))
		}
		if via[0].URL.Scheme == "https" && req.URL.Scheme == "http" {
			return step.Permanent(errors.New("redirected from https to http"))
		}
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		cancel()
		return nil, "", classify(fmt.Errorf("GET %s: %w", shown, err))
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		cancel()
		err := fmt.Errorf("GET %s: %s", shown, res.Status)
		if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusRequestTimeout {
			return nil, "", step.Retryable(err)
		}
		return nil, "", step.Permanent(err)
	}
	if res.ContentLength > limits.MaxBytes {
		res.Body.Close()
		cancel()
		return nil, "", tooLarge(shown, limits.MaxBytes)
	}
	return &body{ReadCloser: res.Body, cancel: cancel, url: shown, left: limits.MaxBytes, limit: limits.MaxBytes}, res.Header.Get("Content-Type"), nil
}

func tooLarge(url string, limit int64) error {
	return step.Permanent(fmt.Errorf("GET %s: the answer is larger than the limit of %d bytes: raise max_bytes", url, limit))
}

func classify(err error) error {
	var refused *Refused
	var classed *step.Error
	switch {
	case errors.As(err, &refused):
		return step.Permanent(err)
	case errors.As(err, &classed):
		return &step.Error{Class: classed.Class, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &step.Error{Class: step.ClassTimeout, Err: err}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return step.Permanent(err)
	}
	return step.Retryable(err)
}

// body bounds what is read of an answer.
type body struct {
	io.ReadCloser
	cancel      context.CancelFunc
	url         string
	left, limit int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.ReadCloser.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, tooLarge(b.url, b.limit)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = classify(fmt.Errorf("GET %s: %w", b.url, err))
	}
	return n, err
}

func (b *body) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}
