// SPDX-License-Identifier: MIT

// Package fib is the lab's unit of computing: slow on purpose, exact, and the same wherever it runs.
package fib

const (
	// Max is the largest n that is served: about half a second of CPU.
	Max = 40
	// Modulus keeps results small; the answer is the Fibonacci number modulo this.
	Modulus = 10037
)

// Mod is the n-th Fibonacci number modulo Modulus, computed the naive way: the number of calls grows by 1.618 with each n,
// which is the point. n must not be negative.
func Mod(n int) int {
	if n < 2 {
		return n
	}
	return (Mod(n-1) + Mod(n-2)) % Modulus
}
