// SPDX-License-Identifier: MIT

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// The pictures in the tree are what the program shows now.
func TestPicturesAreFresh(t *testing.T) {
	t.Parallel()
	for _, s := range shots {
		want, err := s.draw()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(s.file)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what is drawn now (%v): go run ./docs/screens makes it anew", s.file, err)
		}
		d := xml.NewDecoder(strings.NewReader(want))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s is no XML: %v", s.file, err)
		}
	}
}
