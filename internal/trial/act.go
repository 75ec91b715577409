// SPDX-License-Identifier: MIT

package trial

import (
	"context"
	"time"

	"systemlab/internal/record"
	"systemlab/loadgen"
)

// Act is something done to the stack at a moment of the run: a fault, its heal.
// The run notes its beginning as an event of that kind, and its end as another:
// "fault", "fault done".
type Act struct {
	AtSeconds float64
	Kind      string
	// Do does it, and says what it was done to. An error ends the run.
	Do func(context.Context) (service, container, detail string, err error)
}

// act does what is to be done, each thing at its moment or as soon as the one
// before it is over. An interrupt leaves the rest undone.
func (t *trial) act(ctx, watch context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(watch, cancel)()
	for _, a := range t.Acts {
		if !until(ctx, t.start.Add(time.Duration(a.AtSeconds*float64(time.Second)))) {
			return nil
		}
		at := time.Since(t.start).Seconds()
		service, container, detail, err := a.Do(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil // interrupted; the run says so itself
			}
			_ = t.send(loadgen.Control{Stop: true})
			return err
		}
		t.note(record.Event{AtSeconds: at, Kind: a.Kind, Service: service, Container: container, Detail: detail})
		t.note(record.Event{AtSeconds: time.Since(t.start).Seconds(), Kind: a.Kind + " done", Service: service, Container: container})
	}
	return nil
}
