# shellcheck shell=bash
# What tests/integration/90-real-data.sh does with some tables of PostgreSQL 15, with all, of PostgreSQL 18.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/real-data/lib.sh"

setup_file() { dump_real_data 18; }

test_real_data_comes_back_18() { comes_back 18; }

test_every_real_table_comes_back_alone_18() { tables_come_back 1 18; }
