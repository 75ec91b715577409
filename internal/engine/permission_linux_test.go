// SPDX-License-Identifier: MIT

package engine_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/problem"
)

// socketEnv gives the test below the socket when it runs itself as nobody.
const socketEnv = "ENGINE_TEST_FORBIDDEN_SOCKET"

// A socket that may not be used is not an engine that is not there: the way out
// is another one. Root may use every socket, so root asks as nobody.
func TestOpenWithoutPermission(t *testing.T) {
	if socket := os.Getenv(socketEnv); socket != "" {
		_, err := engine.OpenAt(t.Context(), "unix://"+socket)
		kind(t, err, problem.Permission)
		return
	}
	dir, err := os.MkdirTemp("", "e") // short: a socket's path has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	f, err := enginetest.Start(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(socket, 0o600)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(socket, 0); err != nil {
			t.Fatal(err)
		}
		_, err := engine.OpenAt(t.Context(), "unix://"+socket)
		kind(t, err, problem.Permission)
		return
	}
	again := exec.Command("/proc/self/exe", "-test.run=^TestOpenWithoutPermission$", "-test.count=1")
	again.Dir, again.Env = "/", append(os.Environ(), socketEnv+"="+socket)
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
