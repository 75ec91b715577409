// SPDX-License-Identifier: MIT

package enginetest

import (
	"archive/tar"
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
)

func (e *Engine) network1(name string) *network.Network {
	for _, n := range e.networks {
		if n.Name == name || n.ID == name {
			return n
		}
	}
	return nil
}

func (e *Engine) routeNetworks(r request) any {
	if len(r.parts) == 1 {
		list := []map[string]any{}
		for _, n := range e.networks {
			if r.wants(n.Labels) {
				list = append(list, map[string]any{"Name": n.Name, "Id": n.ID, "Labels": n.Labels, "Internal": n.Internal, "IPAM": n.IPAM})
			}
		}
		return list
	}
	if r.parts[1] == "create" {
		return e.createNetwork(r)
	}
	n := e.network1(r.parts[1])
	if n == nil {
		return refuse(http.StatusNotFound, "network %s not found", r.parts[1])
	}
	on := map[string]map[string]string{}
	for _, b := range e.containers {
		if _, its := b.networks[n.Name]; its && b.alive() {
			on[b.id] = map[string]string{"Name": b.name}
		}
	}
	if name := e.Stale[n.Name]; name != "" {
		on["ep-0123"] = map[string]string{"Name": name}
	}
	if r.Method == http.MethodGet {
		return map[string]any{"Name": n.Name, "Id": n.ID, "Labels": n.Labels, "Containers": on}
	}
	if r.Method == http.MethodDelete {
		if len(on) > 0 || e.Miscount[n.Name] {
			return refuse(http.StatusForbidden, "error while removing network: network %s has active endpoints", n.Name)
		}
		delete(e.networks, n.ID)
		return nil
	}
	if r.parts[2] == "disconnect" {
		var q network.DisconnectRequest
		if bad := r.decode(&q); bad != nil {
			return bad
		}
		if b := e.containers[q.Container]; b != nil && b.networks[n.Name] != nil {
			delete(b.networks, n.Name)
			return nil
		}
		if !q.Force || e.Stale[n.Name] != q.Container {
			return refuse(http.StatusNotFound, "endpoint %s not found", q.Container)
		}
		delete(e.Stale, n.Name)
		return nil
	}
	var q network.ConnectRequest
	if bad := r.decode(&q); bad != nil {
		return bad
	}
	b := e.containers[q.Container]
	switch {
	case r.parts[2] != "connect" || b == nil:
		return refuse(http.StatusNotFound, "No such container: %s", q.Container)
	case b.networks[n.Name] != nil:
		return refuse(http.StatusForbidden, "endpoint with name %s already exists in network %s", b.name, n.Name)
	}
	b.networks[n.Name] = q.EndpointConfig
	return nil
}

func (e *Engine) createNetwork(r request) any {
	var q network.CreateRequest
	if bad := r.decode(&q); bad != nil {
		return bad
	}
	if e.network1(q.Name) != nil {
		return refuse(http.StatusConflict, "network with name %s already exists", q.Name)
	}
	n := &network.Network{Name: q.Name, Internal: q.Internal, Labels: q.Labels, Driver: q.Driver}
	if q.IPAM != nil {
		n.IPAM = *q.IPAM
	}
	n.ID, _ = e.next("n")
	e.networks[n.ID] = n
	return map[string]any{"Id": n.ID}
}

func (e *Engine) routeVolumes(r request) any {
	if len(r.parts) == 1 {
		list := []map[string]any{}
		for name, labels := range e.volumes {
			if r.wants(labels) {
				list = append(list, map[string]any{"Name": name, "Labels": labels, "Driver": "local"})
			}
		}
		return map[string]any{"Volumes": list}
	}
	if r.parts[1] == "create" {
		var q volume.CreateRequest
		if bad := r.decode(&q); bad != nil {
			return bad
		}
		if _, there := e.volumes[q.Name]; !there { // as the real one: the same name again is no error
			e.volumes[q.Name] = q.Labels
		}
		return map[string]any{"Name": q.Name, "Labels": e.volumes[q.Name]}
	}
	if _, ok := e.volumes[r.parts[1]]; !ok {
		return refuse(http.StatusNotFound, "get %s: no such volume", r.parts[1])
	}
	for _, b := range e.containers {
		for _, m := range b.host.Mounts {
			if m.Source == r.parts[1] {
				return refuse(http.StatusConflict, "volume is in use - [%s]", b.id)
			}
		}
	}
	delete(e.volumes, r.parts[1])
	return nil
}

