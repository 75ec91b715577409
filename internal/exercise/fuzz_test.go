// SPDX-License-Identifier: MIT

package exercise_test

import (
	"os"
	"strings"
	"testing"

	"systemlab/internal/exercise"
)

// Whatever a file holds is read, or refused in one line; what is read can be named.
func FuzzParse(f *testing.F) {
	for _, kind := range exercise.Kinds() {
		text, _ := exercise.Template(kind)
		f.Add([]byte(text))
	}
	f.Add([]byte("exercises: [{name: x, predict: {rate: .inf}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := exercise.Parse(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		for _, e := range all {
			if e.Hash() == "" {
				t.Errorf("%s has no hash", e.Name)
			}
		}
	})
}

// Whatever stands in a log, it is refused as it is, or goes on from its last whole line.
func FuzzLog(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("half"))
	f.Add([]byte("{\"act\":\"started\",\"before\":\"\"}\n{\"before\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		l := exercise.LogIn(t.TempDir())
		if err := l.Append(act(exercise.Started, "x", ada)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(l.Path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := l.Read()
		if err != nil {
			return
		}
		if err := l.Append(act(exercise.Hinted, "x", ada)); err != nil {
			t.Fatal(err)
		}
		if after, err := l.Read(); err != nil || len(after.Entries) != len(before.Entries)+1 || len(after.Torn) > 0 {
			t.Errorf("%d entries, then %d: %v", len(before.Entries), len(after.Entries), err)
		}
	})
}
