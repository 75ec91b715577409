// SPDX-License-Identifier: MIT

package meter

import (
	"bytes"
	"errors"
	"os"
)

// errEmpty is what a file gives whose container is on its way out.
var errEmpty = errors.New("empty file")

// pageSlack: a kernel file of many records comes in pieces of at most one page,
// each ending with a whole line. A piece shorter than a page by more than the
// longest line is the last.
const pageSlack = 4096 - 256

// reread reads an open file from its start into buf, which grows as needed, and
// returns the text. It is valid until the next call with the same buffer.
func reread(f *os.File, buf *[]byte) ([]byte, error) {
	n := 0
	for {
		if len(*buf)-n < 4096 {
			*buf = append(*buf, make([]byte, 8192)...)
		}
		got, err := pread(f, (*buf)[n:], int64(n))
		if err != nil {
			return nil, err
		}
		n += got
		if got < pageSlack {
			break
		}
	}
	if n == 0 {
		return nil, errEmpty
	}
	return (*buf)[:n], nil
}

// number reads the decimal number at the start of b, after blanks.
func number(b []byte) (v uint64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		v = v*10 + uint64(b[i]-'0')
		i++
	}
	return v, b[i:], i > start
}

// field finds "name value" at the start of a line, the form of cpu.stat and
// memory.stat.
func field(text []byte, name string) (uint64, bool) {
	for len(text) > 0 {
		if len(text) > len(name) && text[len(name)] == ' ' && string(text[:len(name)]) == name {
			v, _, ok := number(text[len(name):])
			return v, ok
		}
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		text = text[end+1:]
	}
	return 0, false
}

// network sums received and sent bytes over all interfaces but lo, from the
// form of /proc/net/dev: two lines of headings, then "name: rx 7 others tx …".
func network(text []byte) (rx, tx int64, ok bool) {
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue // a heading
		}
		ok = true
		if string(bytes.TrimSpace(line[:colon])) == "lo" {
			continue
		}
		rest := line[colon+1:]
		for column := range 9 {
			v, after, fine := number(rest)
			if !fine {
				return 0, 0, false
			}
			switch column {
			case 0:
				rx += int64(v)
			case 8:
				tx += int64(v)
			}
			rest = after
		}
	}
	return rx, tx, ok
}
