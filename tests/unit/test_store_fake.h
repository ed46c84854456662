/* A store on the scripted server, and what tests of it have in common. */
#ifndef TEST_STORE_FAKE_H
#define TEST_STORE_FAKE_H

#include "store/store.h"
#include "support/fake_s3.h"

#include <criterion/criterion.h>
#include <string.h>

/* Starts the server and opens url there (NULL: "s3://b"), with options as far as they are given.
 * Delays between attempts begin at a millisecond. */
struct store *fake_open(const struct fake_step *, const struct store_options *, const char *url);

/* The same, on a server that runs at this endpoint. */
struct store *fake_open_at(const char *endpoint, const struct store_options *, const char *url);

/* Frees the store first, so that the script has what that sends too. */
void fake_close(struct store **);

/* Puts len bytes 'x' in pieces of an odd size, and commits. */
bool fake_put(struct store *, const char *key, uint64_t at_most, size_t len, struct err *);

/* A thread that sends us SIGTERM so many milliseconds after the server took that many requests. */
struct fake_interrupt {
	size_t steps;
	int ms;
};
void *fake_interrupt(void *);

#define FAKE_PART ((size_t)5 << 20)

/* What a real server answers. */
#define FAKE_UPLOAD_ID                                                                             \
	"<InitiateMultipartUploadResult><UploadId>U&amp;1</UploadId></"                            \
	"InitiateMultipartUploadResult>"
#define FAKE_COMPLETED                                                                             \
	"<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>"
#define FAKE_ERROR(code)                                                                           \
	"<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>so it is</Message></Error>"

#endif
