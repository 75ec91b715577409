// SPDX-License-Identifier: MIT

package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Root is the whole tree of commands.
func Root() *cobra.Command { return (&app{}).root() }

// AsksJSON finds -o json in what was typed.
var AsksJSON = asksJSON

// Parse checks the words of a command without running it.
func Parse(args []string) error {
	a := &app{Streams: Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}}
	c, rest, err := a.root().Find(args)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if len(rest) == 0 || c.Flags().Changed("help") {
		return nil // a mention of the command
	}
	return c.ValidateArgs(c.Flags().Args())
}
