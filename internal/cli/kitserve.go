// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"systemlab/internal/kit"
	"systemlab/internal/problem"
	"systemlab/internal/report"
)

// Bounds of serving a room: a class and its second tries, for an afternoon.
const (
	kitConnections = 64
	kitServeFor    = 4 * time.Hour
)

type kitServeOptions struct {
	file, listen string
	limit        time.Duration
}

func (a *app) kitServeCmd() *cobra.Command {
	var o kitServeOptions
	c := &cobra.Command{
		Use: "serve FILE", Short: "Offer a kit to others over HTTP: this one file, to be read and nothing else",
		Long: `Offer a kit over HTTP, with a page that says what to type. Nothing of lab listens beyond 127.0.0.1 unless
you name an address of this machine with --listen: that is the one exception. Ctrl-C ends it.`,
		Example: "  lab kit serve class.tar\n  lab kit serve class.tar --listen 192.168.1.20:8090", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return a.runKitServe(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8090", "ADDRESS:PORT to listen on; an address of the room's network lets others in")
	c.Flags().DurationVar(&o.limit, "for", kitServeFor, "after which it ends by itself")
	return c
}

func (a *app) runKitServe(ctx context.Context, o kitServeOptions) error {
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil || host == "" || o.limit <= 0 {
		return problem.Newf(problem.Usage, "--listen 192.168.1.20:8090 --for 4h", "--listen %s --for %s: an address of this machine, a port, and a time", o.listen, o.limit)
	}
	a.note("checking %s", o.file)
	k, err := kit.Open(ctx, o.file)
	if err != nil {
		return err
	}
	defer k.Close()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return problem.Wrap(err, problem.Port, "can't listen on "+o.listen, "--listen with an address of this machine and a free port")
	}
	url := "http://" + l.Addr().String()
	if a.asJSON() {
		if err := a.json(map[string]any{"url": url, "file": url + "/" + filepath.Base(o.file), "bytes": k.Bytes, "sha256": k.SHA256}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.Out, "%s (%s) at %s\nsha256 %s\n", filepath.Base(o.file), report.Bytes(k.Bytes), url, k.SHA256)
		a.note("for %s at most; Ctrl-C ends it", o.limit)
	}
	return serveUntil(ctx, netutil.LimitListener(l, kitConnections), kitHandler(k, filepath.Base(o.file), a), o.limit)
}

// serveUntil serves until Ctrl-C, which is how it is meant to end, or until its time is up.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		// A slow line may take long for all of it, but not for ever.
		WriteTimeout: 2 * time.Hour, MaxHeaderBytes: 8 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// kitHandler serves three things: a page, the kit, its checksum.
func kitHandler(k *kit.Kit, name string, a *app) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this is only to be read", http.StatusMethodNotAllowed)
			return
		}
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = kitPage.Execute(w, pageOf(k, name, r.Host))
		case "/" + name:
			a.note("  %s takes it", r.RemoteAddr)
			w.Header().Set("Content-Type", "application/x-tar")
			w.Header().Set("ETag", `"`+k.SHA256+`"`) // a download that was cut goes on from there
			http.ServeContent(w, r, "", k.Created, k.File())
		case "/" + name + ".sha256":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprintf(w, "%s  %s\n", k.SHA256, name)
		default:
			http.NotFound(w, r)
		}
	})
}

// page is what the page shows.
type page struct {
	Name, Host, Size, Sum, Tool, Arch string
	Programs                          []string
}

func pageOf(k *kit.Kit, name, host string) page {
	p := page{Name: name, Host: host, Size: report.Bytes(k.Bytes), Sum: k.SHA256, Tool: k.Tool, Arch: k.Arch}
	for _, part := range k.Parts {
		if kit.IsBinary(part.Name) {
			p.Programs = append(p.Programs, part.Name)
		}
	}
	return p
}

var kitPage = template.Must(template.New("kit").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Name}}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}pre{overflow-x:auto;padding:1rem;border:1px solid}</style>
<h1>lab, its images and runs</h1>
<p><a href="/{{.Name}}">{{.Name}}</a>, {{.Size}}, lab {{.Tool}}, images for {{.Arch}}. It needs a Docker engine, and no network beyond this room's.</p>
<pre>curl -C - -O http://{{.Host}}/{{.Name}}
curl -s http://{{.Host}}/{{.Name}}.sha256 | sha256sum -c
{{range .Programs}}tar xf {{$.Name}} {{.}} && mv {{.}} lab
{{end}}./lab kit load {{.Name}}
./lab up 5</pre>
{{if gt (len .Programs) 1}}<p>Of the lines with tar, take the one of your system.</p>{{end}}
<p>sha256 {{.Sum}}</p>
</html>
`))
