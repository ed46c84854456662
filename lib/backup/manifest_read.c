#include "backup/digest.h"
#include "backup/manifest.h"
#include "backup/manifest_json.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool backup_mark_id(const char *mark, char id[BACKUP_ID_SIZE])
{
	static const char head[] = "pgmuster 1 ";
	unsigned char raw[16];
	size_t len = strlen(mark);

	if (strncmp(mark, head, sizeof head - 1) != 0 || len != sizeof head - 1 + 32 + 1 ||
	    mark[len - 1] != '\n')
		return false;
	memcpy(id, mark + sizeof head - 1, 32);
	id[32] = '\0';
	return hex_decode(id, raw, sizeof raw);
}

/* Where in the document a reader is, for messages: "$.roll.databases[3]". */
struct place {
	const json_t *object;
	char path[120];
};

static bool wrong(const struct place *p, const char *key, const char *expected, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "%s.%s: expected %s", p->path, key, expected);
}

static bool get_object(const struct place *p, const char *key, struct place *out, struct err *e)
{
	out->object = json_object_get(p->object, key);
	snprintf(out->path, sizeof out->path, "%.80s.%s", p->path, key);
	return json_is_object(out->object) || wrong(p, key, "an object", e);
}

static bool get_list(const struct place *p, const char *key, const json_t **out, struct err *e)
{
	*out = json_object_get(p->object, key);
	return json_is_array(*out) || wrong(p, key, "a list", e);
}

static bool get_item(const struct place *p, const char *key, const json_t *list, size_t i,
		     struct place *out, struct err *e)
{
	out->object = json_array_get(list, i);
	snprintf(out->path, sizeof out->path, "%.60s.%s[%zu]", p->path, key, i);
	return json_is_object(out->object) ||
	       err_set(e, ERR_CORRUPT, "%s: expected an object", out->path);
}

static bool get_text(const struct place *p, const char *key, char **out, struct err *e)
{
	const json_t *value = json_object_get(p->object, key);

	if (json_is_string(value)) {
		*out = xstrdup(json_string_value(value));
		return true;
	}
	CLEANUP(freep) char *hex_key = xasprintf("%s_hex", key);
	const char *hex = json_string_value(json_object_get(p->object, hex_key));
	if (!hex)
		return wrong(p, key, "a string", e);
	*out = xcalloc(strlen(hex) / 2 + 1, 1);
	return hex_decode(hex, *out, strlen(hex) / 2) || wrong(p, hex_key, "hexadecimal digits", e);
}

static bool get_integer(const struct place *p, const char *key, int64_t *out, struct err *e)
{
	const json_t *value = json_object_get(p->object, key);

	if (!json_is_integer(value))
		return wrong(p, key, "an integer", e);
	*out = json_integer_value(value);
	return true;
}

static bool get_number(const struct place *p, const char *key, uint64_t *out, struct err *e)
{
	int64_t n;

	if (!get_integer(p, key, &n, e))
		return false;
	*out = (uint64_t)n;
	return n >= 0 || wrong(p, key, "a number that is not negative", e);
}

static bool get_bool(const struct place *p, const char *key, bool *out, struct err *e)
{
	const json_t *value = json_object_get(p->object, key);

	*out = json_is_true(value);
	return json_is_boolean(value) || wrong(p, key, "true or false", e);
}

static bool get_range(const struct place *p, struct range *out, struct err *e)
{
	if (!get_number(p, "at", &out->at, e) || !get_number(p, "end", &out->end, e))
		return false;
	return out->at <= out->end || wrong(p, "end", "a number not below at", e);
}

static bool get_fingerprint(const struct place *p, const char *key, struct fingerprint *out,
			    struct err *e)
{
	const char *hex = json_string_value(json_object_get(p->object, key));

	return (hex && fingerprint_parse(hex, out)) || wrong(p, key, "32 hexadecimal digits", e);
}

static bool get_time(const struct place *p, const char *key, time_t *out, struct err *e)
{
	const char *text = json_string_value(json_object_get(p->object, key));

	return (text && clock_parse_iso8601(text, out)) ||
	       wrong(p, key, "a time such as 2026-11-21T02:30:00Z", e);
}

