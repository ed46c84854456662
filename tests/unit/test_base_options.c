#include "base/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const colours[] = {"red", "green", "blue", NULL};

static bool flag;
static const char *string;
static struct option_list list, other;
static long number;
static uint64_t bytes;
static int64_t duration;
static int colour;

static const struct option own[] = {
    {.name = "flag",
     .letter = 'f',
     .type = OPTION_FLAG,
     .into = &flag,
     .env = "T_FLAG",
     .help = "Something that is so or not."},
    {.name = "string",
     .letter = 's',
     .type = OPTION_STRING,
     .into = &string,
     .argument = "TEXT",
     .env = "T_STRING",
     .help = "Any text."},
    {.name = "list",
     .letter = 'l',
     .type = OPTION_LIST,
     .into = &list,
     .argument = "ITEM",
     .env = "T_LIST",
     .help = "A list of things; may be given several times, and has a help that is so long that "
	     "it takes more than one line of eighty columns."},
    {.name = "number",
     .letter = 'n',
     .type = OPTION_INT,
     .into = &number,
     .argument = "N",
     .env = "T_NUMBER",
     .min = -5,
     .max = 5,
     .help = "From -5 to 5."},
    {0}};

static const struct option shared[] = {{.name = "bytes",
					.type = OPTION_BYTES,
					.into = &bytes,
					.argument = "SIZE",
					.env = "T_BYTES",
					.help = "How much."},
				       {.name = "duration",
					.type = OPTION_DURATION,
					.into = &duration,
					.argument = "TIME",
					.env = "T_DURATION",
					.help = "How long."},
				       {.name = "colour",
					.type = OPTION_CHOICE,
					.into = &colour,
					.argument = "COLOUR",
					.env = "T_COLOUR",
					.choices = colours,
					.help = "red, green or blue."},
				       {.name = "other",
					.type = OPTION_LIST,
					.into = &other,
					.argument = "ITEM",
					.help = "Without a variable."},
				       {0}};

static const struct options all = {
    .verb = "sample",
    .synopsis = "pgmuster sample --string TEXT [--list ITEM [--number N]] [--colour COLOUR] "
		"[OPTION...] FILE...",
    .summary = "A sample whose summary is long enough to be wrapped, because it goes on and on "
	       "until eighty columns are full and then some more.",
    .own = own,
    .shared = shared,
    .max_arguments = 2,
    .epilog = "Exit codes: none.\n"};

