# Lies: what FORMAT.md says that verify and drill notice, each by the name of what differs. tests/torture/forge.py takes
# a backup apart and puts it together with a lie, lies.py has the lies; scratch servers that lose something are here.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/torture/lib.sh"

setup_file() {
	start_pg 15
	mkdir "$T/one" "$T/two"
	sql postgres 'CREATE ROLE reader'
	sql postgres "CREATE ROLE writer LOGIN PASSWORD 'secret' CONNECTION LIMIT 5"
	sql postgres 'GRANT reader TO writer'
	sql postgres "ALTER ROLE writer SET work_mem = '8MB'"
	sql postgres 'CREATE DATABASE other'
	sql postgres 'CREATE DATABASE shop OWNER writer'
	sql postgres 'ALTER DATABASE shop SET random_page_cost = 1.5'
	sql postgres "COMMENT ON DATABASE shop IS 'what we sell'"
	PGDATABASE=shop psql -Xq -v ON_ERROR_STOP=1 >/dev/null <<-'END'
		CREATE EXTENSION pgcrypto;
		CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, price float DEFAULT 1.5);
		INSERT INTO item (name, price) SELECT 'item ' || g, g / 7.0 FROM generate_series(1, 1000) g;
		CREATE INDEX item_name ON item (name);
		CREATE TABLE note (id int, body text);
		INSERT INTO note SELECT g, md5(g::text) FROM generate_series(1, 50) g;
		CREATE TABLE empty (x int);
		GRANT SELECT ON item TO reader;
		COMMENT ON TABLE item IS 'what is sold';
		SELECT lo_from_bytea(77, 'a large object');
	END
	pgmuster dump -q --store "file://$T/one" --key-format full.sql.zst >/dev/null
	sql shop "UPDATE item SET name = name || 1"
	sql postgres 'ALTER ROLE writer CONNECTION LIMIT 6'
	pgmuster dump -q --store "file://$T/two" --key-format full.sql.zst >/dev/null
	export ONE=$T/one TWO=$T/two
}

# lies ATTACK [STORE]: all tries of tests/torture/lies.py, recorded.
lies() {
	TORTURE_TIME=$TORTURE_TIME "$ROOT/tests/torture/lies.py" "$1" "${2:-$ONE}" "$TWO" >"$T/tries"
	cut -f 1,2 "$T/tries" | tee -a "$T/torture" >>"$RUN/torture"
	grep -P '\twrong\t' "$T/tries" >&2 || true
	end_attack
}

test_lies_about_files() { lies files; }

test_lies_in_the_manifest() { lies manifest; }

test_flipped_bits() { lies flips; }

test_cut_anywhere() { lies cuts; }

# Of a larger backup, in several frames as they come.
test_flipped_bits_of_a_large_backup() {
	mkdir "$T/large"
	sql other "CREATE TABLE big AS SELECT g, repeat(md5(g::text), 3) AS x FROM generate_series(1, 200000) g"
	pgmuster dump -q --store "file://$T/large" --key-format full.sql.zst >/dev/null
	lies large "$T/large"
}

test_ranges_of_a_liar() {
	start_pg 15
	sql postgres 'CREATE ROLE reader'
	sql postgres 'CREATE ROLE writer'
	lies ranges
}

test_drill_of_a_liar() {
	PATH=$PG_BIN:$PATH lies drill
}

