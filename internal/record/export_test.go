// SPDX-License-Identifier: MIT

package record

import "io"

// ReadBounded is Read with other bounds.
func ReadBounded(r io.Reader, bytes int64, commas int) (*Run, error) { return read(r, bytes, commas) }
