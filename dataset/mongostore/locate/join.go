package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// FiftyOne runs its mongod below a Python process, the service, which ends it
// with the last of its clients. A client finds the service by its arguments and
// tells it its process id, and finds the port by looking for what the mongod
// below listens on (fiftyone.core.service, fiftyone.service.main). The same is
// done here, so that the mongod stays for as long as this process does.

var errNotRunning = errors.New("embedded database does not run")

// patience is how long a mongod gets to begin or to end.
const patience = time.Minute

// join joins the embedded mongod that runs, or fails with errNotRunning.
func (p Place) join(ctx context.Context) (server, error) {
	for deadline := time.Now().Add(patience); ; {
		if service := p.service(ctx); service != nil && register(ctx, service) {
			port, err := awaitPort(ctx, service, nil)
			if err != nil {
				return server{}, err
			}
			return server{uri: at(port), stop: func() error { return nil }}, nil
		}
		mongod := p.holder(ctx)
		if mongod == nil {
			return server{}, errNotRunning
		}
		parent, err := mongod.ParentWithContext(ctx)
		ours := err == nil && slices.Contains(arguments(ctx, parent), keeperMark)
		if ours {
			return server{}, fmt.Errorf("%w by another medialift command", ErrBusy)
		}
		if err != nil || !isService(arguments(ctx, parent)) { // somebody's own mongod
			port, err := awaitPort(ctx, mongod, nil)
			if err != nil {
				return server{}, err
			}
			return server{uri: at(port), stop: func() error { return nil }}, nil
		}
		// A service that is about to end takes no clients: it will be gone soon.
		if time.Now().After(deadline) {
			return server{}, fmt.Errorf("%w: process %d holds it", ErrBusy, mongod.Pid)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return server{}, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// service finds the process that runs FiftyOne's mongod on p.Dir.
func (p Place) service(ctx context.Context) *process.Process {
	all, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return nil
	}
	for _, candidate := range all {
		if args := arguments(ctx, candidate); isService(args) && p.isHere(args) {
			return candidate
		}
	}
	return nil
}

// serviceArguments are what FiftyOne gives the service to be known by.
func serviceArguments() []string { return []string{"--51-service", "db", "--multi"} }

func isService(args []string) bool {
	want := serviceArguments()
	for i := range max(0, len(args)-len(want)+1) {
		if slices.Equal(args[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// isHere tells whether args run a mongod on p.Dir.
func (p Place) isHere(args []string) bool {
	i := slices.Index(args, "--dbpath")
	return i >= 0 && i+1 < len(args) && sameFile(args[i+1], p.Dir)
}

func sameFile(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}

func arguments(ctx context.Context, p *process.Process) []string {
	args, err := p.CmdlineSliceWithContext(ctx)
	if err != nil { // another user's, or gone
		return nil
	}
	return args
}

// holder finds the mongod that has p.Dir open: while it runs, mongod.lock holds
// its process id.
func (p Place) holder(ctx context.Context) *process.Process {
	text, err := os.ReadFile(filepath.Join(p.Dir, "mongod.lock"))
	if err != nil {
		return nil
	}
	pid, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return nil
	}
	found, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil {
		return nil
	}
	// After a crash the file may name a process that is something else by now.
	name, err := found.NameWithContext(ctx)
	if err != nil || !strings.HasPrefix(name, "mongod") && !p.isHere(arguments(ctx, found)) {
		return nil
	}
	return found
}

// listening tells a port that the process, or one below it, listens on.
func listening(ctx context.Context, p *process.Process, below bool) uint32 {
	if !below {
		all, err := p.ConnectionsWithContext(ctx)
		if err != nil {
			return 0
		}
		for _, c := range all {
			if c.Status == "LISTEN" && c.Laddr.Port != 0 {
				return c.Laddr.Port
			}
		}
		return 0
	}
	children, err := p.ChildrenWithContext(ctx)
	if err != nil {
		return 0
	}
	for _, child := range children {
		if port := listening(ctx, child, false); port != 0 {
			return port
		}
		if port := listening(ctx, child, true); port != 0 {
			return port
		}
	}
	return 0
}

// awaitPort waits until the mongod that is p, or runs below it, listens; ended
// is closed when there is no use in waiting.
func awaitPort(ctx context.Context, p *process.Process, ended <-chan struct{}) (uint32, error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		service := isService(arguments(ctx, p)) || slices.Contains(arguments(ctx, p), keeperMark)
		if port := listening(ctx, p, service); port != 0 {
			return port, nil
		}
		select {
		case <-ended:
			return 0, errNotRunning
		default:
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: process %d does not listen on any port that can be seen", ErrBusy, p.Pid)
}

// register makes this process a client of the service; false when it does not
// take one any more.
func register(ctx context.Context, service *process.Process) bool {
	port := listening(ctx, service, false)
	if port == 0 {
		return false
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("localhost", strconv.Itoa(int(port))))
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return false
	}
	// Messages are pickled Python: the tuple ("register", pid), answered by True.
	if _, err := fmt.Fprintf(conn, "(S'register'\nI%d\nt.", os.Getpid()); err != nil {
		return false
	}
	reply := make([]byte, 64)
	n, err := conn.Read(reply)
	const pickledTrue = "\x88."
	return err == nil && n <= 16 && strings.HasSuffix(string(reply[:n]), pickledTrue)
}
