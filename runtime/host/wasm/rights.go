package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/runnel-dev/runnel/events"
)

// A right is what a guest may do with an artifact that it can read.
type right struct {
	ref    events.Ref // as far as it is known; the digest always is
	stored bool       // it has it from nobody else: what stands in it gives no rights
}

// rights are the artifacts that a guest can read, by digest.
type rights map[string]right

// grant lets the guest read an artifact, as one that it was given.
func (r rights) grant(ref events.Ref) {
	old, ok := r[ref.Digest]
	if ok && !old.stored && old.ref.MediaType != "" {
		return
	}
	r[ref.Digest] = right{ref: ref}
}

// store lets the guest read what it stored itself.
func (r rights) store(ref events.Ref) {
	if _, ok := r[ref.Digest]; !ok {
		r[ref.Digest] = right{ref: ref, stored: true}
	}
}

// isJSON reports whether an artifact may name others.
func isJSON(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	return mediaType == events.MediaJSON || strings.HasSuffix(mediaType, "+json")
}

const (
	digestPrefix = "sha256:"
	digestLength = len(digestPrefix) + 64
)

// isDigest reports whether s names an artifact.
func isDigest(s string) bool {
	if len(s) != digestLength || !strings.HasPrefix(s, digestPrefix) {
		return false
	}
	for _, c := range []byte(s[len(digestPrefix):]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// digestsIn lists the digests within a text.
func digestsIn(s string) []string {
	var out []string
	for {
		i := strings.Index(s, digestPrefix)
		if i < 0 || len(s) < i+digestLength {
			return out
		}
		if d := s[i : i+digestLength]; isDigest(d) {
			out = append(out, d)
		}
		s = s[i+len(digestPrefix):]
	}
}

// maxDepth is how deep JSON may be nested; that is encoding/json's bound, too.
const maxDepth = 10_000

// refsIn finds the artifacts that JSON names, in any string of it. Of those that
// stand as {"digest": ..., "mediaType": ...} the media type is known.
func refsIn(r io.Reader, found func(events.Ref)) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	var open []*level
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		var in *level
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				if len(open) == maxDepth {
					return fmt.Errorf("JSON of more than %d levels", maxDepth)
				}
				if in != nil {
					in.step()
				}
				open = append(open, &level{object: t == '{'})
			default:
				if in.ref.Digest != "" {
					found(in.ref)
				}
				open = open[:len(open)-1]
			}
		case string:
			if in != nil && in.isKey() {
				in.key, in.keyed = t, true
			} else if in != nil {
				switch {
				case in.object && in.key == "digest" && isDigest(t):
					in.ref.Digest = t
				case in.object && in.key == "mediaType":
					in.ref.MediaType = t
				}
				in.step()
			}
			for _, digest := range digestsIn(t) {
				found(events.Ref{Digest: digest})
			}
		case json.Number:
			if in != nil {
				if n, err := t.Int64(); err == nil && in.object && in.key == "size" {
					in.ref.Size = n
				}
				in.step()
			}
		default:
			if in != nil {
				in.step()
			}
		}
	}
}

// A level is an object or an array that is being read.
type level struct {
	object bool
	keyed  bool // the next thing is the value of key
	key    string
	ref    events.Ref
}

func (l *level) isKey() bool { return l.object && !l.keyed }

func (l *level) step() { l.keyed = false }

// mentions lists the digests that stand in JSON, keys included.
func mentions(b []byte) ([]events.Ref, error) {
	var refs []events.Ref
	err := refsIn(bytes.NewReader(b), func(ref events.Ref) { refs = append(refs, ref) })
	return refs, err
}
