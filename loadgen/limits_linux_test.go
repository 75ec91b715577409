// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"systemlab/loadgen"
)

const outOfDescriptors = "LOADGEN_TEST_OUT_OF_DESCRIPTORS" // names the child's target

// A generator without descriptors says that it was its own limit, whether it is the
// connection that it can't make or the look-up of a name. It is a child of this test,
// because a limit is of a whole process.
func TestOutOfDescriptors(t *testing.T) {
	if target := os.Getenv(outOfDescriptors); target != "" {
		starve(t, target)
		return
	}
	t.Parallel()
	hold := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for _, target := range []string{hold, "http://nowhere.invalid"} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOutOfDescriptors$", "-test.v")
		child.Env = append(os.Environ(), outOfDescriptors+"="+target, "GODEBUG=netdns=go") // the resolver of the generator, which is built without cgo
		out, err := child.CombinedOutput()
		if want := "errors: map[" + loadgen.OwnLimit + ":20]"; err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, want %s:\n%s", target, err, want, out)
		}
	}
}

// starve plays an attack after the last descriptor is taken.
func starve(t *testing.T, target string) {
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 32, Max: 32}); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		defer f.Close()
	}
	o := loadgen.Order{Target: target, Workload: "ping", Pace: "100", DurationSeconds: 0.2, TimeoutSeconds: 0.3, ReadySeconds: -1}
	fmt.Println("errors:", attack(t.Context(), t, o, nil).result.Summary.Errors)
}
