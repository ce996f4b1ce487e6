package ledger_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// TestChangesComeInTheDatasetsOrder: a commit was killed after the dataset was
// written and before that was noted; later there are more values of the same
// documents. Each document comes once, with all its values, in the order of the
// dataset.
func TestChangesComeInTheDatasetsOrder(t *testing.T) {
	r := begin(t, openDir(t), identity("s3://b/x"))
	var first, second []dataset.Row
	for n := range int64(3) {
		name := string(rune('a' + n))
		first = append(first, row(n, "filepath", "/filepath", "/m/"+name))
		second = append(second, row(n, "seg", "/seg/mask_path", "/s/m"+name))
	}
	u := &updater{docs: map[string]map[dataset.Pointer]string{}}
	for i := range first {
		u.docs[ledger.IDText(first[i].ID)] = map[dataset.Pointer]string{
			"/filepath": "s3://b/" + filepath.Base(first[i].Value), "/seg/mask_path": second[i].Value}
	}
	for _, rows := range [][]dataset.Row{first, second} {
		plan(t, r, time.Unix(1, 0), rows...)
		arrive(t, r, pending(t, r)...)
		if _, err := r.Attempt(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	done, err := r.Apply(t.Context(), u)
	if err != nil || done.Changed != 3 || done.Already != 0 || done.Conflicts != 0 {
		t.Errorf("%+v, %v; each document is to come once", done, err)
	}
}

// TestLedgerThatIsBeingWritten is not damaged.
func TestLedgerThatIsBeingWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("waits five seconds for a lock: not in short mode")
	}
	dir := openDir(t)
	r := begin(t, dir, identity("s3://b/x"))
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "other"))
	must(t, err)
	defer db.Close()
	conn, err := db.Conn(t.Context())
	must(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), `ATTACH ? AS other`, filepath.Join(dir.Path(), r.Name()+".ledger"))
	must(t, err)
	_, err = conn.ExecContext(t.Context(), `BEGIN EXCLUSIVE`)
	must(t, err)
	if _, err := dir.Open(t.Context(), r.Name()); !errors.Is(err, ledger.ErrLocked) || errors.Is(err, ledger.ErrDamaged) {
		t.Error(err)
	}
}

func TestHistory(t *testing.T) {
	dir := openDir(t)
	a, b := begin(t, dir, identity("s3://b/x")), begin(t, dir, identity("s3://b/y"))
	for _, r := range []*ledger.Run{a, b} {
		plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", "/m/"+r.Name()))
		arrive(t, r, pending(t, r)...)
	}
	h := dir.History(a.Name())
	defer h.Close()
	for name, want := range map[string]int{a.Name(): 0, b.Name(): 1} {
		if files, err := h.Sent(t.Context(), "s3://b/"+name); err != nil || len(files) != want {
			t.Errorf("%d files, want %d; %v", len(files), want, err)
		}
	}
}
