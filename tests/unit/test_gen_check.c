#include "gen/check.h"

#include <criterion/criterion.h>
#include <string.h>

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct row {
	check_fn *check;
	const char *good[8], *bad[20];
};

/* Where the rules of two neighbours differ, both sides of the border are here. */
static const struct row rows[] = {
    {check_text, {"a", "ünïcödé", " "}, {"", "a\nb", "\x7f", "\x1b[2J"}},
    {check_namespace, {"apps", "a", "0a", X63}, {"", "Apps", "a_b", "-a", "a-", "a.b", X63 "x"}},
    {check_service, {"postgresql-18-hl", "a"}, {"", "18-postgresql", "a.b", "a-", "A"}},
    {check_object_name, {"a", "a.b-c.d0", X63 "x"}, {"", "a..b", ".a", "a.", "a-.b", "A", "a_b"}},
    {check_secret_key, {"admin-password", "A_b.c", "a..b"}, {"", ".", "..", "..a", "a/b", "a b"}},
    {check_label_value, {"", "a_b.c", "A0", X63}, {"-a", "a.", "a b", "a/b", X63 "x"}},
    {check_own_label, {"release", "example.org/team"}, {"app.kubernetes.io/name", "", "-a"}},
    {check_label_name,
     {"app", "app.kubernetes.io/name"},
     {"", "/a", "a/", "a/b/c", "A.b/c", "-a", "a b"}},
    {check_host,
     {"db", "db.lan", "10.0.0.1", "fd00::1"},
     {"", "Db", "db lan", "10.0.0", "1.2.3.4.5", "a_b", "[fd00::1]", "::ffff:10.0.0.1"}},
    {check_cidr,
     {"10.0.0.0/8", "0.0.0.0/0", "fd00::/64", "::/0"},
     {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.1/24", "fd00::1/64", "::ffff:10.0.0.0/104",
      "10.0.0.0/08", "fd00::/129", "a/8", "10.0.0.0/", "10.0.0.0/8x"}},
    {check_image,
     {"ghcr.io/a/b@sha256:" HEX64, "registry.lan:5000/a:1.0@sha256:" HEX64},
     {"", "ghcr.io/a/b", "ghcr.io/a/b:latest", "@sha256:" HEX64, "a@sha256:" HEX64 "0",
      "a@sha256:0123", "a b@sha256:" HEX64, "a@sha512:" HEX64, "-a@sha256:" HEX64}},
    {check_time_zone, {"America/Sao_Paulo", "Etc/UTC", "UTC"}, {"", "Local", "Sao_Paulo", "utc"}},
    {check_schedule, {"30 2 * * *", "@daily"}, {"", "never", "0 0 30 2 *", "60 0 * * *"}},
    {check_duration,
     {"1s", "90m", "26h", "7d"},
     {"", "0h", "26", "26H", "-1h", "1.5h", "1h30m", "3651d"}},
    {check_cpu, {"100m", "1", "0.5", "1024"}, {"", "0", "-1", "512Mi", "1025", "2k", "0.1m"}},
    {check_bytes,
     {"1Mi", "512Mi", "1.5Gi", "32G", "1048576"},
     {"", "0", "-1", "1 Gi", "1gb", "1.", ".5", "1e3", "64m", "1Ki", "9999999Ti", "1000Mi "}},
    {check_endpoint,
     {"http://minio.lan:9000", "https://s3.example.org", "http://[fd00::1]:9000",
      "http://10.0.0.1"},
     {"", "minio.lan:9000", "ftp://minio.lan", "http://", "http://minio.lan/", "http://minio.lan:0",
      "http://minio.lan:65536", "http://user@minio.lan", "http://fd00::1:9000",
      "http://[minio]:9000", "http://minio.lan:", "http://[fd00::1", "http://Minio.lan"}},
    {check_bucket,
     {"abc", "homelab-backup-postgres", "a.b.c"},
     {"", "ab", "Abc", "a_b_c", "10.0.0.1", "-ab", X63 "x"}},
    {check_prefix,
     {"", "postgresql-18", "a/b"},
     {"/", "/a", "a/", "a//b", "..", "a/../b", "./a", "a b", "a$b"}},
    {check_region, {"us-east-1", "garage"}, {"", "us east", "a/b"}},
    {check_key_format,
     {"%Y/%m/%d/full.sql.zst", "x.sql.zst", "%Y%m%d-%H%%.sql.zst"},
     {"", ".sql.zst", "full.sql", "/a.sql.zst", "a/../b.sql.zst", "%Q.sql.zst", "a\nb.sql.zst",
      "a//b.sql.zst"}},
    {check_sops_name, {"minio_postgres_backup", "a/b.c"}, {"", "a b", "a\"b", "${x}"}},
    {check_database,
     {"openwebui", "with space", "${x}", X63, "template1"},
     {"", X63 "x", "a\nb", "a\rb", "template0"}},
    {check_superuser, {"postgres", "with space"}, {"", "it's", "back\\slash", "a\nb", "pg_x"}},
    {check_scratch_parameter,
     {"work_mem", "pg_stat_statements.max"},
     {"", "1a", ".a", "a b", "a=b", "a-b", "port", "Listen_Addresses"}},
    {check_library, {"pg_stat_statements", "$libdir/vector"}, {"", "a,b", "a b", "a'b"}},
};

