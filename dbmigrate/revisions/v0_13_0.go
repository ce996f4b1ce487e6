package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_13_0 brought annotation runs, and models and metrics of similarity indexes.
func v0_13_0() dbmigrate.Revision {
	return revision("0.13.0", up0_13_0, down0_13_0)
}

func up0_13_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectConfigs(s, "brain_methods"); err != nil {
		return err
	}
	edit.Ensure(&s.Doc, "annotation_runs", bson.D{})
	eachSimilarity0_13(s, func(name string, config *bson.D) {
		loseMetric(s, name, *config)
		edit.Set(config, "model", nil)
		edit.Set(config, "metric", onlyMetric)
	})
	return nil
}

func down0_13_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectConfigs(s, "brain_methods"); err != nil {
		return err
	}
	loseEntries(s, "annotation_runs", "annotation run")
	edit.Drop(&s.Doc, "annotation_runs")
	eachSimilarity0_13(s, func(name string, config *bson.D) {
		loseMetric(s, name, *config)
		edit.Drop(config, "model", "metric")
	})
	return nil
}

// onlyMetric is the metric of all similarity indexes before 0.13.0.
const onlyMetric = "euclidean"

func loseMetric(s *dbmigrate.State, run string, config bson.D) {
	metric := edit.Get(config, "metric")
	if edit.Get(config, "model") != nil || metric != nil && metric != onlyMetric {
		s.Lose("the model and metric of the similarity index %q", run)
	}
}

func eachSimilarity0_13(s *dbmigrate.State, change func(run string, config *bson.D)) {
	edit.EachValue(&s.Doc, "brain_methods", func(name string, run *bson.D) {
		edit.In(run, "config", func(config *bson.D) {
			if edit.Get(*config, "cls") == similarityConfig {
				change(name, config)
			}
		})
	})
}
