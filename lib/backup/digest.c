#include "backup/digest.h"

#include "backup/key.h"

#include <stdlib.h>
#include <string.h>

void sha256_of(const void *data, size_t len, unsigned char out[32])
{
	CLEANUP(sink_freep) struct sink *end = sink_null();
	struct digest digest;
	CLEANUP(sink_freep) struct sink *hash = sink_sha256(end, &digest);
	struct err e;

	if (!sink_write(hash, data, len, &e) || !sink_commit(hash, &e))
		abort();
	memcpy(out, digest.sha256, sizeof digest.sha256);
}

void sha256_hex(const unsigned char sha256[32], char out[SHA256_HEX])
{
	hex_encode(sha256, 32, out);
}

char *sidecar_write(const unsigned char sha256[32], const char *key)
{
	char hex[SHA256_HEX];

	sha256_hex(sha256, hex);
	return xasprintf("%s  %s\n", hex, key_name(key));
}

bool sidecar_read(const char *text, unsigned char out[32], struct err *e)
{
	CLEANUP(freep) char *hex = xstrndup(text, SHA256_HEX - 1);
	const char *rest = text + strlen(hex);

	if (!hex_decode(hex, out, strlen(hex) / 2) || strlen(hex) != SHA256_HEX - 1 ||
	    (*rest != ' ' && *rest != '\n' && *rest != '\0'))
		return err_set(e, ERR_CORRUPT,
			       "the .sha256 beside it is not as sha256sum writes it");
	return true;
}
