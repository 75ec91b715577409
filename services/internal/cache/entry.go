// SPDX-License-Identifier: MIT

package cache

import (
	"bytes"
	"strconv"
)

// A stored value is "VERSION BODY". A hit is cut out of what was read, without a copy. A body of "-" says that there is no such
// row; an empty one is a tombstone, which counts as not held but whose version keeps older values out.

const absent = "-"

func encode(e Entry) []byte {
	b := make([]byte, 0, len(e.Body)+12)
	b = strconv.AppendInt(b, int64(e.Version), 10)
	b = append(b, ' ')
	if e.Body == nil {
		return append(b, absent...)
	}
	return append(b, e.Body...)
}

func tombstone(version int) []byte {
	return append(strconv.AppendInt(nil, int64(version), 10), ' ')
}

// decode reports false for what is not held, a tombstone, or not ours.
func decode(held []byte) (Entry, bool) {
	i := bytes.IndexByte(held, ' ')
	if i < 1 || i == len(held)-1 {
		return Entry{}, false
	}
	version, err := strconv.Atoi(string(held[:i]))
	if err != nil {
		return Entry{}, false
	}
	body := held[i+1:]
	if len(body) == 1 && body[0] == absent[0] {
		return Entry{Version: version}, true
	}
	return Entry{Version: version, Body: body}, true
}
