// SPDX-License-Identifier: MIT

// Package kit is the class kit: one file that holds the binary, all images and
// saved runs, for a room with bad Wi-Fi. The file is a plain tar, so that who has
// no lab yet can take it out; its manifest has the hash of each part, and a file
// that was cut short or altered is refused before anything of it is used. It
// knows no engine: images are a stream to it.
package kit

import (
	"errors"
	"fmt"
	"regexp"
	"syscall"
	"time"

	"systemlab/internal/problem"
)

// Format is the version of the file that this program writes; it reads older
// ones and refuses newer ones.
const Format = 1

// Names of the parts that are always there.
const (
	Images   = "images.tar.zst" // as the engine saves them, compressed
	readme   = "README.txt"     // the first, by which a kit is known
	manifest = "manifest.json"  // behind all that it lists
	seal     = "manifest.sha256"
)

// greeting begins the README, and so every kit.
const greeting = "A class kit of lab"

// Manifest says what a kit holds.
type Manifest struct {
	Format  int       `json:"format"`
	Tool    string    `json:"tool"` // version of the lab that made it
	Created time.Time `json:"created"`
	Arch    string    `json:"arch"`   // of the images, as Go calls it
	Images  []Image   `json:"images"` // all in one part, each layer once
	Parts   []Part    `json:"parts"`
}

// Image is one image of the kit.
type Image struct {
	Ref string `json:"ref"`
	ID  string `json:"id"`
}

// Part is one file of the kit.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Plain  int64  `json:"plain_bytes,omitempty"` // before it was compressed here
}

// partName is what a part may be called: nothing that leads elsewhere.
var partName = regexp.MustCompile(`^(README\.txt|images\.tar\.zst|lab-[a-z0-9]+-[a-z0-9]+(\.exe)?|runs/[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.json\.gz)$`)

// damaged refuses a file.
func damaged(path, what string) error {
	return problem.Newf(problem.Storage, "copy it again from where it came; lab kit serve shows its checksum", "%s %s", path, what)
}

// unwritten explains why a kit could not be written; a full disk is the usual reason.
func unwritten(err error, path string, written int64) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EFBIG, syscall.Errno(122)} { // the last is a quota's, on Linux
		if errors.Is(err, full) {
			return problem.New(problem.Storage, fmt.Sprintf("there is no room for %s: the disk was full after %d MB; nothing of it is left", path, written>>20),
				"free some space, or name a file on another disk")
		}
	}
	return problem.Wrap(err, problem.Storage, "can't write "+path, "name a file in a folder that may be written")
}
