// SPDX-License-Identifier: MIT

package loadgen

// FailureOf opens the classes of failures to their tests.
func FailureOf(err error) string { return failureOf(err) }

// ScanRow opens the scanner of answers to its tests.
func ScanRow(body string, whole bool) (id, version int64, found bool) {
	r := scanRow([]byte(body), whole)
	return r.id, r.version, r.found
}
