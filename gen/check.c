#include "gen/check.h"

#include "base/options.h"
#include "base/text.h"
#include "gen/cron.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define MAX_SECONDS 315360000 /* ten years: Kubernetes counts some in 31 bits */

static bool expected(struct err *e, const char *what)
{
	return err_set(e, ERR_USAGE, "expected %s", what);
}

static bool only(const char *text, size_t len, const char *characters)
{
	return len > 0 && strspn(text, characters) >= len;
}

/* Characters of set, and neither first nor last one of inner. */
static bool is_label(const char *text, size_t len, size_t max, const char *set, const char *inner)
{
	return len > 0 && len <= max && only(text, len, set) && !strchr(inner, text[0]) &&
	       !strchr(inner, text[len - 1]);
}

/* Labels of DNS with dots between them, of at most max characters each. */
static bool is_domain(const char *text, size_t len, size_t max)
{
	if (len == 0 || len > 253)
		return false;
	for (const char *end = text + len; text <= end; text++) {
		size_t label = strcspn(text, ".");

		if (label > (size_t)(end - text))
			label = (size_t)(end - text);
		if (!is_label(text, label, max, LOWER DIGITS "-", "-"))
			return false;
		text += label;
	}
	return true;
}

bool check_text(const char *text, struct err *e)
{
	uint32_t code;

	if (*text == '\0')
		return expected(e, "a text that is not empty");
	for (size_t len; *text; text += len) {
		len = text_utf8(text, &code);
		if (len == 0 || code < 0x20 || code == 0x7f)
			return expected(e, "text in UTF-8 without control characters");
	}
	return true;
}

bool check_superuser(const char *text, struct err *e)
{
	return (strlen(text) <= 63 && strncmp(text, "pg_", 3) != 0 && !strpbrk(text, "'\\") &&
		check_text(text, e)) ||
	       expected(e, "a superuser's name: at most 63 bytes, without quotes and backslashes, "
			   "and not pg_...");
}

bool check_namespace(const char *text, struct err *e)
{
	return is_label(text, strlen(text), 63, LOWER DIGITS "-", "-") ||
	       expected(e, "a namespace: at most 63 of a-z, 0-9 and -, - neither first nor last");
}

bool check_service(const char *text, struct err *e)
{
	return (is_label(text, strlen(text), 63, LOWER DIGITS "-", "-") &&
		!strchr(DIGITS, text[0])) ||
	       expected(
		   e, "a Service's name: at most 63 of a-z, 0-9 and -, a letter first, - not last");
}

bool check_object_name(const char *text, struct err *e)
{
	return is_domain(text, strlen(text), 253) ||
	       expected(e, "an object's name: at most 253 of a-z, 0-9, - and ., a letter or digit "
			   "at the ends of each part");
}

bool check_secret_key(const char *text, struct err *e)
{
	size_t len = strlen(text);

	return (len <= 253 && only(text, len, LOWER UPPER DIGITS "-_.") && strcmp(text, ".") != 0 &&
		strncmp(text, "..", 2) != 0) ||
	       expected(e, "a key of a Secret: at most 253 of A-Z, a-z, 0-9, -, _ and .");
}

bool check_label_value(const char *text, struct err *e)
{
	return *text == '\0' || is_label(text, strlen(text), 63, LOWER UPPER DIGITS "-_.", "-_.") ||
	       expected(e, "a label's value: at most 63 of A-Z, a-z, 0-9, -, _ and ., a letter or "
			   "digit at the ends");
}

bool check_label_name(const char *text, struct err *e)
{
	const char *slash = strchr(text, '/');
	const char *name = slash ? slash + 1 : text;

	return ((!slash || is_domain(text, (size_t)(slash - text), 253)) && *name &&
		check_label_value(name, e)) ||
	       expected(e, "a label's name, such as app or example.org/team");
}

bool check_own_label(const char *text, struct err *e)
{
	return check_label_name(text, e) &&
	       (strncmp(text, "app.kubernetes.io/", 18) != 0 ||
		err_set(e, ERR_USAGE, "app.kubernetes.io/... are set by pgmuster-gen itself"));
}

/* The address in its usual spelling. False for a name, and for an IPv4 address that is written
 * as one of IPv6: Kubernetes refuses it. */
static bool parse_address(const char *text, struct in6_addr *address, char out[INET6_ADDRSTRLEN])
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	memset(address, 0, sizeof *address);
	return inet_pton(family, text, address) == 1 &&
	       !(family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(address)) &&
	       inet_ntop(family, address, out, INET6_ADDRSTRLEN);
}

char *host_cidr(const char *host)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	return parse_address(host, &address, text)
		   ? xasprintf("%s/%d", text, strchr(text, ':') ? 128 : 32)
		   : NULL;
}

