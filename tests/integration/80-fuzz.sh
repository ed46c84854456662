# Our splitter against psql, on texts that are hard to split: tests/fuzz/psql says how. The same texts each time;
# `make fuzz` sets PSQL_FUZZ to other arguments, and wants the logs and what failed in PSQL_LOG, FAILED.

same_statements() {
	PG_CONFIG='log_min_messages=fatal log_min_error_statement=panic' start_pg "$1"
	mkdir -p "${FAILED:=$T/failed}"
	# shellcheck disable=SC2086
	"$ROOT/tests/fuzz/psql" ${PSQL_FUZZ:---texts 3000 --seed 1} --failed "$FAILED" \
		--statements "${PGMUSTER_BINDIR:-$ROOT/build/bin}/../fuzz/statements" |
		tee "${PSQL_LOG:-$T/psql}-$1"
}

test_psql_15_sees_the_same_statements() { same_statements 15; }

test_psql_18_sees_the_same_statements() { same_statements 18; }
