#include "backup/digest.h"
#include "backup/manifest.h"
#include "backup/manifest_json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void backup_mark(const char *id, char out[BACKUP_MARK_SIZE])
{
	snprintf(out, BACKUP_MARK_SIZE, "pgmuster 1 %s\n", id);
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		abort();
}

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		abort();
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_t *string;

	text = text ? text : "";
	string = json_string(text);
	if (string) {
		set(object, key, string);
		return;
	}
	CLEANUP(freep) char *hex = xcalloc(2 * strlen(text) + 1, 1);
	CLEANUP(freep) char *hex_key = xasprintf("%s_hex", key);

	hex_encode(text, strlen(text), hex);
	set(object, hex_key, json_string(hex));
}

static void set_number(json_t *object, const char *key, uint64_t n)
{
	set(object, key, json_integer((json_int_t)n));
}

static void set_range(json_t *object, struct range r)
{
	set_number(object, "at", r.at);
	set_number(object, "end", r.end);
}

static void set_fingerprint(json_t *object, const char *key, struct fingerprint f)
{
	char hex[FINGERPRINT_HEX];

	fingerprint_hex(f, hex);
	set_text(object, key, hex);
}

static void set_time(json_t *object, const char *key, time_t t)
{
	char text[ISO8601_SIZE];

	clock_iso8601(t, text);
	set_text(object, key, text);
}

/* Names as a list of objects, since each may need its _hex. */
static json_t *names(char *const *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *o = json_object();

		set_text(o, "name", items[i]);
		append(list, o);
	}
	return list;
}

static json_t *table_json(const struct roll_table *t)
{
	json_t *o = json_object();

	set_text(o, "schema", t->schema);
	set_text(o, "name", t->name);
	set_text(o, "columns", t->columns);
	set_number(o, "rows", t->rows);
	set_number(o, "bytes", t->bytes);
	set_fingerprint(o, "fingerprint", t->fingerprint);
	set_range(o, t->range);
	return o;
}

static json_t *sequence_json(const struct roll_sequence *s)
{
	json_t *o = json_object();

	set_text(o, "schema", s->schema);
	set_text(o, "name", s->name);
	set(o, "value", json_integer(s->value));
	set(o, "called", json_boolean(s->called));
	return o;
}

static json_t *extensions_json(const struct pg_database *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->extension_count; i++) {
		json_t *o = json_object();

		set_text(o, "name", d->extensions[i].name);
		set_text(o, "version", d->extensions[i].version);
		append(list, o);
	}
	return list;
}

static json_t *database_json(const struct roll_database *r, const struct pg_database *d)
{
	json_t *o = json_object(), *large = json_object(), *tables = json_array();
	json_t *sequences = json_array();

	set_text(o, "name", r->name);
	set_range(o, r->range);
	set_number(o, "data_at", r->data_at);
	set_number(o, "post_at", r->post_at);
	set_fingerprint(o, "schema", r->schema);
	for (size_t i = 0; i < sizeof database_texts / sizeof *database_texts; i++)
		set_text(o, database_texts[i].key,
			 *(char *const *)((const char *)d + database_texts[i].offset));
	set_number(o, "bytes_on_disk", d->bytes);
	set(o, "extensions", extensions_json(d));
	set_number(large, "count", r->large_objects.count);
	set_number(large, "bytes", r->large_objects.bytes);
	set_fingerprint(large, "fingerprint", r->large_objects.fingerprint);
	set(o, "large_objects", large);
	for (size_t i = 0; i < r->table_count; i++)
		append(tables, table_json(&r->tables[i]));
	set(o, "tables", tables);
	for (size_t i = 0; i < r->sequence_count; i++)
		append(sequences, sequence_json(&r->sequences[i]));
	set(o, "sequences", sequences);
	return o;
}

static json_t *roll_json(const struct manifest *m)
{
	json_t *o = json_object(), *globals = json_object(), *databases = json_array();

	set_range(globals, m->roll.globals);
	if (m->roll.has_globals_sum)
		set_fingerprint(globals, "fingerprint", m->roll.globals_sum);
	set(o, "globals", globals);
	set(o, "roles", names(m->roll.roles, m->roll.role_count));
	set(o, "tablespaces", names(m->roll.tablespaces, m->roll.tablespace_count));
	for (size_t i = 0; i < m->roll.database_count; i++)
		append(databases, database_json(&m->roll.databases[i], &m->databases[i]));
	set(o, "databases", databases);
	return o;
}

static json_t *object_json(const struct manifest *m)
{
	json_t *o = json_object();
	char hex[2 * sizeof m->object.sha256 + 1];

	hex_encode(m->object.sha256, sizeof m->object.sha256, hex);
	set_number(o, "bytes", m->object.bytes);
	set_text(o, "sha256", hex);
	set_number(o, "plain_bytes", m->plain_bytes);
	set_number(o, "frames", m->frames);
	return o;
}

static json_t *ways_json(const struct manifest *m)
{
	json_t *o = json_object();

	for (size_t i = 0; i < PG_WAYS; i++)
		if (m->ways[i])
			set_text(o, pg_ways[i], m->ways[i]);
	return o;
}

static json_t *source_json(const struct manifest *m)
{
	json_t *o = json_object();

	set_text(o, "system_identifier", m->system_identifier);
	set_text(o, "server_version", m->server_version);
	set(o, "server_version_num", json_integer(m->server_version_num));
	set_text(o, "client_version", m->client_version);
	set_text(o, "bootstrap_user", m->bootstrap_user);
	set_text(o, "preload_libraries", m->preload_libraries);
	set(o, "settings", ways_json(m));
	set(o, "role_passwords", json_boolean(m->role_passwords));
	set(o, "excluded_databases", names(m->excluded, m->excluded_count));
	return o;
}

char *manifest_write(const struct manifest *m)
{
	json_t *o = json_object(), *warnings = json_array();
	unsigned char sha256[32];
	char hex[2 * sizeof sha256 + 1];

	set_text(o, "format", MANIFEST_FORMAT);
	set(o, "version", json_integer(MANIFEST_VERSION));
	set_text(o, "tool", m->tool);
	set_text(o, "id", m->id);
	set_text(o, "key", m->key);
	set_time(o, "started", m->started);
	set_time(o, "finished", m->finished);
	set(o, "object", object_json(m));
	set(o, "source", source_json(m));
	for (size_t i = 0; i < m->warnings.count; i++) {
		json_t *line = json_object();

		set_text(line, "text", m->warnings.lines[i]);
		append(warnings, line);
	}
	set(o, "warnings", warnings);
	set(o, "roll", roll_json(m));

	CLEANUP(freep) char *text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (!text)
		abort();

	/* The digest covers all that stands before it, so it goes in by hand: over the closing "}". */
	size_t len = strlen(text) - strlen("\n}");
	sha256_of(text, len, sha256);
	hex_encode(sha256, sizeof sha256, hex);
	return xasprintf("%.*s" MANIFEST_SEAL "%s\"\n}\n", (int)len, text, hex);
}
