// SPDX-License-Identifier: MIT

package exercise

import (
	"errors"
	"strconv"
	"strings"
)

// DefaultSure is how sure someone is who does not say.
const DefaultSure = 0.8

// Bounds of a ratio that can be given: none that is measured comes near them.
const (
	leastRatio = 1e-6
	mostRatio  = 1e6
)

func number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && v >= leastRatio && v <= mostRatio
}

// ParseSure reads 80% or 0.8 as a share from 1% to 99%.
func ParseSure(text string) (float64, error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(digits, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0.01 && v <= 0.99) {
		return 0, errors.New("how sure one can be is from 1% to 99%, such as 80%")
	}
	return v, nil
}
