/*
 * URLs of stores and keys in them: an accepted key has no part that leads elsewhere, decoding only
 * makes shorter and undoes encoding, and a store's URL opens the same store.
 *
 * covers: lib/store/store.c lib/store/s3.c
 */
#include "fuzz/fuzz.h"
#include "store/backend.h"
#include "store/s3.h"

#include <stdlib.h>
#include <string.h>

static void check_key(const char *key)
{
	CLEANUP(freep) char *slashed = xasprintf("/%s/", key);
	struct err e = {0};

	if (!store_check_key("key", key, &e)) {
		assert(e.kind == ERR_USAGE);
		return;
	}
	assert(!strstr(slashed, "//") && !strstr(slashed, "/./") && !strstr(slashed, "/../"));
	assert(strlen(key) <= 1024 && strcspn(key, "\n\r\t\x01\x1f\x7f") == strlen(key));
}

static void check_coding(const char *text)
{
	CLEANUP(freep) char *encoded = s3_encode(text, '/');
	CLEANUP(freep) char *decoded = xstrdup(text);

	if (store_url_decode(decoded, true))
		assert(strlen(decoded) <= strlen(text));
	assert(encoded[strspn(encoded, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~/%")] == '\0');
	assert(store_url_decode(encoded, true) && strcmp(encoded, text) == 0);
}

static void check_open(const char *url)
{
	struct err e = {0};
	CLEANUP(store_freep) struct store *again = NULL;
	CLEANUP(store_freep) struct store *store = store_open(url, NULL, &e);
	const char *said;

	if (!store) {
		assert(e.kind == ERR_USAGE && e.text[0]);
		return;
	}
	said = store_url(store);
	assert(strncmp(said, url, strlen("s3://")) == 0);
	assert(strcmp(said, "file:///") == 0 || said[strlen(said) - 1] != '/');
	again = store_open(said, NULL, &e);
	assert(again && strcmp(store_url(again), said) == 0);
}

/* A URL, a line end, a key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *url = fuzz_text(data, size);
	char *key = strchr(url, '\n');

	setenv("AWS_ACCESS_KEY_ID", "key", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	if (key) {
		*key++ = '\0';
		check_key(key);
		check_coding(key);
	}
	check_open(url);
	return 0;
}
