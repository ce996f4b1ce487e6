package revisions_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// Whatever stands at some place of a dataset's document, a plan is made or refused by
// the dataset's name, and the document stays what it was.
func TestOddValues(t *testing.T) {
	all := levels(t)
	rounds := uint64(3_000)
	if testing.Short() {
		rounds = 800
	}
	refused := 0
	for seed := range rounds {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test's
		l := all[random.IntN(len(all))]
		datasets := l.db["datasets"]
		doc, _ := spoil(random, datasets[random.IntN(len(datasets))]).(bson.D)
		before := dbmigrate.IDKey(doc)
		_, err := revisions.Datasets().Plan(t.Context(), l.db, doc, all[random.IntN(len(all))].version, dbmigrate.Env{Now: now})
		var refusal *dbmigrate.RefusalError
		if name, _ := get(doc, "name").(string); errors.As(err, &refusal) && refusal.Dataset == name && refusal.Reason != "" {
			refused++
		} else if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if dbmigrate.IDKey(doc) != before {
			t.Errorf("seed %d: planning changed the document", seed)
		}
	}
	t.Logf("%d of %d refused", refused, rounds)
}

// spoil replaces one value somewhere below, or takes one key out.
func spoil(random *rand.Rand, value any) any {
	odd := bson.A{nil, "x", "", int32(7), int64(1) << 40, 1.5, true, bson.A{}, bson.A{nil}, bson.A{bson.A{}}, bson.D{}, bson.D{{Key: "x", Value: nil}}, bson.NewObjectID(), bson.Binary{}}
	replace := func() any { return odd[random.IntN(len(odd))] }
	switch v := value.(type) {
	case bson.D:
		if len(v) == 0 {
			return replace()
		}
		v = slices.Clone(v)
		i := random.IntN(len(v))
		switch random.IntN(4) {
		case 0:
			return slices.Delete(v, i, i+1)
		case 1:
			v[i].Value = replace()
		default:
			v[i].Value = spoil(random, v[i].Value)
		}
		return v
	case bson.A:
		if len(v) == 0 {
			return replace()
		}
		v = slices.Clone(v)
		i := random.IntN(len(v))
		v[i] = spoil(random, v[i])
		return v
	}
	return replace()
}
