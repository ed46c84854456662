#include "gen/scratch_size.h"

#include "gen/input.h"

#include <math.h>
#include <string.h>

#define GIB 1073741824.0
#define MAX_BYTES 0x1p55
#define WAL_BYTES (6 * GIB) /* max_wal_size of the scratch server, and half as much again */

static double on_disk(const json_t *databases)
{
	const json_t *database;
	double sum = 0;
	size_t i;

	json_array_foreach(databases, i, database)
	{
		double bytes = json_number_value(json_object_get(database, "bytes_on_disk"));

		if (bytes <= 0)
			return 0;
		sum += bytes;
	}
	return sum;
}

bool scratch_size(const char *manifest, size_t len, const char *name, double *bytes, struct err *e)
{
	CLEANUP(tree_freep) json_t *root = input_parse(manifest, len, name, e);
	const char *format = json_string_value(json_object_get(root, "format"));
	const json_t *databases = json_object_get(json_object_get(root, "roll"), "databases");
	double plain =
	    json_number_value(json_object_get(json_object_get(root, "object"), "plain_bytes"));
	double data = on_disk(databases) * 1.25;

	if (!root)
		return false;
	if (!format || strcmp(format, "pgmuster-manifest") != 0 || !json_is_array(databases) ||
	    plain <= 0)
		return err_set(e, ERR_USAGE, "%s is no manifest of pgmuster", name);
	if (plain > MAX_BYTES || data > MAX_BYTES)
		return err_set(e, ERR_USAGE, "%s: no server is that large", name);
	*bytes = ceil(((data > 0 ? data : 2 * plain) + WAL_BYTES) / GIB) * GIB;
	return true;
}