/* A list of objects with one text each, such as names. */
static bool get_texts(const struct place *p, const char *key, const char *field, char ***out,
		      size_t *count, struct err *e)
{
	const json_t *list;

	if (!get_list(p, key, &list, e))
		return false;
	*out = xcalloc(json_array_size(list) + 1, sizeof **out);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct place item;

		*count = i + 1;
		if (!get_item(p, key, list, i, &item, e) || !get_text(&item, field, &(*out)[i], e))
			return false;
	}
	return true;
}

static bool get_table(const struct place *p, struct roll_table *t, struct err *e)
{
	return get_text(p, "schema", &t->schema, e) && get_text(p, "name", &t->name, e) &&
	       get_text(p, "columns", &t->columns, e) && get_number(p, "rows", &t->rows, e) &&
	       get_number(p, "bytes", &t->bytes, e) &&
	       get_fingerprint(p, "fingerprint", &t->fingerprint, e) && get_range(p, &t->range, e);
}

static bool is_within(struct range inner, struct range outer)
{
	return outer.at <= inner.at && inner.end <= outer.end;
}

/* Lists are in the order of the text, so nothing can be there twice. */
static bool follows(const struct place *p, struct range r, const struct range *before,
		    struct err *e)
{
	return !before || before->end <= r.at ||
	       wrong(p, "at", "a place behind the one before it", e);
}

static bool get_tables(const struct place *p, struct roll_database *r, struct err *e)
{
	const json_t *list;

	if (!get_list(p, "tables", &list, e))
		return false;
	r->table_cap = json_array_size(list) + 1;
	r->tables = xcalloc(r->table_cap, sizeof *r->tables);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct place item;

		r->table_count = i + 1;
		if (!get_item(p, "tables", list, i, &item, e) ||
		    !get_table(&item, &r->tables[i], e))
			return false;
		if (!is_within(r->tables[i].range, r->range))
			return wrong(&item, "at", "a place within its database", e);
		if (!follows(&item, r->tables[i].range, i ? &r->tables[i - 1].range : NULL, e))
			return false;
	}
	return true;
}

