package starmap

import "go.starlark.net/syntax"

// A guarded program has calls of guards where Starlark and Python could differ
// without an error. Their names are none that a program can have.
const (
	guardMod    = "%"
	guardEqual  = "=="
	guardFormat = ".format"
	guardLines  = ".splitlines"
)

// guard puts calls of guards into a program.
func guard(file *syntax.File) { guardAll(file.Stmts) }

func guardAll(list []syntax.Stmt) {
	for _, s := range list {
		guardStmt(s)
	}
}

func guardStmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		s.LHS, s.RHS = guarded(s.LHS), guarded(s.RHS)
		if s.Op == syntax.PERCENT_EQ {
			s.Op, s.RHS = syntax.EQ, call(guardMod, s.OpPos, s.LHS, s.RHS)
		}
	case *syntax.DefStmt:
		each(s.Params)
		guardAll(s.Body)
	case *syntax.ExprStmt:
		s.X = guarded(s.X)
	case *syntax.ForStmt:
		s.X = guarded(s.X)
		guardAll(s.Body)
	case *syntax.WhileStmt:
		s.Cond = guarded(s.Cond)
		guardAll(s.Body)
	case *syntax.IfStmt:
		s.Cond = guarded(s.Cond)
		guardAll(s.True)
		guardAll(s.False)
	case *syntax.ReturnStmt:
		s.Result = guarded(s.Result)
	}
}

func each(list []syntax.Expr) {
	for i, e := range list {
		list[i] = guarded(e)
	}
}

// call is the call of a guard.
func call(name string, at syntax.Position, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: name}, Lparen: at, Args: args, Rparen: at}
}

// guarded is an expression with guards in it.
func guarded(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.BinaryExpr:
		e.X, e.Y = guarded(e.X), guarded(e.Y)
		switch e.Op {
		case syntax.PERCENT:
			return call(guardMod, e.OpPos, e.X, e.Y)
		case syntax.EQL:
			return call(guardEqual, e.OpPos, e.X, e.Y)
		case syntax.NEQ:
			return &syntax.UnaryExpr{OpPos: e.OpPos, Op: syntax.NOT, X: call(guardEqual, e.OpPos, e.X, e.Y)}
		}
	case *syntax.CallExpr:
		e.Fn = guarded(e.Fn)
		each(e.Args)
		if dot, ok := e.Fn.(*syntax.DotExpr); ok && (dot.Name.Name == "format" || dot.Name.Name == "splitlines") {
			return call("."+dot.Name.Name, e.Lparen, append([]syntax.Expr{dot.X}, e.Args...)...)
		}
	case *syntax.Comprehension:
		e.Body = guarded(e.Body)
		for _, clause := range e.Clauses {
			switch clause := clause.(type) {
			case *syntax.ForClause:
				clause.X = guarded(clause.X)
			case *syntax.IfClause:
				clause.Cond = guarded(clause.Cond)
			}
		}
	case *syntax.CondExpr:
		e.Cond, e.True, e.False = guarded(e.Cond), guarded(e.True), guarded(e.False)
	case *syntax.DictExpr:
		each(e.List)
	case *syntax.DictEntry:
		e.Key, e.Value = guarded(e.Key), guarded(e.Value)
	case *syntax.DotExpr:
		e.X = guarded(e.X)
	case *syntax.IndexExpr:
		e.X, e.Y = guarded(e.X), guarded(e.Y)
	case *syntax.LambdaExpr:
		each(e.Params)
		e.Body = guarded(e.Body)
	case *syntax.ListExpr:
		each(e.List)
	case *syntax.ParenExpr:
		e.X = guarded(e.X)
	case *syntax.SliceExpr:
		e.X, e.Lo, e.Hi, e.Step = guarded(e.X), guarded(e.Lo), guarded(e.Hi), guarded(e.Step)
	case *syntax.TupleExpr:
		each(e.List)
	case *syntax.UnaryExpr:
		e.X = guarded(e.X)
	}
	return e
}
