package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/runtime/node/api"
)

// TestSecret takes the token that a person wrote, and makes one where there is none.
func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	for _, c := range []struct{ file, want string }{{"mine", "mine"}, {"mine\n", "mine"}, {" mine\r\n", "mine"}} {
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := secret(path); got != c.want || err != nil {
			t.Errorf("the token of %q is %q, %v", c.file, got, err)
		}
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := secret(path)
	if err != nil || len(made) != 64 {
		t.Fatalf("a token was made: %q, %v", made, err)
	}
	if again, err := secret(path); again != made || err != nil {
		t.Errorf("the token %q is %q later, %v", made, again, err)
	}
}

// TestAnnounce gives a command that the node lets in.
func TestAnnounce(t *testing.T) {
	for token, want := range map[string]string{
		"":     "curl -T FILE -H 'x-amz-meta-target: COLUMN' http://10.0.0.1:7070/",
		"mine": `curl -T FILE -H "Authorization: Bearer $(cat ` + filepath.Join("house", "token") + `)" -H 'x-amz-meta-target: COLUMN' http://10.0.0.1:7070/`,
	} {
		var out bytes.Buffer
		a := &app{out: &out, err: &out, dir: "house"}
		a.announce(api.Info{Dir: "house", HTTP: "10.0.0.1:7070"}, token)
		if !strings.Contains(out.String(), want) {
			t.Errorf("with the token %q:\n%s\nwant %s", token, &out, want)
		}
	}
}
