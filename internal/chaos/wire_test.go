package chaos

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// A wire stands between the binary and a mongod, which may come back at another
// port. It reads the messages that pass and may lose them.
type wire struct {
	URI string

	listener net.Listener
	mu       sync.Mutex
	target   string
	open     map[net.Conn]bool
	hook     func(op wireOp, after bool) bool
}

// A wireOp is one command on its way.
type wireOp struct {
	name, collection, database string
}

// writes tells commands that change something.
func (op wireOp) writes() bool {
	return slices.Contains([]string{"insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop", "dropIndexes", "bulkWrite"}, op.name)
}

// newWire begins to pass messages on to the server at uri.
func newWire(t testing.TB, uri string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{URI: "mongodb://" + l.Addr().String(), listener: l, open: map[net.Conn]bool{}}
	w.lead(uri)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		w.cut()
	})
	return w
}

// lead sets where connections that come from now on lead.
func (w *wire) lead(uri string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = strings.TrimPrefix(uri, "mongodb://")
}

// watch has hook called for each command, and again when its answer is there. If
// it returns false the connection breaks, and what was to pass is lost.
func (w *wire) watch(hook func(op wireOp, after bool) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = hook
}

// cut breaks all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		_ = conn.Close()
	}
}

func (w *wire) keep(conn net.Conn, is bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if is {
		w.open[conn] = true
	} else {
		delete(w.open, conn)
	}
}

func (w *wire) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	w.mu.Lock()
	target := w.target
	w.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	for _, conn := range []net.Conn{client, server} {
		w.keep(conn, true)
		defer w.keep(conn, false)
	}
	asked := sync.Map{} // wireOp by request id
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.pass(server, client, func(head []byte, text []byte) bool {
			op := parseOp(head, text)
			if op.name == "" {
				return true
			}
			asked.Store(binary.LittleEndian.Uint32(head[4:]), op)
			return w.ask(op, false)
		})
		_ = server.Close()
	}()
	w.pass(client, server, func(head []byte, _ []byte) bool {
		op, known := asked.LoadAndDelete(binary.LittleEndian.Uint32(head[8:]))
		return !known || w.ask(op.(wireOp), true)
	})
	_ = client.Close()
	<-ended
}

func (w *wire) ask(op wireOp, after bool) bool {
	w.mu.Lock()
	hook := w.hook
	w.mu.Unlock()
	return hook == nil || hook(op, after)
}

// pass passes whole messages on until see refuses one or a connection ends.
func (w *wire) pass(to io.Writer, from io.Reader, see func(head, text []byte) bool) {
	for {
		head := make([]byte, 16)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		size := int(binary.LittleEndian.Uint32(head))
		if size < 16 || size > 64<<20 {
			return
		}
		message := make([]byte, size)
		copy(message, head)
		if _, err := io.ReadFull(from, message[16:]); err != nil || !see(head, message[16:]) {
			return
		}
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

// parseOp reads a message of the kind OP_MSG.
func parseOp(head, text []byte) (op wireOp) {
	const opMsg = 2013
	if binary.LittleEndian.Uint32(head[12:]) != opMsg || len(text) < 5 {
		return op
	}
	for rest := text[4:]; len(rest) > 5; {
		size := int(binary.LittleEndian.Uint32(rest[1:]))
		if size < 4 || size > len(rest)-1 {
			return op
		}
		if rest[0] == 0 {
			doc := bson.Raw(rest[1 : 1+size])
			first, err := doc.IndexErr(0)
			if err != nil {
				return op
			}
			op.name = first.Key()
			op.collection, _ = first.Value().StringValueOK()
			op.database, _ = doc.Lookup("$db").StringValueOK()
			return op
		}
		rest = rest[1+size:]
	}
	return op
}

// A message must pass unchanged and be told for what it is.
func TestWire(t *testing.T) {
	server, s := newServer(t)
	var mu sync.Mutex
	var seen []string
	lose := false
	s.watch(func(op wireOp, after bool) bool {
		mu.Lock()
		defer mu.Unlock()
		if op.writes() {
			seen = append(seen, op.name+" "+op.collection)
		}
		return !lose || !after || !op.writes()
	})
	c := mongotest.Connect(t, s.URI).Database("wire").Collection("c")
	if _, err := c.InsertOne(t.Context(), bson.D{{Key: "a", Value: 1}}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	if !slices.Equal(seen, []string{"insert c", "insert c"}) {
		t.Errorf("seen: %q", seen)
	}
	lose = true
	mu.Unlock()
	if _, err := c.InsertOne(t.Context(), bson.D{{Key: "a", Value: 2}}); err == nil {
		t.Error("a lost answer was no error")
	}
	mu.Lock()
	lose = false
	mu.Unlock()
	server.Crash()
	server.Restart(t)
	s.lead(server.URI)
	s.cut()
	if _, err := c.CountDocuments(t.Context(), bson.D{}); err != nil { // reads are tried twice
		t.Errorf("after a crash: %v", err)
	}
}