static bool get_sequences(const struct place *p, struct roll_database *r, struct err *e)
{
	const json_t *list;

	if (!get_list(p, "sequences", &list, e))
		return false;
	r->sequence_cap = json_array_size(list) + 1;
	r->sequences = xcalloc(r->sequence_cap, sizeof *r->sequences);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct roll_sequence *s = &r->sequences[i];
		struct place item;

		r->sequence_count = i + 1;
		if (!get_item(p, "sequences", list, i, &item, e) ||
		    !get_text(&item, "schema", &s->schema, e) ||
		    !get_text(&item, "name", &s->name, e) ||
		    !get_integer(&item, "value", &s->value, e) ||
		    !get_bool(&item, "called", &s->called, e))
			return false;
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool are_different(char *const *names, size_t count)
{
	CLEANUP(freep) const char **sorted = xcalloc(count + 1, sizeof *sorted);

	memcpy(sorted, names, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_text);
	for (size_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			return false;
	return true;
}

static bool get_extensions(const struct place *p, struct roll_database *r, struct pg_database *d,
			   struct err *e)
{
	const json_t *list;

	if (!get_list(p, "extensions", &list, e))
		return false;
	d->extensions = xcalloc(json_array_size(list) + 1, sizeof *d->extensions);
	r->extension_cap = json_array_size(list) + 1;
	r->extensions = xcalloc(r->extension_cap, sizeof *r->extensions);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct place item;

		d->extension_count = i + 1;
		if (!get_item(p, "extensions", list, i, &item, e) ||
		    !get_text(&item, "name", &d->extensions[i].name, e) ||
		    !get_text(&item, "version", &d->extensions[i].version, e))
			return false;
		r->extensions[r->extension_count++] = xstrdup(d->extensions[i].name);
	}
	return are_different(r->extensions, r->extension_count) ||
	       wrong(p, "extensions", "a list of different names", e);
}

static bool get_database(const struct place *p, struct roll_database *r, struct pg_database *d,
			 struct err *e)
{
	struct place large;

	if (!get_text(p, "name", &r->name, e) || !get_range(p, &r->range, e) ||
	    !get_number(p, "data_at", &r->data_at, e) ||
	    !get_number(p, "post_at", &r->post_at, e) ||
	    !get_fingerprint(p, "schema", &r->schema, e))
		return false;
	if (r->data_at < r->range.at || r->post_at < r->data_at || r->range.end < r->post_at)
		return wrong(p, "data_at", "at <= data_at <= post_at <= end", e);
	r->complete = true;
	d->name = xstrdup(r->name);
	d->connectable = true;
	for (size_t i = 0; i < sizeof database_texts / sizeof *database_texts; i++)
		if (!get_text(p, database_texts[i].key,
			      (char **)((char *)d + database_texts[i].offset), e))
			return false;
	return get_number(p, "bytes_on_disk", &d->bytes, e) && get_extensions(p, r, d, e) &&
	       get_object(p, "large_objects", &large, e) &&
	       get_number(&large, "count", &r->large_objects.count, e) &&
	       get_number(&large, "bytes", &r->large_objects.bytes, e) &&
	       get_fingerprint(&large, "fingerprint", &r->large_objects.fingerprint, e) &&
	       get_tables(p, r, e) && get_sequences(p, r, e);
}

/* 0.1.0 did not write it. */
static bool get_globals_sum(const struct place *globals, struct roll *roll, struct err *e)
{
	roll->has_globals_sum = json_object_get(globals->object, "fingerprint") != NULL;
	return !roll->has_globals_sum ||
	       get_fingerprint(globals, "fingerprint", &roll->globals_sum, e);
}

static bool get_roll(const struct place *p, struct manifest *m, struct err *e)
{
	struct roll *roll = &m->roll;
	const struct range whole = {0, m->plain_bytes};
	const struct range *before = &roll->globals;
	struct place globals;
	const json_t *list;

	if (!get_object(p, "globals", &globals, e) || !get_range(&globals, &roll->globals, e) ||
	    !get_globals_sum(&globals, roll, e) ||
	    !get_texts(p, "roles", "name", &roll->roles, &roll->role_count, e) ||
	    !get_texts(p, "tablespaces", "name", &roll->tablespaces, &roll->tablespace_count, e) ||
	    !get_list(p, "databases", &list, e))
		return false;
	if (!is_within(roll->globals, whole))
		return wrong(&globals, "end", "an offset within the dump", e);
	roll->complete = true;
	roll->bytes = m->plain_bytes;
	roll->database_cap = json_array_size(list) + 1;
	roll->databases = xcalloc(roll->database_cap, sizeof *roll->databases);
	m->databases = xcalloc(roll->database_cap, sizeof *m->databases);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct place item;

		roll->database_count = m->database_count = i + 1;
		if (!get_item(p, "databases", list, i, &item, e) ||
		    !get_database(&item, &roll->databases[i], &m->databases[i], e))
			return false;
		if (!is_within(roll->databases[i].range, whole))
			return wrong(&item, "end", "an offset within the dump", e);
		if (!follows(&item, roll->databases[i].range, before, e))
			return false;
		before = &roll->databases[i].range;
	}
	return true;
}

/* The major version is what matters, and of "16.3.0", as forks have it, libpq makes another number. */
static bool is_version(const char *text, int number)
{
	char *end;
	long major = strtol(text, &end, 10);

	return end == text || number / 10000 == major;
}

/* 0.1.0 did not write them. */
static bool get_ways(const struct place *source, char *ways[PG_WAYS], struct err *e)
{
	struct place p;

	if (!json_object_get(source->object, "settings"))
		return true;
	if (!get_object(source, "settings", &p, e))
		return false;
	for (size_t i = 0; i < PG_WAYS; i++)
		if (json_object_get(p.object, pg_ways[i]) && !get_text(&p, pg_ways[i], &ways[i], e))
			return false;
	return true;
}

