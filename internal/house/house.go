// SPDX-License-Identifier: MIT

// Package house holds the plan of the rooms as a test: which package may import
// which. It has no code of its own. The plan in words is docs/design/house.md.
package house