Test(gen_check, takes_what_is_good_and_says_what_it_expects_of_the_rest)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (const char *const *text = rows[i].good; *text; text++) {
			struct err e = {0};

			cr_expect(rows[i].check(*text, &e), "row %zu refuses \"%s\": %s", i, *text,
				  e.text);
		}
		for (const char *const *text = rows[i].bad; *text; text++) {
			struct err e = {0};

			cr_expect(!rows[i].check(*text, &e), "row %zu takes \"%s\"", i, *text);
			cr_expect_eq(e.kind, ERR_USAGE);
			cr_expect(strlen(e.text) > 10, "row %zu, \"%s\": %s", i, *text, e.text);
		}
	}
}

Test(gen_check, endpoint_has_host_and_port)
{
	static const struct {
		const char *text, *host;
		long port;
	} ends[] = {{"http://minio.lan", "minio.lan", 80},
		    {"https://minio.lan", "minio.lan", 443},
		    {"https://minio.lan:9000", "minio.lan", 9000},
		    {"http://[fd00::1]:9000", "fd00::1", 9000},
		    {"http://[fd00::1]", "fd00::1", 80}};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		CLEANUP(freep) char *host = NULL;
		struct err e = {0};
		long port;

		cr_assert(parse_endpoint(ends[i].text, &host, &port, &e), "%s", ends[i].text);
		cr_assert_str_eq(host, ends[i].host);
		cr_assert_eq(port, ends[i].port);
	}
}

Test(gen_check, quantity_is_counted_in_its_unit)
{
	static const struct {
		const char *text;
		double amount;
	} quantities[] = {{"100m", 0.1},          {"2", 2},
			  {"1k", 1000},           {"1.5Ki", 1536},
			  {"512Mi", 536870912.0}, {"32Gi", 34359738368.0},
			  {"1T", 1e12},           {"1Ti", 1099511627776.0}};

	for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++) {
		struct err e = {0};
		double amount;

		cr_assert(parse_quantity(quantities[i].text, &amount, &e));
		cr_assert_float_eq(amount, quantities[i].amount, 1e-6, "%s", quantities[i].text);
	}
}

Test(gen_check, only_an_address_is_a_cidr_of_itself)
{
	CLEANUP(freep) char *four = host_cidr("10.0.0.1");
	CLEANUP(freep) char *six = host_cidr("fd00::1");

	cr_assert_str_eq(four, "10.0.0.1/32");
	cr_assert_str_eq(six, "fd00::1/128");
	cr_assert_null(host_cidr("minio.lan"));
	cr_assert_null(host_cidr(""));
}