static bool get_head(const struct place *p, struct manifest *m, struct err *e)
{
	CLEANUP(freep) char *id = NULL;
	CLEANUP(freep) char *hex = NULL;
	struct place object, source;
	unsigned char raw[16];
	int64_t number;

	if (!get_text(p, "tool", &m->tool, e) || !get_text(p, "id", &id, e) ||
	    !get_text(p, "key", &m->key, e) || !get_time(p, "started", &m->started, e) ||
	    !get_time(p, "finished", &m->finished, e) || !get_object(p, "object", &object, e) ||
	    !get_number(&object, "bytes", &m->object.bytes, e) ||
	    !get_text(&object, "sha256", &hex, e) ||
	    !get_number(&object, "plain_bytes", &m->plain_bytes, e) ||
	    !get_number(&object, "frames", &m->frames, e) || !get_object(p, "source", &source, e))
		return false;
	if (strlen(id) != 32 || !hex_decode(id, raw, sizeof raw))
		return wrong(p, "id", "32 hexadecimal digits", e);
	memcpy(m->id, id, sizeof m->id);
	if (strlen(hex) != 64 || !hex_decode(hex, m->object.sha256, 32))
		return wrong(&object, "sha256", "64 hexadecimal digits", e);
	if (!get_integer(&source, "server_version_num", &number, e))
		return false;
	if (number < 0 || number > INT_MAX)
		return wrong(&source, "server_version_num", "a version such as 150020", e);
	m->server_version_num = (int)number;
	return get_text(&source, "system_identifier", &m->system_identifier, e) &&
	       get_text(&source, "server_version", &m->server_version, e) &&
	       (is_version(m->server_version, m->server_version_num) ||
		wrong(&source, "server_version_num", "the number of server_version", e)) &&
	       get_text(&source, "client_version", &m->client_version, e) &&
	       get_text(&source, "bootstrap_user", &m->bootstrap_user, e) &&
	       get_text(&source, "preload_libraries", &m->preload_libraries, e) &&
	       get_ways(&source, m->ways, e) &&
	       get_bool(&source, "role_passwords", &m->role_passwords, e) &&
	       get_texts(&source, "excluded_databases", "name", &m->excluded, &m->excluded_count,
			 e);
}

/* The digest at the end is of the bytes before it. */
static bool check_seal(const char *data, size_t len, struct err *e)
{
	const size_t tail = strlen(MANIFEST_SEAL) + 64 + strlen("\"\n}\n");
	unsigned char sha256[32];
	char seal[200];
	char hex[65];

	if (len < tail)
		return err_set(e, ERR_CORRUPT, "the manifest ends too early");
	sha256_of(data, len - tail, sha256);
	hex_encode(sha256, sizeof sha256, hex);
	snprintf(seal, sizeof seal, MANIFEST_SEAL "%s\"\n}\n", hex);
	if (memcmp(data + len - tail, seal, tail) != 0)
		return err_set(
		    e, ERR_CORRUPT,
		    "the manifest was changed or damaged: its own sha256 does not match");
	return true;
}

static bool read_document(const json_t *root, const char *data, size_t len, struct manifest *m,
			  struct err *e)
{
	struct place top = {.object = root, .path = "$"};
	struct place roll;
	const char *format = json_string_value(json_object_get(root, "format"));
	int64_t version;

	if (!format || strcmp(format, MANIFEST_FORMAT) != 0)
		return err_set(e, ERR_CORRUPT, "$.format: not a manifest of pgmuster");
	if (!get_integer(&top, "version", &version, e) || !check_seal(data, len, e))
		return false;
	if (version != MANIFEST_VERSION) {
		err_set(e, ERR_SYSTEM, "$.version: manifest version %lld; this pgmuster knows %d",
			(long long)version, MANIFEST_VERSION);
		return err_hint(e, "use the pgmuster that wrote it, or a newer one");
	}
	return get_head(&top, m, e) &&
	       get_texts(&top, "warnings", "text", &m->warnings.lines, &m->warnings.count, e) &&
	       get_object(&top, "roll", &roll, e) && get_roll(&roll, m, e);
}

bool manifest_read(const char *data, size_t len, struct manifest *m, struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
	bool ok;

	if (!root)
		return err_set(e, ERR_CORRUPT, "the manifest is not JSON: line %d: %s", why.line,
			       why.text);
	ok = read_document(root, data, len, m, e);
	json_decref(root);
	return ok;
}

const struct pg_database *manifest_database(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->database_count; i++)
		if (strcmp(m->databases[i].name, name) == 0)
			return &m->databases[i];
	return NULL;
}

void manifest_stop(struct manifest *m)
{
	struct pg_facts facts = {.databases = m->databases, .database_count = m->database_count};

	free(m->key);
	free(m->tool);
	free(m->system_identifier);
	free(m->bootstrap_user);
	free(m->preload_libraries);
	for (size_t i = 0; i < PG_WAYS; i++)
		free(m->ways[i]);
	free(m->server_version);
	free(m->client_version);
	for (size_t i = 0; i < m->excluded_count; i++)
		free(m->excluded[i]);
	free(m->excluded);
	pg_warnings_stop(&m->warnings);
	roll_stop(&m->roll);
	pg_facts_stop(&facts);
	*m = (struct manifest){0};
}
