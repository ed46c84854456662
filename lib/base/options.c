#include "base/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define HELP_WIDTH 80
#define HELP_INDENT 8
#define SECRET_MAX ((size_t)64 * 1024)

static const struct option *in_table(const struct option *table, const char *name, size_t len,
				     char letter)
{
	for (const struct option *o = table; o && o->name; o++)
		if (name ? strlen(o->name) == len && strncmp(o->name, name, len) == 0
			 : o->letter == letter)
			return o;
	return NULL;
}

static const struct option *find(const struct options *all, const char *name, size_t len,
				 char letter)
{
	const struct option *o = in_table(all->own, name, len, letter);

	return o ? o : in_table(all->shared, name, len, letter);
}

/* Levenshtein's distance, for names of at most 40 characters. */
static size_t distance(const char *a, const char *b)
{
	size_t row[41];
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static void nearest(const struct option *table, const char *name, const char **best,
		    size_t *best_distance)
{
	for (const struct option *o = table; o && o->name; o++) {
		size_t d = strlen(o->name) <= 40 ? distance(name, o->name) : SIZE_MAX;

		if (d < *best_distance) {
			*best_distance = d;
			*best = o->name;
		}
	}
}

static bool unknown(const struct options *all, const char *argument, struct err *e)
{
	CLEANUP(freep) char *name = xstrndup(argument + 2, strcspn(argument + 2, "="));
	const char *best = NULL;
	size_t best_distance = strlen(name) / 2 + 1;

	err_set(e, ERR_USAGE, "unknown option %s", argument);
	nearest(all->own, name, &best, &best_distance);
	nearest(all->shared, name, &best, &best_distance);
	if (argument[1] == '-' && best)
		return err_hint(e, "did you mean --%s?", best);
	return false;
}

static bool expected(const struct option *o, const char *value, const char *what, struct err *e)
{
	return err_set(e, ERR_USAGE, "--%s %s: expected %s", o->name, value, what);
}

static bool set_int(const struct option *o, const char *value, struct err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (*value == '\0' || *end != '\0' || errno || n < o->min || n > o->max)
		return err_set(e, ERR_USAGE, "--%s %s: expected a number from %ld to %ld", o->name,
			       value, o->min, o->max);
	*(long *)o->into = n;
	return true;
}

/* digits, then one of the units; units without a factor end the table */
struct unit {
	const char *name;
	uint64_t factor;
};

static bool scaled(const char *value, const struct unit *units, uint64_t max, uint64_t *out)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t n = 0;

	if (digits == 0 || digits > 18)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(value[i] - '0');
	for (; units->name; units++)
		if (strcmp(value + digits, units->name) == 0) {
			*out = n * units->factor;
			return n <= max / units->factor;
		}
	return false;
}

static bool set_bytes(const struct option *o, const char *value, struct err *e)
{
	static const struct unit units[] = {
	    {"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", (uint64_t)1 << 40}, {0}};

	return scaled(value, units, INT64_MAX, o->into) ||
	       expected(o, value, "a size such as 512K, 16M or 1G", e);
}

static bool set_duration(const struct option *o, const char *value, struct err *e)
{
	static const struct unit units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {0}};
	uint64_t seconds;

	if (!scaled(value, units, INT64_MAX, &seconds))
		return expected(o, value, "a duration such as 26h, 90m, 30s or 7d", e);
	*(int64_t *)o->into = (int64_t)seconds;
	return true;
}

static bool set_choice(const struct option *o, const char *value, struct err *e)
{
	CLEANUP(freep) char *all = xstrdup("");

	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*(int *)o->into = i;
			return true;
		}
		char *more = xasprintf("%s%s%s", all, i ? ", " : "", o->choices[i]);
		free(all);
		all = more;
	}
	return err_set(e, ERR_USAGE, "--%s %s: expected one of %s", o->name, value, all);
}

static bool set_value(const struct option *o, const char *value, struct err *e)
{
	struct option_list *list = o->into;

	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)o->into = true;
		return true;
	case OPTION_STRING:
		*(const char **)o->into = value;
		return true;
	case OPTION_LIST:
		list->items = xgrow(list->items, list->count, &list->cap, sizeof *list->items);
		list->items[list->count++] = value;
		return true;
	case OPTION_INT:
		return set_int(o, value, e);
	case OPTION_BYTES:
		return set_bytes(o, value, e);
	case OPTION_DURATION:
		return set_duration(o, value, e);
	case OPTION_CHOICE:
		return set_choice(o, value, e);
	}
	return false;
}

/* Lists in a pass of their own, after the flags: a flag replaces the environment's list. */
static bool set_from_environment(const struct option *table, bool lists, struct err *e)
{
	for (const struct option *o = table; o && o->name; o++) {
		const char *value = o->env ? getenv(o->env) : NULL;
		const struct option_list *list = o->into;

		if (!value || *value == '\0' || lists != (o->type == OPTION_LIST) ||
		    (lists && list->count > 0))
			continue;
		if (!set_value(o, value, e))
			return err_in(e, "environment variable %s", o->env);
	}
	return true;
}

