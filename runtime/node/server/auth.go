package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/runnel-dev/runnel/runtime/node/api"
)

// sessionCookie is what a browser shows in the place of the token, which a page
// could not send with a frame or a link. The cookie is not the token, scripts do
// not see it, and no other site's page can send it.
const sessionCookie = "runnel_session"

func authorised(r *http.Request, token string) bool {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return same(given, token)
	}
	c, err := r.Cookie(sessionCookie)
	return err == nil && same(c.Value, sessionOf(token))
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func sessionOf(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("runnel console session"))
	return hex.EncodeToString(mac.Sum(nil))
}

// openSession gives a browser that knows the token the cookie, until it is closed.
func (s *server) openSession(w http.ResponseWriter, r *http.Request) {
	var req api.Session
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10) // whoever asks is not known yet
	if err := readJSON(w, r, &req); err != nil {
		answer(w, nil, err)
		return
	}
	if s.Token != "" && !same(strings.TrimSpace(req.Token), s.Token) {
		answer(w, nil, &api.Error{Status: http.StatusUnauthorized, Message: "this is not the node's token: it is in the file token of the node's folder"})
		return
	}
	if s.Token != "" {
		s.setSession(w, r, sessionOf(s.Token), 0)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) closeSession(w http.ResponseWriter, r *http.Request) {
	s.setSession(w, r, "", -1)
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) setSession(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
}
