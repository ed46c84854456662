#include "store/s3.h"

#include "base/options.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_MIN_BYTES (5 * MIB)                /* S3's own limits */
#define PART_MAX_BYTES ((size_t)5 * 1024 * MIB) /* of one part and of one PUT */

char *s3_encode(const char *text, char keep)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = xcalloc(strlen(text) + 1, 3), *p = out;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("-._~", c);

		if (plain || (keep && *text == keep)) {
			*p++ = *text;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return out;
}

char *s3_full_key(const struct s3 *s, const char *key)
{
	return xasprintf("%s%s%s", s->prefix, s->prefix[0] ? "/" : "", key);
}

char *s3_target(const struct s3 *s, const char *key, const char *query)
{
	CLEANUP(freep) char *full = key[0] ? s3_full_key(s, key) : xstrdup("");
	CLEANUP(freep) char *encoded = s3_encode(full, '/');

	return xasprintf("/%s%s%s%s%s", s->bucket, key[0] ? "/" : "", encoded, query ? "?" : "",
			 query ? query : "");
}

void s3_md5(const void *data, size_t len, unsigned char digest[16], char header[S3_MD5_HEADER])
{
	unsigned char base64[32];

	if (EVP_Digest(data ? data : "", len, digest, NULL, EVP_md5(), NULL) != 1)
		abort();
	EVP_EncodeBlock(base64, digest, 16);
	snprintf(header, S3_MD5_HEADER, "Content-MD5: %s", (char *)base64);
}

bool s3_stat(struct store *store, const char *key, struct store_object *out, struct err *e)
{
	struct s3 *s = (struct s3 *)store;
	CLEANUP(freep) char *target = s3_target(s, key, NULL);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	struct s3_call call = {.request = {.method = "HEAD", .target = target}, .action = S3_READ};

	if (!s3_call(s, s->http, &call, &a, e))
		return err_in(e, "stat %s/%s", store->url, key);
	if (!a.http.has_length)
		return err_set(e, ERR_SYSTEM, "stat %s/%s: the server does not say its length",
			       store->url, key);
	*out = (struct store_object){
	    .key = xstrdup(key),
	    .bytes = a.http.length,
	    .modified = a.http.modified,
	    .etag = xstrdup(a.http.etag),
	};
	return true;
}

static bool s3_remove(struct store *store, const char *key, struct err *e)
{
	struct s3 *s = (struct s3 *)store;
	CLEANUP(freep) char *target = s3_target(s, key, NULL);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	struct s3_call call = {.request = {.method = "DELETE", .target = target},
			       .action = S3_REMOVE};

	if (s3_call(s, s->http, &call, &a, e) || strcmp(a.code, "NoSuchKey") == 0)
		return true;
	return err_in(e, "remove %s/%s", store->url, key);
}

/* Secrets do not stay behind in freed memory. */
static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void s3_free(struct store *store)
{
	struct s3 *s = (struct s3 *)store;

	http_freep(&s->http);
	free(s->server.endpoint);
	free(s->server.region);
	free(s->server.ca_file);
	forget(s->server.access_key);
	forget(s->server.secret_key);
	forget(s->server.session_token);
	free(s->bucket);
	free(s->prefix);
	free(store->url);
	free(s);
}