static bool is_help(const char *argument)
{
	return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* One option at argv[i], which may take argv[i + 1] too. */
static bool parse_one(const struct options *all, int argc, char **argv, int *i, struct err *e)
{
	const char *argument = argv[*i];
	bool is_long = argument[1] == '-';
	const char *equals = is_long ? strchr(argument, '=') : NULL;
	size_t len = equals ? (size_t)(equals - argument) - 2 : strlen(argument) - 2;
	const struct option *o = is_long               ? find(all, argument + 2, len, 0)
				 : argument[2] == '\0' ? find(all, NULL, 0, argument[1])
						       : NULL;

	if (!o)
		return unknown(all, argument, e);
	if (o->type == OPTION_FLAG && equals)
		return err_set(e, ERR_USAGE, "--%s takes no value", o->name);
	if (o->type == OPTION_FLAG || equals)
		return set_value(o, equals ? equals + 1 : NULL, e);
	if (*i + 1 >= argc)
		return err_set(e, ERR_USAGE, "--%s needs a value: %s", o->name, o->argument);
	return set_value(o, argv[++*i], e);
}

bool options_parse(const struct options *all, int argc, char **argv, size_t *count, bool *help,
		   struct err *e)
{
	bool only_operands = false;

	*count = 0;
	*help = false;
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i])) {
			*help = true;
			return true;
		}
	if (!set_from_environment(all->own, false, e) ||
	    !set_from_environment(all->shared, false, e))
		return false;
	for (int i = 0; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0)
			only_operands = true;
		else if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0')
			argv[(*count)++] = argv[i];
		else if (!parse_one(all, argc, argv, &i, e))
			return false;
	}
	if (*count > all->max_arguments)
		return err_set(e, ERR_USAGE, "one argument too many: %s", argv[all->max_arguments]);
	return set_from_environment(all->own, true, e) &&
	       set_from_environment(all->shared, true, e);
}

/* Words of text, wrapped and indented. */
static void wrap(FILE *out, const char *text, int indent)
{
	int column = HELP_WIDTH;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column + 1 + (int)len > HELP_WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent + (int)len;
		} else {
			fprintf(out, " ");
			column += 1 + (int)len;
		}
		fprintf(out, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	fprintf(out, "\n");
}

static char *default_of(const struct option *o)
{
	char size[HUMAN_SIZE];

	switch (o->type) {
	case OPTION_STRING:
		return *(const char **)o->into ? xstrdup(*(const char **)o->into) : NULL;
	case OPTION_INT:
		return xasprintf("%ld", *(long *)o->into);
	case OPTION_BYTES:
		return *(uint64_t *)o->into ? xstrdup(human_bytes(*(uint64_t *)o->into, size))
					    : NULL;
	case OPTION_CHOICE:
		return xstrdup(o->choices[*(int *)o->into]);
	case OPTION_FLAG:
	case OPTION_LIST:
	case OPTION_DURATION:
		break;
	}
	return NULL;
}

static void help_table(const struct option *table, const char *title, FILE *out)
{
	if (table && table->name)
		fprintf(out, "\n%s\n", title);
	for (const struct option *o = table; o && o->name; o++) {
		CLEANUP(freep) char *value = default_of(o);
		CLEANUP(freep)
		char *notes =
		    xasprintf("%s%s%s%s%s%s%s", o->help, value ? " [default: " : "",
			      value ? value : "", value ? "]" : "", o->env ? " [env: " : "",
			      o->env ? o->env : "", o->env ? "]" : "");

		if (o->letter)
			fprintf(out, "  -%c, ", o->letter);
		else
			fprintf(out, "      ");
		fprintf(out, "--%s%s%s", o->name, o->argument ? " " : "",
			o->argument ? o->argument : "");
		wrap(out, notes, HELP_INDENT);
	}
}

void options_help(const struct options *all, FILE *out)
{
	fprintf(out, "Usage: %s\n", all->synopsis);
	wrap(out, all->summary, 0);
	help_table(all->own, "Options:", out);
	help_table(all->shared, "Common options:", out);
	if (all->epilog)
		fprintf(out, "\n%s", all->epilog);
}

void option_list_stop(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){0};
}

static bool read_secret(const char *variable, const char *path, char **out, struct err *e)
{
	CLEANUP(buf_stop) struct buf text = BUF_INIT(SECRET_MAX, path);
	FILE *file = fopen(path, "re");
	char chunk[4096];
	bool ok = true;
	size_t n;

	if (!file) {
		err_sys(e, "%s: open %s", variable, path);
		e->kind = ERR_USAGE;
		return false;
	}
	while (ok && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
		ok = buf_add(&text, chunk, n, e);
	if (ok && ferror(file))
		ok = err_sys(e, "%s: read %s", variable, path);
	fclose(file);
	explicit_bzero(chunk, sizeof chunk);
	if (!ok) {
		e->kind = ERR_USAGE;
		return false;
	}
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	*out = xstrndup(text.data ? text.data : "", text.len);
	return true;
}

bool option_secret(const char *name, char **out, struct err *e)
{
	CLEANUP(freep) char *file_variable = xasprintf("%s_FILE", name);
	const char *value = getenv(name), *path = getenv(file_variable);

	*out = NULL;
	if (value && path)
		return err_set(e, ERR_USAGE, "both %s and %s are set", name, file_variable);
	if (path)
		return read_secret(file_variable, path, out, e);
	if (value)
		*out = xstrdup(value);
	return true;
}
