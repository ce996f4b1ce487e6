package dbmigrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// The collections whose documents plans are about.
const (
	Datasets = "datasets"
	Config   = "config" // one document: the database's own version and type
)

// Plan is the whole way of one dataset, or of the database itself, on paper: what
// its document becomes, and what else has to happen, in order. Making one changes
// nothing.
type Plan struct {
	Collection string // Datasets or Config
	ID         any
	Name       string // before; After may have another. "" for the database
	From, To   string // versions as they are stored; From is "0.0" where a dataset has none
	Legs       []Leg
	// Before and After are the document; equal where nothing changes.
	Before, After bson.D
	New           bool // Before is not in the database yet
	// Ops are carried out in order before After is written, Last when it is.
	Ops, Last []Op
	// Losses says in words what is deleted for good, Warnings what to know.
	Losses, Warnings []string
	// Unopenable says why the client of To can't open the dataset, or a part of it.
	Unopenable []string
}

// Env is what plans of one run share. The zero value is good for a single dataset
// whose name nobody else can have.
type Env struct {
	Now   time.Time            // the time that is written as now; zero for the present
	Names *Names               // the names of all datasets
	NewID func() bson.ObjectID // nil for bson.NewObjectID
}

// firstStored is the version that began to store versions in datasets: below it
// there is none to write.
const firstStored = "0.6.2"

// Plan composes the legs that take a dataset's document to a version, each planned
// on the outcome of the one before. A RefusalError says why a dataset can't go
// there; other errors come from the reader.
func (r *Registry) Plan(ctx context.Context, reader Reader, doc bson.D, to string, env Env) (*Plan, error) {
	plan := &Plan{Collection: Datasets, Name: edit.String(doc, "name"), From: "0.0", To: to}
	if head := edit.Get(doc, "version"); head != nil {
		text, isText := head.(string)
		if !isText {
			return nil, &RefusalError{Dataset: plan.Name, Reason: fmt.Sprintf("its version is %v, no text", head)}
		}
		plan.From = text
	}
	if err := r.compose(ctx, reader, plan, doc, env); err != nil {
		return nil, err
	}
	destination, err := ParseVersion(to)
	if err == nil && plan.From != to && destination.Compare(MustParseVersion(firstStored)) >= 0 {
		edit.Set(&plan.After, "version", to)
	}
	return plan, nil
}

// PlanDatabase is Plan for a database's document in Config. The document may lack
// version and type, or be empty but for its _id: FiftyOne then takes the database
// for its own and as new as itself.
func (r *Registry) PlanDatabase(ctx context.Context, reader Reader, doc bson.D, to string, env Env) (*Plan, error) {
	plan := &Plan{Collection: Config, From: r.newest.String(), To: to}
	head := edit.Get(doc, "version")
	if head != nil {
		text, isText := head.(string)
		if !isText {
			return nil, &RefusalError{Reason: fmt.Sprintf("the database's version is %v, no text", head)}
		}
		plan.From = text
	}
	complete := cloneDoc(doc)
	if head == nil {
		edit.Set(&complete, "version", plan.From)
	}
	destination, err := ParseVersion(to)
	if err == nil && destination.Compare(MustParseVersion(firstTyped)) >= 0 && edit.Get(doc, "type") == nil {
		edit.Set(&complete, "type", ownType)
	}
	if err := r.compose(ctx, reader, plan, complete, env); err != nil {
		return nil, err
	}
	edit.Set(&plan.After, "version", to)
	plan.Before = doc
	return plan, nil
}

// ownType is the type that open-source FiftyOne gives its databases, from firstTyped
// on: versions before can't read a document that has one.
const (
	ownType    = "fiftyone"
	firstTyped = "0.15.1"
)