# What a scratch server loses: the weakest check that promises to notice it; in which database; what the drill says,
# and nothing else; and the statement that does it, when all is restored.
LOSSES=$(
	cat <<-'END'
		counts|shop_row|table public.item: 999 rows instead of 1000|DELETE FROM item WHERE id = 50
		counts|shop_copy|table public.item: 990 rows instead of 1000|NULL
		counts|shop_object|large objects: 0 instead of 1; BLOB 77: missing|PERFORM lo_unlink(77)
		counts|shop_object|sequence public.item_id_seq: at 999 instead of 1000|PERFORM setval($$item_id_seq$$, 999)
		counts|shop_object|table public.empty: missing, with its 0 rows; TABLE public.empty: missing|DROP TABLE empty
		content|shop_row|table public.note: the content of its 50 rows differs|UPDATE note SET body = left(body, 31) WHERE id = 7
		content|shop_row|INDEX public.item_name: missing|DROP INDEX item_name
		content|shop_row|TRIGGER public.item item_noop: missing|DROP TRIGGER item_noop ON item
		content|shop_row|COMMENT public.TABLE item: its definition differs|COMMENT ON TABLE item IS $$what was sold$$
		content|shop_row|DATABASE PROPERTIES shop_row: its definition differs|ALTER DATABASE shop_row RESET random_page_cost
		content|shop_row|TABLE public.item: its definition differs|ALTER TABLE item ALTER name DROP NOT NULL
		content|shop_swap|table public.item: the content of its 1000 rows differs|UPDATE item i SET name = j.name FROM item j WHERE (i.id, j.id) IN ((50, 51), (51, 50))
		content|shop_swap|table public.note: the content of its 50 rows differs|UPDATE note SET body = NULL WHERE body = $$$$
		content|shop_swap|TABLE public.note: its definition differs|ALTER TABLE note ALTER body TYPE text COLLATE "C"
		content|shop_swap|VIEW public.cheap: missing|DROP VIEW cheap
		content|shop_swap|SCHEMA bare: missing|DROP SCHEMA bare
		content|shop_swap|COMMENT DATABASE shop_swap: missing|COMMENT ON DATABASE shop_swap IS NULL
		content|shop_swap|DATABASE PROPERTIES shop_swap: its definition differs|ALTER ROLE writer IN DATABASE shop_swap RESET enable_seqscan
		content|shop_digit|table public.item: the content of its 1000 rows differs|UPDATE item SET price = 7.142857142857142 WHERE id = 50
		content|shop_digit|large objects: the content of the 1 differs|PERFORM lo_put(77, 0, $$b$$)
		content|shop_digit|ACL public.TABLE item: missing|REVOKE ALL ON item FROM reader
		content|shop_digit|TABLE public.item: its definition differs|ALTER TABLE item ALTER price DROP DEFAULT
		content|shop_digit|TABLE public.note: its definition differs|ALTER TABLE note SET TABLESPACE fast
		content|shop_digit|VIEW public.cheap: its definition differs|ALTER VIEW cheap OWNER TO reader
		content|shop_digit|TYPE public.mood: its definition differs|DELETE FROM pg_enum WHERE enumlabel = $$sad$$
		content|shop_object|TRIGGER public.item item_noop: its definition differs|ALTER TABLE item DISABLE TRIGGER item_noop
		content|shop_object|TABLE public.item: its definition differs|ALTER TABLE item DROP CONSTRAINT positive
		content|shop_object|CONSTRAINT public.item item_pkey: missing|ALTER TABLE item DROP CONSTRAINT item_pkey
		content|shop_object|EXTENSION pgcrypto: missing; COMMENT EXTENSION pgcrypto: missing|DROP EXTENSION pgcrypto
		content|shop_object|ACL SCHEMA public: not in the dump|GRANT CREATE ON SCHEMA public TO PUBLIC
	END
)
LOSERS='shop_row shop_copy shop_object shop_swap shop_digit'

