// SPDX-License-Identifier: MIT

package house_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "systemlab"

// rooms says which rooms of ours each room may import. A room stands for the
// folders below it too, unless they are named themselves.
var rooms = map[string][]string{
	".":                          {},
	"stages":                     {"internal/compose", "internal/problem"},
	"services/load":              {"loadgen", "internal/record"},
	"services":                   {"services/internal"},
	"services/internal":          {"services/internal"},
	"loadgen":                    {"internal/record"},
	"internal/problem":           {},
	"internal/house":             {},
	"internal/compose":           {"internal/problem"},
	"internal/engine":            {"internal/compose", "internal/problem"},
	"internal/engine/enginetest": {},
	"internal/image":             {"internal/compose", "internal/engine", "internal/problem"},
	"internal/contract":          {},
	"internal/kit":               {"internal/problem"},
	"internal/lesson":            {},
	"internal/meter":             {"internal/engine", "internal/record"},
	"internal/fault":             {"internal/engine", "internal/problem"},
	"internal/trial":             {"internal/engine", "internal/meter", "loadgen", "internal/record", "internal/problem"},
	"internal/rounds":            {"internal/record"},
	"internal/record":            {"internal/problem"},
	"internal/analysis":          {"internal/record"},
	"internal/drill":             {"internal/analysis", "internal/problem", "loadgen"},
	"internal/exercise":          {"internal/record", "internal/analysis", "internal/drill", "internal/problem", "loadgen"},
	"internal/submission":        {"internal/exercise", "internal/analysis", "internal/record", "internal/problem", "loadgen"},
	"internal/report":            {"internal/record", "internal/analysis", "internal/layout", "internal/exercise", "internal/submission"},
	"internal/layout":            {"internal/record"},
	"internal/live":              {"internal/engine", "internal/fault", "internal/meter", "internal/trial", "loadgen", "internal/record", "internal/problem", "internal/tui"},
	"internal/tui":               {"internal/record", "internal/analysis", "internal/layout"},
	"docs/screens":               {"internal/tui", "internal/record"},
	"internal/cli":               {".", "stages", "loadgen", "internal"},
	"cmd/lab":                    {"internal/cli"},
	"e2e":                        {},
	"e2e/panics":                 {"internal/engine", "internal/live", "internal/tui"},
}

// owners say which library has exactly one importing room.
var owners = map[string]string{
	"github.com/moby/moby":                "internal/engine",
	"github.com/compose-spec/compose-go":  "internal/compose",
	"github.com/tsenart/vegeta":           "loadgen",
	"github.com/spf13/cobra":              "internal/cli",
	"go.yaml.in/yaml":                     "internal/drill",
	"gonum.org/v1/gonum":                  "internal/analysis",
	"charm.land/":                         "internal/tui",
	"github.com/NimbleMarkets/ntcharts":   "internal/tui",
	"gonum.org/v1/plot":                   "internal/report",
	"github.com/jackc/pgx":                "services",
	"github.com/redis/go-redis":           "services",
	"github.com/prometheus/client_golang": "services",
	"github.com/rabbitmq/amqp091-go":      "services/internal/queue",
	"github.com/vishvananda/netlink":      "services/fault",
	"github.com/cilium/ebpf":              "services/fault",
	"github.com/moby/patternmatcher":      "internal/image",
	"github.com/klauspost/compress":       "internal/kit",
	"github.com/yuin/goldmark":            "internal/lesson",
}

// fakes is the room that tests alone may enter.
const fakes = "internal/engine/enginetest"

func roomOf(folder string) string {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, ok := rooms[folder]; ok {
			return folder
		}
	}
	return "."
}

func within(folder, room string) bool { return folder == room || strings.HasPrefix(folder, room+"/") }

func TestImportsFollowThePlan(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, file)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "testdata" || d.Name() == "artifacts") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil // tests may look anywhere
		}
		seen++
		folder := path.Dir(filepath.ToSlash(rel))
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			imported, _ := strconv.Unquote(i.Path.Value)
			check(t, filepath.ToSlash(rel), folder, imported)
		}
		return nil
	})
	if err != nil || seen < 30 {
		t.Fatalf("%d files read: %v", seen, err)
	}
}

func check(t *testing.T, file, folder, imported string) {
	t.Helper()
	room := roomOf(folder)
	if imported == module || strings.HasPrefix(imported, module+"/") {
		target := "."
		if imported != module {
			target = roomOf(strings.TrimPrefix(imported, module+"/"))
		}
		if target == fakes {
			t.Errorf("%s: only tests may import %s", file, target)
			return
		}
		if target != room && !slices.ContainsFunc(rooms[room], func(r string) bool { return within(target, r) && (r != "." || target == ".") }) {
			t.Errorf("%s: %s may not import %s", file, room, target)
		}
		return
	}
	for library, owner := range owners {
		if strings.HasPrefix(imported, library) && !within(folder, owner) {
			t.Errorf("%s: only %s may import %s", file, owner, library)
		}
	}
}
