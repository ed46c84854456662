#include "store/s3_xml.h"

#include <assert.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define PATH_MAX_BYTES 256

struct parse {
	XML_Parser parser;
	s3_xml_handler *handler;
	void *ctx;
	struct err *e;
	bool failed;
	char path[PATH_MAX_BYTES];
	size_t path_len, depth;
	size_t ends[DEPTH_MAX]; /* the path's length before each open element */
	struct buf text;
};

static void refuse(struct parse *p, const char *why)
{
	if (!p->failed)
		err_set(p->e, ERR_SYSTEM, "the server's XML %s", why);
	p->failed = true;
	XML_StopParser(p->parser, XML_FALSE);
}

static void XMLCALL on_start(void *ctx, const char *name, const char **attributes)
{
	struct parse *p = ctx;
	const char *colon = strrchr(name, ':');
	size_t len;

	(void)attributes;
	name = colon && colon[1] ? colon + 1 : name;
	len = strlen(name);
	if (p->depth == DEPTH_MAX || p->path_len + len + 2 > sizeof p->path) {
		refuse(p, "is nested too deeply");
		return;
	}
	p->ends[p->depth++] = p->path_len;
	if (p->path_len > 0)
		p->path[p->path_len++] = '/';
	memcpy(p->path + p->path_len, name, len + 1);
	p->path_len += len;
	buf_clear(&p->text);
}

static void XMLCALL on_end(void *ctx, const char *name)
{
	struct parse *p = ctx;

	(void)name;
	if (p->failed)
		return;
	if (!p->handler(p->ctx, p->path, p->text.data ? p->text.data : "", p->e)) {
		p->failed = true;
		XML_StopParser(p->parser, XML_FALSE);
		return;
	}
	p->path_len = p->ends[--p->depth];
	p->path[p->path_len] = '\0';
	buf_clear(&p->text);
}

static void XMLCALL on_text(void *ctx, const char *text, int len)
{
	struct parse *p = ctx;
	struct err ignored;

	if (!p->failed && !buf_add(&p->text, text, (size_t)len, &ignored))
		refuse(p, "has a text that is too long");
}

static void XMLCALL on_doctype(void *ctx, const char *name, const char *system, const char *public,
			       int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	refuse(ctx, "has a DOCTYPE");
}

bool s3_xml_parse(const char *data, size_t len, s3_xml_handler *handler, void *ctx, struct err *e)
{
	struct parse p = {.handler = handler, .ctx = ctx, .e = e};
	bool ok;

	assert(len <= INT32_MAX); /* an answer has a ceiling */
	p.text = BUF_INIT(S3_XML_TEXT_MAX, "text in XML");
	p.parser = XML_ParserCreate(NULL);
	if (!p.parser)
		abort();
	XML_SetUserData(p.parser, &p);
	XML_SetElementHandler(p.parser, on_start, on_end);
	XML_SetCharacterDataHandler(p.parser, on_text);
	XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
	ok = XML_Parse(p.parser, data ? data : "", (int)len, 1) == XML_STATUS_OK && !p.failed;
	if (!ok && !p.failed)
		err_set(e, ERR_SYSTEM, "the server's XML is malformed: %s at byte %ld",
			XML_ErrorString(XML_GetErrorCode(p.parser)),
			(long)XML_GetCurrentByteIndex(p.parser));
	XML_ParserFree(p.parser);
	buf_stop(&p.text);
	return ok;
}

struct find {
	const char *path;
	char *found;
};

static bool find_handler(void *ctx, const char *path, const char *text, struct err *e)
{
	struct find *f = ctx;

	(void)e;
	if (!f->found && strcmp(path, f->path) == 0)
		f->found = xstrdup(text);
	return true;
}

char *s3_xml_find(const char *data, size_t len, const char *path)
{
	struct find f = {.path = path};
	struct err ignored;

	if (!s3_xml_parse(data, len, find_handler, &f, &ignored)) {
		free(f.found);
		return NULL;
	}
	return f.found;
}
