// SPDX-License-Identifier: MIT

package drill

import (
	"fmt"
	"strconv"
	"strings"

	"systemlab/internal/analysis"
)

// Fault is what a prediction is about.
type Fault struct {
	How    string  // kill, stop, pause, ...
	Others int     // replicas of the same service that stay
	Rate   float64 // requests a second: what is seen of a gap is up to one request longer at each end
}

// Mechanisms that a gap can be predicted of.
func Mechanisms() []string { return []string{"keepalived", "haproxy", "nginx"} }

// Predict reads from a mechanism's configuration how long nobody is answered. An
// error says why it can't be told.
func Predict(by, config string, f Fault) (analysis.Prediction, error) {
	if f.Others < 1 {
		return analysis.Prediction{}, fmt.Errorf("there is no other one: it lasts as long as the fault")
	}
	switch by {
	case "keepalived":
		return predictTakeover(config, f)
	case "haproxy":
		return predictHAProxy(config)
	case "nginx":
		return predictNginx(config)
	}
	return analysis.Prediction{}, fmt.Errorf("nothing is known of %s", by)
}

// predictTakeover of a virtual IP. A backup takes it when it has heard nothing for
// adverts × interval + skew (RFC 5798, 6.1), counted from the last advert, which
// the dead one sent up to one interval before it died. A clean stop says so with
// priority 0, and the backup waits for the skew alone.
func predictTakeover(config string, f Fault) (analysis.Prediction, error) {
	v, err := readKeepalived(config)
	if err != nil {
		return analysis.Prediction{}, err
	}
	p := analysis.Prediction{Low: v.down() - v.advert, High: v.down() + 2/f.Rate}
	p.Because = fmt.Sprintf("%d to %d adverts of %s and a skew of %s (VRRP %d, priority %d), and a request at each end",
		v.adverts-1, v.adverts, span(v.advert), span(v.skew()), v.version, v.priority)
	if f.How == "stop" || strings.HasPrefix(f.How, "restart") {
		p = analysis.Prediction{High: v.skew() + 2/f.Rate}
		p.Because = fmt.Sprintf("a clean stop gives the address up: a skew of %s (VRRP %d, priority %d), and a request at each end", span(v.skew()), v.version, v.priority)
	}
	return p, nil
}

// vrrp is what decides how soon an address moves.
type vrrp struct {
	version, priority, adverts int
	advert                     float64 // seconds
}

// skew makes the backup with the highest priority the first: version 2 counts it
// in whole seconds, version 3 in adverts (keepalived 2.3, vrrp.h, VRRP_TIMER_SKEW).
func (v vrrp) skew() float64 {
	unit := 1.0
	if v.version == 3 {
		unit = v.advert
	}
	return float64(256-v.priority) / 256 * unit
}

// down is the time without adverts after which a master counts as dead.
func (v vrrp) down() float64 { return float64(v.adverts)*v.advert + v.skew() }

// predictHAProxy: a request that meets a server that is gone goes to another one,
// at once where the connection is refused, after the connect time-out where nobody
// says anything. The other servers go on meanwhile.
func predictHAProxy(config string) (analysis.Prediction, error) {
	h := readHAProxy(config)
	switch {
	case !h.redispatch || h.retries < 1:
		return analysis.Prediction{}, fmt.Errorf("no redispatch: a request that meets the dead one fails, the others go on")
	case h.connect <= 0:
		return analysis.Prediction{}, fmt.Errorf("no timeout connect: a request that meets silence waits for ever")
	}
	return analysis.Prediction{High: h.connect, Because: "the others go on; what meets the dead one goes to another after " + span(h.connect) + " at most (timeout connect, redispatch)"}, nil
}

// predictNginx likewise, by proxy_next_upstream.
func predictNginx(config string) (analysis.Prediction, error) {
	n, err := readNginx(config)
	switch {
	case err != nil:
		return analysis.Prediction{}, err
	case !n.next || n.tries == 1:
		return analysis.Prediction{}, fmt.Errorf("no proxy_next_upstream: a request that meets the dead one fails, the others go on")
	}
	return analysis.Prediction{High: n.connect, Because: "the others go on; what meets the dead one goes to another after " + span(n.connect) + " at most (proxy_connect_timeout, proxy_next_upstream)"}, nil
}

// span prints a number of seconds: 100 ms, 2.3 ms, 1.5 s.
func span(seconds float64) string {
	if seconds >= 1 {
		return strconv.FormatFloat(seconds, 'g', 3, 64) + " s"
	}
	return strconv.FormatFloat(seconds*1e3, 'g', 3, 64) + " ms"
}
