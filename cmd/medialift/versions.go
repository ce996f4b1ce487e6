package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/enterprise"
)

// release is a release of FiftyOne Enterprise in JSON.
type release struct {
	Deployment    string `json:"deployment"`
	SDK           string `json:"sdk"`
	Compatibility string `json:"compatibility"`
	Database      string `json:"database"`
	Evidence      string `json:"evidence"`
}

func newVersions(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "versions [RELEASE]",
		Short: "List releases of FiftyOne Enterprise with the versions of their SDKs and databases",
		Long: `List releases of FiftyOne Enterprise with the versions of their SDKs and databases.

RELEASE is the number of a deployment, of an SDK, or a compatibility version, whole or
its beginning. Without it all are listed.

The compatibility version is the version of open-source FiftyOne that a release is built
on. Its databases are at that version, and medialift migrate -v takes it. No page of
FiftyOne lists them all; the evidence says where each is known from.

For a single compatibility version it also says which SDKs connect to a database at it.`,
		Example: `  medialift versions
  medialift versions 1.4.5
  medialift versions 0.22`,
		Args: atMost(1, "one RELEASE, or none"),
		RunE: func(_ *cobra.Command, args []string) error { return a.showVersions(strings.Join(args, "")) },
	}
}

// showVersions lists the releases of a number, or all.
func (a *app) showVersions(number string) error {
	var list []enterprise.Release
	for _, r := range enterprise.Releases() {
		if under(r.Deployment, number) || under(r.SDK, number) || under(r.Version, number) {
			list = append(list, r)
		}
	}
	v, err := dbmigrate.ParseVersion(number)
	if len(list) == 0 && (err != nil || v.Compare(dbmigrate.MustParseVersion("0.6.2")) < 0) {
		return usage("medialift versions lists all", "%q is not the number of a known release", number)
	}
	rows := [][]string{{"deployment", "sdk", "compatibility", "database", "evidence"}}
	entries := make([]release, len(list))
	for i, r := range list {
		entries[i] = release{r.Deployment, r.SDK, r.Version, r.Version, r.Evidence}
		rows = append(rows, []string{r.Deployment, r.SDK, r.Version, r.Version, r.Evidence})
	}
	a.ui.doc.Versions = entries
	if len(list) > 0 {
		a.ui.say("%s", columns(rows))
	} else {
		a.ui.say("No known release of FiftyOne Enterprise has databases of v%s.", v)
		list = append(list, enterprise.Release{Version: v.String()})
	}
	if number != "" && !slices.ContainsFunc(list, func(r enterprise.Release) bool { return r.Version != list[0].Version }) {
		return a.showConnecting(list[0].Version)
	}
	return nil
}

// under reports whether a number is the one given, or begins with it.
func under(number, given string) bool {
	given = strings.TrimPrefix(given, "v")
	return given == "" || number == given || strings.HasPrefix(number, given+".")
}

// showConnecting says which SDKs connect to databases at a version.
func (a *app) showConnecting(version string) error {
	install, fits := enterprise.Install(version)
	can, err := enterprise.SDKs(version)
	if err != nil {
		return err
	}
	a.ui.say("SDKs that can connect to an Enterprise database at v%s: %s", version, can)
	if fits {
		a.ui.say("    %s", install)
	}
	can, cannot, err := sdksOf(openSourceType, version)
	if err != nil {
		return err
	}
	a.ui.say("SDKs that can connect to an open-source database at v%s: %s", version, can)
	if cannot != "" {
		a.ui.say("    not: %s", cannot)
	}
	a.ui.say("    %s", enterprise.InstallOpen(version))
	return nil
}

// columns lays out rows, the first of them the heads.
func columns(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var lines []string
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-len(cell)+2)
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.Join(lines, "\n")
}
