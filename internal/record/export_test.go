// SPDX-License-Identifier: MIT

package record

import "io"

// ReadBounded is Read with other bounds.
func ReadBounded(r io.Reader, bytes int64, commas int) (*Run, error) {
	text, err := unpack(r, bytes, commas)
	if err != nil {
		return nil, err
	}
	return decode(text)
}