static void defaults(void)
{
	static const char *const names[] = {"T_FLAG",  "T_STRING",   "T_LIST",  "T_NUMBER",
					    "T_BYTES", "T_DURATION", "T_COLOUR"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	flag = false;
	string = "default";
	number = 3;
	bytes = 16 * MIB;
	duration = 26 * 3600;
	colour = 1;
	option_list_stop(&list);
	option_list_stop(&other);
}

static void stop(void)
{
	option_list_stop(&list);
	option_list_stop(&other);
}

TestSuite(base_options, .init = defaults, .fini = stop);

#define ARGV(...) ((char **)(const char *[]){__VA_ARGS__, NULL})

static size_t parse(char **argv)
{
	struct err e = {0};
	size_t count = 77;
	bool help = true;
	int argc = 0;

	while (argv[argc])
		argc++;
	cr_assert(options_parse(&all, argc, argv, &count, &help, &e), "%s", e.text);
	cr_assert(!help);
	return count;
}

static void fails(char **argv, const char *text, const char *hint)
{
	struct err e = {0};
	size_t count;
	bool help;
	int argc = 0;

	while (argv[argc])
		argc++;
	cr_assert(!options_parse(&all, argc, argv, &count, &help, &e), "%s", argv[0]);
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert_str_eq(e.text, text);
	cr_assert_str_eq(e.hint, hint);
}

Test(base_options, without_any_the_defaults_stay)
{
	cr_assert_eq(parse(ARGV(NULL)), 0);
	cr_assert(!flag);
	cr_assert_str_eq(string, "default");
	cr_assert_eq(list.count, 0);
	cr_assert(number == 3 && bytes == 16 * MIB && duration == 93600 && colour == 1);
}

Test(base_options, every_type_in_every_form)
{
	parse(ARGV("--flag", "--string", "a", "--list", "b", "--number", "-5", "--bytes", "512K",
		   "--duration", "7d", "--colour", "blue"));
	cr_assert(flag && number == -5 && bytes == 512 << 10 && duration == 604800 && colour == 2);
	cr_assert_str_eq(string, "a");
	cr_assert(list.count == 1 && strcmp(list.items[0], "b") == 0);
	defaults();
	parse(ARGV("--string=a=b", "--list=", "--number=5", "--bytes=0", "--duration=90m",
		   "--colour=red"));
	cr_assert(number == 5 && bytes == 0 && duration == 5400 && colour == 0);
	cr_assert_str_eq(string, "a=b");
	cr_assert(list.count == 1 && strcmp(list.items[0], "") == 0);
	defaults();
	parse(ARGV("-f", "-s", "--flag", "-l", "x", "-l", "y", "-n", "0"));
	cr_assert(flag && number == 0);
	cr_assert_str_eq(string, "--flag", "a value may look like an option");
	cr_assert(list.count == 2 && strcmp(list.items[1], "y") == 0);
}

Test(base_options, the_last_of_several_counts_and_lists_keep_all)
{
	parse(ARGV("--string", "a", "--list", "1", "--string", "b", "--list", "2", "--list", "1"));
	cr_assert_str_eq(string, "b");
	cr_assert_eq(list.count, 3);
	cr_assert_str_eq(list.items[2], "1");
}

Test(base_options, operands_come_first_and_two_dashes_end_the_options)
{
	char **argv = ARGV("a", "--flag", "--", "--string");

	cr_assert_eq(parse(argv), 2);
	cr_assert_str_eq(argv[0], "a");
	cr_assert_str_eq(argv[1], "--string");
	cr_assert(flag);
	cr_assert_str_eq(string, "default");
	argv = ARGV("-", "--", "--");
	cr_assert_eq(parse(argv), 2, "a dash alone is an operand");
	cr_assert_str_eq(argv[1], "--");
	fails(ARGV("a", "b", "c"), "one argument too many: c", "");
}

Test(base_options, the_environment_is_over_the_default)
{
	setenv("T_FLAG", "1", 1);
	setenv("T_STRING", "env", 1);
	setenv("T_LIST", "one thing", 1);
	setenv("T_NUMBER", "4", 1);
	setenv("T_BYTES", "1G", 1);
	setenv("T_DURATION", "30s", 1);
	setenv("T_COLOUR", "red", 1);
	parse(ARGV(NULL));
	cr_assert(flag && number == 4 && bytes == 1 << 30 && duration == 30 && colour == 0);
	cr_assert_str_eq(string, "env");
	cr_assert(list.count == 1 && strcmp(list.items[0], "one thing") == 0);
}

Test(base_options, a_flag_is_over_the_environment)
{
	setenv("T_STRING", "env", 1);
	setenv("T_LIST", "env", 1);
	setenv("T_NUMBER", "4", 1);
	setenv("T_BYTES", "1G", 1);
	setenv("T_DURATION", "30s", 1);
	setenv("T_COLOUR", "red", 1);
	parse(ARGV("--string=a", "--list=b", "--list=c", "--number=1", "--bytes=1T",
		   "--duration=1h", "--colour=blue"));
	cr_assert(number == 1 && bytes == (uint64_t)1 << 40 && duration == 3600 && colour == 2);
	cr_assert_str_eq(string, "a");
	cr_assert(list.count == 2 && strcmp(list.items[0], "b") == 0, "not added to");
}

Test(base_options, an_empty_variable_is_not_set)
{
	setenv("T_NUMBER", "", 1);
	setenv("T_STRING", "", 1);
	setenv("T_LIST", "", 1);
	setenv("T_FLAG", "", 1);
	parse(ARGV(NULL));
	cr_assert(number == 3 && !flag && list.count == 0);
	cr_assert_str_eq(string, "default");
}

Test(base_options, a_bad_variable_is_named_unless_a_flag_replaces_it)
{
	setenv("T_COLOUR", "pink", 1);
	fails(ARGV("--flag"),
	      "environment variable T_COLOUR: --colour pink: expected one of red, green, blue", "");
	parse(ARGV("--colour", "red"));
	cr_assert_eq(colour, 0);
}

Test(base_options, a_flag_in_the_environment_is_yes_or_no)
{
	static const struct {
		const char *text;
		bool value;
	} rows[] = {{"1", true},  {"true", true},   {"yes", true}, {"on", true},
		    {"0", false}, {"false", false}, {"no", false}, {"off", false}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		flag = !rows[i].value;
		setenv("T_FLAG", rows[i].text, 1);
		parse(ARGV(NULL));
		cr_assert_eq(flag, rows[i].value, "%s", rows[i].text);
	}
	setenv("T_FLAG", "maybe", 1);
	fails(ARGV("x"),
	      "environment variable T_FLAG: --flag maybe: expected 1, true, yes, on, 0, false, no "
	      "or off",
	      "");
}

Test(base_options, unknown_ones_are_named_with_the_nearest_known_one)
{
	fails(ARGV("--strin"), "unknown option --strin", "did you mean --string?");
	fails(ARGV("--colors", "x"), "unknown option --colors", "did you mean --colour?");
	fails(ARGV("-string"), "unknown option -string", "did you mean --string?");
	fails(ARGV("--utterly-else"), "unknown option --utterly-else", "");
	fails(ARGV("-x"), "unknown option -x", "");
	fails(ARGV("-ff"), "unknown option -ff", "");
	fails(ARGV("--="), "unknown option --", "");
	fails(ARGV("---flag"), "unknown option ---flag", "did you mean --flag?");
	fails(ARGV("--fla\xff"), "unknown option --fla\xff", "did you mean --flag?");
}

Test(base_options, the_value_of_an_unknown_one_is_not_repeated)
{
	fails(ARGV("--pasword=hunter2"), "unknown option --pasword", "");
	fails(ARGV("-p=hunter2"), "unknown option -p", "");
}

Test(base_options, a_name_of_any_length_is_compared)
{
	char name[300] = "--";

	for (size_t len = 2; len < sizeof name - 1; len++) {
		struct err e = {0};
		size_t count;
		bool help;

		name[len] = 'x';
		cr_assert(!options_parse(&all, 1, ARGV(name), &count, &help, &e));
	}
}

Test(base_options, a_missing_or_needless_value_is_an_error)
{
	fails(ARGV("--string"), "--string needs a value: TEXT", "");
	fails(ARGV("a", "-n"), "--number needs a value: N", "");
	fails(ARGV("--flag=1"), "--flag takes no value", "");
	fails(ARGV("--flag="), "--flag takes no value", "");
}

Test(base_options, numbers_are_in_their_range_and_nothing_else)
{
	static const char *const bad[] = {"",
					  "6",
					  "-6",
					  "x",
					  "1x",
					  " 1",
					  "+1",
					  "1 ",
					  "-",
					  "--1",
					  "0x1",
					  "1.0",
					  "99999999999999999999"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP(freep) char *argument = xasprintf("--number=%s", bad[i]);
		CLEANUP(freep)
		char *text = xasprintf("--number %s: expected a number from -5 to 5", bad[i]);

		fails(ARGV(argument), text, "");
		cr_assert_eq(number, 3);
	}
}

Test(base_options, sizes_and_durations_have_units)
{
	static const char *const bad_sizes[] = {"",     "K",    "1k",       "1KB",
						"-1",   "1.5G", " 1",       "1 M",
						"1MiB", "0x1",  "8388608T", "9999999999999999999"};
	static const char *const bad_times[] = {
	    "", "1", "h", "1H", "1h30m", "-1h", "1w", "1 h", "999999999999999999d"};

	parse(ARGV("--bytes=8388607T"));
	cr_assert_eq(bytes, (uint64_t)8388607 << 40);
	for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; i++) {
		CLEANUP(freep) char *argument = xasprintf("--bytes=%s", bad_sizes[i]);
		CLEANUP(freep)
		char *text =
		    xasprintf("--bytes %s: expected a size such as 512K, 16M or 1G", bad_sizes[i]);

		fails(ARGV(argument), text, "");
	}
	for (size_t i = 0; i < sizeof bad_times / sizeof *bad_times; i++) {
		CLEANUP(freep) char *argument = xasprintf("--duration=%s", bad_times[i]);
		CLEANUP(freep)
		char *text = xasprintf(
		    "--duration %s: expected a duration such as 26h, 90m, 30s or 7d", bad_times[i]);

		fails(ARGV(argument), text, "");
	}
}

