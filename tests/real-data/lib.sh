# shellcheck shell=bash
# Databases that nobody here wrote, for tests beside tests/lib.sh; tests/real-data/fetch has got them.
#
#	start_real_pg VERSION
#		A server with all of them: PostgreSQL's regression database as its own suite leaves it
#		behind, PL/pgSQL's, one of each contrib module, pgbench's, those of applications, and
#		PostGIS's data where that is installed. $REGRESS_LIB/regress.so, which the first of these
#		wants, is that version's.
#	use_regress_of VERSION
#		Makes it another's: what a restore into a newer server needs.
#
#	dump_real_data VERSION
#		Starts that server, dumps it into $STORE and exports SOURCE (its PGHOST).
#	comes_back VERSION
#		Drilled; restored by psql and by pgmuster into two servers that then dump alike, and like the
#		source.
#	tables_come_back EVERY VERSION
#		Each EVERYth table of the backup, on its own, into a server that has the others.
#	comes_back_in FROM TO CANNOT
#		Drilled in a newer server. CANNOT is SQL that drops, from database regression, what that
#		server does not take (its names are the words in lower case): before it, the drill has to
#		fail and name them.

REAL_DATA=$PGMUSTER_CACHE/real-data

use_regress_of() {
	local bin
	bin=$(pg_bindir "$1")
	ln -sf "$REAL_DATA/$1/regress.so" "$bin"/../lib/{refint,autoinc}.so "$REGRESS_LIB"
}

# run_suite DATABASE DIRECTORY: the files sql/NAME.sql there, those of one line of stdin at a time, each by a
# psql, as pg_regress does it. What they say is not looked at: locales and the machine may change that.
run_suite() {
	local database=$1 dir=$2 out=$T/suite/$1 line
	sql postgres "CREATE DATABASE \"$database\" TEMPLATE template0"
	mkdir -p "$out/results"
	chmod 777 "$out" "$out/results" # where the server may have to write
	while read -ra line; do
		printf '%s\0' "${line[@]}" | (
			cd "$dir"
			export PGDATABASE=$database PGTZ=America/Los_Angeles PGDATESTYLE='Postgres, MDY' \
				PGOPTIONS='-c intervalstyle=postgres_verbose' PG_ABS_SRCDIR=$dir \
				PG_ABS_BUILDDIR=$out PG_LIBDIR=$REGRESS_LIB PG_DLSUFFIX=.so
			xargs -0 -P 10 -I NAME psql -Xaq -v HIDE_TABLEAM=on -v HIDE_TOAST_COMPRESSION=on \
				-f sql/NAME.sql
		) >>"$out/log" 2>&1 || true
	done
}

# What a module's Makefile calls its tests.
contrib_tests() {
	# shellcheck disable=SC2016
	printf 'print: ; @echo $(REGRESS)\n' >"$T/print.mk"
	make -s -C "$1" USE_PGXS=1 PG_CONFIG="echo $T/print.mk #" print | tr ' ' '\n'
}

