// SPDX-License-Identifier: MIT

package drill

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// lines of a configuration as words, without comments and the signs that end or
// group directives.
func lines(config string) [][]string {
	var out [][]string
	s := bufio.NewScanner(strings.NewReader(config))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		text, _, _ := strings.Cut(s.Text(), "#")
		for directive := range strings.SplitSeq(text, ";") {
			if words := strings.Fields(strings.Trim(directive, " \t{}")); len(words) > 0 {
				out = append(out, words)
			}
		}
	}
	return out
}

// readKeepalived takes the settings of the first instance. What it does not say
// is as keepalived.conf(5) has it.
func readKeepalived(config string) (vrrp, error) {
	v := vrrp{version: 2, priority: 100, adverts: 3, advert: 1}
	instances := 0
	for _, words := range lines(config) {
		if words[0] == "vrrp_instance" {
			instances++
		}
		if len(words) < 2 || instances > 1 {
			continue
		}
		var err error
		switch words[0] {
		case "vrrp_version":
			v.version, err = strconv.Atoi(words[1])
		case "version":
			if instances == 1 {
				v.version, err = strconv.Atoi(words[1])
			}
		case "priority":
			v.priority, err = strconv.Atoi(words[1])
		case "advert_int":
			v.advert, err = strconv.ParseFloat(words[1], 64)
		case "down_timer_adverts":
			v.adverts, err = strconv.Atoi(words[1])
		}
		if err != nil {
			return v, fmt.Errorf("%s is not read: %w", strings.Join(words, " "), err)
		}
	}
	if instances == 0 || v.advert <= 0 || v.priority < 1 || v.priority > 255 || v.adverts < 1 {
		return v, fmt.Errorf("the file holds no vrrp_instance that can be read")
	}
	return v, nil
}

// haproxy is how it treats a server that is gone.
type haproxy struct {
	connect    float64 // seconds
	retries    int
	redispatch bool
}

// readHAProxy takes what the file says last: lab's files say each thing once.
func readHAProxy(config string) haproxy {
	h := haproxy{retries: 3} // HAProxy's own
	for _, words := range lines(config) {
		switch {
		case len(words) > 2 && words[0] == "timeout" && words[1] == "connect":
			h.connect = duration(words[2], time.Millisecond)
		case len(words) > 1 && words[0] == "retries":
			h.retries, _ = strconv.Atoi(words[1])
		case len(words) > 1 && words[0] == "option" && words[1] == "redispatch":
			h.redispatch = true
		}
	}
	return h
}

// nginx is how it treats a server that is gone.
type nginx struct {
	connect float64
	next    bool // another server is asked, after an error and after a time-out
	tries   int  // 0 is no limit
}

func readNginx(config string) (nginx, error) {
	n := nginx{connect: 60, next: true} // nginx's own: error timeout
	proxies := false
	for _, words := range lines(config) {
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "proxy_pass":
			proxies = true
		case "proxy_connect_timeout":
			n.connect = duration(words[1], time.Second)
		case "proxy_next_upstream":
			has := " " + strings.Join(words[1:], " ") + " "
			n.next = strings.Contains(has, " error ") && strings.Contains(has, " timeout ")
		case "proxy_next_upstream_tries":
			n.tries, _ = strconv.Atoi(words[1])
		}
	}
	if !proxies {
		return n, fmt.Errorf("the file holds no proxy_pass")
	}
	return n, nil
}

// duration in seconds of a number with a unit, or without one.
func duration(text string, unit time.Duration) float64 {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n * unit.Seconds()
	}
	d, _ := time.ParseDuration(text)
	return d.Seconds()
}