Test(base_options, help_is_asked_for_anywhere_before_two_dashes)
{
	static const char *const rows[][4] = {
	    {"--help"}, {"-h"}, {"--nonsense", "--help"}, {"a", "b", "c", "-h"}};
	struct err e = {0};
	size_t count;
	bool help;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *argv[4];
		int argc = 0;

		memcpy(argv, rows[i], sizeof argv);
		while (argc < 4 && argv[argc])
			argc++;
		cr_assert(options_parse(&all, argc, argv, &count, &help, &e));
		cr_assert(help && count == 0);
	}
	cr_assert(options_parse(&all, 2, ARGV("--", "--help"), &count, &help, &e));
	cr_assert(!help && count == 1);
}

static char *help_text(const struct options *o)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert(out);
	options_help(o, out);
	fclose(out);
	return text;
}

Test(base_options, help_is_what_the_table_says)
{
	CLEANUP(freep) char *text = help_text(&all);

	cr_assert_str_eq(
	    text,
	    "Usage: pgmuster sample --string TEXT [--list ITEM [--number N]]\n"
	    "        [--colour COLOUR] [OPTION...] FILE...\n"
	    "\n"
	    "A sample whose summary is long enough to be wrapped, because it goes on and on\n"
	    "until eighty columns are full and then some more.\n"
	    "\n"
	    "Options:\n"
	    "  -f, --flag\n"
	    "        Something that is so or not. [env: T_FLAG]\n"
	    "  -s, --string TEXT\n"
	    "        Any text. [default: default] [env: T_STRING]\n"
	    "  -l, --list ITEM\n"
	    "        A list of things; may be given several times, and has a help that is so\n"
	    "        long that it takes more than one line of eighty columns. [env: T_LIST]\n"
	    "  -n, --number N\n"
	    "        From -5 to 5. [default: 3] [env: T_NUMBER]\n"
	    "\n"
	    "Common options:\n"
	    "      --bytes SIZE\n"
	    "        How much. [default: 16M] [env: T_BYTES]\n"
	    "      --duration TIME\n"
	    "        How long. [default: 26h] [env: T_DURATION]\n"
	    "      --colour COLOUR\n"
	    "        red, green or blue. [default: green] [env: T_COLOUR]\n"
	    "      --other ITEM\n"
	    "        Without a variable.\n"
	    "\n"
	    "Exit codes: none.\n");
}

