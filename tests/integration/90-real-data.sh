# shellcheck shell=bash
# Databases that nobody here wrote: PostgreSQL's own regression database, those of its contrib modules, of
# pgbench, of applications, of PostGIS. `make real-data` does it for more versions, and table by table.

# shellcheck source-path=SCRIPTDIR source=../real-data/lib.sh
. "$ROOT/tests/real-data/lib.sh"

setup_file() { dump_real_data 15; }

test_real_data_comes_back() { comes_back 15; }

test_some_real_tables_come_back_alone() { tables_come_back 40 15; }

test_one_real_database_comes_back() {
	start_scratch_pg 15
	assert_exit 0 pgmuster restore -q --store "$STORE" --database regression --check content
	assert_eq "$(PGHOST=$SOURCE sql regression 'SELECT count(*) FROM tenk1')" "$(sql regression 'SELECT count(*) FROM tenk1')"
}
