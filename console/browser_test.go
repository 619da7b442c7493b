package console_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/runtime/engine"
)

// A browser is a tab of a Chromium without a window, with what its console was told.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string
}

// chromium starts a browser for the tests to open tabs in.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		testneed.Skip(t, "Chromium: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// open opens a tab at an address.
func open(t *testing.T, ctx context.Context, address string) *browser {
	t.Helper()
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return // the tab is closed
			}
			b.mu.Lock()
			b.said = append(b.said, m.String())
			b.mu.Unlock()
		}
	}()
	b.do(chromedp.Navigate(address), chromedp.WaitVisible("h1"))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v\nthe page shows: %s\nits console: %q", err, b.text("body"), b.console())
	}
}

// text is what an element shows, "" where there is none.
func (b *browser) text(selector string) string {
	return b.eval(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector))
}

func (b *browser) eval(script string) string {
	v, _ := chromedp.Run(b.ctx, chromedp.Evaluate[any](script))
	return fmt.Sprint(v)
}

// until waits for the page to show what is wanted.
func (b *browser) until(selector, want string) {
	b.t.Helper()
	for deadline := time.Now().Add(45 * time.Second); !strings.Contains(b.text(selector), want); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) || b.ctx.Err() != nil {
			b.t.Fatalf("%s does not show %q: %s\nits console: %q", selector, want, b.text("main"), b.console())
		}
	}
}

// console is what the page's console was told.
func (b *browser) console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

// quiet wants nothing in the page's console but what is allowed.
func (b *browser) quiet(allowed ...string) {
	b.t.Helper()
next:
	for _, m := range b.console() {
		for _, a := range allowed {
			if strings.Contains(m, a) {
				continue next
			}
		}
		b.t.Errorf("the page's console was told %s", m)
	}
}

// write makes a file to upload.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrowser uses the page as a person does. Each test ends with an error for
// what the page's console was told, which includes each breach of its policy.
func TestBrowser(t *testing.T) {
	ctx := chromium(t)
	t.Run("upload", func(t *testing.T) { upload(t, ctx) })
	t.Run("hostile", func(t *testing.T) { hostile(t, ctx) })
	t.Run("ids", func(t *testing.T) { ids(t, ctx) })
	t.Run("sign in", func(t *testing.T) { signIn(t, ctx) })
}