/* Help and synopsis of every length, so that each word is once at the edge. */
Test(base_options, no_line_of_help_is_longer_than_80_columns)
{
	char sentence[400] = "";

	while (strlen(sentence) + 10 < sizeof sentence) {
		struct option one[] = {{.name = "x",
					.type = OPTION_STRING,
					.into = &string,
					.argument = "X",
					.env = "A_VARIABLE",
					.help = sentence},
				       {0}};
		struct options o = {
		    .verb = "x", .synopsis = sentence, .summary = sentence, .own = one};
		CLEANUP(freep) char *text = help_text(&o);

		for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
			size_t len = strcspn(line, "\n");

			cr_assert(len <= 80, "%s", text);
			cr_assert(len == 0 || line[len - 1] != ' ', "%s", text);
		}
		memcpy(sentence + strlen(sentence), strlen(sentence) % 7 == 3 ? " x" : "y", 2);
	}
}

Test(base_options, defaults_are_shown_in_the_units_in_which_they_are_given)
{
	static const struct {
		uint64_t bytes;
		int64_t seconds;
		const char *size, *time;
	} rows[] = {{1536, 90, "[default: 1536]", "[default: 90s]"},
		    {3 << 10, 7200, "[default: 3K]", "[default: 2h]"},
		    {(uint64_t)1 << 40, 86400, "[default: 1T]", "[default: 1d]"},
		    {0, 0, "How much. [env", "How long. [env"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bytes = rows[i].bytes;
		duration = rows[i].seconds;
		CLEANUP(freep) char *text = help_text(&all);
		cr_assert(strstr(text, rows[i].size), "%s", text);
		cr_assert(strstr(text, rows[i].time), "%s", text);
	}
}
