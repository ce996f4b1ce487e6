package mongotest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Server is a mongod of a test's own.
type Server struct {
	// URI names it, without a database.
	URI string
	// Dir is its database directory.
	Dir string
	// PID is its process.
	PID int

	keeper *exec.Cmd
	run    string // directory of its log
	hold   io.Closer
	ended  chan struct{}
	last   *Server // the one that serves the files now, after Restart
}

// keep runs mongod for as long as its standard input is open, and then removes
// the directory: so the server and its files are gone with the process that
// started it, however that ended. The first argument is the directory to
// remove.
const keep = `remove=$1; shift
exec 3<&0
"$@" >"$remove/log" 2>&1 </dev/null 3<&- & child=$!
echo $child >"$remove/pid.new" && mv "$remove/pid.new" "$remove/pid"
(cat <&3 >/dev/null; [ -e "$remove/ended" ] || kill -KILL $child) 2>/dev/null &
wait $child 2>/dev/null
echo >"$remove/ended"
cat <&3 >/dev/null
rm -rf "$remove"`

// Start starts a mongod that lives as long as the test, with args added to its
// command line.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	need(t)
	server, err := start(Binary(), args)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}

// Crash ends the server with SIGKILL and keeps its files, for Restart.
func (s *Server) Crash() {
	run := s.run
	if s.last != nil {
		run = s.last.run
	}
	process, err := os.FindProcess(s.PID)
	if err == nil {
		err = process.Kill()
	}
	for deadline := time.Now().Add(Patience); err == nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, gone := os.Stat(filepath.Join(run, "ended")); gone == nil {
			return
		}
	}
}

// Restart starts a server on the files of one that has crashed, which s becomes;
// it may crash again. Its port is another one.
func (s *Server) Restart(t testing.TB, args ...string) {
	t.Helper()
	again := &Server{Dir: s.Dir, ended: make(chan struct{})}
	if err := again.serveAnew(Binary(), args); err != nil {
		t.Fatal(err)
	}
	if s.last == nil {
		t.Cleanup(func() { s.last.Kill() })
	} else {
		s.last.Kill() // which has crashed: its log goes
	}
	s.URI, s.PID, s.last = again.URI, again.PID, again
}

// Kill ends the server with SIGKILL and removes its files.
func (s *Server) Kill() {
	_ = s.hold.Close() // twice is no harm
	<-s.ended
}

func start(binary string, args []string) (*Server, error) {
	dir, err := os.MkdirTemp(roomyMemory(), "medialift-mongod-")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: filepath.Join(dir, "db"), ended: make(chan struct{})}
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return nil, err
	}
	return s, s.serve(dir, binary, args)
}

// serveAnew serves the database directory that s has.
func (s *Server) serveAnew(binary string, args []string) error {
	dir, err := os.MkdirTemp(roomyMemory(), "medialift-mongod-")
	if err != nil {
		return err
	}
	return s.serve(dir, binary, args)
}

// serve runs mongod, with dir for its log.
func (s *Server) serve(dir, binary string, args []string) error {
	s.run = dir
	command := append([]string{"-c", keep, "mongotest", dir, binary, "--dbpath", s.Dir, "--port", "0", "--bind_ip", "127.0.0.1",
		"--nounixsocket", "--setParameter", "diagnosticDataCollectionEnabled=false"}, args...)
	if !slices.Contains(args, "--wiredTigerCacheSizeGB") {
		command = append(command, "--wiredTigerCacheSizeGB", "0.25")
	}
	s.keeper = exec.Command("/bin/sh", command...)
	hold, err := s.keeper.StdinPipe()
	if err != nil {
		return err
	}
	s.hold = hold
	// A Ctrl-C at the terminal must not end the keeper before it has cleaned up.
	ownGroup(s.keeper)
	if err := s.keeper.Start(); err != nil {
		return err
	}
	go func() {
		_ = s.keeper.Wait() // its status is that of rm
		close(s.ended)
	}()
	if err := s.await(dir); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// await waits until the server listens, and learns its port and process.
func (s *Server) await(dir string) error {
	waiting := regexp.MustCompile(`"msg":"Waiting for connections","attr":\{"port":(\d+)`)
	var log []byte
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		log, _ = os.ReadFile(filepath.Join(dir, "log")) // not there yet
		if m := waiting.FindSubmatch(log); m != nil {
			s.URI = "mongodb://127.0.0.1:" + string(m[1])
			pid, err := os.ReadFile(filepath.Join(dir, "pid"))
			if err != nil {
				return err
			}
			s.PID, err = strconv.Atoi(strings.TrimSpace(string(pid)))
			return err
		}
		if _, err := os.Stat(filepath.Join(dir, "ended")); err == nil {
			break
		}
	}
	if len(log) > 2000 {
		log = log[len(log)-2000:]
	}
	return errors.Join(errors.New("mongod does not start"), fmt.Errorf("its log ends: %s", log))
}
