# shellcheck shell=bash
# What PostgreSQL's own programs make of the samples: a difference here is not pgmuster's. What they
# do not bring back by themselves is worked around here, so each line below is a requirement on a
# restore:
#
# - A superuser's DateStyle gets into VALID UNTIL: the dump is made with ISO.
# - A database's client_encoding that lacks a character of a role's name makes pg_dump fail without
#   --encoding: that setting is removed.
# - After a database with default_transaction_read_only, nothing can be restored, not even other
#   databases, because psql stays connected to it: the setting is overridden.
# - A dump sets its client_encoding before it connects to its own database, so LATIN1 after EUC_JP
#   is an error that does nothing.
# - Rows of a table partitioned by the hash of an enum move to other partitions, and settings of a
#   role in a database come in any order: lines are compared sorted.
# - In a tablespace's directory is only one server of a version: it is replaced.

round_trip() {
	local version=$1 sample=$2 source
	start_pg "$version"
	source=$PGHOST
	fill_server "$sample" -v databases=3 -v tables=150 -v big_mb=2
	sql postgres "SELECT format('ALTER DATABASE %I RESET client_encoding', datname)
		FROM pg_database WHERE datname = 'Settings'" | psql -Xq -d postgres
	export PGTZ=UTC PGDATESTYLE=ISO,MDY PGOPTIONS='-c default_transaction_read_only=off'
	stock_dump >"$T/first"
	start_pg "$version"
	as_pg mkdir -p "$PGHOST/space/1" "$PGHOST/space/2"
	sed "s,$source,$PGHOST," "$T/first" | psql -Xq -d postgres >/dev/null 2>"$T/errors"
	stock_dump | sed "s,$PGHOST,$source," >"$T/second"
	diff <(sort "$T/first") <(sort "$T/second")
}

errors() { sed -n 's/^ERROR: *//p' "$T/errors"; }

expected_errors='role "postgres" already exists
invalid value for parameter "client_encoding": "LATIN1"'

test_hostile_sample_survives_15() {
	round_trip 15 hostile
	assert_eq "$expected_errors" "$(errors)" errors
}

test_hostile_sample_survives_18() {
	round_trip 18 hostile
	assert_eq "$expected_errors" "$(errors)" errors
}

test_demo_sample_survives() {
	round_trip 15 demo
	assert_eq 'role "postgres" already exists' "$(errors)" errors
	assert_eq 6 "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname <> 'template0'")"
}
