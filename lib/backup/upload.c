#include "backup/upload.h"

#include "backup/digest.h"
#include "backup/key.h"
#include "backup/meter.h"
#include "backup/taken.h"
#include "base/log.h"

#include <string.h>

bool upload_run(struct store *store, const char *key, int fd, uint64_t bytes, struct report *r,
		struct err *e)
{
	const struct store_put put = {.at_most_bytes = bytes};
	struct meter meter = {.what = "upload", .total = bytes};
	CLEANUP(freep) char *sidecar_key = xasprintf("%s" KEY_SHA256_SUFFIX, key);
	struct digest digest = {0};
	int64_t started_ms = clock_ms();
	char hex[SHA256_HEX];
	bool taken = false, exclusive;

	/* before the first byte */
	if (!store_prepare(store, STORE_STALE_S, &exclusive, e) ||
	    !key_is_taken(store, key, &taken, e))
		return false;
	if (taken)
		return err_set(e, ERR_EXISTS, "%s/%s is there already", store_url(store), key);
	CLEANUP(sink_freep) struct sink *object = store_put(store, key, &put, e);
	if (!object)
		return false;
	CLEANUP(sink_freep) struct sink *hash = sink_sha256(object, &digest);
	CLEANUP(sink_freep) struct sink *metered = sink_meter(hash, &meter);

	if (!sink_pump(metered, fd, e) || !sink_commit(metered, e))
		return err_in(e, "%s", key);
	progress_end();
	CLEANUP(freep) char *sidecar = sidecar_write(digest.sha256, key);
	if (!store_put_bytes(store, sidecar_key, sidecar, strlen(sidecar), "text/plain", e))
		return err_in(e, "%s itself is stored; %s", key, sidecar_key);

	sha256_hex(digest.sha256, hex);
	report_string(r, "store", store_url(store));
	report_string(r, "key", key);
	report_bytes(r, "bytes", digest.bytes);
	report_string(r, "sha256", hex);
	report_seconds(r, "seconds", (double)(clock_ms() - started_ms) / 1000);
	return true;
}
