// SPDX-License-Identifier: MIT

// Package systemlab carries the tree of stages and services inside the binary,
// with what the Go services are built from, so that one file is the whole
// laboratory.
package systemlab

import "embed"

// Source is that tree, in the layout of the repository.
//
//go:embed go.mod go.sum stages services loadgen/*.go internal/record/*.go internal/problem/*.go
var Source embed.FS