func (e *Engine) routeImages(r request) any {
	last := r.parts[len(r.parts)-1]
	ref := strings.Join(r.parts[1:len(r.parts)-1], "/")
	switch {
	case len(r.parts) == 2 && last == "json":
		list := []map[string]any{}
		for _, ref := range slices.Sorted(maps.Keys(e.images)) {
			list = append(list, map[string]any{"Id": e.images[ref], "RepoTags": []string{ref}, "Size": 1_000_000, "Created": 1767225600,
				"Labels": map[string]string{"systemlab.image": strings.TrimPrefix(strings.Split(ref, ":")[0], "systemlab/")}})
		}
		return list
	case len(r.parts) == 2 && last == "create":
		return refuse(http.StatusInternalServerError, "Get \"https://registry.invalid/v2/\": dial tcp: lookup registry-1.docker.io: no such host")
	case r.Method == http.MethodDelete:
		ref = strings.Join(r.parts[1:], "/")
		if e.image(ref) == "" {
			return refuse(http.StatusNotFound, "No such image: %s", ref)
		}
		maps.DeleteFunc(e.images, func(k, id string) bool { return k == tagged(ref) || id == ref })
		return []map[string]string{{"Untagged": ref}}
	case e.image(ref) == "":
		return refuse(http.StatusNotFound, "No such image: %s", ref)
	case last == "tag":
		e.images[strings.TrimPrefix(r.URL.Query().Get("repo"), "docker.io/")+":"+r.URL.Query().Get("tag")] = e.image(ref)
		return nil
	}
	return map[string]any{"Id": e.image(ref), "RepoTags": []string{ref}}
}

// carry saves images as one stream, or takes such a stream in: a JSON object of
// names and ids stands in for the real engine's tar.
func (e *Engine) carry(w http.ResponseWriter, r request) {
	if r.parts[1] == "load" {
		var images map[string]string
		if bad := r.decode(&images); bad != nil {
			answer(w, map[string]string{"error": "Error processing tar file: unexpected EOF"})
			return
		}
		maps.Copy(e.images, images)
		answer(w, map[string]string{"stream": "Loaded images"})
		return
	}
	out := map[string]string{}
	for _, ref := range r.URL.Query()["names"] {
		if e.image(ref) == "" {
			answer(w, refuse(http.StatusNotFound, "No such image: %s", ref))
			return
		}
		out[tagged(ref)] = e.image(ref)
	}
	answer(w, out)
}

// image is the id behind a reference or an id, or nothing.
func (e *Engine) image(ref string) string {
	if id := e.images[tagged(ref)]; id != "" {
		return id
	}
	for _, id := range e.images {
		if id == ref {
			return id
		}
	}
	if e.AnyImage {
		return "sha256:" + strings.Split(ref, ":")[0]
	}
	return ""
}

// build holds a context to be one, and gives the image its names.
func (e *Engine) build(w http.ResponseWriter, r request) {
	found := false
	for t := tar.NewReader(bytes.NewReader(r.body)); ; {
		h, err := t.Next()
		if err != nil {
			found = found && err == io.EOF
			break
		}
		found = found || h.Name == "Dockerfile"
	}
	if !found {
		answer(w, refuse(http.StatusBadRequest, "Cannot locate specified Dockerfile: Dockerfile"))
		return
	}
	if e.BuildFail != "" {
		answer(w, map[string]string{"stream": "Step 1/2 : RUN something\n"})
		answer(w, map[string]string{"error": e.BuildFail})
		return
	}
	id, _ := e.next("sha256:b")
	for _, tag := range r.URL.Query()["t"] {
		e.images[tagged(tag)] = id
	}
	answer(w, map[string]string{"stream": "Successfully built\n"})
}
