// SPDX-License-Identifier: MIT

package report

import (
	"encoding/json"
	"io"
	"reflect"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// Result is a run as `lab load -o json` and `lab runs show -o json` print it.
// The fields up to Verdict are the stable ones; a change to one of them breaks
// others' programs.
type Result struct {
	ID              string                 `json:"id"`
	Stage           int                    `json:"stage"`
	Workload        string                 `json:"workload"`
	Seed            int64                  `json:"seed"`
	DurationSeconds float64                `json:"duration_seconds"`
	Rate            record.Rate            `json:"rate"`
	Requests        record.Requests        `json:"requests"`
	Latency         record.Percentiles     `json:"latency_seconds"`
	StatusCodes     map[string]int         `json:"status_codes"`
	Errors          map[string]int         `json:"errors"`
	Reads           record.Reads           `json:"reads"`
	Endpoints       []record.Endpoint      `json:"endpoints"`
	Tiers           map[string]record.Tier `json:"tiers"`
	Cache           record.Cache           `json:"cache"`
	Containers      []record.Container     `json:"containers"`
	Generator       record.Generator       `json:"generator"`
	Verdict         record.Verdict         `json:"verdict"`

	Gaps        []record.Gap               `json:"gaps"`                  // stretches without one good answer
	Queue       *record.QueueSummary       `json:"queue,omitempty"`       // where the stage has one
	Replication *record.ReplicationSummary `json:"replication,omitempty"` // likewise

	StageName     string         `json:"stage_name"`
	Pace          string         `json:"pace"`
	WarmupSeconds float64        `json:"warmup_seconds"`
	Project       string         `json:"project"`
	Started       time.Time      `json:"started"`
	Tool          string         `json:"tool"`
	Meter         string         `json:"meter"`
	Host          record.Host    `json:"host"`
	Machine       record.Machine `json:"machine"`
	Servers       map[string]int `json:"servers"`
	Connections   int            `json:"connections"`
	Events        []record.Event `json:"events"`
	// Replaced maps a service to the program of the user\'s own that ran in its place.
	Replaced map[string]string `json:"replaced,omitempty"`
	// Untrusted lists the percentiles of latency_seconds that rest on too few answers.
	Untrusted []string `json:"untrusted_percentiles"`
}

// RunJSON gives the fields of a run that others rely on, ready to be encoded:
// no field is null, and none is a number that JSON can't hold.
func RunJSON(run *record.Run) Result {
	s := run.Summary
	r := Result{
		ID: run.ID, Stage: run.Stage.Number, Workload: run.Workload.Name, Seed: run.Seed,
		DurationSeconds: run.DurationSeconds, Rate: s.Rate, Requests: s.Requests, Latency: s.Latency,
		StatusCodes: s.StatusCodes, Errors: s.Errors, Reads: s.Reads, Endpoints: s.Endpoints, Tiers: s.Tiers,
		Cache: s.Cache, Containers: run.Containers, Generator: s.Generator, Verdict: run.Verdict,
		StageName: run.Stage.Name, Pace: run.Pace, WarmupSeconds: run.WarmupSeconds, Project: run.Project,
		Started: run.Started, Tool: run.Tool, Meter: run.Meter, Host: run.Host, Machine: run.Machine,
		Gaps: s.Gaps, Queue: s.Queue, Replication: s.Replication,
		Servers: s.Servers, Connections: s.Connections, Events: run.Events,
	}
	for _, s := range run.Architecture.Services {
		if s.Replaced != "" {
			if r.Replaced == nil {
				r.Replaced = map[string]string{}
			}
			r.Replaced[s.Name] = s.Replaced
		}
	}
	for _, q := range []struct {
		name     string
		quantile float64
	}{{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}} {
		if !analysis.Trusted(q.quantile, analysis.Answered(s)) {
			r.Untrusted = append(r.Untrusted, q.name)
		}
	}
	return clean(r)
}

// WriteJSON prints any value as JSON for a program: indented, with [] and {}
// where Go has nil, and 0 for what is not a number.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(clean(v))
}

// clean copies a value of plain data, see WriteJSON. The original stays as it is.
func clean[T any](v T) T {
	out := reflect.ValueOf(&v).Elem()
	out.Set(cleaned(out))
	return v
}

func cleaned(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Float64, reflect.Float32:
		if !finite(v.Float()) {
			return reflect.Zero(v.Type())
		}
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		if v.Kind() == reflect.Interface {
			out.Set(cleaned(v.Elem()))
		} else {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(cleaned(v.Elem()))
		}
		return out
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(v) // with what is not exported
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(cleaned(v.Field(i)))
			}
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v // bytes and raw JSON
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(cleaned(v.Index(i)))
		}
		return out
	case reflect.Map:
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for _, k := range v.MapKeys() {
			out.SetMapIndex(k, cleaned(v.MapIndex(k)))
		}
		return out
	}
	return v
}
