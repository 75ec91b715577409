// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/loadgen"
)

// talk plays a whole conversation and returns what the generator said.
func talk(t *testing.T, in io.Reader) ([]loadgen.Message, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), in, &out)
	var said []loadgen.Message
	for line := range strings.Lines(out.String()) {
		var m loadgen.Message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		said = append(said, m)
	}
	return said, err
}

// The end of stdin is a stop, and what was measured until then is still said.
func TestEndOfInputStops(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	in, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, `{"target":"`+s.URL+`","workload":"ping","pace":"10","duration_seconds":60}`+"\n")
		time.Sleep(200 * time.Millisecond)
		_, _ = io.WriteString(w, "no control\n"+`{"rate":300}`+"\n")
		time.Sleep(300 * time.Millisecond)
		w.Close()
	}()
	said, err := talk(t, in)
	if err != nil || len(said) < 2 {
		t.Fatalf("%v, %+v", err, said)
	}
	last := said[len(said)-1].Result
	if said[0].Hello == nil || last == nil || !last.StoppedEarly {
		t.Fatalf("first %+v, last %+v", said[0], said[len(said)-1])
	}
	if q := last.Summary.Requests; q.Sent < 60 || q.Sent != q.Asked {
		t.Errorf("%+v, want about 90", q)
	}
}

func TestErrorIsTheLastMessage(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "read the order",
		"no order\n":             "read the order",
		`{"target":"http://x"}`:  "duration 0s is out of range",
		`{"target":1}` + "\n":    "read the order",
		`{"duration_seconds":1}`: "no target",
	} {
		said, err := talk(t, strings.NewReader(in))
		if err == nil || len(said) != 1 || !strings.Contains(said[0].Error, want) {
			t.Errorf("%q: %v, %+v; want %q", in, err, said, want)
		}
	}
}

// A lab that dies before it has sent its order leaves no generator that waits forever.
func TestNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, w := io.Pipe()
		defer w.Close()
		began := time.Now()
		said, err := talk(t, in)
		if err == nil || len(said) != 1 || !strings.Contains(said[0].Error, "none came within 10s") {
			t.Errorf("%v, %+v", err, said)
		}
		if waited := time.Since(began); waited != orderWait {
			t.Errorf("gave up after %s", waited)
		}
	})
}
