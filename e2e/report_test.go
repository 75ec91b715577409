// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

// browser is a page in a real one, and what it said and asked for.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu        sync.Mutex
	requested []string
	complains []string
}

// browse opens a file in headless Chromium.
func browse(t *testing.T, file string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.WindowSize(1100, 1000))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to have one as root
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b.ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b.do(chromedp.Navigate("file://"+file), chromedp.WaitReady(chromedp.CSS("body")))
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requested = append(b.requested, e.Request.URL)
	case *log.EventEntryAdded:
		b.complains = append(b.complains, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
	case *runtime.EventConsoleAPICalled:
		b.complains = append(b.complains, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.complains = append(b.complains, e.ExceptionDetails.Text)
	}
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
}

// list evaluates JavaScript that gives a list of what is wrong.
func (b *browser) list(why, script string) {
	b.t.Helper()
	wrong, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](script))
	if err != nil {
		b.t.Fatalf("%s: %v", why, err)
	}
	if len(wrong) > 0 {
		b.t.Errorf("%s: %d times: %s", why, len(wrong), strings.Join(wrong[:min(len(wrong), 5)], " | "))
	}
}

// keep saves what the page looks like where it will be looked for.
func (b *browser) keep(name string) {
	dir := os.Getenv("LAB_E2E_ARTIFACTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), picture, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// prefers sets the reader's colour scheme.
func prefers(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
		_, err := cdp.Call(ctx, to, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// What must not be, as JavaScript that lists it.
const (
	// A text of a chart that its figure cuts off. Half a pixel is rounding.
	cutOff = `[...document.querySelectorAll('svg')].flatMap(s => { const f = s.getBoundingClientRect();
		return [...s.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
			return r.left < f.left - .5 || r.right > f.right + .5 || r.top < f.top - 1 || r.bottom > f.bottom + 1 }).map(t => s.querySelector('title').textContent + ': ' + t.textContent) })`
	// Two texts of a chart that lie on each other by more than their free edges.
	overlap = `[...document.querySelectorAll('svg')].flatMap(s => { const all = [...s.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]), out = [];
		all.forEach(([a, p], i) => all.slice(i + 1).forEach(([b, q]) => { const w = Math.min(p.right, q.right) - Math.max(p.left, q.left), h = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
			if (w > 1 && h > 5) out.push(s.querySelector('title').textContent + ': ' + a + ' on ' + b) })); return out })`
	unnamed = `[...document.querySelectorAll('svg')].filter(s => s.getAttribute('role') !== 'img' ||
		!s.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent.trim() && document.querySelectorAll('#' + CSS.escape(id)).length === 1)).map(s => s.outerHTML.slice(0, 80))`
	headings = `(() => { let last = 0; return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].filter(h => { const n = +h.tagName[1], bad = n > last + 1; last = n; return bad }).map(h => h.textContent) })()`
	scopes   = `[...document.querySelectorAll('th:not([scope])')].map(h => h.textContent)`
	tables   = `[...document.querySelectorAll('table')].filter(t => !t.caption || !t.tHead).map(t => t.outerHTML.slice(0, 80))`
	noTarget = `[...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).map(a => a.href)`
	// What reaches beyond the window, but for wide tables and figures, which scroll by themselves.
	tooWide = `(() => { const w = document.documentElement.clientWidth; return [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > w + .5 &&
		!e.parentElement.closest('.wide, figure')).map(e => e.tagName + ' ' + e.className + ' ' + e.textContent.trim().slice(0, 40)) })()`
	// Tables and figures that have to be scrolled even on a screen of 1100 pixels.
	scrolled = `[...document.querySelectorAll('.wide, figure')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim().slice(0, 40))`
	// Text with a contrast below 4.5 to 1 against the page (WCAG 2.2, 1.4.3).
	faint = `(() => { const lum = c => { const m = c.match(/[\d.]+/g).map(Number).slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * m[0] + .7152 * m[1] + .0722 * m[2] };
		const back = lum(getComputedStyle(document.documentElement).backgroundColor);
		return [...document.querySelectorAll('h1,h2,h3,p,a,dt,dd,th,td,li,caption,figcaption,summary,code,.state,svg text')].filter(e => { const s = getComputedStyle(e), l = lum(e.closest('svg') ? s.fill : s.color);
			return (Math.max(l, back) + .05) / (Math.min(l, back) + .05) < 4.5 }).map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 30)) })()`
)

func TestReportInABrowser(t *testing.T) {
	s := start(t, "a report of eight runs must open in a real browser with no complaint and no request, and be readable in light, dark, narrow and on paper")
	file := filepath.Join(t.TempDir(), "ladder.html")
	s.lab("report", "demo-1", "demo-2", "demo-3", "demo-4", "demo-5", "demo-6", "demo-7", "demo-8", "-o", file)
	readable(t, file, "report")
}

func TestReportOfWhatBelongsTogether(t *testing.T) {
	s := start(t, "a comparison, a ladder and a search for capacity must be a section each, on a page as readable as that of runs")
	dir := t.TempDir()
	comparison, ladder, search := savedRounds(t, dir)
	file := filepath.Join(dir, "together.html")
	s.lab("report", comparison, ladder, search, "-o", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Comparison of stage 4, Load queries with stage 5, Cache", "Ladder of 8 stages", "Capacity of stage 2, Postgres", "No fit:"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q", want)
		}
	}
	readable(t, file, "together")
}

// savedRounds saves rounds as if they had been played: the runs that ship with
// lab, with figures that vary. It gives a file of each group.
func savedRounds(t *testing.T, dir string) (comparison, ladder, search string) {
	t.Helper()
	save := func(stage, number int, rate float64, of record.Round) string {
		run, err := record.ReadFile(filepath.Join("..", "internal", "tui", "demo", fmt.Sprintf("stage-%d.json.gz", stage)))
		if err != nil {
			t.Fatal(err)
		}
		of.Number = number
		run.ID, run.Round = fmt.Sprintf("20261122-%s-%d-s%d", of.Comparison[:1]+of.Side, number, stage), &of
		run.Started = run.Started.Add(time.Duration(number) * time.Minute)
		run.Workload, run.Pace, run.Seed = record.Workload{Name: "mixed"}, fmt.Sprintf("const:%g", rate), int64(number)
		run.Verdict = record.Verdict{State: record.Valid}
		run.Summary.Rate = record.Rate{Asked: rate, Sent: rate, Served: rate}
		run.Summary.Latency.P50 *= 1 + 0.02*math.Sin(float64(5*number+stage))
		path, err := record.Store{Dir: dir}.Save(run)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	for number := 1; number <= 6; number++ {
		comparison = save(4, number, 200, record.Round{Comparison: "c-20261122-100000", Side: "a"})
		save(5, number, 200, record.Round{Comparison: "c-20261122-100000", Side: "b"})
	}
	for stage := 1; stage <= 8; stage++ {
		ladder = save(stage, 1, 200, record.Round{Comparison: "c-20261122-110000", Side: fmt.Sprintf("%02d", stage)})
	}
	for i, rate := range []float64{50, 100, 200, 400} {
		search = save(2, i+1, rate, record.Round{Comparison: "k-20261122-120000", Side: "02", Search: &record.Search{
			Objective: "p99<100ms,errors<1%", Start: 50, Max: 20_000, Precision: 0.05, Rate: rate, Purpose: "doubling"}})
	}
	return comparison, ladder, search
}

// readable opens a page in a browser and checks what only one can tell.
func readable(t *testing.T, file, name string) {
	t.Helper()
	if info, err := os.Stat(file); err != nil || info.Size() > 3<<19 {
		t.Errorf("more than 1.5 MB: %v, %v", info, err)
	}
	b := browse(t, file)
	for _, scheme := range []string{"light", "dark"} {
		b.do(prefers(scheme))
		b.list("text that is hard to read, "+scheme, faint)
		b.keep(name + "-" + scheme + ".png")
	}
	for why, script := range map[string]string{
		"text cut off": cutOff, "text on text": overlap, "a picture without words": unnamed, "headings that skip a level": headings,
		"th without scope": scopes, "tables without caption or head": tables, "links to nowhere": noTarget, "wider than the window": tooWide, "wider than its place": scrolled,
	} {
		b.list(why, script)
	}
	b.do(chromedp.EmulateViewport(390, 800))
	b.list("wider than a telephone", tooWide)
	b.do(chromedp.EmulateViewport(1100, 1000))
	if paper, err := chromedp.Run(b.ctx, chromedp.PrintToPDF()); err != nil || !strings.HasPrefix(string(paper), "%PDF-") {
		t.Errorf("no paper: %v, %.20q", err, paper)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.requested {
		if url != "file://"+file && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page asked for %s", url)
		}
	}
	if len(b.requested) == 0 {
		t.Error("not even the page itself was seen to be asked for: the check sees nothing")
	}
	for _, c := range b.complains {
		t.Errorf("the browser complains: %s", c)
	}
}

func TestClassReportInABrowser(t *testing.T) {
	s := start(t, "the page of a class must be as readable as that of runs, whatever its learners are called")
	dir := t.TempDir()
	for n, name := range []string{"Ada", "Béla", "<b>Eve</b>", "=cmd()", strings.Repeat("long name ", 12), "Ada"} {
		l := submissiontest.New(n, name)
		all, err := exercise.Load(filepath.Join("..", "stages", "05-cache"))
		if err != nil {
			t.Fatal(err)
		}
		l.Asks = all[0]
		l.Predicts(2+float64(n), 6+float64(n), 0.5+0.08*float64(n))
		if n == 2 {
			l.Add(l.Asks, exercise.Reset, exercise.Given{})
			l.Predicts(4.8, 5.3, 0.9)
		}
		if err := l.HandIn(filepath.Join(dir, fmt.Sprintf("%d%s", n, submission.Suffix))); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "0"+submission.Suffix))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "copy"+submission.Suffix), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "class.html")
	s.lab("grade", dir, "--report", file)
	readable(t, file, "class")
}
