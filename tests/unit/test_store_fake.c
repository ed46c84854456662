#include "test_store_fake.h"

#include "base/log.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct store *fake_open_at(const char *endpoint, const struct store_options *given, const char *url)
{
	struct store_options o = given ? *given : (struct store_options){0};
	struct err e = {0};
	struct store *s;

	log_setup(LOG_QUIET, LOG_TEXT);
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	unsetenv("http_proxy");
	setenv("AWS_ACCESS_KEY_ID", "AKFAKE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SKFAKE", 1);
	o.endpoint = endpoint;
	o.retry_delay_ms = o.retry_delay_ms ? o.retry_delay_ms : 1;
	s = store_open(url ? url : "s3://b", &o, &e);
	cr_assert(s, "%s", e.text);
	return s;
}

struct store *fake_open(const struct fake_step *script, const struct store_options *given,
			const char *url)
{
	return fake_open_at(fake_s3_start(script), given, url);
}

void fake_close(struct store **s)
{
	store_freep(s);
	fake_s3_stop();
}

bool fake_put(struct store *s, const char *key, uint64_t at_most, size_t len, struct err *e)
{
	struct store_put put = {.at_most_bytes = at_most};
	CLEANUP(sink_freep) struct sink *sink = store_put(s, key, &put, e);
	static char piece[100003];

	cr_assert(sink, "%s", e->text);
	memset(piece, 'x', sizeof piece);
	while (len > 0) {
		size_t n = len < sizeof piece ? len : sizeof piece;

		if (!sink_write(sink, piece, n, e))
			return false;
		len -= n;
	}
	return sink_commit(sink, e);
}

void *fake_interrupt(void *ctx)
{
	const struct fake_interrupt *when = ctx;

	fake_s3_wait(when->steps);
	poll(NULL, 0, when->ms);
	kill(getpid(), SIGTERM);
	return NULL;
}
