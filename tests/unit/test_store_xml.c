#include "store/s3_xml.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static bool count(void *ctx, const char *path, const char *text, struct err *e)
{
	(void)path, (void)text, (void)e;
	++*(size_t *)ctx;
	return true;
}

static bool parses(const char *text, struct err *e)
{
	size_t n = 0;

	return s3_xml_parse(text, strlen(text), count, &n, e);
}

Test(store_xml, document_cut_at_any_byte_is_refused)
{
	static const char whole[] = "<?xml version=\"1.0\"?><a x=\"1\"><b>&lt;t&#228;</b><c/></a>";

	for (size_t cut = 0; cut < sizeof whole - 1; cut++) {
		struct err e = {0};
		size_t n = 0;

		cr_assert(!s3_xml_parse(whole, cut, count, &n, &e), "cut at %zu", cut);
		cr_assert_eq(e.kind, ERR_SYSTEM);
	}
	cr_assert(parses(whole, &(struct err){0}));
}

Test(store_xml, entities_cannot_be_declared)
{
	struct err e = {0};

	cr_assert(
	    !parses("<!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>", &e));
	cr_assert(strstr(e.text, "DOCTYPE"), "%s", e.text);
	cr_assert(!parses("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", &e));
	cr_assert(!parses("<a>&x;</a>", &e));
}

Test(store_xml, depth_and_texts_are_bounded)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(10 * MIB, "test");
	struct err e = {0};

	for (int i = 0; i < 1000; i++)
		cr_assert(buf_add(&b, "<a>", 3, &e));
	cr_assert(!parses(b.data, &e));
	cr_assert(strstr(e.text, "nested too deeply"), "%s", e.text);
	buf_clear(&b);
	cr_assert(buf_add(&b, "<a>", 3, &e));
	for (size_t i = 0; i <= S3_XML_TEXT_MAX; i++)
		cr_assert(buf_add(&b, "x", 1, &e));
	cr_assert(!parses(b.data, &e));
	cr_assert(strstr(e.text, "too long"), "%s", e.text);
}

Test(store_xml, first_element_at_a_path_is_found)
{
	static const char text[] =
	    "<n:R xmlns:n=\"u\"><x><Code>no</Code></x><n:Code>a&amp;b</n:Code><Code>2</Code></n:R>";
	char *found = s3_xml_find(text, sizeof text - 1, "R/Code");

	cr_assert_str_eq(found, "a&b");
	free(found);
	/* A name that ends with a colon is no prefix: its elements are not the root's. */
	cr_assert_null(s3_xml_find("<x:><R><Code>a</Code></R></x:>", 30, "R/Code"));
	cr_assert_null(s3_xml_find(text, sizeof text - 1, "R/Codes"));
	cr_assert_null(s3_xml_find(text, sizeof text - 2, "R/Code"));
	cr_assert_null(s3_xml_find(NULL, 0, "R"));
}
