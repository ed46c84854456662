#include "gen/cron.h"

#include "base/text.h"
#include "gen/time_zone_names.h"

#include <stdlib.h>
#include <string.h>

#define COUNT (sizeof time_zone_names / sizeof *time_zone_names)

/* An entry is a name, or begins with one. */
static int compare(const void *name, const void *entry)
{
	return strcmp(name, *(const char *const *)entry);
}

struct clock_change time_zone_change(const char *name)
{
	size_t size = sizeof *changing_zones, count = sizeof changing_zones / size, i;
	const char *found = bsearch(name, changing_zones, count, size, compare);

	if (!found)
		return (struct clock_change){0};
	i = (size_t)(found - (const char *)changing_zones) / size;
	return (struct clock_change){changing_zones[i].from, changing_zones[i].minutes};
}

bool time_zone_known(const char *name)
{
	return bsearch(name, time_zone_names, COUNT, sizeof *time_zone_names, compare);
}

/* Case and the kind of blank are no difference between two names. */
static void fold(const char *name, char out[TEXT_DISTANCE_MAX + 1])
{
	size_t i = 0;

	for (; name[i]; i++) {
		bool upper = name[i] >= 'A' && name[i] <= 'Z';

		out[i] = upper ? (char)(name[i] | 0x20) : name[i] == ' ' ? '_' : name[i];
	}
	out[i] = '\0';
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* SIZE_MAX when it is more than most. */
static size_t distance(const char *a, const char *b, size_t most)
{
	size_t d = text_distance(a, b);

	return d <= most ? d : SIZE_MAX;
}

const char *time_zone_near(const char *name)
{
	char text[TEXT_DISTANCE_MAX + 1], known[TEXT_DISTANCE_MAX + 1];
	const char *near = NULL, *near_by_part = NULL;
	size_t least = SIZE_MAX, least_by_part = SIZE_MAX, most;

	if (strlen(name) > TEXT_DISTANCE_MAX)
		return NULL;
	fold(name, text);
	most = strlen(last_part(text)) / 4;
	for (size_t i = 0; i < COUNT; i++) {
		size_t d;

		if (strpbrk(time_zone_names[i], "0123456789"))
			continue;
		fold(time_zone_names[i], known);
		d = distance(text, known, most);
		if (d < least) {
			least = d;
			near = time_zone_names[i];
		}
		d = distance(last_part(text), last_part(known), most);
		if (d < least_by_part) {
			least_by_part = d;
			near_by_part = time_zone_names[i];
		}
	}
	return least <= least_by_part ? near : near_by_part;
}
