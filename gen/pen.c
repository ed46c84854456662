#include "gen/pen.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pen_bytes(struct pen *p, const char *text, size_t len)
{
	p->full = p->full || !buf_add(p->out, text, len, p->err);
}

void pen_text(struct pen *p, const char *text)
{
	pen_bytes(p, text, strlen(text));
}

void pen_line(struct pen *p, int depth)
{
	pen_text(p, "\n");
	for (int i = 0; i < depth; i++)
		pen_text(p, "  ");
}

/* YAML 1.1 and Nix want a point: 1e+100 is a string to the one and no number to the other. */
static void real(struct pen *p, double number)
{
	char text[40];
	size_t digits;
	int precision = 15;

	do
		snprintf(text, sizeof text, "%.*g", precision, number);
	while (precision++ < 17 && strtod(text, NULL) != number);
	digits = strcspn(text, "e");
	pen_bytes(p, text, digits);
	if (!memchr(text, '.', digits))
		pen_text(p, ".0");
	pen_text(p, text + digits);
}

void pen_scalar(struct pen *p, const json_t *value)
{
	char text[24];

	switch (json_typeof(value)) {
	case JSON_INTEGER:
		snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
		pen_text(p, text);
		break;
	case JSON_REAL:
		real(p, json_real_value(value));
		break;
	default:
		pen_text(p, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
	}
}

static size_t character(const char *text, uint32_t *code)
{
	size_t len = text_utf8(text, code);

	assert(len > 0); /* jansson takes UTF-8 alone */
	return len;
}

static bool is_printable(uint32_t code)
{
	return code >= 0x20 && (code < 0x7f || code > 0x9f) && code != 0x2028 && code != 0x2029 &&
	       code != 0xfeff && code != 0xfffe && code != 0xffff;
}

bool pen_printable(const char *text, const char *besides)
{
	uint32_t code;

	for (size_t len; *text; text += len) {
		len = character(text, &code);
		if (!is_printable(code) && !strchr(besides, *text))
			return false;
	}
	return true;
}

bool pen_lines(const char *text)
{
	size_t len = strlen(text);

	return strcspn(text, "\n") + 1 < len && pen_printable(text, "\n\t") &&
	       !strchr(" \t\n", text[0]) && !strchr(" \t", text[len - 1]) && !strstr(text, " \n") &&
	       !strstr(text, "\t\n") && !strstr(text, "\n\t") &&
	       strcmp(text + len - 2, "\n\n") != 0;
}

void pen_quoted(struct pen *p, const char *text)
{
	static const char named[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	uint32_t code;

	pen_text(p, "\"");
	for (size_t len; *text; text += len) {
		const char *name = strchr(named, *text);
		char escape[8];

		len = character(text, &code);
		if (name)
			snprintf(escape, sizeof escape, "\\%c", names[name - named]);
		else
			snprintf(escape, sizeof escape, "\\u%04x", (unsigned)code & 0xffff);
		if (name || !is_printable(code))
			pen_text(p, escape);
		else
			pen_bytes(p, text, len);
	}
	pen_text(p, "\"");
}
