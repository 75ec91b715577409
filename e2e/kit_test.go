// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestKit(t *testing.T) {
	s := start(t, "a kit must bring stage 5 up where there are no images, no network and no Go; one that was cut short must load nothing")
	dir := t.TempDir()
	file := filepath.Join(dir, "class.tar")
	var saved struct {
		Bytes  int64
		Images []struct{ Ref string }
	}
	s.json(&saved, "kit", "save", file, "--runs", "none")
	t.Logf("%d images, %d MB", len(saved.Images), saved.Bytes>>20)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short.tar")
	if err := os.WriteFile(short, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, s, file, whole)

	// The images come back whatever happens: other scenarios need them.
	t.Cleanup(func() { s.alone("kit", "load", file) })
	for _, i := range saved.Images {
		name, _, _ := strings.Cut(i.Ref, ":")
		_ = exec.CommandContext(t.Context(), "docker", "rmi", "-f", i.Ref, name+":latest").Run()
	}
	s.fails(10, "kit", "load", short)
	for _, i := range saved.Images {
		if exec.CommandContext(t.Context(), "docker", "image", "inspect", i.Ref).Run() == nil {
			t.Errorf("%s is there", i.Ref)
		}
	}
	s.alone("kit", "load", file)
	if said := s.alone("up", "5"); strings.Contains(said, "making") {
		t.Errorf("it built something:\n%s", said)
	}
	if code, _, _, err := get(t, s.status().Entry+"/users/1"); code != 200 || err != nil {
		t.Errorf("the entry: %d %v", code, err)
	}
}

// alone runs a command far from any checkout, with nothing on its path, and, but
// for up, which looks for a free port, in a network of its own that leads nowhere.
func (s *scenario) alone(args ...string) string {
	s.t.Helper()
	c := exec.Command(lab, append(args, "-p", s.project)...)
	if os.Geteuid() == 0 && args[0] != "up" {
		c = exec.Command("unshare", append([]string{"-n"}, c.Args...)...)
	}
	c.Dir = "/"
	c.Env = append(os.Environ(), "PATH=/nosuch", "LAB_SOURCE=")
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Errorf("lab %s, alone: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// serve offers the kit and takes it back over HTTP.
func serve(t *testing.T, s *scenario, file string, whole []byte) {
	t.Helper()
	c := s.command("kit", "serve", file, "--listen", "127.0.0.1:0", "-o", "json")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var at struct{ URL, File, SHA256 string }
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&at); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(whole)
	if at.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("checksum %s", at.SHA256)
	}
	if code, _, page, err := get(t, at.URL+"/"); code != 200 || err != nil || !strings.Contains(page, "./lab kit load class.tar") || !strings.Contains(page, at.SHA256) {
		t.Errorf("the page: %d %v\n%s", code, err, page)
	}
	res, err := http.Get(at.File)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || sha256.Sum256(got) != sum {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	for _, path := range []string{"/../class.tar", "/short.tar", "/class.tar/"} {
		if code, _, _, _ := get(t, at.URL+path); code == 200 && path != "/../class.tar" {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _, _ := request(t, http.MethodPut, at.File, "x"); code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", code)
	}
	_ = c.Process.Signal(os.Interrupt)
	if err := c.Wait(); err != nil {
		t.Errorf("at the end: %v", err)
	}
}
