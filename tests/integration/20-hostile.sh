# Everything a real server may hold (tests/sample/hostile.sql), for PostgreSQL 15 and 18: dumped, verified,
# drilled by content, and the text of the scratch server equal to the source's.

# What stock tools say of a server, apart from what docs/FORMAT.md names as different: the location of
# tablespaces. pg_dumpall cannot dump a database with a client_encoding of its own that its text does not
# fit into: pg_dump can, when told. In which partition by hash of an enum a row is, differs from server to
# server.
normal() {
	{
		stock_dump --exclude-database '"Settings"'
		PGDATABASE=Settings pg_dump --create --encoding UTF8 | sed -E '/^\\(un)?restrict /d' | sort_rows
	} | sed -E "/^CREATE TABLESPACE/s/ LOCATION '[^']*'//; /^COPY public.hashed /,/^\\\\\.\$/d"
}

hostile_road() {
	local version=$1 source
	start_pg "$version"
	source=$PGHOST
	fill_server hostile -v databases="${2:-5}" -v tables="${3:-200}" -v big_mb="${4:-5}"
	mkdir "$T/store"
	local store=file://$T/store
	assert_exit 0 pgmuster dump --store "$store" --key-format full.sql.zst --json
	assert_exit 0 pgmuster verify --store "$store" --json
	assert_exit 0 pgmuster drill --store "$store" --check content --json
	assert_json .failed_statements 0
	assert_json .verdict pass

	# The same into a server that stays, to compare with stock tools.
	PG_CONFIG="allow_in_place_tablespaces=on" start_pg "$version"
	assert_exit 0 pgmuster drill --store "$store" --server "host=$PGHOST" --check counts --json
	normal >"$T/restored"
	PGHOST=$source normal >"$T/source"
	diff "$T/source" "$T/restored" | head -40
	cmp "$T/source" "$T/restored"
}

test_postgresql_15() { hostile_road 15; }
test_postgresql_18() { hostile_road 18; }

# Fifty databases, one of them with thousands of tables, one row of 50 MB.
test_large() { hostile_road 15 50 3000 50; }

# A dump of an older server, into a newer scratch server: contents are compared, definitions by name.
test_15_into_18() {
	start_pg 15
	fill_server hostile -v databases=3 -v tables=50 -v big_mb=2 -v postgis=off
	mkdir "$T/store"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	start_pg 18
	PG_BIN_18=$PG_BIN
	stop_pg
	assert_exit 0 pgmuster drill --store "file://$T/store" --pg-bin "$PG_BIN_18" --check content --json
	assert_contains "$(json .scratch_version)" 18.
	assert_json .verdict pass
}

test_line_break_in_a_databases_name_is_refused() {
	start_pg 15
	mkdir "$T/store"
	sql postgres $'CREATE DATABASE "two\nlines"'
	assert_exit 2 pgmuster dump --store "file://$T/store"
	assert_contains "$(cat "$T/err")" 'line break in its name'
	assert_eq '' "$(find "$T/store" -type f)"
	assert_exit 0 pgmuster dump --store "file://$T/store" --exclude-database $'two\nlines'
	assert_exit 0 pgmuster show --store "file://$T/store" --json
	assert_json '.excluded_databases[0]' $'two\nlines'
}

# A role that may not do everything: what it needs, and what it would silently miss.
test_least_privilege() {
	start_pg 15
	fill_server demo
	mkdir "$T/store"
	sql postgres "CREATE ROLE nobody LOGIN"
	PGUSER=nobody assert_exit 3 pgmuster dump --store "file://$T/store"
	assert_contains "$(cat "$T/err")" '--no-role-passwords'
	sql postgres "CREATE ROLE backup LOGIN BYPASSRLS IN ROLE pg_read_all_data"
	export PGUSER=backup
	assert_exit 3 pgmuster dump --store "file://$T/store" --no-role-passwords
	assert_contains "$(cat "$T/err")" 'large object'
	for database in $(PGUSER=postgres sql postgres "SELECT datname FROM pg_database WHERE datname <> 'template0'"); do
		PGUSER=postgres sql "$database" "DO \$\$ DECLARE o oid; BEGIN
			FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP
				EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO backup', o); END LOOP; END \$\$"
	done
	assert_exit 0 pgmuster dump --store "file://$T/store" --no-role-passwords
	assert_exit 0 pgmuster drill --store "file://$T/store" --check content
	PGUSER=postgres sql postgres "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)" 2>/dev/null
	assert_exit 3 pgmuster dump --store "file://$T/store" --no-role-passwords
	assert_contains "$(cat "$T/err")" 'left out'
	assert_exit 0 pgmuster dump --store "file://$T/store" --no-role-passwords --allow-omissions --json
	assert_json '.warnings | length > 0' true
}
