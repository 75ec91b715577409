// SPDX-License-Identifier: MIT

package exercise

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Logged is what a log holds.
type Logged struct {
	Entries []Entry
	Lines   [][]byte // of the entries, without their ends
	// Torn is what stands behind the last whole line: the beginning of one that a crash
	// kept from being written. It was never told to anyone as done.
	Torn []byte
}

// ReadLog reads a log's text and verifies its chain.
func ReadLog(text []byte) (Logged, error) {
	var l Logged
	for {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		if !whole {
			l.Torn = line
			break
		}
		l.Lines, text = append(l.Lines, line), rest
	}
	if err := Verify(l.Lines); err != nil {
		return Logged{}, err
	}
	for i, line := range l.Lines {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return Logged{}, fmt.Errorf("line %d is no entry: %w", i+1, err)
		}
		l.Entries = append(l.Entries, e)
	}
	return l, nil
}

// Verify tells whether each line of a log holds the hash of the line before. A
// line that was altered, left out, put in or moved breaks the chain behind it; the
// last line alone has none behind it.
func Verify(lines [][]byte) error {
	before := ""
	for i, line := range lines {
		var e struct {
			Before *string `json:"before"`
		}
		if err := json.Unmarshal(line, &e); err != nil || e.Before == nil {
			return fmt.Errorf("line %d is no entry of a log", i+1)
		}
		if *e.Before != before {
			return fmt.Errorf("line %d does not follow from the line before it: the log was altered", i+1)
		}
		before = HashOf(line)
	}
	return nil
}

// HashOf a line of the log, without its end: SHA-256 in hexadecimal.
func HashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// Learner is who was named last; ok is false where nobody was.
func (l Logged) Learner() (who Learner, ok bool) {
	for _, e := range slices.Backward(l.Entries) {
		if e.Learner.Name != "" {
			return e.Learner, true
		}
	}
	return Learner{}, false
}
