// SPDX-License-Identifier: MIT

package drill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Strict reads YAML into a struct whose fields are all that it may hold. What is
// wrong comes as a line each; the fields that could be read are set all the same.
func Strict(text []byte, into any) []error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(into)
	if err == nil || errors.Is(err, io.EOF) { // an empty file holds nothing
		return nil
	}
	var fields *yaml.LoadErrors
	if !errors.As(err, &fields) {
		return []error{oneLine(err)}
	}
	var all []error
	for _, f := range fields.Errors {
		all = append(all, oneLine(fmt.Errorf("line %d: %w", f.Line, f.Err)))
	}
	return all
}

func oneLine(err error) error { return errors.New(strings.Join(strings.Fields(err.Error()), " ")) }
