package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medialift/medialift/dbmigrate/enterprise"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/report"
)

// choices are the values of flags that take one of a few, each with what it means
// after a tab. The commands check what they are given; a shell only offers.
var choices = map[string][]string{
	"layout":        {"tree\tas the files lie below their directory", "flat\tall in one place", "hash\tnamed by their content"},
	"on-collision":  {"refuse\tsend nothing", "suffix\tadd eight digits to both"},
	"missing":       {"refuse\tsend nothing", "keep\tleave those values as they are"},
	"unmatched":     {"refuse\tchange nothing", "keep\tleave those paths as they are"},
	"sse":           {"AES256\twith keys of S3", "aws:kms\twith keys of KMS", "aws:kms:dsse\twith keys of KMS, twice"},
	"progress":      {"auto\ta bar on a terminal", "plain\ta line now and then", "json\tan object a line", "none"},
	"rows":          {"failed", "missing", "changed"},
	"check":         {"all", "sample\ta hundred of them", "1000"},
	"error-level":   {"0\tstop at the first dataset that fails", "1\tgo on with the others", "2\tgo on with the others"},
	"acl":           {"private", "bucket-owner-full-control", "bucket-owner-read", "authenticated-read", "public-read"},
	"storage-class": {"STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "NEARLINE\tGoogle", "COLDLINE\tGoogle", "Hot\tAzure", "Cool\tAzure", "Cold\tAzure"},
	"overwrite":     {"all\tothers' objects too", "own\tonly what an earlier run sent"},
	"max-duration":  {"8h", "11h", "30m"},
	"max-bandwidth": {"50MB", "200MB"},
	"older":         {"30d", "90d", "12h"},
}

// flagWords are what the names of a flag's value stand for, where that is the
// same in every command.
var flagWords = map[string]string{
	"media-field": "FIELD", "remote-dir": "FIELD=", "view": "VIEW", "dataset-name": "NAME", "map": "SPEC",
	"rel-dir": "DIR", "state": "DIR", "backup": "DIR", "restore": "DIR", "version": "VERSION", "to-enterprise": "RELEASE",
	"mongod": "FILE", "report": "FILE", "database-uri": "URI", "to-uri": "URI",
}

// complete teaches a shell what may follow, for every command below cmd. Flags
// are known by their names and arguments by those in Use.
func (a *app) complete(cmd *cobra.Command) {
	offers := a.offers()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, set := cmd.GetFlagCompletionFunc(f.Name); set || f.Value.Type() == "bool" {
			return
		}
		offer := offers[flagWords[f.Name]]
		switch list := choices[f.Name]; {
		case list != nil:
			offer = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return list, cobra.ShellCompDirectiveNoFileComp
			}
		case offer == nil:
			offer = cobra.NoFileCompletions
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, offer) // fails only for what is no flag
	})
	if cmd.ValidArgsFunction == nil && cmd.Runnable() {
		cmd.ValidArgsFunction = arguments(cmd.Use, offers)
	}
	for _, sub := range cmd.Commands() {
		a.complete(sub)
	}
}

// completes tells the commands whose output a shell reads.
func completes(cmd *cobra.Command) bool {
	return strings.HasPrefix(cmd.Name(), cobra.ShellCompRequestCmd) || cmd.HasParent() && cmd.Parent().Name() == "completion"
}

// arguments completes the arguments that a usage line names.
func arguments(use string, offers map[string]cobra.CompletionFunc) cobra.CompletionFunc {
	var words []string
	for _, word := range strings.Fields(use)[1:] {
		if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "[-") {
			break
		}
		words = append(words, strings.Trim(word, "[]"))
	}
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		at := min(len(args), len(words)-1)
		if at < 0 || at < len(args) && !strings.HasSuffix(words[0], "...") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if strings.HasSuffix(words[0], "...") && len(args) > 0 && strings.Contains(use, " URL") {
			return offers["DATASET or URL"](cmd, args, toComplete)
		}
		if offer := offers[strings.TrimSuffix(words[at], "...")]; offer != nil {
			return offer(cmd, args, toComplete)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// offers complete words by their names in usage lines.
func (a *app) offers() map[string]cobra.CompletionFunc {
	dirs := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return map[string]cobra.CompletionFunc{
		"DATASET": a.offerDatasets, "NAME": a.offerNames, "FIELD": a.offerFields, "VIEW": a.offerViews, "RUN": a.offerRuns,
		"DIR": dirs, "URL": offerTargets, "SPEC": a.offerMaps, "URI": offerURIs,
		"FILE": func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
		"FIELD=": func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			fields, _ := a.offerFields(cmd, args, toComplete)
			for i, f := range fields {
				fields[i] = f + "="
			}
			return fields, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		},
		"DATASET or URL": func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			urls, directive := offerTargets(cmd, args, toComplete)
			if directive == cobra.ShellCompDirectiveFilterDirs {
				return nil, directive
			}
			names, _ := a.offerNames(cmd, args, toComplete)
			return append(names, urls...), directive
		},
		"VERSION": func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			list := []cobra.Completion{revisions.Newest + "\tthe newest known"}
			for _, r := range enterprise.Releases() {
				list = append(list, r.Version)
			}
			return unique(list), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		},
		"RELEASE": func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var list []cobra.Completion
			for _, r := range enterprise.Releases() {
				if r.Deployment != "" {
					list = append(list, r.Deployment+"\tdatabases of "+r.Version)
				}
			}
			return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		},
	}
}

// typeable leaves out what no terminal should be given, and nobody could type: cobra
// prints completions as they are.
func typeable(list []cobra.Completion) []cobra.Completion {
	return slices.DeleteFunc(list, func(item cobra.Completion) bool {
		value, description, _ := strings.Cut(item, "\t")
		return report.Visible(value) != value || report.Visible(description) != description
	})
}

// unique leaves out what was in the list before.
func unique(list []cobra.Completion) []cobra.Completion {
	seen := map[string]bool{}
	var out []cobra.Completion
	for _, item := range list {
		value, _, _ := strings.Cut(item, "\t")
		if !seen[value] {
			seen[value] = true
			out = append(out, item)
		}
	}
	return out
}

// offerURIs offers the ways to name a server, and the variables that may hold its URI:
// their names, never what they hold.
func offerURIs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	list := []cobra.Completion{"mongodb://", "mongodb+srv://", "file:"}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasSuffix(name, "_URI") {
			list = append(list, "env:"+name)
		}
	}
	return list, cobra.ShellCompDirectiveNoSpace
}

// offerTargets offers the beginnings of target URLs.
func offerTargets(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.HasPrefix(toComplete, "/") || strings.HasPrefix(toComplete, ".") {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return []cobra.Completion{"s3://", "gs://", "az://", "minio://", "https://", "file:///"}, cobra.ShellCompDirectiveNoSpace
}
