package s3

import (
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rclone/gofakes3"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/store"
)

const (
	userPrefix = "X-Amz-Meta-"
	// headerPrefix begins the keys of metadata that are headers of the object
	// rather than the user's; no user's key can have a colon, being in a header.
	headerPrefix = "http:"
	// maxMetadata bounds the headers; the store bounds what is kept of them.
	maxMetadata = 2 * store.MaxObjectMetadata
)

// kept tells which headers are kept of an upload, beside its media type and metadata.
// Checksums are not: equal content stays equal, whatever the client checks it by.
func kept(header string) bool {
	switch header {
	case "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", gofakes3.TaggingMetadataKey:
		return true
	}
	return false
}

// input is the object that a request's headers ask for.
func input(bucket, key string, headers map[string]string) (store.ObjectInput, error) {
	in := store.ObjectInput{Bucket: bucket, Key: key, Metadata: map[string]string{}}
	if key == "" || !utf8.ValidString(key) {
		return in, invalid("a key is UTF-8, and not empty")
	}
	for name, value := range headers {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return in, invalid("the metadata " + strconv.Quote(name) + " is not UTF-8")
		}
		name = http.CanonicalHeaderKey(name)
		user, isUser := strings.CutPrefix(name, userPrefix)
		switch {
		case name == "Content-Type":
			in.MediaType = value
		case isUser && strings.EqualFold(user, events.MetadataPipeline):
			return in, invalid("the metadata key " + events.MetadataPipeline + " is reserved")
		case isUser:
			text, err := new(mime.WordDecoder).DecodeHeader(value) // S3 has RFC 2047 for what is not ASCII
			if err != nil {
				text = value
			}
			in.Metadata[strings.ToLower(user)] = text
		case kept(name):
			in.Metadata[headerPrefix+strings.ToLower(name)] = value
		}
	}
	return in, nil
}

// headersOf are the headers that show an object.
func headersOf(o store.Object) map[string]string {
	h := map[string]string{
		"Content-Type":  o.Content.MediaType,
		"Last-Modified": o.CreatedAt.UTC().Format(http.TimeFormat),
	}
	for k, v := range o.Metadata {
		if header, ok := strings.CutPrefix(k, headerPrefix); ok {
			h[http.CanonicalHeaderKey(header)] = v
		} else if k != events.MetadataPipeline {
			h[userPrefix+k] = mime.BEncoding.Encode("UTF-8", v)
		}
	}
	if digest, err := hex.DecodeString(strings.TrimPrefix(o.Content.Digest, "sha256:")); err == nil {
		h["X-Amz-Checksum-Sha256"] = base64.StdEncoding.EncodeToString(digest)
	}
	return h
}
