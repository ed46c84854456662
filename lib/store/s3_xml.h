/*
 * store/s3_xml: values out of the small XML documents that S3 servers answer.
 *
 * A path is the names from the root, joined by "/", without namespace prefixes:
 * "ListBucketResult/Contents/Key". Documents with a DOCTYPE (so with entity declarations), nested
 * deeper than 16, or with a text longer than S3_XML_TEXT_MAX are refused.
 */
#ifndef S3_XML_H
#define S3_XML_H

#include "base/base.h"

#define S3_XML_TEXT_MAX ((size_t)16384)

/* At the end of each element, with the text that it holds itself ("" for none). */
typedef bool s3_xml_handler(void *ctx, const char *path, const char *text, struct err *);

/* ERR_SYSTEM unless it is a whole, well-formed document. */
MUST_USE bool s3_xml_parse(const char *data, size_t len, s3_xml_handler *, void *ctx, struct err *);

/* The text of the first element at path, or NULL: no such element, or no such document. The caller
 * frees. */
char *s3_xml_find(const char *data, size_t len, const char *path);

#endif
