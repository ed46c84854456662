/*
 * store/http: one signed request to an S3 server, once, through libcurl.
 *
 *	CLEANUP(http_freep) struct http *h = http_new(&server, NULL);
 *	CLEANUP(http_response_stop) struct http_response answer = {0};
 *	if (!http_try(h, &request, &answer, e)) ... e says why nothing came back
 *	else ... answer.status
 *
 * Only this file knows libcurl, and what failures of it are transient. One thread per struct http.
 * Redirects are not followed: they would be signed for another host.
 */
#ifndef STORE_HTTP_H
#define STORE_HTTP_H

#include "base/base.h"

#include <stdatomic.h>

/* What all requests to one server have in common; lives longer than every struct http. */
struct http_server {
	char *endpoint; /* "https://host:port", without a final "/" */
	char *region, *access_key, *secret_key;
	char *session_token; /* or NULL */
	char *ca_file;       /* or NULL: the system's */
	int stall_s; /* without a byte, or ten times that without HTTP_STEP_BYTES, it is broken */
};

#define HTTP_STEP_BYTES MIB

/* NULL, or what is wrong with it. */
const char *http_endpoint_fault(const char *endpoint);

struct http_response {
	int status;     /* 0: no answer */
	bool transient; /* worth trying again */
	bool has_length;
	uint64_t length;         /* Content-Length */
	uint64_t moved;          /* bytes that the request's data() took */
	int64_t kept_waiting_ms; /* by data() */
	time_t date, modified;   /* 0: the header was not there */
	int64_t retry_after_s;
	char etag[200]; /* with its quotes */
	char content_range[100], content_type[100], location[300], region[64];
	struct buf body; /* of answers that went not to data() */
};

void http_response_stop(struct http_response *);

#define HTTP_HEADERS 6

struct http_request {
	const char *method;
	const char
	    *target; /* path and query; percent-encoded, the query sorted, each name with "=" */
	const char *headers[HTTP_HEADERS]; /* "Name: value" */
	const void *body;                  /* NULL for none */
	size_t len;
	/* A new connection: libcurl sends a request again by itself, unseen, when a kept one turns out
	 * to be closed; that must not happen to one that is not idempotent. */
	bool fresh;
	bool last_will; /* goes out although we are cancelled; 10 s at most */
	/* When we are cancelled, its answer is waited for, 10 s at most: what it makes has to be undone. */
	bool makes;

	/* Where the body of a 200 or 206 goes; begin is called once before, and may refuse. */
	bool (*begin)(void *ctx, const struct http_response *, struct err *);
	bool (*data)(void *ctx, const void *data, size_t len, struct err *);
	void *ctx;
};

struct http;

/* stop (may be NULL): a request under way ends within a second after it is set. */
struct http *http_new(const struct http_server *, const atomic_bool *stop);
void http_freep(struct http **);

/* True when a whole answer came, whatever its status. False: ERR_TRANSIENT, ERR_CANCELLED,
 * ERR_SYSTEM, ERR_USAGE, or what begin or data said. */
MUST_USE bool http_try(struct http *, const struct http_request *, struct http_response *,
		       struct err *);

#endif
