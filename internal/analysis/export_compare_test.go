// SPDX-License-Identifier: MIT

package analysis

// CompareDrawing is Compare with so many draws of the bootstrap, for tests of
// many comparisons.
func CompareDrawing(rounds []Pair, draws int) Comparison { return compare(rounds, draws) }
