// SPDX-License-Identifier: MIT

package enginetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
)

var version = regexp.MustCompile(`^/v(\d+\.\d+)/`)

// maxVersion is what a request without one means.
const maxVersion = "1.56"

// request is one that has arrived whole.
type request struct {
	*http.Request
	version string
	parts   []string // of the path, without the version
	body    []byte
}

func (r request) flag(name string) bool { v := r.URL.Query().Get(name); return v == "1" || v == "true" }

func (r request) decode(v any) *refusal {
	if err := json.Unmarshal(r.body, v); err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	return nil
}

// labels that the filters of a list ask for.
func (r request) wants(labels map[string]string) bool {
	var filters map[string]map[string]bool
	_ = json.Unmarshal([]byte(r.URL.Query().Get("filters")), &filters)
	for want := range filters["label"] {
		key, value, exact := strings.Cut(want, "=")
		if have, ok := labels[key]; !ok || exact && have != value {
			return false
		}
	}
	return true
}

func (e *Engine) serve(w http.ResponseWriter, q *http.Request) {
	r := request{Request: q, version: maxVersion}
	path := q.URL.Path
	if m := version.FindStringSubmatch(path); m != nil {
		r.version, path = m[1], path[len(m[0])-1:]
	}
	r.parts = strings.Split(strings.Trim(path, "/"), "/")
	// The body first: only then does the server notice that a client has gone.
	r.body, _ = io.ReadAll(q.Body)
	switch e.decide(Call{Method: q.Method, Path: path}) {
	case Lose:
		<-q.Context().Done()
		return
	case CutAnswer:
		e.route(discard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case Cut:
		panic(http.ErrAbortHandler)
	}
	e.route(w, r)
}

func (e *Engine) decide(c Call) Fate {
	e.mu.Lock()
	c.N = len(e.calls) + 1
	e.calls = append(e.calls, c)
	fate := e.fate
	e.mu.Unlock()
	if fate == nil {
		return Serve
	}
	return fate(c)
}

// discard takes an answer that is lost.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func (e *Engine) route(w http.ResponseWriter, r request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch r.parts[0] {
	case "_ping":
		w.Header().Set("Api-Version", e.API)
		w.Header().Set("Ostype", "linux")
		_, _ = io.WriteString(w, "OK")
	case "info":
		answer(w, map[string]any{"ServerVersion": "0.0-fake", "OSType": "linux", "Architecture": "x86_64", "OperatingSystem": "Fake",
			"KernelVersion": "0", "CgroupVersion": "2", "Driver": "overlay2", "NCPU": 2, "MemTotal": int64(8e9)})
	case "containers":
		e.routeContainers(w, r)
	case "exec":
		e.routeExec(w, r)
	case "networks":
		answerIf(w, e.routeNetworks(r))
	case "volumes":
		answerIf(w, e.routeVolumes(r))
	case "images":
		if len(r.parts) == 2 && (r.parts[1] == "get" || r.parts[1] == "load") {
			e.carry(w, r)
			return
		}
		answerIf(w, e.routeImages(r))
	case "build":
		e.build(w, r)
	case "events":
		e.stream(w, r)
	default:
		answer(w, refuse(http.StatusNotFound, "page not found"))
	}
}

// answerIf writes a result, or the empty answer of a change without one.
func answerIf(w http.ResponseWriter, v any) {
	if v == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, v)
}

// frame is one piece of stdout (1) or stderr (2), as the engine multiplexes them.
func frame(to byte, b []byte) []byte {
	n := len(b)
	return append([]byte{to, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, b...)
}

type framed struct {
	to byte
	w  io.Writer
}

func (f framed) Write(b []byte) (int, error) {
	_, err := f.w.Write(frame(f.to, b))
	return len(b), err
}

// lastLines of a log; 0 is all.
func lastLines(log string, n int) string {
	lines := strings.SplitAfter(log, "\n")
	if last := len(lines) - 1; last >= 0 && lines[last] == "" {
		lines = lines[:last]
	}
	if n > 0 {
		lines = lines[max(0, len(lines)-n):]
	}
	return strings.Join(lines, "")
}

// events go to everyone who listens. The caller holds the lock.
func (e *Engine) tell(action string, b *box) {
	attributes := map[string]string{"name": b.name, "exitCode": "0"}
	for k, v := range b.config.Labels {
		attributes[k] = v
	}
	m := map[string]any{"Type": "container", "Action": action, "Actor": map[string]any{"ID": b.id, "Attributes": attributes}, "timeNano": e.clock.UnixNano()}
	for _, l := range e.listeners {
		select {
		case l <- m:
		default: // a listener that has gone
		}
	}
}

// stream serves events until the client goes. The caller holds the lock, which
// is let go of meanwhile.
func (e *Engine) stream(w http.ResponseWriter, r request) {
	l := make(chan map[string]any, 256)
	e.listeners = append(e.listeners, l)
	e.mu.Unlock()
	defer e.mu.Lock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)
	_ = flush.Flush()
	for {
		select {
		case m := <-l:
			var b bytes.Buffer
			_ = json.NewEncoder(&b).Encode(m)
			if _, err := w.Write(b.Bytes()); err != nil {
				return
			}
			_ = flush.Flush()
		case <-r.Context().Done():
			return
		}
	}
}
