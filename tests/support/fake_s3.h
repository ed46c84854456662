/*
 * fake_s3: an S3 server that follows a script, so that a test reads as a transcript.
 *
 *	static const struct fake_step script[] = {
 *	    {"HEAD /b/k", .status = 404},
 *	    {"PUT /b/k", .has = "if-none-match: *", .then = FAKE_DROP},
 *	    {"PUT /b/k", .status = 200},
 *	    FAKE_END};
 *	const char *endpoint = fake_s3_start(script);
 *	...
 *	fake_s3_stop();
 *
 * Of every request it checks that it is signed (by the access key AKFAKE in us-east-1, but not
 * whether the signature is right: real servers do that) and the digests of its body.
 */
#ifndef FAKE_S3_H
#define FAKE_S3_H

#include "base/base.h"

enum fake_then {
	FAKE_ANSWER,
	FAKE_DROP,      /* take the request and hang up */
	FAKE_CUT,       /* hang up after cut bytes of the answer's body */
	FAKE_BEHEAD,    /* hang up after cut bytes of the answer's head */
	FAKE_INTERRUPT, /* answer after SIGTERM to ourselves */
	FAKE_STALL,     /* say nothing until the client hangs up */
	FAKE_TRICKLE,   /* the body at ten bytes a second, until the client hangs up */
};

struct fake_step {
	const char *expect;   /* method and target */
	const char *has;      /* a header, as "name: value" with the name in lower case */
	const char *has_too;  /* another one */
	const char *lacks;    /* the name of a header that must not be there */
	const char *body_has; /* a text in the request's body */
	size_t body_len;      /* of the request; 0: not looked at */
	bool any_order;       /* among its neighbours that have this too */
	unsigned times;       /* that it is expected; 0 means once */
	bool new_signature;   /* must differ from the request's before */
	enum fake_then then;
	size_t cut;
	int status;          /* 0 means 200 */
	const char *headers; /* each with its "\r\n"; NULL: an ETag in the answer to a PUT */
	const char *body;
	const char *length; /* the Content-Length, if it is not the body's own; "": none */
};

#define FAKE_END                                                                                   \
	{                                                                                          \
		.expect = NULL                                                                     \
	}

/* The endpoint, "http://127.0.0.1:port". The script has to stay. One at a time. */
const char *fake_s3_start(const struct fake_step *);

/* Until so many requests of the script have arrived. */
void fake_s3_wait(size_t steps);

/* Fails the test unless all of the script happened, and nothing else. */
void fake_s3_stop(void);

#endif