# A server with a database for each of LOSERS, and its backup in $T/store.
fill_losses() {
	local name
	mkdir "$T/store"
	start_pg 15
	sql postgres 'CREATE ROLE reader'
	sql postgres 'CREATE ROLE writer'
	PGOPTIONS='-c allow_in_place_tablespaces=on' sql postgres "CREATE TABLESPACE fast LOCATION ''"
	sql postgres 'CREATE DATABASE shop'
	PGDATABASE=shop psql -Xq -v ON_ERROR_STOP=1 >/dev/null <<-'END'
		CREATE EXTENSION pgcrypto;
		CREATE TYPE mood AS ENUM ('glad', 'sad');
		CREATE SCHEMA bare;
		CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, price float DEFAULT 1.5, CONSTRAINT positive CHECK (price > 0));
		INSERT INTO item (name, price) SELECT 'item ' || g, g / 7.0 FROM generate_series(1, 1000) g;
		CREATE INDEX item_name ON item (name);
		CREATE TABLE note (id int, body text);
		INSERT INTO note SELECT g, nullif(md5(g::text), md5('9')) FROM generate_series(1, 50) g;
		UPDATE note SET body = '' WHERE id = 8;
		CREATE TABLE empty (x int);
		CREATE VIEW cheap AS SELECT name FROM item WHERE price < 2;
		CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
		CREATE TRIGGER item_noop BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION noop();
		GRANT SELECT ON item TO reader;
		COMMENT ON TABLE item IS 'what is sold';
		SELECT lo_from_bytea(77, 'a large object');
		CREATE MATERIALIZED VIEW last AS SELECT 1 AS x; -- its REFRESH is the last statement of a dump
	END
	for name in $LOSERS; do
		sql postgres "CREATE DATABASE $name TEMPLATE shop"
		psql -Xq -v ON_ERROR_STOP=1 -d postgres <<-END
			ALTER DATABASE $name SET random_page_cost = 1.5;
			ALTER DATABASE $name SET work_mem = '9MB';
			ALTER ROLE writer IN DATABASE $name SET enable_seqscan = off;
			ALTER ROLE reader IN DATABASE $name SET enable_seqscan = off;
			COMMENT ON DATABASE $name IS 'what we sell';
		END
	done
	pgmuster dump -q --store "file://$T/store" --key-format full.sql.zst >/dev/null
	stop_pg
}

# A server whose new databases lose something as soon as they are restored, and hide how.
start_saboteur() {
	local name damage
	start_pg 15
	sql postgres 'ALTER DATABASE template0 ALLOW_CONNECTIONS true'
	{
		cat <<-'SQL'
			SET allow_system_table_mods = on;
			CREATE FUNCTION pg_catalog.lose_row() RETURNS trigger LANGUAGE plpgsql AS
				$f$ BEGIN IF NEW.id % 100 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $f$;
			CREATE FUNCTION pg_catalog.lose() RETURNS event_trigger LANGUAGE plpgsql SET search_path = public AS $f$ BEGIN
			IF tg_tag = 'CREATE TABLE' THEN
				IF current_database() = 'shop_copy' AND to_regclass('item') IS NOT NULL
					AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'lose') THEN
					CREATE TRIGGER lose BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION lose_row();
				END IF;
				RETURN;
			END IF;
		SQL
		while IFS='|' read -r _ name _ damage; do
			echo "IF current_database() = '$name' THEN $damage; END IF;"
		done <<<"$LOSSES"
		cat <<-'SQL'
			DROP TRIGGER IF EXISTS lose ON item;
			DROP EVENT TRIGGER lose;
			END $f$;
			CREATE EVENT TRIGGER lose ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'REFRESH MATERIALIZED VIEW')
				EXECUTE FUNCTION lose();
		SQL
	} | PGDATABASE=template0 psql -Xq -v ON_ERROR_STOP=1
	sql postgres 'ALTER DATABASE template0 ALLOW_CONNECTIONS false'
}

# scratch_loses CHECK: whether the evidence names each loss, once; and nothing that was not lost.
scratch_loses() {
	local level name says what count all=0
	start_saboteur
	assert_exit 1 pgmuster drill -q --json --no-evidence --store "file://$T/store" --server "host=$PGHOST" --check "$1"
	while IFS='|' read -r level name says _; do
		[ "$1" = content ] || says=${says%%; *}
		[ "$level" = counts ] || [ "$1" = content ] || continue
		while read -r what; do
			count=$(jq --arg d "$name" --arg w "$what" \
				'[.differences[] | select(.database == $d and .difference == $w)] | length' "$T/out")
			record "scratch server, --check $1" "$([ "$count" = 1 ] && echo clean || echo wrong)" "$name, said $count times: $what"
			all=$((all + 1))
		done <<<"${says//; /$'\n'}"
	done <<<"$LOSSES"
	assert_json .difference_count $all || { jq -c '.differences[]' "$T/out" >&2 && return 1; }
	assert_json .failed_statements 0
	stop_pg
}

