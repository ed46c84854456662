# shellcheck shell=bash
# What tests/integration/90-real-data.sh does with some tables of PostgreSQL 15, with all, of PostgreSQL 17.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/real-data/lib.sh"

setup_file() { dump_real_data 17; }

test_real_data_comes_back_17() { comes_back 17; }

test_every_real_table_comes_back_alone_17() { tables_come_back 1 17; }

# The suite's C functions change from version to version.
test_real_data_comes_back_in_newer_servers_17() {
	comes_back_in 17 18 'DROP FUNCTION ttdummy, set_ttdummy'
}
