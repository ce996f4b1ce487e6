package lease

import (
	"os"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// An owner is a process, described by what no copy of a disk or of a home brings
// along: a start of a kernel, and a process of it.
type owner struct {
	Host string `bson:"host"`
	PID  int    `bson:"pid"`
	// Boot names the start of the kernel, Space its pid namespace: in another one, the
	// same pid is another process. Started is when the process began, as the kernel
	// counts. They are empty where the system does not tell.
	Boot    string `bson:"boot"`
	Space   string `bson:"space"`
	Started string `bson:"started"`
}

// self is this process.
func self() owner {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	o := owner{Host: host, PID: os.Getpid()}
	o.Boot, o.Space = kernel()
	if started, state := look(o.PID); state == running {
		o.Started = started
	}
	return o
}

// A state is what is known of a process.
type state int

const (
	unknown state = iota
	running
	ended
)

// dead reports whether the process of o has certainly ended: it was one of the same
// host, start of the kernel and pid namespace as this one, where no process of its pid
// and start is. Nothing is certain of any other one.
func (o owner) dead() bool {
	me := self()
	known := o.Boot != "" && o.Space != "" && o.Started != "" && o.PID > 0
	if !known || o.Host != me.Host || o.Boot != me.Boot || o.Space != me.Space {
		return false
	}
	started, state := look(o.PID)
	return state == ended || state == running && started != o.Started
}

// Owner are the fields of a record that say who this process is. Token tells this lease
// from any other.
func Owner(token string) bson.D {
	o := self()
	return bson.D{
		{Key: "token", Value: token}, {Key: "host", Value: literal(o.Host)}, {Key: "pid", Value: o.PID},
		{Key: "boot", Value: literal(o.Boot)}, {Key: "space", Value: literal(o.Space)}, {Key: "started", Value: literal(o.Started)},
	}
}