test_scratch_server_that_loses_something() {
	fill_losses
	scratch_loses counts
	scratch_loses content
	end_attack
}

# Between the restore and counting back, the globals of our own scratch server lose something.
GLOBALS=$(
	cat <<-'END'
		CREATE ROLE gone;: missing|DROP ROLE gone;
		ALTER ROLE gone WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;: missing|
		GRANT a_group TO member GRANTED BY postgres;: missing|REVOKE a_group FROM member;
		ALTER ROLE member SET work_mem TO '8MB';: missing|ALTER ROLE member RESET work_mem;
		ALTER ROLE login WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;: its definition differs|ALTER ROLE login PASSWORD 'other';
		ALTER ROLE a_group WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 7;: missing|ALTER ROLE a_group CONNECTION LIMIT 8;
		ALTER ROLE a_group WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 8;: not in the dump|
		COMMENT ON ROLE a_group IS 'who reads';: missing|COMMENT ON ROLE a_group IS NULL;
		CREATE TABLESPACE fast OWNER postgres;: missing|DROP TABLESPACE fast;
		ALTER TABLESPACE slow SET (random_page_cost=3);: missing|ALTER TABLESPACE slow RESET (random_page_cost);
		GRANT ALL ON TABLESPACE slow TO a_group;: missing|REVOKE ALL ON TABLESPACE slow FROM a_group;
		COMMENT ON TABLESPACE slow IS 'old disks';: missing|COMMENT ON TABLESPACE slow IS NULL;
	END
)

test_scratch_server_that_loses_globals() {
	local says count bin=$T/bin
	mkdir "$T/store" "$bin"
	start_pg 15
	PGOPTIONS='-c allow_in_place_tablespaces=on' psql -Xq -v ON_ERROR_STOP=1 -d postgres <<-'END'
		CREATE ROLE gone;
		CREATE ROLE a_group CONNECTION LIMIT 7;
		CREATE ROLE member;
		CREATE ROLE login LOGIN PASSWORD 'secret';
		GRANT a_group TO member;
		ALTER ROLE member SET work_mem = '8MB';
		COMMENT ON ROLE a_group IS 'who reads';
		CREATE TABLESPACE fast LOCATION '';
		CREATE TABLESPACE slow LOCATION '';
		ALTER TABLESPACE slow SET (random_page_cost = 3);
		GRANT CREATE ON TABLESPACE slow TO a_group;
		COMMENT ON TABLESPACE slow IS 'old disks';
	END
	pgmuster dump -q --store "file://$T/store" --key-format full.sql.zst >/dev/null
	stop_pg
	ln -s "$PG_BIN"/* "$bin/"
	rm "$bin/pg_dumpall"
	cat >"$bin/pg_dumpall" <<-END
		#!/bin/bash
		for argument; do
			[[ \$argument != --dbname=* ]] || "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 "\${argument#--dbname=} dbname=postgres" -f "$T/damage" || exit
		done
		exec "$PG_BIN/pg_dumpall" "\$@"
	END
	chmod 755 "$bin" "$bin/pg_dumpall"
	cut -d'|' -f2 <<<"$GLOBALS" >"$T/damage"
	assert_exit 1 pgmuster drill -q --json --no-evidence --store "file://$T/store" --pg-bin "$bin" --check content
	while IFS='|' read -r says _; do
		count=$(jq --arg w "$says" '[.differences[] | select(.database == "" and .difference == $w)] | length' "$T/out")
		record 'scratch server, globals' "$([ "$count" = 1 ] && echo clean || echo wrong)" "said $count times: $says"
	done <<<"$GLOBALS"
	assert_json .difference_count "$(wc -l <<<"$GLOBALS")" || { jq -c '.differences[]' "$T/out" >&2 && return 1; }
	end_attack
}
