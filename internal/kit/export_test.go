// SPDX-License-Identifier: MIT

package kit

// FinishAs ends a kit of another format.
func (w *Writer) FinishAs(format int, m Manifest) (Manifest, error) { return w.finish(format, m) }
