# shellcheck shell=bash
# What tests/integration/90-real-data.sh does with some tables of PostgreSQL 15, with all, of PostgreSQL 15.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/real-data/lib.sh"

setup_file() { dump_real_data 15; }

test_real_data_comes_back_15() { comes_back 15; }

test_every_real_table_comes_back_alone_15() { tables_come_back 1 15; }

# adminpack is gone since 17, and the other servers have no PostGIS here. The suite's C functions change
# from version to version. 16 refuses a generated column where the parent's is none.
test_real_data_comes_back_in_newer_servers_15() {
	assert_exit 3 pgmuster drill -q --store "$STORE" --pg-bin "$(pg_bindir 17)"
	assert_contains "$(cat "$T/err")" 'contrib_regression_adminpack: extension adminpack'
	dump_again 15 postgres 'DROP DATABASE contrib_regression_adminpack'
	dump_again 15 postgres 'DROP DATABASE IF EXISTS postgis'
	comes_back_in 15 17 'DROP FUNCTION get_columns_length; DROP TABLE gtest_normal_child, gtest_normal_child2'
	comes_back_in 15 18 'DROP FUNCTION ttdummy, set_ttdummy'
}
