#include "backup/omissions.h"

#include "backup/key.h"
#include "base/log.h"

#include <string.h>

static void warn(struct pg_warnings *w, char *line)
{
	w->lines = xgrow(w->lines, w->count, &w->cap, sizeof *w->lines);
	w->lines[w->count++] = line;
}

void omissions_of_database(struct pg_warnings *w, const struct pg_facts *facts,
			   const struct pg_database *db)
{
	if (!db->connectable)
		warn(w, xasprintf("database %s accepts no connections: it is not in the dump",
				  db->name));
	if (db->unlogged_tables > 0)
		warn(w, xasprintf("database %s: warning: rows of %llu unlogged table(s) not dumped "
				  "because the server is a standby",
				  db->name, (unsigned long long)db->unlogged_tables));
	if (db->hidden_mappings > 0)
		warn(w,
		     xasprintf("database %s: warning: options of %llu user mapping(s) not dumped "
			       "because role %s may not see them",
			       db->name, (unsigned long long)db->hidden_mappings, facts->user));
	for (size_t i = 0; i < db->left_out_count; i++)
		warn(w, xasprintf("database %s: %s", db->name, db->left_out[i]));
}

void omissions_of_server(struct pg_warnings *w, const struct pg_facts *facts)
{
	if (!facts->sees_settings)
		warn(w,
		     xasprintf("role %s may not see shared_preload_libraries, so the manifest does "
			       "not say them: grant it pg_read_all_settings",
			       facts->user));
	if (facts->system_identifier[0] == '\0')
		warn(w,
		     xasprintf("role %s may not call pg_control_system(), so a drill cannot refuse "
			       "this very server: grant it EXECUTE",
			       facts->user));
}

void omissions_of_psql(struct pg_warnings *w, const struct roll_database *db)
{
	for (size_t i = 0; i < db->not_for_psql_count; i++)
		warn(w, xasprintf("database %s: %s: psql cannot restore it, as it takes every word "
				  "begin there for that of a block; pgmuster can",
				  db->name, db->not_for_psql[i]));
}

/* pg_dump says so when it leaves something out, and ends well all the same. */
static bool is_omission(const char *line)
{
	static const char *const omissions[] = {"not dumped", "skipp", "omit"};
	/* In its own sentence, not in a name before it. */
	const char *said = strstr(line, ": warning: ");

	for (size_t i = 0; said && i < sizeof omissions / sizeof *omissions; i++)
		if (strstr(said, omissions[i]))
			return true;
	return key_has_suffix(line, ": ..."); /* warnings were too many to keep all */
}

bool omissions_check(const struct pg_warnings *w, size_t *judged, bool allowed, struct err *e)
{
	for (; *judged < w->count; ++*judged) {
		const char *line = w->lines[*judged];

		log_warn("%s", line);
		if (allowed || !is_omission(line))
			continue;
		err_set(e, ERR_SYSTEM, "something was left out: %s", line);
		return err_hint(e, "dump as a role that may see it, or accept it with "
				   "--allow-omissions");
	}
	return true;
}
