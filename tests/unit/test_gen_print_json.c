#include "test_gen_print.h"

Test(gen_print_json, values_are_indented_by_two)
{
	prints(print_json, "{'b': [1, 'x', {'c': null}], 'a': {'d': [[true]], 'e': false}}",
	       "{\n"
	       "  \"b\": [\n"
	       "    1,\n"
	       "    \"x\",\n"
	       "    {\n"
	       "      \"c\": null\n"
	       "    }\n"
	       "  ],\n"
	       "  \"a\": {\n"
	       "    \"d\": [\n"
	       "      [\n"
	       "        true\n"
	       "      ]\n"
	       "    ],\n"
	       "    \"e\": false\n"
	       "  }\n"
	       "}\n");
}

Test(gen_print_json, empty_ones_are_on_one_line)
{
	prints(print_json, "{}", "{}\n");
	prints(print_json, "[]", "[]\n");
	prints(print_json, "[{}, []]", "[\n  {},\n  []\n]\n");
}

Test(gen_print_json, references_are_what_they_stand_for)
{
	prints(print_json, "[{'$parts': ['http://', {'nix': 'a.b', 'value': 'h'}, ':9000']}]",
	       "[\n  \"http://h:9000\"\n]\n");
}

Test(gen_print_json, numbers_are_as_short_as_is_exact)
{
	static const char *const rows[][2] = {
	    {"0", "0\n"},
	    {"-9223372036854775808", "-9223372036854775808\n"},
	    {"9223372036854775807", "9223372036854775807\n"},
	    {"0.8", "0.8\n"},
	    {"1.0", "1.0\n"},
	    {"-63.2", "-63.2\n"},
	    {"1e100", "1.0e+100\n"},
	    {"1e-7", "1.0e-07\n"},
	    {"2.5e-7", "2.5e-07\n"},
	    {"123456789012345678.0", "1.2345678901234568e+17\n"},
	    {"0.30000000000000004", "0.30000000000000004\n"},
	    {"0.1234567890123456", "0.1234567890123456\n"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		prints(print_json, rows[i][0], rows[i][1]);
}

Test(gen_print_json, strings_are_escaped_where_json_yaml_or_a_terminal_want_it)
{
	prints_string(print_json, "", "\"\"\n");
	prints_string(print_json, "\"\\/'\b\f\n\r\t\x01\x1f",
		      "\"\\\"\\\\/'\\b\\f\\n\\r\\t\\u0001\\u001f\"\n");
	prints_string(print_json, "\x7f\xc2\x80\xc2\x85\xc2\x9f\u2028\u2029\ufeff\ufffe\uffff",
		      "\"\\u007f\\u0080\\u0085\\u009f\\u2028\\u2029\\ufeff\\ufffe\\uffff\"\n");
	prints_string(print_json, "~\u00a0é\ufffd\U0001f600", "\"~\u00a0é\ufffd\U0001f600\"\n");
	prints(print_json, "{'a\\n`\\\\': 1}", "{\n  \"a\\n'\\\\\": 1\n}\n");
}

Test(gen_print_json, a_full_buffer_is_told)
{
	fails_when_full(print_json, "{'a': [1, 0.5, 'x\\n', {}], 'b': null}");
}
