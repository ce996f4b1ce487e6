package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/report"
)

// completionTime is how long somebody who pressed the tab key is kept waiting.
const completionTime = 2 * time.Second

// offerDatasets offers the datasets of the database, and directories where a path
// has begun.
func (a *app) offerDatasets(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.ContainsAny(toComplete, `/\`) || strings.HasPrefix(toComplete, ".") {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	names, _ := a.offerNames(cmd, args, toComplete)
	if len(names) == 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	for i := range names {
		if strings.HasPrefix(toComplete, databaseMark) {
			names[i] = databaseMark + names[i]
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// offerNames offers the names of the datasets of a database that is named. An
// embedded one is not started for it. What goes wrong offers nothing.
func (a *app) offerNames(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	if !a.reachable(cmd) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	d, err := a.connect(ctx, false)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	infos, err := d.Datasets(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, i := range infos {
		names = append(names, i.Name)
	}
	return typeable(names), cobra.ShellCompDirectiveNoFileComp
}

// reachable tells whether the flags or FiftyOne's settings name a server.
func (a *app) reachable(cmd *cobra.Command) bool {
	if err := flagsFromEnv(cmd.Flags()); err != nil {
		return false
	}
	place, err := a.place(false)
	return err == nil && place.URI != ""
}

// manifest is that of the first dataset among the arguments.
func (a *app) manifest(cmd *cobra.Command, args []string) (m dataset.Manifest, ok bool) {
	if len(args) == 0 {
		return m, false
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	dir, err := datasetDir(args[0])
	if err != nil || dir == "" && !a.reachable(cmd) {
		return m, false
	}
	src, err := a.openDataset(ctx, args[0], false)
	if err != nil {
		return m, false
	}
	m, err = src.store.Manifest(ctx)
	return m, err == nil
}

// offerFields offers the media fields of the dataset that was named before.
func (a *app) offerFields(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	m, ok := a.manifest(cmd, args)
	if !ok {
		return []cobra.Completion{"filepath"}, cobra.ShellCompDirectiveNoFileComp
	}
	finder, err := dataset.NewFinder(m, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return typeable(unique(finder.Names())), cobra.ShellCompDirectiveNoFileComp
}

// offerViews offers the saved views of the dataset that was named before.
func (a *app) offerViews(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	m, _ := a.manifest(cmd, args)
	var names []cobra.Completion
	for _, view := range m.Views() {
		if name, ok := view.Lookup("name").StringValueOK(); ok {
			names = append(names, name)
		}
	}
	return typeable(names), cobra.ShellCompDirectiveNoFileComp
}

// offerRuns offers earlier runs, the newest first.
func (a *app) offerRuns(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	if err := flagsFromEnv(cmd.Flags()); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	path, err := a.stateDir()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if _, err := os.Stat(path); err != nil { // looking makes no folder
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dir, err := a.ledgers()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := dir.Summaries(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, s := range list {
		names = append(names, s.Run+"\t"+report.Visible(shownDataset(s))+", "+string(s.Status))
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// offerMaps offers the kinds of maps, and after run: the runs.
func (a *app) offerMaps(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	kind, _, begun := strings.Cut(toComplete, ":")
	if begun && kind == "run" {
		runs, directive := a.offerRuns(cmd, args, "")
		for i := range runs {
			runs[i] = "run:" + runs[i]
		}
		return runs, directive
	}
	if begun {
		return nil, cobra.ShellCompDirectiveDefault
	}
	list := []cobra.Completion{"exec:\ta program", "run:\twhere an earlier upload put each file", "star:\ta Python function, in Starlark", "table:\ta CSV file"}
	for kind := range pathmap.Kinds() {
		list = append(list, kind+":")
	}
	return list, cobra.ShellCompDirectiveNoSpace
}
