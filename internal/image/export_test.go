// SPDX-License-Identifier: MIT

package image

import "io"

// What the external tests need of the inside.
var (
	GoArch     = goArch
	OwnImports = ownImports
)

// Hash of what a service's image is made of.
func (s Source) Hash(service string) (string, error) {
	files, err := s.inputs(service)
	return hashFiles(files), err
}

// Packages are the folders that a Go service is built from.
func (s Source) Packages(service string) (map[string]bool, error) {
	files, err := s.inputs(service)
	out := map[string]bool{}
	for _, f := range files {
		out[f.name] = true
	}
	return out, err
}

// TarOf packs one file.
func TarOf(name, data string) (io.Reader, error) { return tarOf([]file{{name, []byte(data)}}) }
