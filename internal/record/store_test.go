// SPDX-License-Identifier: MIT

package record_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"systemlab/internal/problem"
	"systemlab/internal/record"
)

func sample(id string) *record.Run {
	return &record.Run{
		Format: record.Format, ID: id, Started: time.Date(2026, 11, 21, 10, 15, 30, 0, time.UTC),
		Tool: "test", Project: "lab", Stage: record.Stage{Number: 5, Name: "05-cache", Title: "Cache", Hash: "abc"},
		Workload: record.Workload{Name: "mixed", Mix: map[string]float64{"user": 1}}, Pace: "const:200",
		Seed: 7, DurationSeconds: 20, Windows: []record.Window{{Seconds: 1, Sent: 200, OK: 200}},
		Samples: []record.Sample{{Container: "lab-api-1", Cores: 0.25}},
		Summary: record.Summary{
			Rate:    record.Rate{Asked: 200, Sent: 200, Served: 199.5},
			Latency: record.Percentiles{P50: 0.001, P99: 0.012},
		},
		Verdict: record.Verdict{State: record.Valid},
	}
}

func save(t *testing.T, s record.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := s.Save(sample(id)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantProblem checks the kind, and that message and hint say what they should.
func wantProblem(t *testing.T, err error, kind problem.Kind, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", kind)
	}
	p := problem.Of(err)
	if p.Kind != kind {
		t.Errorf("kind %s, want %s: %v", p.Kind, kind, err)
	}
	for _, word := range append(says, "") {
		if !strings.Contains(p.Error()+"\n"+p.Hint, word) {
			t.Errorf("%q / %q doesn't say %q", p.Error(), p.Hint, word)
		}
	}
	if p.Hint == "" {
		t.Errorf("no hint: %v", err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	s := record.Store{Dir: filepath.Join(t.TempDir(), "made", "when needed")}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("no folder yet: %v, %v", list, err)
	}
	save(t, s, "20261121-101530-s5-a1b2", "20261121-101531-s5-ffff", "20261122-101530-s4-0000")
	for _, name := range []string{"20261121-101530-s5-a1b2", "20261121-101530", filepath.Join(s.Dir, "20261121-101530-s5-a1b2.json.gz")} {
		got, err := s.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sample("20261121-101530-s5-a1b2"), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got, err := s.Load("last"); err != nil || got.ID != "20261122-101530-s4-0000" {
		t.Errorf("last: %v, %v", got, err)
	}
	list, err := s.List()
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	h := list[2]
	want := record.Header{
		ID: "20261121-101530-s5-a1b2", Started: sample("").Started, Stage: 5, StageName: "05-cache", Project: "lab",
		Workload: "mixed", Pace: "const:200", DurationSeconds: 20, ServedRate: 199.5, P50Seconds: 0.001, P99Seconds: 0.012,
		Verdict: record.Valid, Path: filepath.Join(s.Dir, "20261121-101530-s5-a1b2.json.gz"), Bytes: h.Bytes,
	}
	if diff := cmp.Diff(want, h); diff != "" || h.Bytes == 0 {
		t.Error(diff)
	}
	if id, err := s.Remove("20261121-101531"); err != nil || id != "20261121-101531-s5-ffff" {
		t.Errorf("remove: %q, %v", id, err)
	}
	if list, _ := s.List(); len(list) != 2 {
		t.Errorf("%d runs after removing one of 3", len(list))
	}
}

func TestUncompressedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(path, []byte(goodJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	if run, err := (record.Store{}).Load(path); err != nil || run.ID != "x" {
		t.Errorf("%v, %v", run, err)
	}
}

const goodJSON = `{"format":1,"id":"x","started":"2026-11-21T10:00:00Z","stage":{"name":"01-base"},"duration_seconds":1,"windows":[{}],"verdict":{"state":"valid"},"a_field_of_tomorrow":1}`

func TestNotFound(t *testing.T) {
	s := record.Store{Dir: t.TempDir()}
	_, err := s.Load("last")
	wantProblem(t, err, problem.NotFound, "no run", "lab load")
	save(t, s, "20261121-101530-s5-a1b2", "20261121-101530-s5-a1b3")
	if err := os.WriteFile(filepath.Join(s.Dir, "..", "secret.json.gz"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2027", "..", ".", "", "%2e", "20261121-101530-s5-a1b2x", "*", "a b"} {
		_, err := s.Load(name)
		wantProblem(t, err, problem.NotFound, "lab runs")
	}
	_, err = s.Load("./gone.json.gz")
	wantProblem(t, err, problem.NotFound, "gone.json.gz", "lab runs")
	_, err = s.Load("20261121")
	wantProblem(t, err, problem.Usage, "2 runs", "a1b2", "a1b3")
	// Removing takes ids alone, never a path.
	for _, name := range []string{"../secret", "../secret.json.gz", filepath.Join(s.Dir, "20261121-101530-s5-a1b2.json.gz")} {
		_, err = s.Remove(name)
		wantProblem(t, err, problem.NotFound)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "..", "secret.json.gz")); err != nil {
		t.Error(err)
	}
}

func packed(t testing.TB, text string) []byte {
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	if _, err := gz.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	gz.Close()
	return b.Bytes()
}

func TestDamagedFiles(t *testing.T) {
	good := packed(t, goodJSON)
	flipped := slices.Clone(good)
	flipped[len(flipped)-6] ^= 0xff // the checksum
	missing := func(field, by string) []byte { return packed(t, strings.Replace(goodJSON, field, by, 1)) }
	for name, test := range map[string]struct {
		data []byte
		says string
	}{
		"empty":        {nil, "it is empty"},
		"cut off":      {good[:len(good)/2], "ends in the middle"},
		"no trailer":   {good[:len(good)-8], "ends in the middle"},
		"bit flipped":  {flipped, "damaged"},
		"head only":    {good[:4], "damaged"},
		"not JSON":     {[]byte("hello"), "not JSON of a run"},
		"half of JSON": {packed(t, goodJSON[:60]), "not JSON of a run"},
		"two of them":  {packed(t, goodJSON+goodJSON), "not JSON of a run"},
		"another JSON": {packed(t, `{"a":1}`), "no format version"},
		"wrong type":   {missing(`"windows":[{}]`, `"windows":7`), "not JSON of a run"},
		"newer":        {missing(`"format":1`, `"format":7,"summary":[]`), "made by a newer lab (format 7; this one reads up to 1)"},
		"no id":        {missing(`"id":"x"`, `"id":""`), "no proper id"},
		"an evil id":   {missing(`"id":"x"`, `"id":"../../x"`), "no proper id"},
		"no start":     {missing(`"started":"2026-11-21T10:00:00Z",`, ``), "when it started"},
		"no stage":     {missing(`"01-base"`, `""`), "names no stage"},
		"no duration":  {missing(`"duration_seconds":1`, `"duration_seconds":0`), "no duration"},
		"no windows":   {missing(`[{}]`, `[]`), "no windows"},
		"no verdict":   {missing(`"valid"`, `"splendid"`), "no verdict"},
	} {
		t.Run(name, func(t *testing.T) {
			s := record.Store{Dir: t.TempDir()}
			path := filepath.Join(s.Dir, "20261121-101530-s5-a1b2.json.gz")
			if err := os.WriteFile(path, test.data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Load("last")
			wantProblem(t, err, problem.Storage, path, test.says)
			list, err := s.List() // one damaged file doesn't hide the others
			if err != nil || len(list) != 1 || list[0].Problem == "" || list[0].ID == "" {
				t.Errorf("%+v, %v", list, err)
			}
		})
	}
}

func TestSaveFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := record.Store{Dir: filepath.Join(file, "runs")}.Save(sample("a"))
	wantProblem(t, err, problem.Storage, file, "lab runs rm")
	_, err = record.Store{Dir: t.TempDir()}.Save(sample("../a"))
	if problem.Of(err).Kind != problem.Internal {
		t.Error(err)
	}
	// The name is taken by something that a file can't replace: nothing half-written stays.
	s := record.Store{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(s.Dir, "a.json.gz", "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = s.Save(sample("a"))
	wantProblem(t, err, problem.Storage, s.Dir, "lab runs rm")
	entries, _ := os.ReadDir(s.Dir)
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// Files that are small and would fill the memory. (The real bounds, 128 MB and
// 8 million values, were checked once with files of 17 times 8 MB; here smaller
// ones stand in, for the time that it takes.)
func TestBombs(t *testing.T) {
	for name, text := range map[string]string{"bytes": strings.Repeat(" ", 2<<20), "items": strings.Repeat("{},", 2<<10)} {
		_, err := record.ReadBounded(bytes.NewReader(packed(t, text)), 1<<20, 1<<10)
		if err == nil || !strings.Contains(err.Error(), "far larger") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := record.ReadBounded(bytes.NewReader(packed(t, goodJSON)), int64(len(goodJSON)), strings.Count(goodJSON, ",")); err != nil {
		t.Errorf("just within the bounds: %v", err)
	}
}

func TestNewID(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 15, 30, 0, time.FixedZone("", 2*3600))
	first, later := record.NewID(5, now), record.NewID(12, now.Add(time.Second))
	if !strings.HasPrefix(first, "20261121-101530-s5-") || len(first) != len("20261121-101530-s5-a1b2c3") {
		t.Error(first)
	}
	if first >= later {
		t.Errorf("%s doesn't sort before %s", first, later)
	}
	seen := map[string]bool{}
	for range 20 {
		seen[record.NewID(5, now)] = true
	}
	if len(seen) < 19 {
		t.Errorf("%d ids of 20", len(seen))
	}
}

// Whatever is in a file, reading it ends in a run or a problem, never a panic.
func TestReadAnything(t *testing.T) {
	good := packed(t, goodJSON)
	rapid.Check(t, func(t *rapid.T) {
		data := slices.Clone(good)
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		data = data[:rapid.IntRange(0, len(data)).Draw(t, "length")]
		if run, err := record.Read(bytes.NewReader(data)); err == nil && run.ID == "" {
			t.Error("a run without an id")
		} else if newer := (*record.NewerError)(nil); errors.As(err, &newer) && newer.Format <= record.Format {
			t.Error(err)
		}
	})
}
