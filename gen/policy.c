#include "gen/policy.h"

#include <string.h>

#define UNFINISHED_DAYS 1

/* "postgresql-18/", or "" where the bucket is ours alone. */
static char *directory(const struct settings *s)
{
	const char *prefix = setting_text(s, "store.prefix");

	return xasprintf("%s%s", prefix, *prefix ? "/" : "");
}

static json_t *objects_arn(const struct settings *s, const char *pattern)
{
	CLEANUP(freep) char *prefix = directory(s);
	CLEANUP(freep)
	char *arn =
	    xasprintf("arn:aws:s3:::%s/%s%s", setting_text(s, "store.bucket"), prefix, pattern);

	return json_string(arn);
}

static json_t *bucket_arn(const struct settings *s)
{
	CLEANUP(freep) char *arn = xasprintf("arn:aws:s3:::%s", setting_text(s, "store.bucket"));

	return json_string(arn);
}

static json_t *rule(const char *id, const char *effect, json_t *actions, json_t *resource)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "Sid", id, "Effect", effect, "Action", actions,
			 "Resource", json_pack("[o]", resource));
}

static json_t *statement(const char *id, json_t *actions, json_t *resource)
{
	return rule(id, "Allow", actions, resource);
}

static json_t *list_objects(const struct settings *s, const char *id)
{
	CLEANUP(freep) char *prefix = directory(s);
	CLEANUP(freep) char *pattern = xasprintf("%s*", prefix);
	json_t *allow = statement(id, json_pack("[s]", "s3:ListBucket"), bucket_arn(s));

	if (*prefix)
		json_object_set_new(allow, "Condition",
				    json_pack("{s:{s:[s]}}", "StringLike", "s3:prefix", pattern));
	return allow;
}

static json_t *writer_statements(const struct settings *s)
{
	return json_pack(
	    "[o, o, o]", list_objects(s, "WriterLists"),
	    statement("WriterSeesItsUnfinishedUploads",
		      json_pack("[s]", "s3:ListBucketMultipartUploads"), bucket_arn(s)),
	    statement("WriterWrites",
		      json_pack("[s, s, s, s]", "s3:GetObject", "s3:PutObject",
				"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
		      objects_arn(s, "*")));
}

static json_t *reader_statements(const struct settings *s)
{
	return json_pack(
	    "[o, o, o, o]", list_objects(s, "ReaderLists"),
	    statement("ReaderReads", json_pack("[s]", "s3:GetObject"), objects_arn(s, "*")),
	    statement("ReaderLeavesEvidence", json_pack("[s]", "s3:PutObject"),
		      objects_arn(s, "*drill-*.json")),
	    /* In an ARN a star is any text: a backup's key could have "drill-" in it. */
	    rule("ReaderWritesNoManifest", "Deny", json_pack("[s]", "s3:PutObject"),
		 objects_arn(s, "*.manifest.json")));
}

static json_t *document(json_t *statements)
{
	return json_pack("{s:s, s:o}", "Version", "2012-10-17", "Statement", statements);
}

json_t *policy_writer(const struct settings *s)
{
	return document(writer_statements(s));
}

json_t *policy_reader(const struct settings *s)
{
	return document(reader_statements(s));
}

static void name_principal(json_t *statements, const char *user)
{
	json_t *allow;
	size_t i;

	json_array_foreach(statements, i, allow)
	{
		json_object_set_new(allow, "Principal", json_pack("{s:[s]}", "AWS", user));
	}
}

json_t *policy_bucket(const struct settings *s, const char *writer, const char *reader)
{
	json_t *all = writer_statements(s), *more = reader_statements(s);

	name_principal(all, writer);
	name_principal(more, reader);
	json_array_extend(all, more);
	json_decref(more);
	return document(all);
}

json_t *policy_lifecycle(const struct settings *s)
{
	CLEANUP(freep) char *prefix = directory(s);
	json_int_t days = setting_int(s, "retention.days");

	return json_pack("{s:[{s:s, s:s, s:{s:s}, s:{s:I}, s:{s:I}, s:{s:i}}]}", "Rules", "ID",
			 "pgmuster-retention", "Status", "Enabled", "Filter", "Prefix", prefix,
			 "Expiration", "Days", days, "NoncurrentVersionExpiration",
			 "NoncurrentDays", days, "AbortIncompleteMultipartUpload",
			 "DaysAfterInitiation", UNFINISHED_DAYS);
}