static bool split_url(struct s3 *s, const char *path, struct err *e)
{
	size_t len = strcspn(path, "/");
	char *end;

	s->bucket = xstrndup(path, len);
	s->prefix = xstrdup(path[len] == '/' ? path + len + 1 : "");
	end = s->prefix + strlen(s->prefix);
	if (end > s->prefix && end[-1] == '/')
		end[-1] = '\0';
	if (len < 1 || len > 63 || s->bucket[0] == '.' ||
	    strspn(s->bucket,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != len) {
		err_set(e, ERR_USAGE, "store s3://%.200s: no bucket's name", path);
		return err_hint(e,
				"write s3://bucket/prefix; the server goes into AWS_ENDPOINT_URL");
	}
	if (s->prefix[0] && !store_check_key("prefix", s->prefix, e))
		return err_in(e, "store s3://%s", s->bucket);
	s->store.url = xasprintf("s3://%s%s%s", s->bucket, s->prefix[0] ? "/" : "", s->prefix);
	return true;
}

/* The option, or the first of two variables that is set and not empty, or the default. */
static char *setting(const char *option, const char *const names[2], const char *otherwise)
{
	for (size_t i = 0; i < 2 && !option; i++) {
		const char *value = names[i] ? getenv(names[i]) : NULL;

		if (value && value[0] != '\0')
			option = value;
	}
	option = option ? option : otherwise;
	return option ? xstrdup(option) : NULL;
}

static bool find_server(struct s3 *s, const struct store_options *o, struct err *e)
{
	static const char *const regions[2] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
	static const char *const endpoints[2] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"};
	static const char *const ca_files[2] = {"AWS_CA_BUNDLE", NULL};
	struct http_server *server = &s->server;
	const char *fault;
	size_t len;

	server->region = setting(o->region, regions, "us-east-1");
	server->ca_file = setting(o->ca_file, ca_files, NULL);
	/* It goes into libcurl's colon-separated setting and into a host's name. */
	for (const char *p = server->region; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return err_set(e, ERR_USAGE, "region %.60s is no region's name",
				       server->region);
	if (strlen(server->region) > 60)
		return err_set(e, ERR_USAGE, "region %.60s is too long", server->region);
	server->endpoint = setting(o->endpoint, endpoints, NULL);
	if (!server->endpoint)
		server->endpoint = xasprintf("https://s3.%s.amazonaws.com", server->region);
	len = strlen(server->endpoint);
	while (len > 0 && server->endpoint[len - 1] == '/')
		server->endpoint[--len] = '\0';
	fault = http_endpoint_fault(server->endpoint);
	if (!fault)
		return true;
	/* Not printed: what is wrong with it may be a password. */
	err_set(e, ERR_USAGE, "the S3 endpoint %s", fault);
	return err_hint(e, "write it like http://minio.lan:9000");
}

static bool find_credentials(struct s3 *s, struct err *e)
{
	struct http_server *server = &s->server;
	const struct {
		const char *name;
		char **into;
	} secrets[] = {
	    {"AWS_ACCESS_KEY_ID", &server->access_key},
	    {"AWS_SECRET_ACCESS_KEY", &server->secret_key},
	    {"AWS_SESSION_TOKEN", &server->session_token},
	};

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (!option_secret(secrets[i].name, secrets[i].into, e))
			return false;
		/* It would end a header and begin another one. */
		for (const char *p = *secrets[i].into; p && *p; p++)
			if (iscntrl((unsigned char)*p))
				return err_set(e, ERR_USAGE, "%s has a control character in it",
					       secrets[i].name);
		if (i < 2 && (!*secrets[i].into || **secrets[i].into == '\0')) {
			err_set(e, ERR_USAGE, "%s is not set", secrets[i].name);
			return err_hint(e, "set %s, or %s_FILE to a file with it", secrets[i].name,
					secrets[i].name);
		}
	}
	if (server->session_token && server->session_token[0] == '\0') {
		free(server->session_token);
		server->session_token = NULL;
	}
	return true;
}

static bool apply_options(struct s3 *s, const struct store_options *o, struct err *e)
{
	s->parts_in_flight = o->parts_in_flight ? o->parts_in_flight : 3;
	s->max_parts = o->max_parts ? o->max_parts : 10000;
	s->part_bytes = o->part_bytes;
	s->attempts = o->attempts > 0 ? o->attempts : 6;
	s->retry_delay_ms = o->retry_delay_ms > 0 ? o->retry_delay_ms : 500;
	s->server.stall_s = o->stall_s > 0 ? o->stall_s : 60;
	if (s->part_bytes && (s->part_bytes < PART_MIN_BYTES || s->part_bytes > PART_MAX_BYTES))
		return err_set(e, ERR_USAGE, "a part size of %zu bytes: S3 takes 5 MiB to 5 GiB",
			       s->part_bytes);
	return true;
}

struct store *s3_open(const char *path, const struct store_options *o, struct err *e)
{
	static const struct store_ops ops = {
	    s3_put, s3_get, s3_list, s3_stat, s3_remove, s3_prepare, s3_free,
	};
	struct s3 *s = xcalloc(1, sizeof *s);

	s->store.ops = &ops;
	if (!split_url(s, path, e) || !find_server(s, o, e) || !find_credentials(s, e) ||
	    !apply_options(s, o, e)) {
		s3_free(&s->store);
		return NULL;
	}
	s->http = http_new(&s->server, NULL);
	return &s->store;
}