# Left out: modules for languages and libraries that are not installed, and one for another kernel.
run_contrib() {
	local dir name
	for dir in "$REAL_DATA/$1"/contrib/*/; do
		name=$(basename "$dir")
		case $name in *_pl* | sepgsql | basic_archive) continue ;; esac
		[ ! -d "$dir/sql" ] || contrib_tests "$dir" | run_suite "contrib_regression_$name" "$dir"
	done
}

fill_applications() {
	local file name
	for file in "$REAL_DATA"/applications/*.sql; do
		name=$(basename "$file" .sql)
		sql postgres "CREATE DATABASE $name"
		psql -Xq -v ON_ERROR_STOP=1 -d "$name" -f "$file" >/dev/null
	done
	for name in plain foreign_keys; do
		sql postgres "CREATE DATABASE pgbench_$name"
	done
	pgbench -q -i -s 2 --partitions=4 --partition-method=hash pgbench_plain
	pgbench -q -i -s 1 --foreign-keys pgbench_foreign_keys
	pgbench -n -t 500 pgbench_foreign_keys >/dev/null
	[ "$(sql postgres "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'")" = 0 ] ||
		fill_postgis
}

# Each in a session of its own: two of them append themselves to the database's search_path.
fill_postgis() {
	local extension
	sql postgres 'CREATE DATABASE postgis'
	for extension in postgis_tiger_geocoder postgis_topology postgis_raster address_standardizer_data_us; do
		sql postgis "CREATE EXTENSION $extension CASCADE"
	done
}

start_real_pg() {
	local version=$1 suite=$REAL_DATA/$1/src
	if [ ! -e "$REAL_DATA/$version" ] || [ ! -e "$REAL_DATA/applications" ]; then
		skip 'no real data: tools/setup real-data'
	fi
	start_scratch_pg "$version"
	export REGRESS_LIB=$T/lib
	mkdir -p "$REGRESS_LIB"
	use_regress_of "$version"
	sed -n 's/^test: *//p' "$suite/test/regress/parallel_schedule" |
		run_suite regression "$suite/test/regress"
	for file in "$suite"/pl/plpgsql/src/sql/*.sql; do
		basename "$file" .sql
	done | run_suite pl_regression "$suite/pl/plpgsql/src"
	run_contrib "$version"
	fill_applications
	rm -rf "$T/suite"
}

dump_real_data() {
	start_real_pg "$1"
	export STORE=file://$T/store SOURCE=$PGHOST
	mkdir "$T/store"
	assert_exit 0 pgmuster dump -q --store "$STORE" --key-format real.sql.zst --json
	cat "$T/out"
	assert_json '.databases > 50 and .tables > 1000 and .rows > 900000' true
}

comes_back() {
	local dump=${STORE#file://}/real.sql.zst
	assert_exit 0 pgmuster verify --store "$STORE"
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content --json
	assert_json .verdict pass
	assert_json '.errors + .differences | length' 0

	PGHOST=$SOURCE stock_dump >"$T/source.sql"
	start_scratch_pg "$1"
	zstd -qdc "$dump" | psql -Xq -d postgres 2>&1 >/dev/null | tee "$T/errors"
	assert_eq 'ERROR:  role "postgres" already exists' "$(cat "$T/errors")"
	stock_dump >"$T/first.sql"
	stop_pg
	start_scratch_pg "$1"
	assert_exit 0 pgmuster restore -q --store "$STORE" --check content
	stock_dump >"$T/second.sql"
	cmp "$T/first.sql" "$T/second.sql"
	diff <(sort_columns <"$T/source.sql") <(sort_columns <"$T/second.sql")
}

start_scratch_pg() {
	PG_CONFIG='jit=off autovacuum=off shared_preload_libraries=pg_stat_statements' start_pg "$1"
}

# The columns of tables that inherit, in one order: PostgreSQL restores such with those of the parents first.
sort_columns() {
	perl -e 'my %inherits;
		sub sorted { my ($columns, @rest) = @_; my @order = sort { $columns->[$a] cmp $columns->[$b] } 0 .. $#$columns;
			return map { my $list = $_; [@$list[@order]] } $columns, @rest }
		while (<>) {
			if (/^CREATE (?:\w+ )?TABLE (.+) \($/) {
				my ($name, @lines) = ($1);
				print;
				while (($_ = <>) !~ /^\)/) { push @lines, $_ }
				my ($end, $next) = ($_, scalar <>);
				if ($next =~ /^INHERITS/) {
					$inherits{$name} = 1;
					s/,?\n/,\n/ for @lines;
					@lines = sort @lines;
				}
				print @lines, $end, $next;
			} elsif (/^COPY (.+) \((.*)\) FROM stdin;$/ && $inherits{$1}) {
				my ($name, @rows) = ($1, [split /, /, $2]);
				while (($_ = <>) ne "\\.\n") { chomp; push @rows, [split /\t/, $_, -1] }
				my ($columns, @sorted) = sorted(@rows);
				print "COPY $name (", join(", ", @$columns), ") FROM stdin;\n",
					sort(map { join("\t", @$_) . "\n" } @sorted), $_;
			} else { print }
		}'
}

# restores_alone STORE DATABASE SCHEMA TABLE (both as SQL writes them): into a server that has all of the
# backup. The table there makes place, what it held is compared with what has come, and it goes back.
restores_alone() {
	local store=$1 database=$2 table=$3.$4
	table_script "$database" "$3" "$4" <<-'END' || return 1
		DROP TABLE IF EXISTS aside.partition;
		CREATE TABLE aside.partition AS SELECT inhparent::regclass::text AS parent,
			inhrelid::regclass::text AS name, pg_get_expr(relpartbound, oid) AS bound
		FROM pg_inherits JOIN pg_class ON oid = inhrelid AND relispartition
		WHERE inhrelid = :'table'::regclass;
		SELECT format('ALTER TABLE %s DETACH PARTITION %s', parent, name) FROM aside.partition \gexec
		SELECT format('ALTER STATISTICS %I.%I SET SCHEMA aside', nspname, stxname)
		FROM pg_statistic_ext JOIN pg_namespace n ON n.oid = stxnamespace
		WHERE stxrelid = :'table'::regclass \gexec
		ALTER TABLE :table SET SCHEMA aside;
	END
	assert_exit 0 pgmuster restore -q --store "$store" --database "$database" --table "$table" --json || return 1
	table_script "$database" "$3" "$4" <<-'END' || return 1
		SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '') AS columns
		FROM pg_attribute WHERE attrelid = :'table'::regclass AND attnum > 0
			AND NOT attisdropped AND attgenerated = '' \gset
		COPY (SELECT :columns FROM ONLY aside.:name) TO STDOUT \g :was
		COPY (SELECT :columns FROM ONLY :table) TO STDOUT \g :is
		DROP TABLE :table;
		ALTER TABLE aside.:name SET SCHEMA :schema;
		SELECT format('ALTER STATISTICS aside.%I SET SCHEMA %s', stxname, :'schema')
		FROM pg_statistic_ext WHERE stxrelid = :'table'::regclass \gexec
		SELECT format('ALTER TABLE %s ATTACH PARTITION %s %s', parent, name, bound) FROM aside.partition \gexec
	END
	diff <(sort "$T/was") <(sort "$T/is") >&2 || fail "$database: $table has other rows"
}

# An extension makes its tables itself, so those in database postgis are not made from a dump.
tables_come_back() {
	local every=$1 n=0 database schema table
	start_scratch_pg "$2"
	assert_exit 0 pgmuster restore -q --store "$STORE"
	own_tables "${STORE#file://}/real.sql.zst.manifest.json" >"$T/tables"
	while IFS=$'\t' read -r database schema table; do
		[ $((n++ % every)) != 0 ] || cannot_make_place "$table" || restores_alone "$STORE" "$database" "$schema" "$table" </dev/null
	done <"$T/tables"
	[ "$n" -gt 900 ] || fail "$n tables"
}

# A partition that another one refers to cannot be detached, and of a row's type there is only one.
cannot_make_place() { [[ $1 == \"part*_self_fk\" || $1 == '"check_con_tbl"' ]]; }

own_tables() {
	local database
	for database in $(sql postgres 'SELECT datname FROM pg_database WHERE datallowconn'); do
		sql "$database" 'CREATE SCHEMA aside'
	done
	jq -r 'def q: "\"" + gsub("\""; "\"\"") + "\"";
		.roll.databases[] | select(.name != "postgis") | .name as $d | .tables[] | [$d, (.schema | q), (.name | q)] | @tsv' "$1"
}

table_script() {
	PGDATABASE=$1 PGOPTIONS='-c client_min_messages=error -c search_path=' psql -Xq -v ON_ERROR_STOP=1 \
		-v schema="$2" -v name="$3" -v table="$2.$3" -v was="$T/was" -v is="$T/is" >/dev/null
}

comes_back_in() {
	local from=$1 to=$2 cannot=$3 name
	local drill=(pgmuster drill -q --no-evidence --store "$STORE" --pg-bin "$(pg_bindir "$to")" --check content --json)
	use_regress_of "$to"
	assert_exit 1 "${drill[@]}"
	while read -r name; do
		assert_contains "$(json '.differences[].difference')" " public.$name"
	done < <(grep -oE '[a-z0-9_]+' <<<"$cannot")
	dump_again "$from" regression "$cannot"
	use_regress_of "$to"
	assert_exit 0 "${drill[@]}"
	assert_json '.failed_statements + (.differences | length)' 0
	use_regress_of "$from"
}

# dump_again VERSION DATABASE STATEMENT: the server, changed by the statement.
dump_again() {
	use_regress_of "$1"
	PGHOST=$SOURCE sql "$2" "$3"
	rm "${STORE#file://}"/*
	PGHOST=$SOURCE assert_exit 0 pgmuster dump -q --store "$STORE" --key-format real.sql.zst
}
