// SPDX-License-Identifier: MIT

package kit

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a kit beside its path, under the same name with .partial behind
// it, and gives it its name when it is whole. What a killed one left there is
// overwritten by the next.
type Writer struct {
	path    string
	out     *os.File
	at      int64
	created time.Time
	parts   []Part
	failed  error // of the file, not of what is written to it
}

// block is the unit of a tar.
const block = 512

// Create begins a kit.
func Create(path string, now time.Time) (*Writer, error) {
	f, err := os.OpenFile(path+".partial", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return nil, unwritten(err, path, 0)
	}
	w := &Writer{path: path, out: f, created: now}
	if err := w.Add(readme, 0o644, strings.NewReader(howTo(path))); err != nil {
		w.Abandon()
		return nil, err
	}
	return w, nil
}

func howTo(path string) string {
	return greeting + `: the program, its images and runs. It needs a Docker engine, and no network.

The programs are lab-OS-ARCH. On Linux, for instance:

  tar xf ` + base(path) + ` lab-linux-amd64
  mv lab-linux-amd64 lab
  ./lab kit load ` + base(path) + `
  ./lab up 5
`
}

func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// Add puts a part into the kit, whatever its length turns out to be.
func (w *Writer) Add(name string, mode int64, from io.Reader) error {
	_, err := w.add(name, mode, func(to io.Writer) (int64, error) { return io.Copy(to, from) })
	return err
}

// AddPacked compresses it on its way.
func (w *Writer) AddPacked(name string, from io.Reader) error {
	var plain int64
	i, err := w.add(name, 0o644, func(to io.Writer) (int64, error) {
		z, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(2))
		if err != nil {
			return 0, err
		}
		if plain, err = io.Copy(z, from); err == nil {
			err = z.Close()
		}
		z.Reset(nil) // waits for the block that is still being written; Close doesn't, after a source that failed
		return plain, err
	})
	if err == nil {
		w.parts[i].Plain = plain
	}
	return err
}

// add leaves room for a header, streams the part, and writes the header when
// its length is known. It gives the part's place in the list.
func (w *Writer) add(name string, mode int64, stream func(io.Writer) (int64, error)) (int, error) {
	header := w.at
	if !w.writes(make([]byte, block)) {
		return 0, unwritten(w.failed, w.path, w.at)
	}
	begin := w.at
	sum := &summing{w: w, hash: sha256.New()}
	_, err := stream(sum)
	p := Part{Name: name, Bytes: w.at - begin, SHA256: hex.EncodeToString(sum.hash.Sum(nil))}
	if w.failed == nil && err == nil && w.writes(make([]byte, (block-p.Bytes%block)%block)) {
		var h []byte
		if h, err = w.header(name, mode, p.Bytes); err == nil {
			_, w.failed = w.out.WriteAt(h, header)
		}
	}
	if w.failed != nil {
		return 0, unwritten(w.failed, w.path, w.at)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	w.parts = append(w.parts, p)
	return len(w.parts) - 1, nil
}

// header is one block: GNU's form takes any length, and the names are short.
func (w *Writer) header(name string, mode, size int64) ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: name, Mode: mode, Size: size, ModTime: w.created, Format: tar.FormatGNU})
	if err == nil && b.Len() != block {
		err = fmt.Errorf("its header takes %d bytes", b.Len())
	}
	return b.Bytes(), err
}

func (w *Writer) writes(b []byte) bool {
	if w.failed == nil {
		var n int
		n, w.failed = w.out.Write(b)
		w.at += int64(n)
	}
	return w.failed == nil
}

// summing writes to the file and to a hash.
type summing struct {
	w    *Writer
	hash hash.Hash
}

func (s *summing) Write(b []byte) (int, error) {
	if !s.w.writes(b) {
		return 0, s.w.failed
	}
	return s.hash.Write(b)
}

// Finish writes the manifest and its seal, and gives the kit its name. Nothing
// of the kit has it before all of it is on the disk.
func (w *Writer) Finish(m Manifest) (Manifest, error) { return w.finish(Format, m) }

func (w *Writer) finish(format int, m Manifest) (Manifest, error) {
	m.Format, m.Created, m.Parts = format, w.created, w.parts
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := w.Add(manifest, 0o644, bytes.NewReader(text)); err != nil {
		return m, err
	}
	sum := w.parts[len(w.parts)-1].SHA256
	if err := w.Add(seal, 0o644, strings.NewReader(sum+"  "+manifest+"\n")); err != nil {
		return m, err
	}
	w.writes(make([]byte, 2*block))
	if w.failed == nil {
		w.failed = w.out.Sync()
	}
	if err := errors.Join(w.failed, w.out.Close()); err != nil {
		return m, unwritten(err, w.path, w.at)
	}
	if err := os.Rename(w.out.Name(), w.path); err != nil {
		return m, unwritten(err, w.path, w.at)
	}
	return m, nil
}

// Abandon removes what was written. After Finish it does nothing.
func (w *Writer) Abandon() {
	_ = w.out.Close()
	_ = os.Remove(w.out.Name())
}