// compose takes a plan's legs.
func (r *Registry) compose(ctx context.Context, reader Reader, plan *Plan, doc bson.D, env Env) error {
	plan.ID, plan.Before, plan.After = edit.Get(doc, "_id"), doc, doc
	if plan.From == plan.To {
		return nil
	}
	from, to, err := r.chooseLegs(plan)
	if err != nil {
		return err
	}
	state := &State{Doc: cloneDoc(doc), From: from, To: to, Now: env.now(), Names: env.Names, NewID: env.NewID}
	if state.Names == nil {
		state.Names = &Names{}
	}
	if state.NewID == nil {
		state.NewID = bson.NewObjectID
	}
	for _, leg := range plan.Legs {
		if err := take(ctx, reader, state, leg.step(), plan.Name, leg.String()); err != nil {
			return err
		}
	}
	if to.Compare(from) < 0 {
		for _, ending := range r.endings {
			if err := take(ctx, reader, state, ending.Step, plan.Name, "fitting it to "+to.String()); err != nil {
				return err
			}
		}
	}
	plan.After, plan.Losses, plan.Warnings, plan.Unopenable = state.Doc, state.losses, state.warnings, state.unopenable
	for _, op := range joinUpdates(state.ops) {
		if op.Last() {
			plan.Last = append(plan.Last, op)
		} else {
			plan.Ops = append(plan.Ops, op)
		}
	}
	if plan.Collection == Datasets {
		state.Names.Claim(IDKey(plan.ID), edit.String(plan.After, "name"), edit.String(plan.After, "slug"))
	}
	return nil
}

// take plans one leg, or an ending.
func take(ctx context.Context, reader Reader, state *State, step Step, name, leg string) error {
	if step == nil {
		return nil
	}
	err := step(ctx, reader, state)
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		refusal.Dataset, refusal.Leg = name, leg
		return refusal
	}
	if err != nil {
		return fmt.Errorf("planning %s of dataset %q: %w", leg, name, err)
	}
	return nil
}

// chooseLegs reads the versions of a plan and fills in its legs.
func (r *Registry) chooseLegs(plan *Plan) (from, to Version, err error) {
	from, err = ParseVersion(plan.From)
	if err != nil {
		return from, to, &RefusalError{Dataset: plan.Name, Reason: err.Error()}
	}
	to, err = ParseVersion(plan.To)
	if err != nil {
		return from, to, &RefusalError{Dataset: plan.Name, Reason: err.Error()}
	}
	if newest := slices.MaxFunc([]Version{from, to}, Version.Compare); newest.Compare(r.newest) > 0 {
		return from, to, &RefusalError{
			Dataset: plan.Name,
			Reason:  fmt.Sprintf("from %s to %s: data is known up to %s here", plan.From, plan.To, r.newest),
			Hint:    "use a medialift that knows the newer version",
		}
	}
	plan.Legs = r.Between(from, to)
	return from, to, nil
}

func (e Env) now() time.Time {
	if e.Now.IsZero() {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return e.Now
}

// joinUpdates makes one update of pipelines without a filter that follow one
// another on the same collection, and one deletion of all on it.
func joinUpdates(ops []Op) []Op {
	var joined []Op
	for _, op := range ops {
		if deletion, isDelete := op.(Delete); isDelete {
			if i := lastOn(joined, deletion.Collection); i >= 0 {
				if earlier, isDelete := joined[i].(Delete); isDelete {
					joined[i] = Delete{Collection: earlier.Collection, IDs: slices.Concat(earlier.IDs, deletion.IDs)}
					continue
				}
			}
		}
		update, isUpdate := op.(UpdateAll)
		pipeline, isPipeline := update.Update.(bson.A)
		if isUpdate && isPipeline && len(update.Filter) == 0 && !update.After {
			if i := lastOn(joined, update.Collection); i >= 0 {
				earlier, isUpdate := joined[i].(UpdateAll)
				stages, isPipeline := earlier.Update.(bson.A)
				if isUpdate && isPipeline && len(earlier.Filter) == 0 && !earlier.After {
					earlier.Update = slices.Concat(stages, pipeline)
					joined[i] = earlier
					continue
				}
			}
		}
		joined = append(joined, op)
	}
	return joined
}

// lastOn finds the last operation on a collection; -1 for none, or where one came
// after it that may read what it wrote.
func lastOn(ops []Op, collection string) int {
	for i, op := range slices.Backward(ops) {
		if op.Target() == collection {
			return i
		}
		switch op.(type) {
		case Convert, Merge:
			return -1
		}
	}
	return -1
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool {
	return p.From == p.To && !p.New && len(p.Ops)+len(p.Last) == 0 && IDKey(p.Before) == IDKey(p.After)
}
