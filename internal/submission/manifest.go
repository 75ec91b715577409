// SPDX-License-Identifier: MIT

package submission

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// Format is the version of the file that this program writes; it reads older
// ones and refuses newer ones.
const Format = 1

// Suffix of a hand-in file. It is a plain tar: runs are compressed already, and
// whoever has no lab can look into it.
const Suffix = ".lab.tar"

// Names of the members that are always there, the manifest first.
const (
	manifestName = "manifest.json"
	logName      = "log.jsonl"
)

// Bounds of a file, so that a crafted one can't take the memory or the day. A
// check has at most some 40 runs (that of an attribution 62), of 130 kB decompressed in the
// mean and 10 kB in the file; 24 exercises checked four times each are within them. Pack keeps to them too.
const (
	mostBytes    = 256 << 20 // of the whole file
	mostMembers  = 5000
	mostManifest = 4 << 20
	mostLog      = 8 << 20
	mostRun      = 4 << 20   // of a run's file
	mostPlainRun = 16 << 20  // of a run, decompressed
	mostPlain    = 640 << 20 // of all its runs, decompressed: they are in memory together
)

// Manifest says what is in a submission. Nothing in it is believed: Stages, Images
// and Machine follow from the runs, and are there to be looked at.
type Manifest struct {
	Format  int                 `json:"format"`
	Tool    string              `json:"tool"` // version of the lab that packed it
	Created time.Time           `json:"created"`
	Learner exercise.Learner    `json:"learner"`
	Machine record.Machine      `json:"machine"` // of the newest run
	Stages  map[string][]string `json:"stages"`  // hashes of each stage's project, by folder
	Images  map[string][]string `json:"images"`  // ids of each service's image
	Members []Member            `json:"members"` // all but the manifest itself
}

// Member is one file of a submission.
type Member struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

var memberName = regexp.MustCompile(`^(log\.jsonl|runs/[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.json\.gz)$`)

func runName(id string) string { return "runs/" + id + ".json.gz" }

// FileName is what a learner's submission is called by default.
func FileName(who exercise.Learner) string {
	var b strings.Builder
	for _, r := range strings.ToLower(who.Name) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == "" {
		name = "learner"
	}
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "")
	}
	return name + Suffix
}

func broken(path, format string, args ...any) error {
	return problem.Newf(problem.Storage, "ask for the file again: lab submit makes it", "%s %s", path, fmt.Sprintf(format, args...))
}
