#include "base/log.h"
#include "pg/scratch_private.h"

#include <stdlib.h>
#include <string.h>

#define WAY_MAX 100

/* Another system may not have the time zone, and its server would not start. */
static bool takes(const struct scratch *s, const struct scratch_options *o, const char *name,
		  const char *setting, bool *out, struct err *e)
{
	CLEANUP(freep) char *program = xasprintf("%s/postgres", o->client->directory);
	CLEANUP(freep) char *data = xasprintf("%s/data", s->directory);
	const char *argv[] = {program, "-D", data, "-C", name, "-c", setting, NULL};
	CLEANUP(proc_stop) struct proc p = scratch_program(s, argv);

	*out = strlen(setting) < WAY_MAX && proc_start(&p, e) && proc_wait(&p, e);
	if (*out)
		return true;
	if (e->kind == ERR_CANCELLED)
		return false;
	log_warn("the scratch server does not take %.*s, as the backup's server has it", WAY_MAX,
		 setting);
	*e = (struct err){0};
	return true;
}

bool scratch_add_ways(struct scratch *s, const struct scratch_options *o, struct err *e)
{
	for (size_t i = 0; i < PG_WAYS; i++) {
		CLEANUP(freep) char *setting = NULL;
		bool good;

		if (!o->ways[i])
			continue;
		setting = xasprintf("%s=%s", pg_ways[i], o->ways[i]);
		if (!takes(s, o, pg_ways[i], setting, &good, e))
			return false;
		if (good)
			scratch_add_setting(s, STEAL(setting));
	}
	return true;
}
