package s3

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Profile is the profile of a credentials file that a node uses; where it is
// missing, the profile default.
const Profile = "runnel"

// Credentials are an access key and its secret. They print without the secret.
type Credentials struct{ AccessKey, Secret string }

// String implements fmt.Stringer.
func (c Credentials) String() string { return c.AccessKey + " with its secret" }

// GoString implements fmt.GoStringer.
func (c Credentials) GoString() string { return c.String() }

// LogValue implements slog.LogValuer.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c Credentials) lookup(accessKey string) (secret string, ok bool) {
	return c.Secret, accessKey == c.AccessKey
}

// LoadCredentials reads a file in the format of AWS_SHARED_CREDENTIALS_FILE, or
// makes it, with new keys, for the user alone to read.
func LoadCredentials(path string) (Credentials, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		c := newCredentials()
		err = writeOnce(path, c.file())
		if err == nil {
			return c, nil
		}
		if errors.Is(err, os.ErrExist) { // another made it meanwhile
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("the S3 credentials: %w", err)
	}
	c, err := parseCredentials(b)
	if err != nil {
		return Credentials{}, fmt.Errorf("the S3 credentials in %s: %w: put it right, or remove the file to have new keys made", path, err)
	}
	return c, nil
}

func newCredentials() Credentials {
	var secret [30]byte
	_, _ = rand.Read(secret[:]) // never fails
	return Credentials{AccessKey: "RUNNEL" + rand.Text()[:14], Secret: base64.RawURLEncoding.EncodeToString(secret[:])}
}

// file is a credentials file with the keys under both profiles, so that clients
// find them whether they name a profile or not.
func (c Credentials) file() []byte {
	var b bytes.Buffer
	b.WriteString("# The keys to this node's S3 endpoint. Use: AWS_SHARED_CREDENTIALS_FILE=<this file>\n")
	for _, profile := range []string{"default", Profile} {
		fmt.Fprintf(&b, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", profile, c.AccessKey, c.Secret)
	}
	return b.Bytes()
}

// writeOnce makes a file, whole or not at all; os.ErrExist where it is there.
func writeOnce(path string, content []byte) error {
	temporary := path + ".new-" + rand.Text()
	defer os.Remove(temporary)
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Link(temporary, path)
}

// parseCredentials reads the ini format of the AWS tools: [profile] headers,
// key = value lines, comments after # or ; at the start of a line. The errors do
// not show the file's text.
func parseCredentials(b []byte) (Credentials, error) {
	profiles := map[string]*Credentials{}
	var at *Credentials
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			name := strings.TrimSpace(strings.TrimSuffix(line[1:], "]"))
			if !strings.HasSuffix(line, "]") || name == "" {
				return Credentials{}, fmt.Errorf("line %d is no [profile]", n)
			}
			if profiles[name] == nil {
				profiles[name] = &Credentials{}
			}
			at = profiles[name]
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || at == nil {
			return Credentials{}, fmt.Errorf("line %d is no key = value under a [profile]", n)
		}
		switch strings.TrimSpace(key) {
		case "aws_access_key_id":
			at.AccessKey = strings.TrimSpace(value)
		case "aws_secret_access_key":
			at.Secret = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return Credentials{}, err
	}
	for _, name := range []string{Profile, "default"} {
		if c := profiles[name]; c != nil && c.AccessKey != "" && c.Secret != "" {
			return *c, nil
		}
	}
	return Credentials{}, fmt.Errorf("neither [%s] nor [default] has both aws_access_key_id and aws_secret_access_key", Profile)
}
