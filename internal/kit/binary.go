// SPDX-License-Identifier: MIT

package kit

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
)

// IsBinary tells whether a part of that name is a program: lab-OS-ARCH.
func IsBinary(name string) bool { return strings.HasPrefix(name, "lab-") && partName.MatchString(name) }

// Binary is the first program in the kit: that of the machine it was made on.
func (m Manifest) Binary() string {
	for _, p := range m.Parts {
		if IsBinary(p.Name) {
			return p.Name
		}
	}
	return ""
}

// Carries tells whether a program has all files of a tree inside, as Go embeds
// them: each as it is, in one piece.
func Carries(program string, tree fs.FS) (bool, error) {
	code, err := os.ReadFile(program)
	if err != nil {
		return false, err
	}
	all := true
	err = fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !all {
			return err
		}
		text, err := fs.ReadFile(tree, path)
		all = all && bytes.Contains(code, text)
		return err
	})
	return all, err
}
