// SPDX-License-Identifier: MIT

// Package e2e holds the scenarios: the built lab against a real engine. Each
// has one intent, phrased as an obligation, looks at the state of the engine
// rather than at words on a screen, waits on state and never on time, leaves
// logs when it fails, and cleans up after itself whatever happens. They need
// the build tag e2e and an engine: without one they fail.
package e2e
