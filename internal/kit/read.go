// SPDX-License-Identifier: MIT

package kit

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"systemlab/internal/problem"
)

// mostText bounds what is read into memory: the manifest of a thousand runs has 200 kB.
const mostText = 8 << 20

// mostWindow bounds the memory that unpacking takes, whatever a file asks for.
const mostWindow = 64 << 20

// Kit is a file that was read to its end and is whole.
type Kit struct {
	Manifest
	Bytes  int64
	SHA256 string // of the whole file
	file   *os.File
	begins map[string]int64 // part to where its data begins
}

// found is a part as it stands in the file.
type found struct {
	sum   string
	bytes int64
}

// Open reads a kit to its end, and refuses one that is not exactly as it was made.
func Open(ctx context.Context, path string) (*Kit, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem.Newf(problem.NotFound, "lab kit save "+path+" makes it", "there is no file %s", path)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Storage, "can't read "+path, "check that it may be read")
	}
	k := &Kit{file: f, begins: map[string]int64{}}
	if err := k.read(ctx, path); err != nil {
		_ = f.Close()
		return nil, err
	}
	return k, nil
}

// read goes through the file once, with every byte in the sum of the whole.
func (k *Kit) read(ctx context.Context, path string) error {
	whole := sha256.New()
	in := &counting{from: io.TeeReader(k.file, whole), ctx: ctx}
	t := tar.NewReader(in)
	parts := map[string]found{}
	var texts [2][]byte // the manifest and its seal
	for first := true; ; first = false {
		h, err := t.Next()
		if errors.Is(err, io.EOF) && !first {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || first && h.Name != readme {
			if first {
				return problem.Newf(problem.Usage, "lab kit save makes one", "%s is not a class kit", path)
			}
			return damaged(path, "is cut short or altered")
		}
		k.begins[h.Name] = in.at
		sum := sha256.New()
		to := io.Writer(sum)
		for i, name := range []string{manifest, seal} {
			if h.Name == name && h.Size < mostText {
				to = io.MultiWriter(sum, &appending{&texts[i]})
			}
		}
		if _, err := io.Copy(to, t); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return damaged(path, "is cut short")
		}
		parts[h.Name] = found{hex.EncodeToString(sum.Sum(nil)), h.Size}
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return problem.Wrap(err, problem.Storage, "can't read "+path, "check the disk it is on")
	}
	k.Bytes, k.SHA256 = in.at, hex.EncodeToString(whole.Sum(nil))
	return k.check(path, parts, texts)
}

// check compares what stands in the file with what the manifest says.
func (k *Kit) check(path string, parts map[string]found, texts [2][]byte) error {
	sealed, _, _ := strings.Cut(string(texts[1]), " ")
	if sealed == "" || sealed != parts[manifest].sum {
		return damaged(path, "is cut short or altered: its manifest is not what was sealed")
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(texts[0], &head); err != nil {
		return damaged(path, "has a manifest that can't be read")
	}
	if head.Format > Format {
		return problem.Newf(problem.Storage, "use the lab that is in it: tar xf "+path, "%s was made by a newer lab (format %d; this one reads up to %d)", path, head.Format, Format)
	}
	if err := json.Unmarshal(texts[0], &k.Manifest); err != nil {
		return damaged(path, "has a manifest that can't be read")
	}
	if len(k.Parts)+2 != len(parts) {
		return damaged(path, fmt.Sprintf("holds %d parts, not the %d of its manifest", len(parts)-2, len(k.Parts)))
	}
	for _, p := range k.Parts {
		if !partName.MatchString(p.Name) {
			return damaged(path, fmt.Sprintf("has a part of a name that no kit has (%.40q)", p.Name))
		}
		if parts[p.Name] != (found{p.SHA256, p.Bytes}) {
			return damaged(path, "was altered: "+p.Name+" is not what was put in")
		}
	}
	return nil
}

// Part reads one part.
func (k *Kit) Part(name string) (io.Reader, error) {
	for _, p := range k.Parts {
		if p.Name == name {
			return io.NewSectionReader(k.file, k.begins[name], p.Bytes), nil
		}
	}
	return nil, fmt.Errorf("the kit has no %s", name)
}

// Unpacked reads one that was compressed; done frees what that takes.
func (k *Kit) Unpacked(name string) (stream io.Reader, done func(), err error) {
	packed, err := k.Part(name)
	if err != nil {
		return nil, nil, err
	}
	z, err := zstd.NewReader(packed, zstd.WithDecoderMaxWindow(mostWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

// File is the kit itself, to be handed on as it is.
func (k *Kit) File() *io.SectionReader { return io.NewSectionReader(k.file, 0, k.Bytes) }

// Close the file.
func (k *Kit) Close() error { return k.file.Close() }

// counting knows how far a file was read, and stops when it is told to.
type counting struct {
	from io.Reader
	ctx  context.Context // of the one call that reads
	at   int64
}

func (c *counting) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(b)
	c.at += int64(n)
	return n, err
}

// appending collects what is written.
type appending struct{ to *[]byte }

func (a *appending) Write(b []byte) (int, error) {
	*a.to = append(*a.to, b...)
	return len(b), nil
}
