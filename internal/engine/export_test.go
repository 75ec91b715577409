// SPDX-License-Identifier: MIT

package engine

// What the external tests need of the inside.
var (
	FindHost          = findHost
	OpenAt            = open
	OlderThan         = olderThan
	ExplainConnection = explainConnection
)
