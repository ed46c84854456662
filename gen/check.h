/*
 * check: is a text what Kubernetes, S3 or PostgreSQL would take? Each fails with ERR_USAGE and
 * says what was expected, without the text itself in front.
 */
#ifndef CHECK_H
#define CHECK_H

#include "base/base.h"

typedef bool check_fn(const char *text, struct err *);

check_fn check_text;        /* not empty, no control characters */
check_fn check_superuser;   /* a role's name that initdb takes, and a conninfo */
check_fn check_namespace;   /* a DNS label, RFC 1123 */
check_fn check_service;     /* a DNS label that begins with a letter, RFC 1035 */
check_fn check_object_name; /* a DNS subdomain, RFC 1123: names of Secrets */
check_fn check_secret_key;
check_fn check_label_name; /* with an optional prefix and "/" */
check_fn check_own_label;  /* of these, one that pgmuster-gen does not set itself */
check_fn check_label_value;
check_fn check_host; /* a DNS name or an IP address */
check_fn check_cidr;
check_fn check_image; /* pinned by its digest */
check_fn check_time_zone;
check_fn check_schedule; /* that also runs at some time */
check_fn check_duration; /* 26h, 90m, 30s, 7d; not 0 */
check_fn check_cpu;      /* 100m, 2: up to 1024 */
check_fn check_bytes;    /* 512Mi, 10G: from 1Mi to 1Ei */
check_fn check_endpoint; /* http://host[:port] or https:// */
check_fn check_bucket;
check_fn check_prefix; /* of keys: may be empty */
check_fn check_region;
check_fn check_key_format;
check_fn check_sops_name;
check_fn check_database;          /* a name that pg_dump takes */
check_fn check_scratch_parameter; /* a PostgreSQL setting that is not the drill's own */
check_fn check_library;           /* for shared_preload_libraries */

/* The same, with the result. */
MUST_USE bool parse_duration(const char *text, int64_t *seconds, struct err *);
MUST_USE bool parse_quantity(const char *text, double *out, struct err *);

/* "http://minio.lan:9000": host without brackets, and the port or its scheme's. The caller frees. */
MUST_USE bool parse_endpoint(const char *text, char **host, long *port, struct err *);

/* An IPv4 or IPv6 address as the CIDR of itself, which the caller frees; NULL for anything else. */
char *host_cidr(const char *host);

#endif
