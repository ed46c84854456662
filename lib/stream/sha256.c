#include "stream/sink.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct sha256_sink {
	struct sink sink;
	struct sink *next;
	EVP_MD_CTX *ctx;
	struct digest *out;
	uint64_t bytes;
};

static bool sha256_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct sha256_sink *h = (struct sha256_sink *)s;

	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		abort();
	h->bytes += len;
	return sink_write(h->next, data, len, e);
}

static bool sha256_commit(struct sink *s, struct err *e)
{
	struct sha256_sink *h = (struct sha256_sink *)s;

	if (EVP_DigestFinal_ex(h->ctx, h->out->sha256, NULL) != 1)
		abort();
	h->out->bytes = h->bytes;
	return sink_commit(h->next, e);
}

static void sha256_free(struct sink *s)
{
	struct sha256_sink *h = (struct sha256_sink *)s;

	EVP_MD_CTX_free(h->ctx);
	free(h);
}

struct sink *sink_sha256(struct sink *next, struct digest *out)
{
	static const struct sink_ops ops = {sha256_write, sha256_commit, sha256_free};
	struct sha256_sink *h = xcalloc(1, sizeof *h);

	h->sink.ops = &ops;
	h->next = next;
	h->out = out;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		abort();
	return &h->sink;
}
