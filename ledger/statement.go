package ledger

import (
	"context"
	"database/sql"
)

// step runs a statement that deals with one row. To have the driver watch ctx
// meanwhile costs more than the row.
func (d *Draft) step(ctx context.Context, stmt *sql.Stmt, args ...any) error {
	err := ctx.Err()
	if err == nil {
		_, err = stmt.ExecContext(context.WithoutCancel(ctx), args...)
	}
	if err != nil {
		return d.run.explain("writing", err)
	}
	return nil
}

// again prepares a statement of fixed text that is run for each row, once.
func (d *Draft) again(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := d.often[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := d.tx.PrepareContext(ctx, text)
	if err != nil {
		return nil, d.run.explain("writing", err)
	}
	if d.often == nil {
		d.often = map[string]*sql.Stmt{}
	}
	d.often[text] = stmt
	return stmt, nil
}

// each runs a statement of fixed text for one row of many.
func (d *Draft) each(ctx context.Context, text string, args ...any) error {
	stmt, err := d.again(ctx, text)
	if err != nil {
		return err
	}
	return d.step(ctx, stmt, args...)
}

func (d *Draft) exec(ctx context.Context, text string, args ...any) error {
	if _, err := d.tx.ExecContext(ctx, text, args...); err != nil {
		return d.run.explain("writing", err)
	}
	return nil
}
