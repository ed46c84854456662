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

# fill_lists: what PostgreSQL writes one way as it was made, and another once that text was read.
fill_lists() {
	sql postgres 'CREATE DATABASE lists'
	PGDATABASE=lists psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TABLE account (id bigint, status varchar(255) CHECK (status IN ('ACTIVE', 'CLOSED')),
			a varchar(20) DEFAULT 'x' CHECK (a NOT IN ('it''s', 'a, b', '[x]', E'back\\slash', '(ARRAY[1])::text[]')),
			b varchar CHECK (b COLLATE "C" IN ('a', 'b')), c char(3) CHECK (c IN ('abc', 'de')), n name CHECK (n NOT IN ('a', 'b')),
			i smallint CHECK (i IN (1, 2, -3)), d date CHECK (d IN ('2020-01-01', '2020-01-02')), num numeric(10, 2) CHECK (num IN (1, 2.5)), t text,
			list varchar[] CHECK (list <@ ARRAY['a', 'b']::varchar[]), more varchar(20)[] DEFAULT ARRAY['a', 'b'],
			g boolean GENERATED ALWAYS AS (status <> ALL (ARRAY['ACTIVE', 'CLOSED'])) STORED,
			def boolean DEFAULT ('x'::varchar IN ('a', 'b')), EXCLUDE (id WITH =) WHERE (status IN ('ACTIVE', 'CLOSED')));
		CREATE INDEX account_part ON account (id) WHERE status IN ('ACTIVE', 'CLOSED');
		CREATE INDEX account_expr ON account ((status NOT IN ('ACTIVE', 'CLOSED')));
		CREATE DOMAIN word AS varchar(10) CHECK (VALUE IN ('a', 'b'));
		CREATE FUNCTION texts(VARIADIC text[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
		CREATE FUNCTION numbers(numeric[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
		CREATE FUNCTION times(timestamptz[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
		CREATE SCHEMA "Odd [S],";
		CREATE DOMAIN "Odd [S],"."t, [x]::" AS text;
		CREATE FUNCTION odd("Odd [S],"."t, [x]::"[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
		CREATE VIEW v AS SELECT status IN ('ACTIVE', 'CLOSED') AS a, ARRAY[a, b] || ARRAY['a', 'b'] AS b,
			status IN (CASE WHEN a IN ('u', 'v') THEN a ELSE b END, b) AS c, a = ANY (ARRAY[ARRAY[a, b], ARRAY['x', 'y']]) AS d,
			b = ANY (ARRAY[list, ARRAY[b, 'a']]) AS e, b = ANY (ARRAY[(SELECT a FROM account LIMIT 1), b, NULL, b || '], (' || b]) AS f,
			b = ANY (ARRAY[list, '{a,b}'::varchar[]]) AS g, b = ANY (ARRAY[]::varchar[]) AS h, b = ANY (ARRAY[ARRAY[]::varchar[], list]) AS i,
			b = ANY ((ARRAY[a, b] COLLATE "C")) AS j, texts(VARIADIC ARRAY[a, b]) AS k, numbers(ARRAY[1, 2, -3]) AS l,
			numbers(ARRAY[i, 1::int2]) AS m, numbers(ARRAY[ARRAY[1, 2], ARRAY[3, 4]]) AS n, times(ARRAY[d, '2020-01-01'::date]) AS o,
			coalesce(ARRAY[a, b], ARRAY[t]) AS p, odd(ARRAY[t, 'x']) AS q, (ARRAY[a, b])[1] AS r FROM account;
		CREATE MATERIALIZED VIEW m AS SELECT id FROM account WHERE status NOT IN ('ACTIVE', 'CLOSED');
		CREATE POLICY p ON account USING (status IN ('ACTIVE', 'CLOSED')) WITH CHECK (status NOT IN ('x', 'y'));
		CREATE TABLE log (a varchar, b varchar(5)[]);
		CREATE RULE r AS ON INSERT TO log WHERE NEW.a IN ('a', 'b') DO ALSO UPDATE log SET b = ARRAY['c', NEW.a] WHERE a IN ('q', 'w');
		CREATE FUNCTION standard(x varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT x IN ('a', 'b'); SELECT $1 NOT IN ('c', 'd'); END;
		CREATE FUNCTION short(x varchar, y boolean DEFAULT 'x'::varchar IN ('a', 'b')) RETURNS boolean LANGUAGE sql RETURN x IN ('a', 'b');
		CREATE FUNCTION quoted(x varchar) RETURNS boolean LANGUAGE plpgsql AS
			$$ BEGIN RETURN x = ANY ((ARRAY['a'::character varying])::text[]); END $$;
		CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER account_noop BEFORE UPDATE ON account FOR EACH ROW WHEN (NEW.status IN ('a', 'b')) EXECUTE FUNCTION noop();
		CREATE TABLE part (a varchar, b int) PARTITION BY LIST ((a IN ('a', 'b')));
		CREATE TABLE part_true PARTITION OF part (CHECK (a IN ('x', 'y'))) FOR VALUES IN (true);
		CREATE TABLE parent (x varchar CHECK (x IN ('a', 'b')));
		CREATE TABLE child (y varchar CHECK (y IN ('c', 'd')), z int) INHERITS (parent);
		CREATE FUNCTION equal(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';
		CREATE FUNCTION unequal(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 <> $2';
		CREATE OPERATOR !== (FUNCTION = unequal, LEFTARG = int, RIGHTARG = int);
		CREATE OPERATOR === (FUNCTION = equal, LEFTARG = int, RIGHTARG = int, NEGATOR = !==, COMMUTATOR = ===);
	END
}

# What the restored lists lose before they are read, and what a drill has to say.
LISTS_LOST=$(
	cat <<-'END'
		TABLE public.account|ALTER TABLE account DROP CONSTRAINT account_status_check, ADD CONSTRAINT account_status_check CHECK (status IN ('ACTIVE', 'CLOSEd'))
		DOMAIN public.word|ALTER DOMAIN word DROP CONSTRAINT word_check; ALTER DOMAIN word ADD CONSTRAINT word_check CHECK (VALUE IN ('a'))
		INDEX public.account_part|DROP INDEX account_part; CREATE INDEX account_part ON account (id) WHERE status NOT IN ('ACTIVE', 'CLOSED')
		INDEX public.account_expr|DROP INDEX account_expr; CREATE INDEX account_expr ON account ((status NOT IN ('CLOSED', 'ACTIVE')))
		POLICY public.account p|ALTER POLICY p ON account USING (status::bpchar IN ('ACTIVE', 'CLOSED'))
		FUNCTION public.short(character varying, boolean)|CREATE OR REPLACE FUNCTION short(x varchar, y boolean DEFAULT 'x'::varchar IN ('a', 'b')) RETURNS boolean LANGUAGE sql RETURN x IN ('a', 'b', 'b')
		FUNCTION public.quoted(character varying)|CREATE OR REPLACE FUNCTION quoted(x varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN x = ANY (ARRAY[('a'::character varying)::text]); END $$
	END
)

# lists_come_back VERSION
lists_come_back() {
	local bin=$T/bin
	start_pg "$1"
	new_store
	fill_lists
	assert_exit 0 pgmuster dump -q --store "$STORE"
	stop_pg
	assert_exit 0 pgmuster drill -q --no-evidence --store "$STORE" --check content --json
	assert_json .difference_count 0
	mkdir "$bin"
	ln -s "$PG_BIN"/* "$bin/"
	rm "$bin/pg_dump"
	cat >"$bin/pg_dump" <<-END
		#!/bin/bash
		for argument; do
			[[ \$argument != --dbname=*lists* ]] || "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "\${argument#--dbname=}" -f "$T/damage" || exit
		done
		exec "$PG_BIN/pg_dump" "\$@"
	END
	chmod 755 "$bin" "$bin/pg_dump"
	{
		echo 'SET search_path = public;'
		sed 's/^[^|]*|//; s/$/;/' <<<"$LISTS_LOST"
	} >"$T/damage"
	assert_exit 1 pgmuster drill -q --no-evidence --store "$STORE" --pg-bin "$bin" --check content --json
	assert_eq "$(cut -d'|' -f1 <<<"$LISTS_LOST" | sed 's/$/: its definition differs/' | sort)" \
		"$(json '.differences[].difference' | sort)"
}

test_casts_of_lists_15() { lists_come_back 15; }
test_casts_of_lists_18() { lists_come_back 18; }

# template1 is often made anew for the sake of its encoding.
test_postgres_that_is_unlike_template1() {
	start_pg 17 --encoding SQL_ASCII --locale C
	new_store
	sql postgres 'ALTER DATABASE template1 IS_TEMPLATE false'
	sql postgres 'DROP DATABASE template1'
	sql postgres "CREATE DATABASE template1 TEMPLATE template0 ENCODING UTF8 LOCALE 'C.UTF-8' IS_TEMPLATE true"
	sql template1 'DROP DATABASE postgres'
	sql template1 "CREATE DATABASE postgres TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'"
	sql postgres "CREATE TABLE t AS SELECT 'café' AS name"
	assert_exit 0 pgmuster dump -q --store "$STORE"
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content --json
	assert_json '[.databases[] | select(.database == "postgres").rows] | join("")' 1
}