// upload uploads a table on the page, sees its run end, and asks the model.
func upload(t *testing.T, ctx context.Context) {
	s := serve(t)
	b := open(t, ctx, s.url)
	b.until("main", "Nothing has run yet")
	b.do(chromedp.SetUploadFiles("#file", []string{write(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"))}),
		chromedp.WaitVisible("dialog"), chromedp.SetValue("#target", "species"), chromedp.Click("dialog button.main"))
	b.until(".head .state", engine.Succeeded)
	for _, want := range []string{"344 rows", "species", "penguins version 1", "How good the model is"} {
		b.until("main", want)
	}
	for script, want := range map[string]string{
		"document.querySelectorAll('.graph .node.good').length":    "9", // the event and eight steps
		"document.querySelectorAll('.graph .line.taken').length":   "8",
		"document.querySelector('iframe').getAttribute('sandbox')": "",
		"document.querySelectorAll('.tabs button').length":         "2",
	} {
		if got := b.eval(script); got != want {
			t.Errorf("%s is %s, want %s", script, got, want)
		}
	}
	b.do(chromedp.Click(`.facts a[href="#/models/penguins/1"]`), chromedp.WaitVisible("form.try"), chromedp.Click("form.try button.main"))
	b.until(".said", "Gentoo")
	b.do(chromedp.Click(`nav a[href="#/uploads"]`))
	b.until("table", "penguins.csv")
	b.do(chromedp.Click(`nav a[href="#/"]`))
	b.until("table", "8 steps")
	b.quiet()
}

// hostile shows names and values that are markup as what they are.
func hostile(t *testing.T, ctx context.Context) {
	const mark = `<img src=x onerror="window.owned=1">`
	s := serve(t)
	column := `"` + strings.ReplaceAll(mark, `"`, `""`) + `"`
	var table strings.Builder
	fmt.Fprintf(&table, "%s,__proto__,c\n", column)
	for i := range 60 {
		fmt.Fprintf(&table, "%s,%d,%d\n", []string{`<script>window.owned=2</script>`, column}[i%2], i*7%11, i%5)
	}
	st := s.put(t, mark+".csv", mark, []byte(table.String()))
	failed := s.put(t, "<script>window.owned=3</script>.csv", mark+"?", []byte(table.String()))
	if st.State != engine.Succeeded || failed.State != engine.Failed {
		t.Fatalf("the runs are %s and %s", st.State, failed.State)
	}
	models, err := s.Models(t.Context())
	if err != nil || len(models) != 1 {
		t.Fatal(models, err)
	}
	b := open(t, ctx, s.url)
	b.until("table", mark+".csv")
	for at, want := range map[string]string{
		"/runs/" + st.ID: mark, "/runs/" + failed.ID: "<script>window.owned=3</script>.csv", "/uploads": mark, "/deadletters": "<script>window.owned=3",
		"/models": models[0].Name, "/models/" + models[0].Name: mark,
		"/runs/%3Cimg%20src%3Dx%3E": "no run", "/%3Cimg%20src%3Dx%3E": "no such page", "/__proto__": "no such page", "/constructor": "no such page",
	} {
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/#"+at))
		b.until("main", want)
		if got := b.eval("String(window.owned) + document.querySelectorAll('main img, main script').length"); got != "undefined0" {
			t.Errorf("%s: markup of a name became the page's: %s", at, got)
		}
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/#/models/"+models[0].Name), chromedp.WaitVisible("form.try"), chromedp.Click("form.try button.main"))
	b.until(".said", "window.owned") // the row has a value of __proto__ too
	b.quiet("404")
}

// ids, whole numbers that JavaScript's round, are shown and sent as they are; a
// class that is a number has no comma.
func ids(t *testing.T, ctx context.Context) {
	s := serve(t)
	var table strings.Builder
	table.WriteString("x,account,year\n")
	for i := range 60 {
		fmt.Fprintf(&table, "%d,%d,%d\n", i%2*10+i%3, 9007199254740993+2*(i%2), 2007+i%2)
	}
	b := open(t, ctx, s.url)
	for _, target := range []string{"account", "year"} {
		if st := s.put(t, target+".csv", target, []byte(table.String())); st.State != engine.Succeeded {
			t.Fatalf("the run is %s", st.State)
		}
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/#/models/"+target), chromedp.WaitVisible("form.try"))
		b.eval("window.fetch = (f => (p, o) => { window.sent = o.body ?? window.sent; return f(p, o); })(window.fetch)")
		for column, value := range map[string]string{"x": "11", "account": "9007199254740995", "year": "2008"} {
			b.eval(fmt.Sprintf(`for (const f of document.querySelectorAll('.field')) if (f.querySelector('label').innerText === %q) f.querySelector('input, select').value = %q`, column, value))
		}
		b.do(chromedp.Click("form.try button.main"))
		b.until(".said .prediction", map[string]string{"account": "9007199254740995", "year": "2008"}[target])
	}
	if sent := b.eval("window.sent"); !strings.Contains(sent, "9007199254740995") {
		t.Errorf("%s was sent", sent)
	}
	b.quiet()
}

// signIn asks for the token, and follows a dead letter from the page.
func signIn(t *testing.T, ctx context.Context) {
	s := serve(t)
	failed := s.put(t, "broken.csv", "nothing", []byte("a,b\n1,2\n3,4\n"))
	b := open(t, ctx, s.guarded)
	b.until("main", "asks for its token")
	b.do(chromedp.SendKeys("#token", "another"), chromedp.Click("form button"))
	b.until(".login", "not the node's token")
	b.do(chromedp.SetValue("#token", token), chromedp.Click("form button"))
	b.until("main", "1\ndead letter to look at")
	b.do(chromedp.Navigate(s.guarded+"/#/deadletters/"+failed.Steps[0].DeadLetter), chromedp.WaitVisible(".letters .failure"))
	b.until(".failure", `no column "nothing"`)
	// Why something failed stays to be read when the page brings itself up to date.
	b.eval("window.asked = fetch; window.fetch = (path, o) => o.method === 'POST' ? Promise.reject() : (window.shown = path, asked(path, o)); 0")
	b.do(chromedp.Click(".letters .actions button"))
	b.until("#banner", "does not answer")
	b.eval("shown = ''; document.dispatchEvent(new Event('visibilitychange')); 0")
	b.do(chromedp.Sleep(300 * time.Millisecond))
	if got := b.eval("[shown, document.getElementById('banner').hidden].join()"); got != "v1/deadletters?limit=50&decided=false,false" {
		t.Errorf("the page was brought up to date, and the banner is hidden: %s", got)
	}
	b.eval("window.fetch = asked; 0")
	b.do(chromedp.Click(".letters .actions button"))
	b.until("main", "It was redriven")
	if got := b.eval("document.getElementById('banner').hidden"); got != "true" {
		t.Error("the banner stays though what failed is done")
	}
	b.do(chromedp.Click(`nav a[href="#/deadletters"]`))
	b.until(".letters", "broken.csv") // what failed again is a dead letter of its own
	for i := range 50 {
		if _, err := s.Put(t.Context(), "uploads", fmt.Sprintf("broken%d.csv", i), "text/csv", map[string]string{"target": "nothing"}, strings.NewReader("a,b\n1,2\n3,4\n")); err != nil {
			t.Fatal(err)
		}
	}
	b.until("#more", "Show more of 51")
	if got := b.eval("document.querySelectorAll('.letters > details').length"); got != "50" {
		t.Errorf("%s dead letters are shown at once", got)
	}
	b.do(chromedp.Click("#more button"), chromedp.WaitNotPresent("#more"))
	b.until(".letters", "broken.csv")
	b.quiet("401")
}