bool check_host(const char *text, struct err *e)
{
	CLEANUP(freep) char *address = host_cidr(text);

	return address || (is_domain(text, strlen(text), 63) && text[strspn(text, DIGITS ".")]) ||
	       expected(e, "a host name (in small letters) or an IP address");
}

/* Bits of an address behind the first ones are all 0. */
static bool ends_in_zeros(const struct in6_addr *address, long bits)
{
	for (long i = bits; i < 128; i++)
		if (address->s6_addr[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

bool check_cidr(const char *text, struct err *e)
{
	const char *slash = strchr(text, '/');
	CLEANUP(freep) char *host = xstrndup(text, slash ? (size_t)(slash - text) : 0);
	size_t digits = slash ? strspn(slash + 1, DIGITS) : 0;
	long bits =
	    digits > 0 && digits < 4 && !slash[1 + digits] ? strtol(slash + 1, NULL, 10) : -1;
	char spelling[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (bits < 0 || (digits > 1 && slash[1] == '0') ||
	    !parse_address(host, &address, spelling) || bits > (strchr(host, ':') ? 128 : 32))
		return expected(e, "a network, such as 192.168.1.0/24");
	return ends_in_zeros(&address, bits) ||
	       err_set(e, ERR_USAGE,
		       "has bits behind the first %ld: the network's own address goes there", bits);
}

bool check_image(const char *text, struct err *e)
{
	const char *digest = strstr(text, "@sha256:");
	size_t name = digest ? (size_t)(digest - text) : 0;

	if (!digest || strspn(digest + 8, DIGITS "abcdef") != 64 || digest[8 + 64])
		return expected(e, "an image pinned by its digest, NAME@sha256:<64 hexadecimal "
				   "digits>: a tag alone may change overnight");
	return (only(text, name, LOWER UPPER DIGITS "._-/:") && strchr(LOWER DIGITS, text[0])) ||
	       expected(e, "the name of an image before its digest");
}

bool check_time_zone(const char *text, struct err *e)
{
	const char *near;

	if (time_zone_known(text))
		return true;
	near = time_zone_near(text);
	return err_set(e, ERR_USAGE, "expected a time zone of the IANA database%s%s%s",
		       near ? "; did you mean " : ", such as Europe/Lisbon", near ? near : "",
		       near ? "?" : "");
}

bool check_schedule(const char *text, struct err *e)
{
	struct cron cron;

	if (!cron_parse(text, &cron, e))
		return false;
	if (cron.every_s > MAX_SECONDS)
		return expected(e, "at most ten years between two runs");
	return cron_longest_gap_s(&cron) > 0 || err_set(e, ERR_USAGE, "no such day ever comes");
}

bool parse_duration(const char *text, int64_t *seconds, struct err *e)
{
	return (option_duration(text, seconds) && *seconds > 0 && *seconds <= MAX_SECONDS) ||
	       expected(e, "a duration such as 26h, 90m, 30s or 7d, at most ten years");
}

bool check_duration(const char *text, struct err *e)
{
	int64_t seconds;

	return parse_duration(text, &seconds, e);
}

bool parse_quantity(const char *text, double *out, struct err *e)
{
	static const struct {
		const char *suffix;
		double factor;
	} units[] = {{"", 1},
		     {"m", 1e-3},
		     {"k", 1e3},
		     {"M", 1e6},
		     {"G", 1e9},
		     {"T", 1e12},
		     {"Ki", 1 << 10},
		     {"Mi", 1 << 20},
		     {"Gi", 1e0 * (1 << 30)},
		     {"Ti", 1024e0 * (1 << 30)}};
	size_t digits = strspn(text, DIGITS);
	size_t fraction = text[digits] == '.' ? 1 + strspn(text + digits + 1, DIGITS) : 0;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (digits > 0 && digits + fraction < 20 && fraction != 1 &&
		    strcmp(text + digits + fraction, units[i].suffix) == 0) {
			*out = strtod(text, NULL) * units[i].factor;
			if (*out > 0)
				return true;
		}
	return expected(e, "a quantity such as 100m, 512Mi or 2");
}

bool check_cpu(const char *text, struct err *e)
{
	double amount;

	return (parse_quantity(text, &amount, e) && amount >= 0.001 && amount <= 1024) ||
	       expected(e, "processors, such as 100m or 2");
}

bool check_bytes(const char *text, struct err *e)
{
	double amount;

	return (parse_quantity(text, &amount, e) && amount >= (double)MIB && amount <= 0x1p60 &&
		!strchr(text, 'm')) ||
	       expected(e, "a size such as 512Mi or 32Gi");
}

/* The port behind a host: ":9000", or the usual one; 0 for anything else. */
static long port_of(const char *text, long usual)
{
	size_t digits = *text == ':' ? strspn(text + 1, DIGITS) : 0;
	long port = digits > 0 && digits < 6 && !text[1 + digits] ? strtol(text + 1, NULL, 10) : 0;

	return *text ? (port > 65535 ? 0 : port) : usual;
}

bool parse_endpoint(const char *text, char **host, long *port, struct err *e)
{
	bool plain = strncmp(text, "http://", 7) == 0, tls = strncmp(text, "https://", 8) == 0;
	const char *at = text + (plain ? 7 : tls ? 8 : strlen(text));
	bool bracket = *at == '['; /* around an address of IPv6 */
	size_t len = strcspn(at, bracket ? "]" : ":");
	CLEANUP(freep) char *name = xstrndup(at + bracket, len - bracket);

	*port = port_of(at + len + (bracket && at[len]), tls ? 443 : 80);
	if (*port == 0 || bracket != (at[len] == ']') || bracket != (strchr(name, ':') != NULL) ||
	    !check_host(name, e))
		return expected(e, "http://HOST[:PORT] or https://HOST[:PORT], and nothing behind "
				   "it: bucket and prefix are settings of their own");
	*host = STEAL(name);
	return true;
}

bool check_endpoint(const char *text, struct err *e)
{
	CLEANUP(freep) char *host = NULL;
	long port;

	return parse_endpoint(text, &host, &port, e);
}

bool check_bucket(const char *text, struct err *e)
{
	size_t len = strlen(text);
	CLEANUP(freep) char *address = host_cidr(text);

	return (len >= 3 && len <= 63 && is_domain(text, len, 63) && !address) ||
	       expected(e, "a bucket's name: 3 to 63 of a-z, 0-9, - and ., a letter or digit at "
			   "the ends");
}

/* Parts of a path of keys, none of them empty, "." or "..". */
static bool is_path(const char *text)
{
	for (;; text++) {
		size_t len = strcspn(text, "/");

		if (len == 0 || (len <= 2 && strspn(text, ".") >= len))
			return false;
		text += len;
		if (*text == '\0')
			return true;
	}
}

bool check_prefix(const char *text, struct err *e)
{
	return *text == '\0' ||
	       (strlen(text) <= 512 && only(text, strlen(text), LOWER UPPER DIGITS "-_./=+@~") &&
		is_path(text)) ||
	       expected(e, "a prefix of keys, such as postgresql-18 or home/postgresql: letters, "
			   "digits and -_.=+@~, with no / at the ends");
}

bool check_region(const char *text, struct err *e)
{
	return (strlen(text) <= 63 && only(text, strlen(text), LOWER UPPER DIGITS "-_")) ||
	       expected(e, "a region, such as us-east-1");
}

bool check_key_format(const char *text, struct err *e)
{
	size_t len = strlen(text), ending = strlen(".sql.zst");

	if (len > 200 || len <= ending || *text == ' ' ||
	    strcmp(text + len - ending, ".sql.zst") != 0 || !is_path(text) || !check_text(text, e))
		return expected(e, "a key as strftime writes it that ends in .sql.zst, such as "
				   "%Y/%m/%d/full.sql.zst");
	for (const char *p = strchr(text, '%'); p; p = strchr(p + 2, '%'))
		if (!p[1] || !strchr("YmdHMSyjuVGaAbBFTsZz%", p[1]))
			return err_set(e, ERR_USAGE, "%%%.1s is not known", p + 1);
	return true;
}

bool check_sops_name(const char *text, struct err *e)
{
	return (strlen(text) <= 200 && only(text, strlen(text), LOWER UPPER DIGITS "-_./")) ||
	       expected(e, "a name in the SOPS file: letters, digits, _, -, . and /");
}

bool check_database(const char *text, struct err *e)
{
	size_t len = strlen(text);

	if (len == 0 || len > 63)
		return expected(e, "a database's name: 1 to 63 bytes");
	if (strpbrk(text, "\r\n"))
		return err_set(e, ERR_USAGE,
			       "pg_dump refuses a database with a line end in its name");
	return strcmp(text, "template0") != 0 ||
	       err_set(e, ERR_USAGE, "template0 is in no dump: it accepts no connections");
}

bool check_scratch_parameter(const char *text, struct err *e)
{
	static const char *const own[] = {"listen_addresses",
					  "port",
					  "unix_socket_directories",
					  "unix_socket_permissions",
					  "shared_preload_libraries",
					  "data_directory",
					  "hba_file",
					  "config_file"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcasecmp(text, own[i]) == 0)
			return err_set(e, ERR_USAGE, "is the drill's own to set");
	return (strlen(text) <= 63 && only(text, strlen(text), LOWER UPPER DIGITS "_.") &&
		!strchr(DIGITS ".", text[0])) ||
	       expected(e, "the name of a PostgreSQL setting, such as work_mem");
}

bool check_library(const char *text, struct err *e)
{
	return only(text, strlen(text), LOWER UPPER DIGITS "-_./$") ||
	       expected(e, "a library's name, such as pg_stat_statements");
}
