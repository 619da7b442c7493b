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
	stored bool       // no step gave it: what the guest itself stored, or somebody uploaded, says nothing of rights
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

// give lets the guest read what JSON refers to: none of it where that is broken.
func (r rights) give(in io.Reader) error {
	var all []mention
	err := mentionsIn(in, func(m mention) error {
		if m.exact {
			all = append(all, m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.uploaded() {
			r.store(m.ref)
		} else {
			r.grant(m.ref)
		}
	}
	return nil
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

// maxDepth is how deep JSON may be nested; that is encoding/json's bound, too.
const maxDepth = 10_000

// A mention is an object of JSON with a member "digest", however that is
// written: encoding/json takes any case.
type mention struct {
	ref    events.Ref
	member string // the name that the object has; "" of one in an array, or alone
	// exact: it is written as this program writes references, so that it grants
	// rights. Text that looks like one, such as metadata of an upload, grants none.
	exact bool
}

// uploaded reports whether it is the content of an events.Object. Whoever makes
// an upload writes what they like; but which uploads one consists of is theirs to say.
func (m mention) uploaded() bool {
	return m.member == "content" && m.ref.MediaType != events.MediaManifest
}

// mayMention reports whether JSON may refer to an artifact: without an escape a
// digest stands in it as it is.
func mayMention(b []byte) bool {
	return bytes.Contains(b, []byte(digestPrefix)) || bytes.IndexByte(b, '\\') >= 0
}

// mentionsIn finds the artifacts that JSON refers to. Those before a place where
// it is broken are found.
func mentionsIn(r io.Reader, found func(mention) error) error {
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
		switch t {
		case json.Delim('{'), json.Delim('['):
			if len(open) == maxDepth {
				return fmt.Errorf("JSON of more than %d levels", maxDepth)
			}
			next := &level{object: t == json.Delim('{')}
			if in != nil {
				in.value(nil)
				next.member = in.key
			}
			open = append(open, next)
			continue
		case json.Delim('}'), json.Delim(']'):
			for _, digest := range in.digests {
				if err := found(mention{events.Ref{Digest: digest, MediaType: in.mediaType, Size: in.size}, in.member, in.exact(digest)}); err != nil {
					return err
				}
			}
			open = open[:len(open)-1]
			continue
		}
		if key, ok := t.(string); ok && in != nil && in.object && !in.keyed {
			in.key, in.keyed = key, true
		} else if in != nil {
			in.value(t)
		}
	}
}

// A level is an object or an array that is being read.
type level struct {
	object    bool
	member    string // that it is the value of
	keyed     bool   // the next thing is the value of key
	key       string
	digests   []string // of all members of that name
	mediaType string
	size      int64
	sized     bool
	other     bool // it has other members than a reference
}

// value takes the value of a member; nil is an object or an array.
func (l *level) value(v any) {
	l.keyed = false
	if !l.object {
		return
	}
	text, isText := v.(string)
	number, isNumber := v.(json.Number)
	switch {
	case strings.EqualFold(l.key, "digest") && isText && isDigest(text):
		l.digests = append(l.digests, text)
		l.other = l.other || l.key != "digest"
	case l.key == "mediaType" && isText:
		l.mediaType = text
	case l.key == "size" && isNumber:
		n, err := number.Int64()
		l.size, l.sized = n, err == nil
	default:
		l.other = true
	}
}

func (l *level) exact(digest string) bool {
	return len(l.digests) == 1 && l.digests[0] == digest && l.sized && !l.other
}

// A foreign reference is one to an artifact that a guest was not given.
type foreign struct{ digest string }

func (f *foreign) Error() string {
	return fmt.Sprintf("artifact %s is none that the guest was given or stored", f.digest)
}

// check reports a reference in JSON that the guest has no right to pass on: who
// comes after it would read what it names. Of a trusted guest only what is
// written exactly as a reference is one: a row of a table may look like it.
func (r rights) check(in io.Reader, trusted bool) error {
	return mentionsIn(in, func(m mention) error {
		known, ok := r[m.ref.Digest]
		if !ok && trusted && !m.exact {
			return nil
		}
		if !ok {
			return &foreign{m.ref.Digest}
		}
		if m.ref.Size != 0 && known.ref.Size != 0 && m.ref.Size != known.ref.Size {
			return fmt.Errorf("artifact %s has %d bytes, not %d", m.ref.Digest, known.ref.Size, m.ref.Size)
		}
		return nil
	})
}
