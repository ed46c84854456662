/*
 * policy: what the users of the bucket may do, and for how long it keeps a dump; as IAM (AWS, MinIO)
 * and S3 take it.
 *
 *	mc admin policy create HOME writer writer.json         aws iam create-policy --policy-document
 *	aws s3api put-bucket-policy --policy file://bucket.json
 *	mc ilm import HOME/BUCKET < lifecycle.json             aws s3api put-bucket-lifecycle-configuration
 */
#ifndef POLICY_H
#define POLICY_H

#include "gen/settings.h"

/* dump: may list, read and write under the prefix, and not delete. S3 has no right to write that
 * is no right to replace: a bucket with versions keeps what was there. */
json_t *policy_writer(const struct settings *);

/* drill, verify, restore: may list and read; and write the evidence of drills. */
json_t *policy_reader(const struct settings *);

/* Both as one policy of the bucket, for these two users: ARNs, or what the server calls them. */
json_t *policy_bucket(const struct settings *, const char *writer, const char *reader);

/* Expires what is older than the settings say, versions that were replaced or deleted likewise, and
 * parts of uploads that were never finished. */
json_t *policy_lifecycle(const struct settings *);

#endif
