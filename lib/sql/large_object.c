#include "sql/large_object.h"

#include "sql/rows.h"
#include "sql/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_BLOCK 64

static const char write_begins[] = "SELECT pg_catalog.lowrite(0, '\\x";
static const char write_ends[] = "');";

void large_object_init(struct large_object *lo)
{
	*lo = (struct large_object){.state = XXH3_createState()};
	if (!lo->state)
		abort();
}

void large_object_stop(struct large_object *lo)
{
	XXH3_freeState(lo->state);
}

static bool bad(const struct sql_part *part, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "large object statement at byte %llu: %s",
		       (unsigned long long)part->at, why);
}

/* Of constant length and without a branch, so that compilers make vectors of it. */
static unsigned char others_of(const char block[HEX_BLOCK])
{
	unsigned char others = 0;

	for (size_t i = 0; i < HEX_BLOCK; i++) {
		unsigned char digit = (unsigned char)(block[i] - '0');
		unsigned char letter = (unsigned char)(block[i] - 'a');

		others |= (unsigned char)((digit > 9) & (letter > 5));
	}
	return others;
}

static bool is_hex(const char *p, size_t len)
{
	char rest[HEX_BLOCK];
	unsigned char others = 0;
	size_t tail = len % HEX_BLOCK;

	memset(rest, '0', sizeof rest);
	memcpy(rest, p + len - tail, tail);
	for (size_t i = 0; i + HEX_BLOCK <= len; i += HEX_BLOCK)
		others |= others_of(p + i);
	return (others | others_of(rest)) == 0 && len % 2 == 0;
}

static bool written(struct large_object *lo, const struct sql_part *part, struct err *e)
{
	size_t begins = sizeof write_begins - 1, ends = sizeof write_ends - 1, len;

	if (!lo->open)
		return bad(part, "lowrite without lo_open", e);
	if (part->cut || part->len < begins + ends ||
	    memcmp(part->text, write_begins, begins) != 0 ||
	    memcmp(part->text + part->len - ends, write_ends, ends) != 0)
		return bad(part, "not written in hexadecimal", e);
	len = part->len - begins - ends;
	if (!is_hex(part->text + begins, len))
		return bad(part, "not written in hexadecimal", e);
	XXH3_128bits_update(lo->state, part->text + begins, len);
	lo->bytes += len / 2;
	return true;
}

static bool opened(struct large_object *lo, const struct sql_part *part,
		   const struct sql_token *arg, struct err *e)
{
	CLEANUP(freep) char *oid = sql_value(arg);

	if (lo->open)
		return bad(part, "lo_open while another is open", e);
	if (!oid || oid[0] == '\0' || strlen(oid) >= sizeof lo->oid ||
	    oid[strspn(oid, "0123456789")] != '\0')
		return bad(part, "lo_open without an oid", e);
	snprintf(lo->oid, sizeof lo->oid, "%s", oid);
	lo->open = true;
	lo->bytes = 0;
	XXH3_128bits_reset(lo->state);
	XXH3_128bits_update(lo->state, oid, strlen(oid));
	XXH3_128bits_update(lo->state, ":", 1);
	return true;
}

static bool closed(struct large_object *lo, const struct sql_part *part,
		   struct roll_large_objects *sum, struct err *e)
{
	if (!lo->open)
		return bad(part, "lo_close without lo_open", e);
	lo->open = false;
	sum->count++;
	sum->bytes += lo->bytes;
	fingerprint_add(&sum->fingerprint, rows_digest(lo->state));
	return true;
}

bool large_object_statement(struct large_object *lo, const struct sql_part *part,
			    struct roll_large_objects *sum, struct err *e)
{
	static const char prefix[] = "SELECT pg_catalog.lo";
	struct sql_scan scan = {part->text, part->text + part->len};
	struct sql_token name, arg;

	if (part->len < sizeof prefix - 1 || memcmp(part->text, prefix, sizeof prefix - 1) != 0)
		return true;
	sql_next(&scan);
	sql_next(&scan);
	sql_next(&scan);
	name = sql_next(&scan);
	sql_next(&scan);
	if (sql_is(&name, "lowrite"))
		return written(lo, part, e);
	if (sql_is(&name, "lo_close"))
		return closed(lo, part, sum, e);
	if (!sql_is(&name, "lo_open"))
		return true;
	arg = sql_next(&scan);
	return opened(lo, part, &arg, e);
}
