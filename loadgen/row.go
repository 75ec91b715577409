// SPDX-License-Identifier: MIT

package loadgen

import "bytes"

// headBytes is how much of an answer is looked at: a user comes first in it.
const headBytes = 1024

// row is what the ledger needs of an answer's body.
type row struct {
	id, version int64
	found       bool
}

// scanRow finds the first "id" and the first "version" in the beginning of an
// answer: {"id":7,"name":"…","version":3} or {"user":{"id":7,…,"version":3},…}.
// It is no JSON parser, which would cost more than the rest of a request. It can't
// be misled by a string's content: a quote inside one is escaped, so `"id":` with
// bare quotes is a key. whole says that nothing was cut off behind head.
func scanRow(head []byte, whole bool) row {
	id, okID := scanNumber(head, `"id"`, whole)
	version, okVersion := scanNumber(head, `"version"`, whole)
	return row{id: id, version: version, found: okID && okVersion}
}

// scanNumber reads the integer behind a key's first appearance.
func scanNumber(head []byte, key string, whole bool) (value int64, ok bool) {
	i := bytes.Index(head, []byte(key))
	if i < 0 {
		return 0, false
	}
	rest := bytes.TrimLeft(head[i+len(key):], " \t\r\n")
	if len(rest) == 0 || rest[0] != ':' {
		return 0, false
	}
	rest = bytes.TrimLeft(rest[1:], " \t\r\n")
	negative := len(rest) > 0 && rest[0] == '-'
	if negative {
		rest = rest[1:]
	}
	digits := 0
	for digits < len(rest) && digits < 18 && '0' <= rest[digits] && rest[digits] <= '9' {
		value = value*10 + int64(rest[digits]-'0')
		digits++
	}
	if digits == 0 || (digits == len(rest) && !whole) {
		return 0, false // no number, or one that may go on behind the cut
	}
	if digits < len(rest) && !bytes.ContainsRune([]byte(",}] \t\r\n"), rune(rest[digits])) {
		return 0, false // 3.5, 3e9, 19 digits
	}
	if negative {
		value = -value
	}
	return value, true
}
