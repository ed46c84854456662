# What few servers have, but any may: a backup of it is made, or refused with a word that helps, and a drill passes.

setup_file() {
	start_pg 15
}

# new_store: an empty one, "$STORE".
new_store() {
	rm -rf "$T/store"
	mkdir "$T/store"
	STORE=file://$T/store
}

# Settings of a database hold for whoever restores it, too.
test_database_where_null_is_a_word() {
	new_store
	sql postgres 'CREATE DATABASE words'
	sql words "CREATE TABLE n AS SELECT ARRAY[1, NULL] AS i, ARRAY['a', NULL, 'NULL'] AS t"
	sql postgres 'ALTER DATABASE words SET array_nulls = off'
	assert_exit 0 pgmuster dump --store "$STORE"
	sql postgres 'DROP DATABASE words'
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content
}

# They come back before rows are counted, and would then be at work for who counts.
test_triggers_on_login() {
	start_pg 18
	new_store
	sql postgres 'CREATE DATABASE watched'
	PGDATABASE=watched psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TABLE login (at timestamptz DEFAULT now());
		CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS
			$$ BEGIN INSERT INTO public.login DEFAULT VALUES; END $$;
		CREATE EVENT TRIGGER note ON login EXECUTE FUNCTION note();
		ALTER EVENT TRIGGER note ENABLE ALWAYS;
	END
	assert_exit 0 pgmuster dump --store "$STORE"
	assert_exit 0 pgmuster drill -q --store "$STORE" --check counts
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content
}

# psql takes each word begin in CREATE FUNCTION for that of a block.
test_function_that_psql_cannot_restore_is_named() {
	new_store
	sql postgres 'CREATE DATABASE shifts'
	PGDATABASE=shifts psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TABLE shift (id int, "begin" int);
		INSERT INTO shift VALUES (1, 11), (2, 22);
		CREATE FUNCTION "begin"(x int) RETURNS int LANGUAGE sql
			BEGIN ATOMIC SELECT shift."begin" FROM shift WHERE id = x; SELECT CASE WHEN x = 7 THEN 70 END; END;
		CREATE FUNCTION after(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x; END;
	END
	(cd "$T" && PGDATABASE=shifts pg_dump >shifts.sql)
	sql postgres 'CREATE DATABASE target'
	! PGDATABASE=target psql -Xq -v ON_ERROR_STOP=1 -f "$T/shifts.sql" >/dev/null 2>&1 || fail 'psql can restore it now'
	sql postgres 'DROP DATABASE target'
	assert_exit 0 pgmuster dump --store "$STORE" --json
	assert_eq 'database shifts: CREATE FUNCTION public.begin: psql cannot restore it, as it takes every word begin there for that of a block; pgmuster can' \
		"$(json '.warnings | join("; ")')"
	assert_contains "$(cat "$T/err")" 'CREATE FUNCTION public.begin: psql cannot restore it'
	sql postgres 'DROP DATABASE shifts'
	assert_exit 0 pgmuster verify --store "$STORE"
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content
}

test_table_with_words_of_sql_as_names() {
	new_store
	sql postgres 'CREATE DATABASE words'
	sql words 'CREATE TABLE by (id int PRIMARY KEY, by serial, "generated" int GENERATED ALWAYS AS IDENTITY, owned bigserial)'
	sql words 'INSERT INTO by (id) SELECT generate_series(1, 5)'
	sql words 'ALTER SEQUENCE by_by_seq RENAME TO owned'
	assert_exit 0 pgmuster dump --store "$STORE"
	sql postgres 'CREATE DATABASE target'
	assert_exit 0 pgmuster restore -q --store "$STORE" --database words --as target --table public.by
	assert_eq '5|5' "$(sql target 'SELECT count(*), max(by) FROM by')"
	assert_eq 6 "$(sql target 'INSERT INTO by (id) VALUES (6) RETURNING by')"
	sql postgres 'DROP DATABASE words'
	sql postgres 'DROP DATABASE target'
}

# `pg_dump --create`, as old scripts have it: its database is not postgres.
test_dump_of_a_database_that_creates_it() {
	new_store
	sql postgres 'CREATE DATABASE shop'
	sql shop 'CREATE TABLE item AS SELECT generate_series(1, 7) AS id'
	PGDATABASE=shop pg_dump --create | zstd -q -o "$T/store/shop.sql.zst"
	sql postgres 'DROP DATABASE shop'
	assert_exit 0 pgmuster drill -q --store "$STORE" --key shop.sql.zst --check counts --json
	assert_json '.databases | map("\(.database) \(.rows)") | join(", ")' 'shop 7'
	assert_exit 0 pgmuster drill -q --store "$STORE" --key shop.sql.zst --check content
}

# Their rows are on no roll, and no drill is to miss them there.
test_dump_of_insert_statements() {
	local check
	new_store
	sql postgres 'CREATE DATABASE shop'
	sql shop 'CREATE TABLE item (id serial PRIMARY KEY); INSERT INTO item SELECT generate_series(1, 7)'
	pg_dumpall --inserts | zstd -q -o "$T/store/old.sql.zst"
	sql postgres 'DROP DATABASE shop'
	for check in counts content; do
		assert_exit 0 pgmuster drill -q --store "$STORE" --key old.sql.zst --check $check --json
		assert_contains "$(json '.not_proved[]')" 'those of INSERT statements are not'
	done
}

test_settings_of_all_roles_are_named() {
	new_store
	sql postgres "ALTER ROLE ALL SET work_mem TO '64MB'"
	assert_exit 0 pgmuster dump --store "$STORE"
	assert_contains "$(cat "$T/out")" "ALTER ROLE ALL SET work_mem TO '64MB';"
	sql postgres 'ALTER ROLE ALL RESET ALL'
}

# What a dump of it lacks, and pg_dump does not say.
silent_losses() {
	start_pg "$1"
	new_store
	sql postgres 'CREATE DATABASE losing'
	PGDATABASE=losing psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE EXTENSION hstore;
		CREATE TABLE important AS SELECT 1 AS i;
		CREATE TABLE empty (i int);
		ALTER EXTENSION hstore ADD TABLE important;
		ALTER EXTENSION hstore ADD TABLE empty;
		CREATE TABLE parent (a int);
		CREATE TABLE child (b int) INHERITS (parent);
		CREATE TABLE steady () INHERITS (parent);
		ALTER TABLE parent ADD c int;
		CREATE TABLE hist (v child, w child[], s steady);
		INSERT INTO hist VALUES (ROW(1, 2, 3), ARRAY[ROW(1, 2, 3)::child], ROW(1, 3));
		BEGIN;
		CREATE TABLE prepared AS SELECT 2 AS i;
		PREPARE TRANSACTION 'it''s';
	END
	assert_exit 0 pgmuster dump --store "$STORE" --json
	sql losing "ROLLBACK PREPARED 'it''s'"
	assert_eq "database losing: column v of public.hist: a restore takes the fields of its values for others, as the columns that table public.child inherits come first there
database losing: column w of public.hist: a restore takes the fields of its values for others, as the columns that table public.child inherits come first there
database losing: rows of table public.important are not in the dump: it is of extension hstore, which does not call them configuration
database losing: what the prepared transaction it's did is not in the dump: it is not committed" \
		"$(json '.warnings | join("\n")')"
}

test_what_pg_dump_passes_over_is_named_15() { silent_losses 15; }
test_what_pg_dump_passes_over_is_named_18() { silent_losses 18; }
