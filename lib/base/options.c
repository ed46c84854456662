#include "base/options.h"

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define HELP_WIDTH 80
#define HELP_INDENT 8

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

static void nearest(const struct option *table, const char *name, const char **best,
		    size_t *best_distance)
{
	for (const struct option *o = table; o && o->name; o++) {
		size_t d = text_distance(name, o->name);

		if (d < *best_distance) {
			*best_distance = d;
			*best = o->name;
		}
	}
}

static bool unknown(const struct options *all, const char *argument, struct err *e)
{
	size_t len = strcspn(argument, "="); /* its value may be one that must not be logged */
	size_t dashes = strspn(argument, "-");
	CLEANUP(freep) char *name = xstrndup(argument + dashes, len > dashes ? len - dashes : 0);
	const char *best = NULL;
	size_t best_distance = strlen(name) / 2 + 1;

	err_set(e, ERR_USAGE, "unknown option %.*s", (int)len, argument);
	nearest(all->own, name, &best, &best_distance);
	nearest(all->shared, name, &best, &best_distance);
	return best ? err_hint(e, "did you mean --%s?", best) : false;
}

static bool expected(const struct option *o, const char *value, const char *what, struct err *e)
{
	return err_set(e, ERR_USAGE, "--%s %s: expected %s", o->name, value, what);
}

/* value is NULL for the option itself, and the environment variable's otherwise. */
static bool set_flag(const struct option *o, const char *value, struct err *e)
{
	static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};

	if (!value)
		return *(bool *)o->into = true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(value, words[i]) == 0) {
			*(bool *)o->into = i % 2 == 1;
			return true;
		}
	return expected(o, value, "1, true, yes, on, 0, false, no or off", e);
}

static bool set_int(const struct option *o, const char *value, struct err *e)
{
	size_t sign = *value == '-';
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	/* strtol would take blanks and a plus too. */
	if (strspn(value + sign, "0123456789") == 0 || *end != '\0' || errno || n < o->min ||
	    n > o->max)
		return err_set(e, ERR_USAGE, "--%s %s: expected a number from %ld to %ld", o->name,
			       value, o->min, o->max);
	*(long *)o->into = n;
	return true;
}

/* The smallest first; a name of NULL ends a table. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {{"", 1},        {"K", 1 << 10},           {"M", 1 << 20},
				    {"G", 1 << 30}, {"T", (uint64_t)1 << 40}, {0}};
static const struct unit durations[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {0}};

/* Digits, then the name of a unit; at most INT64_MAX. */
static bool scaled(const char *value, const struct unit *units, uint64_t *out)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t n = 0;

	if (digits == 0 || digits > 18)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(value[i] - '0');
	while (units->name && strcmp(value + digits, units->name) != 0)
		units++;
	if (!units->name || n > INT64_MAX / units->factor)
		return false;
	*out = n * units->factor;
	return true;
}

static bool set_bytes(const struct option *o, const char *value, struct err *e)
{
	return scaled(value, sizes, o->into) ||
	       expected(o, value, "a size such as 512K, 16M or 1G", e);
}

bool option_duration(const char *text, int64_t *seconds)
{
	uint64_t value;

	if (!scaled(text, durations, &value))
		return false;
	*seconds = (int64_t)value;
	return true;
}

static bool set_duration(const struct option *o, const char *value, struct err *e)
{
	return option_duration(value, o->into) ||
	       expected(o, value, "a duration such as 26h, 90m, 30s or 7d", e);
}

static bool set_choice(const struct option *o, const char *value, struct err *e)
{
	CLEANUP(freep) char *all = xstrdup("");

	for (int i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*(int *)o->into = i;
			return true;
		}
		xappend(&all, "%s%s", i ? ", " : "", o->choices[i]);
	}
	return err_set(e, ERR_USAGE, "--%s %s: expected one of %s", o->name, value, all);
}

