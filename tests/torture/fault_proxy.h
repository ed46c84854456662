/* fault_proxy.h: what the two files of the fault proxy share; fault_proxy.c says what it is for. */
#ifndef FAULT_PROXY_H
#define FAULT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum way { UP, DOWN };

/* A connection, or a request with its answer. */
struct link {
	int fd[2];        /* where bytes of each way go: [UP] the server, [DOWN] the client */
	uint64_t seen[2]; /* of each way */
	uint64_t from[2]; /* where the bytes begin that a flip counts */
	unsigned long number;
	bool faulty; /* the fault is for this one */
	bool broken; /* and it has happened: it is over */
	bool reset;  /* and ends with a reset */
};

/* Gives it the next number, and the fault if it is its turn. False: it is refused. */
bool begin(struct link *);

/* Does it have this fault? */
bool is(const struct link *, const char *fault);

/* Hand data on. False: the link is broken, or its other end does not want more. */
bool pass(struct link *, enum way, char *data, size_t len);

bool send_all(int fd, const char *data, size_t len);

/* To the server; -1: it is not there. */
int dial(void);

/* On the client, as the fault wants it. */
void hang_up(struct link *);

/* Its line in the log. */
void note(const struct link *, const char *request);

/* All that comes on a connection, which it closes. */
void serve_http(int client);

#endif
