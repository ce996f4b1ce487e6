package medialift_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leastBound is the shortest time after which a test may give up on what has to
// happen: on a busy machine things take long, and are no failures.
const leastBound = time.Minute

// meantToEnd marks the line of a bound that is to be reached.
const meantToEnd = "is meant to end"

// No test waits so shortly for what has to happen, nor measures by the clock on
// the wall, that it fails on a busy machine.
func TestHouseBounds(t *testing.T) {
	err := walkModule(".", func(file string) error {
		if !strings.HasSuffix(file, "_test.go") && !(strings.HasSuffix(file, ".go") && helps(file)) || strings.HasPrefix(file, "tools/") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, where := range shortBounds(t, file, text) {
			t.Errorf("%s: a busy machine breaks this bound; wait for %v or longer, or say that it %q", where, leastBound, meantToEnd)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The check finds what it is meant to find.
func TestHouseBoundsFound(t *testing.T) {
	const bad = `package p
func f() {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond) // is meant to end
	o.SetServerSelectionTimeout(10 * time.Second)
	o.SetServerSelectionTimeout(Patience)
	select { case <-time.After(20 * time.Second): }
	if took := time.Since(began); took > 10*time.Second {}
	c := &http.Client{Timeout: 5 * time.Second}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {}
	u := "mongodb://h/?serverSelectionTimeoutMS=500"
	u = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500"
	time.Sleep(time.Millisecond)
}`
	var lines []string
	for _, where := range shortBounds(t, "p.go", []byte(bad)) {
		lines = append(lines, strings.Split(where, ":")[1])
	}
	if got := strings.Join(lines, " "); got != "3 5 7 8 9 10 11" {
		t.Errorf("lines %s", got)
	}
}

// helps reports whether a file belongs to a package that only tests use.
func helps(path string) bool {
	for _, dir := range []string{"internal/mongotest/", "internal/testexport/", "bucket/buckettest/", "dataset/datasettest/", "dbmigrate/migratetest/"} {
		if strings.HasPrefix(path, dir) {
			return true
		}
	}
	return false
}

// closedPort is a server that nobody runs, which is waited for in vain.
var (
	closedPort = regexp.MustCompile(`127\.0\.0\.1:(\d|%d)/`)
	selection  = regexp.MustCompile(`serverSelectionTimeoutMS=(\d+)`)
)

func shortBounds(t *testing.T, path string, text []byte) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	var found []string
	at := func(n ast.Node, bound time.Duration, known bool) {
		position := set.Position(n.Pos())
		if known && bound < leastBound && !strings.Contains(lines[position.Line-1], meantToEnd) {
			found = append(found, path+":"+strconv.Itoa(position.Line))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch called := spelled(n.Fun); {
			case called == "synctest.Test": // which has a clock of its own
				return false
			case called == "context.WithTimeout" && len(n.Args) == 2:
				bound, ok := duration(n.Args[1])
				at(n, bound, ok)
			case len(n.Args) == 1 && (called == "time.After" || strings.HasSuffix(called, ".SetServerSelectionTimeout")):
				bound, ok := duration(n.Args[0])
				at(n, bound, ok && bound >= time.Second || ok && called != "time.After")
			}
		case *ast.KeyValueExpr:
			if spelled(n.Key) == "Timeout" {
				bound, ok := duration(n.Value)
				at(n, bound, ok)
			}
		case *ast.BinaryExpr:
			if said := spelled(n.X); (n.Op == token.GTR || n.Op == token.GEQ) && (said == "took" || said == "time.Since") {
				bound, ok := duration(n.Y)
				at(n, bound, ok)
			}
		case *ast.AssignStmt:
			if call, ok := n.Rhs[0].(*ast.CallExpr); ok && spelled(n.Lhs[0]) == "deadline" && len(call.Args) == 1 {
				bound, ok := duration(call.Args[0])
				at(n, bound, ok)
			}
		case *ast.BasicLit:
			if m := selection.FindStringSubmatch(n.Value); m != nil && !closedPort.MatchString(n.Value) {
				ms, _ := strconv.Atoi(m[1])
				at(n, time.Duration(ms)*time.Millisecond, true)
			}
		}
		return true
	})
	return found
}

// spelled is an identifier, with its package or value, or that of what is called.
func spelled(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return spelled(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		return spelled(e.Fun)
	}
	return ""
}

var units = map[string]time.Duration{
	"time.Nanosecond": time.Nanosecond, "time.Microsecond": time.Microsecond, "time.Millisecond": time.Millisecond,
	"time.Second": time.Second, "time.Minute": time.Minute, "time.Hour": time.Hour,
}

// duration is what a constant of literals and units amounts to.
func duration(e ast.Expr) (time.Duration, bool) {
	n, ok := nanoseconds(e)
	return time.Duration(n), ok
}

// nanoseconds is the number that a constant of literals and units stands for.
func nanoseconds(e ast.Expr) (int64, bool) {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		d, ok := units[spelled(e)]
		return int64(d), ok
	case *ast.BasicLit:
		n, err := strconv.ParseInt(strings.ReplaceAll(e.Value, "_", ""), 0, 64)
		return n, err == nil
	case *ast.BinaryExpr:
		x, ok := nanoseconds(e.X)
		y, also := nanoseconds(e.Y)
		return x * y, ok && also && e.Op == token.MUL
	}
	return 0, false
}