static bool set_value(const struct option *o, const char *value, struct err *e)
{
	struct option_list *list = o->into;

	switch (o->type) {
	case OPTION_FLAG:
		return set_flag(o, value, e);
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

/* Options that the command line gave, which the environment is not asked for. */
struct given {
	const struct option **items;
	size_t count, cap;
};

static void given_stop(struct given *g)
{
	free(g->items);
}

static bool is_given(const struct given *g, const struct option *o)
{
	size_t i = 0;

	while (i < g->count && g->items[i] != o)
		i++;
	return i < g->count;
}

static bool set_from_environment(const struct option *table, const struct given *g, struct err *e)
{
	for (const struct option *o = table; o && o->name; o++) {
		const char *value = o->env ? getenv(o->env) : NULL;

		if (!value || *value == '\0' || is_given(g, o))
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
static bool parse_one(const struct options *all, int argc, char **argv, int *i, struct given *g,
		      struct err *e)
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
	g->items = xgrow(g->items, g->count, &g->cap, sizeof *g->items);
	g->items[g->count++] = o;
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
	CLEANUP(given_stop) struct given given = {0};
	bool only_operands = false;

	*count = 0;
	*help = false;
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i])) {
			*help = true;
			return true;
		}
	for (int i = 0; i < argc; i++) {
		if (!only_operands && strcmp(argv[i], "--") == 0)
			only_operands = true;
		else if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0')
			argv[(*count)++] = argv[i];
		else if (!parse_one(all, argc, argv, &i, &given, e))
			return false;
	}
	if (*count > all->max_arguments)
		return err_set(e, ERR_USAGE, "one argument too many: %s", argv[all->max_arguments]);
	return set_from_environment(all->own, &given, e) &&
	       set_from_environment(all->shared, &given, e);
}

/* The next word; what is in brackets is one. */
static int word(const char *text)
{
	size_t len = *text == '[' ? strcspn(text, "]") : 0;

	return (int)(len + strcspn(text + len, " "));
}

/* Words of text, from this column on, wrapped and indented. */
static void wrap(FILE *out, const char *text, int column, int indent)
{
	while (*text) {
		int len = word(text);

		if (column + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent + len;
		} else {
			fprintf(out, " ");
			column += 1 + len;
		}
		fprintf(out, "%.*s", len, text);
		text += len + (int)strspn(text + len, " ");
	}
	fprintf(out, "\n");
}

/* As it would be given: in the largest unit that leaves no rest. NULL for 0. */
static char *in_units(uint64_t value, const struct unit *units)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (value % units->factor == 0)
			best = units;
	return value ? xasprintf("%llu%s", (unsigned long long)(value / best->factor), best->name)
		     : NULL;
}

static char *default_of(const struct option *o)
{
	switch (o->type) {
	case OPTION_STRING:
		return *(const char **)o->into ? xstrdup(*(const char **)o->into) : NULL;
	case OPTION_INT:
		return xasprintf("%ld", *(long *)o->into);
	case OPTION_BYTES:
		return in_units(*(uint64_t *)o->into, sizes);
	case OPTION_DURATION:
		return in_units(*(uint64_t *)o->into, durations);
	case OPTION_CHOICE:
		return xstrdup(o->choices[*(int *)o->into]);
	case OPTION_FLAG:
	case OPTION_LIST:
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
		wrap(out, notes, HELP_WIDTH, HELP_INDENT);
	}
}

void options_help(const struct options *all, FILE *out)
{
	fprintf(out, "Usage:");
	wrap(out, all->synopsis, (int)strlen("Usage:"), HELP_INDENT);
	wrap(out, all->summary, HELP_WIDTH, 0);
	help_table(all->own, "Options:", out);
	help_table(all->shared, all->shared_title ? all->shared_title : "Common options:", out);
	if (all->epilog)
		fprintf(out, "\n%s", all->epilog);
}

void option_list_stop(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){0};
}
