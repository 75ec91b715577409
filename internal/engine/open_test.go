// SPDX-License-Identifier: MIT

package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/problem"
)

func TestOpenNegotiates(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{"1.41": "1.41", "1.47": "1.47", "1.56": "1.56", "1.99": "1.56"} {
		f := fake(t)
		f.Set(func(e *enginetest.Engine) { e.API = api })
		i := open(t, f).Info()
		if i.API != want || i.Version != "0.0-fake" || i.Cores != 2 || i.Arch != "x86_64" || i.Host != f.Host() {
			t.Errorf("engine with API %s: %+v", api, i)
		}
		if i.Local {
			t.Error("an engine over TCP was taken for a local one")
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // a port where nobody listens
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	ancient, old := fake(t), fake(t)
	ancient.Set(func(e *enginetest.Engine) { e.API = "1.24" })
	old.Set(func(e *enginetest.Engine) { e.API = "1.40" })
	cases := []struct {
		name, host, says string
		kind             problem.Kind
	}{
		{"one API too old", old.Host(), "1.40", problem.TooOld},
		{"far too old, for the client as well", ancient.Host(), ancient.Host(), problem.TooOld},
		{"nobody listens", "tcp://" + l.Addr().String(), l.Addr().String(), problem.Unreachable},
		{"no socket", "unix:///nosuch/docker.sock", "/nosuch/docker.sock", problem.Unreachable},
		{"nonsense", "nonsense", "nonsense", problem.Unreachable},
		{"an unknown protocol", "carrier-pigeon://roof", "roof", problem.Unreachable},
		{"no such name", "tcp://nosuch.invalid:1", "nosuch.invalid", problem.Unreachable},
		{"something else that speaks HTTP", "tcp://" + strings.TrimPrefix(other.URL, "http://"), "as expected", problem.Unreachable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := engine.OpenAt(t.Context(), c.host)
			if p := kind(t, err, c.kind); !strings.Contains(p.Error(), c.says) {
				t.Errorf("%q does not say %q", p.Error(), c.says)
			}
		})
	}
}

// An engine that does not answer must not keep anyone from leaving.
func TestOpenLetsGo(t *testing.T) {
	t.Parallel()
	f := fake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.SetFate(func(enginetest.Call) enginetest.Fate {
		cancel()
		return enginetest.Lose
	})
	if _, err := engine.OpenAt(ctx, f.Host()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestExplainConnection(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		err  error
		kind problem.Kind
	}{
		{"a permission that the client does say", fmt.Errorf("dial: %w", fs.ErrPermission), problem.Permission},
		{"a socket that is gone", fmt.Errorf("dial: %w", fs.ErrNotExist), problem.Unreachable},
		{"a broken line", &net.OpError{Op: "read", Err: errors.New("reset")}, problem.Unreachable},
		{"anything else", errors.New("what"), problem.Unreachable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kind(t, engine.ExplainConnection(c.err, "unix:///nosuch"), c.kind)
		})
	}
}

// The same engine that the docker command would use.
func TestFindHost(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("colima"))
	meta := "contexts/meta/" + hex.EncodeToString(sum[:]) + "/meta.json"
	files := map[string]string{
		"/home/u/.docker/config.json":      `{"currentContext": "colima"}`,
		"/home/u/.docker/" + meta:          `{"Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}`,
		"/elsewhere/config.json":           `{"currentContext": "default"}`,
		"/broken/config.json":              `{"currentContext": `,
		"/lost/config.json":                `{"currentContext": "gone"}`,
		"/run/user/1/docker.sock":          "",
		"/home/u/.docker/run/docker.sock":  "",
		"/home/w/.colima/default/docker.s": "",
	}
	cases := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"the environment wins", map[string]string{"DOCKER_HOST": "tcp://h:1", "HOME": "/home/u"}, "tcp://h:1"},
		{"the current context", map[string]string{"HOME": "/home/u"}, "unix:///colima.sock"},
		{"a context by name", map[string]string{"HOME": "/home/x", "DOCKER_CONFIG": "/home/u/.docker", "DOCKER_CONTEXT": "colima"}, "unix:///colima.sock"},
		{"the default context is none", map[string]string{"HOME": "/home/u", "DOCKER_CONFIG": "/elsewhere"}, "unix:///home/u/.docker/run/docker.sock"},
		{"a rootless engine", map[string]string{"HOME": "/home/v", "XDG_RUNTIME_DIR": "/run/user/1"}, "unix:///run/user/1/docker.sock"},
		{"nothing at all", map[string]string{"HOME": "/home/v"}, "unix:///var/run/docker.sock"},
		// SAD PATH
		{"a config that is cut short", map[string]string{"HOME": "/home/v", "DOCKER_CONFIG": "/broken"}, "unix:///var/run/docker.sock"},
		{"a context that is gone", map[string]string{"HOME": "/home/v", "DOCKER_CONFIG": "/lost"}, "unix:///var/run/docker.sock"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			read := func(path string) ([]byte, error) {
				if text, ok := files[path]; ok {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			}
			exists := func(path string) bool { _, ok := files[path]; return ok }
			if got := engine.FindHost(func(k string) string { return c.env[k] }, read, exists); got != c.want {
				t.Errorf("host %s, want %s", got, c.want)
			}
		})
	}
}

func TestOlderThan(t *testing.T) {
	t.Parallel()
	cases := []struct {
		a, b string
		want bool
	}{
		{"1.40", "1.41", true}, {"1.41", "1.41", false}, {"1.9", "1.41", true}, {"2.0", "1.41", false}, // by number, not by letter
		{"", "1.41", true}, {"x", "1.41", true}, // what says nothing is too old
	}
	for _, c := range cases {
		if got := engine.OlderThan(c.a, c.b); got != c.want {
			t.Errorf("OlderThan(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
