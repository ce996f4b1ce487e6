package main

// permitted is FiftyOne's guard: who is no admin may at most bring datasets to the
// version of their database.
func (c *migrateCmd) permitted() error {
	from, to := c.found.Version, c.to
	switch {
	case c.admin() || c.dryRun || from == to:
		return nil
	case len(c.names) > 0:
		return notAdmin("Cannot migrate dataset '%s' to v%s", c.names[0], to)
	}
	return notAdmin("Cannot migrate database from v%s to v%s", from, to)
}

// permittedToMend is the same for --repair and --restore, of which FiftyOne has neither.
func (c *migrateCmd) permittedToMend() error {
	if c.admin() || c.dryRun {
		return nil
	}
	return notAdmin("Cannot repair database v%s", c.found.Version)
}

// notAdmin refuses in FiftyOne's words.
func notAdmin(what string, args ...any) error {
	return refusal("set FIFTYONE_DATABASE_ADMIN=true if you administer this database",
		what+" when database_admin=False. See https://docs.voxel51.com/user_guide/config.html#database-migrations for more information", args...)
}

// admin is FiftyOne's setting database_admin, by default true for open-source
// databases.
func (c *migrateCmd) admin() bool {
	if set := c.database.admin; set != "" {
		return set == "true"
	}
	return c.openSource()
}
