/* backup/digest: sha256 of bytes at hand, and the sidecar that sha256sum writes and checks. */
#ifndef BACKUP_DIGEST_H
#define BACKUP_DIGEST_H

#include "stream/sink.h"

#define SHA256_HEX 65 /* 64 digits and a NUL */

void sha256_of(const void *data, size_t len, unsigned char out[32]);
void sha256_hex(const unsigned char sha256[32], char out[SHA256_HEX]);

/* "<hex>  <name>\n"; name is the last part of key. The caller frees. */
char *sidecar_write(const unsigned char sha256[32], const char *key);

/* The digest of a sidecar of one line, whatever the name. ERR_CORRUPT when it is none. */
MUST_USE bool sidecar_read(const char *text, unsigned char out[32], struct err *);

#endif
