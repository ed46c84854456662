#include "gen/pen.h"
#include "gen/print.h"

static void value(struct pen *, const json_t *, int depth);

static void object(struct pen *p, const json_t *o, int depth)
{
	const char *separator = "{", *key;
	json_t *item;

	json_object_foreach((json_t *)o, key, item)
	{
		pen_text(p, separator);
		pen_line(p, depth + 1);
		pen_quoted(p, key);
		pen_text(p, ": ");
		value(p, item, depth + 1);
		separator = ",";
	}
	pen_line(p, depth);
	pen_text(p, "}");
}

static void array(struct pen *p, const json_t *a, int depth)
{
	const char *separator = "[";
	const json_t *item;
	size_t i;

	json_array_foreach(a, i, item)
	{
		pen_text(p, separator);
		pen_line(p, depth + 1);
		value(p, item, depth + 1);
		separator = ",";
	}
	pen_line(p, depth);
	pen_text(p, "]");
}

static void value(struct pen *p, const json_t *v, int depth)
{
	if (json_object_size(v) > 0)
		object(p, v, depth);
	else if (json_array_size(v) > 0)
		array(p, v, depth);
	else if (json_is_object(v) || json_is_array(v))
		pen_text(p, json_is_object(v) ? "{}" : "[]");
	else if (json_is_string(v))
		pen_quoted(p, json_string_value(v));
	else
		pen_scalar(p, v);
}

bool print_json(const json_t *tree, struct buf *out, struct err *e)
{
	CLEANUP(tree_freep) json_t *plain = tree_resolve(tree);
	struct pen p = {.out = out, .err = e};

	value(&p, plain, 0);
	pen_text(&p, "\n");
	return !p.full;
}
