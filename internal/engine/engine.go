// SPDX-License-Identifier: MIT

// Package engine makes a Docker Engine match a project: Observe takes one
// snapshot, Reconcile decides (pure, a printable Plan with a cause for every
// step), Apply acts and decides nothing. It is the sole importer of the Docker
// client, and it only ever touches what bears the project's label.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"systemlab/internal/problem"
)

// MinAPI is the oldest API that is supported: Docker 20.10, Debian 12's.
const MinAPI = "1.41"

// Engine is an open connection to a Docker Engine.
type Engine struct {
	api  *client.Client
	host string
	info Info
}

// Info is what the engine says of itself and of its machine.
type Info struct {
	Host          string // where it answers
	Version       string
	API           string
	OS, Arch      string
	OSName        string
	Kernel        string
	Cgroup        string // "1" or "2"
	StorageDriver string
	Cores         int
	MemoryBytes   int64
	Local         bool // its containers are processes of this very machine
}

// Open connects to the engine that the docker command would use: DOCKER_HOST,
// else the current docker context, else the usual sockets.
func Open(ctx context.Context) (*Engine, error) {
	host := findHost(os.Getenv, os.ReadFile, exists)
	return open(ctx, host)
}

func open(ctx context.Context, host string) (*Engine, error) {
	opts := []client.Opt{client.WithHost(host)}
	if os.Getenv("DOCKER_TLS_VERIFY") != "" || os.Getenv("DOCKER_CERT_PATH") != "" {
		opts = append(opts, client.WithTLSClientConfigFromEnv())
	}
	api, err := client.New(opts...)
	if err != nil {
		return nil, problem.Wrap(err, problem.Unreachable, "the engine's address "+host+" can't be used", "unset DOCKER_HOST, or set it to unix:///var/run/docker.sock")
	}
	ping, err := api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	if err != nil {
		_ = api.Close()
		return nil, explainUnless(ctx, err, host)
	}
	// Negotiation swallows its own error: say it here.
	if olderThan(ping.APIVersion, MinAPI) {
		_ = api.Close()
		return nil, problem.Newf(problem.TooOld, "install Docker 20.10 or newer (Debian: apt-get install docker.io)",
			"the engine at %s speaks API %s; lab needs %s", host, orUnknown(ping.APIVersion), MinAPI)
	}
	e := &Engine{api: api, host: host}
	res, err := api.Info(ctx, client.InfoOptions{})
	if err != nil {
		_ = api.Close()
		return nil, explainUnless(ctx, err, host)
	}
	i := res.Info
	e.info = Info{
		Host: host, Version: i.ServerVersion, API: api.ClientVersion(), OS: i.OSType, Arch: i.Architecture, OSName: i.OperatingSystem,
		Kernel: i.KernelVersion, Cgroup: i.CgroupVersion, StorageDriver: i.Driver, Cores: i.NCPU, MemoryBytes: i.MemTotal,
	}
	e.info.Local = runtime.GOOS == "linux" && strings.HasPrefix(host, "unix://") && sameMachine(i.KernelVersion)
	return e, nil
}

// Info of the engine as it was when opened.
func (e *Engine) Info() Info { return e.info }

// Close ends the connection.
func (e *Engine) Close() error { return e.api.Close() }

// sameMachine tells an engine on this kernel from one inside a virtual machine
// (Docker Desktop on Linux), whose cgroup files are out of reach.
func sameMachine(kernel string) bool {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return err == nil && strings.TrimSpace(string(b)) == kernel
}

// explainUnless leaves an interrupt what it is: no engine is to blame for it.
func explainUnless(ctx context.Context, err error, host string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return explainConnection(err, host)
}

func explainConnection(err error, host string) error {
	switch {
	case errors.Is(err, fs.ErrPermission), denied(host):
		return problem.Wrap(err, problem.Permission, "no permission to use the engine at "+host,
			"add yourself to its group and log in again: sudo usermod -aG docker $USER")
	case client.IsErrConnectionFailed(err), errors.Is(err, fs.ErrNotExist), errdefs.IsUnavailable(err), isNetError(err):
		return problem.New(problem.Unreachable, "no engine answers at "+host,
			"start it (sudo systemctl start docker, or Docker Desktop), or install one: make engine")
	case errdefs.IsInvalidArgument(err):
		return problem.Wrap(err, problem.TooOld, "the engine at "+host+" refuses our API version", "install Docker 20.10 or newer")
	}
	return problem.Wrap(err, problem.Unreachable, "the engine at "+host+" doesn't answer as expected", "docker info")
}

// denied tries a socket itself: the client reports a refused permission as
// just one more failed connection, and hides its cause.
func denied(host string) bool {
	path, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, fs.ErrPermission)
}

func isNetError(err error) bool {
	var n net.Error
	return errors.As(err, &n)
}

// findHost follows the docker command: the environment, the current context,
// and then the sockets of the usual installations.
func findHost(getenv func(string) string, read func(string) ([]byte, error), exists func(string) bool) string {
	if h := getenv("DOCKER_HOST"); h != "" {
		return h
	}
	home := getenv("HOME")
	config := getenv("DOCKER_CONFIG")
	if config == "" {
		config = filepath.Join(home, ".docker")
	}
	if h := contextHost(getenv("DOCKER_CONTEXT"), config, read); h != "" {
		return h
	}
	for _, s := range []string{"/var/run/docker.sock", filepath.Join(getenv("XDG_RUNTIME_DIR"), "docker.sock"),
		filepath.Join(home, ".docker/run/docker.sock"), filepath.Join(home, ".colima/default/docker.sock")} {
		if exists(s) {
			return "unix://" + s
		}
	}
	return client.DefaultDockerHost
}

func contextHost(name, config string, read func(string) ([]byte, error)) string {
	if name == "" {
		var c struct{ CurrentContext string }
		if b, err := read(filepath.Join(config, "config.json")); err == nil {
			_ = json.Unmarshal(b, &c)
		}
		name = c.CurrentContext
	}
	if name == "" || name == "default" {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	b, err := read(filepath.Join(config, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json"))
	if err != nil {
		return ""
	}
	var m struct {
		Endpoints map[string]struct{ Host string }
	}
	_ = json.Unmarshal(b, &m)
	return m.Endpoints["docker"].Host
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// olderThan compares API versions such as 1.41 by their numbers.
func olderThan(a, b string) bool {
	num := func(s string) (int, int) {
		major, minor, _ := strings.Cut(s, ".")
		x, _ := strconv.Atoi(major)
		y, _ := strconv.Atoi(minor)
		return x, y
	}
	a1, a2 := num(a)
	b1, b2 := num(b)
	return a1 < b1 || a1 == b1 && a2 < b2
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
