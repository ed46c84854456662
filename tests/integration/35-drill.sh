# A drill has to fail, by name, when anything does not come back.

setup_file() {
	start_pg 15
	sql postgres 'CREATE DATABASE shop'
	sql postgres 'CREATE ROLE reader'
	PGDATABASE=shop psql -Xq -v ON_ERROR_STOP=1 >/dev/null <<-'END'
		CREATE TABLE item (id serial PRIMARY KEY, name text);
		INSERT INTO item (name) SELECT 'item ' || g FROM generate_series(1, 100) g;
		CREATE INDEX item_name ON item (name);
		CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
		CREATE TRIGGER item_noop BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION noop();
		GRANT SELECT ON item TO reader;
		COMMENT ON TABLE item IS 'what is sold';
		SELECT lo_from_bytea(77, 'a large object');
	END
	mkdir "$T/good"
	pgmuster dump -q --store "file://$T/good" --key-format full.sql.zst >/dev/null
	export GOOD=file://$T/good
}

# loses FINDING SED_SCRIPT: the scratch server is dumped by a pg_dump whose text goes through sed, as if
# the restored database had lost something; the drill has to say FINDING, and nothing else.
loses() {
	local bin=$T/bin program
	rm -rf "$bin"
	mkdir "$bin"
	for program in "$PG_BIN"/*; do
		ln -s "$program" "$bin/"
	done
	rm "$bin/pg_dump"
	printf '#!/bin/bash\nset -o pipefail\n"%s" "$@" | sed -E "%s"\n' "$PG_BIN/pg_dump" "$2" >"$bin/pg_dump"
	chmod 755 "$bin" "$bin/pg_dump"
	assert_exit 1 pgmuster drill -q --no-evidence --store "$GOOD" --pg-bin "$bin" --check content --json
	assert_json .verdict fail
	assert_eq "$1" "$(json '[.differences[].difference] | join("; ")')"
	assert_json '.databases[] | select(.verdict == "FAIL") | .database' shop
}

test_intact_backup_passes() {
	assert_exit 0 pgmuster drill -q --no-evidence --store "$GOOD" --check content --json
	assert_json .verdict pass
}

test_content_names_what_is_lost() {
	loses 'table public.item: 99 rows instead of 100' '/^50\titem 50$/d'
	loses 'table public.item: the content of its 100 rows differs' 's/^50\titem 50$/50\titem 51/'
	loses 'sequence public.item_id_seq: at 99 instead of 100' '/setval/s/100/99/'
	loses 'large objects: the content of the 1 differs' "/lowrite/s/6120/6220/"
	loses 'INDEX public.item_name: missing' '/^-- Name: item_name;/,/^CREATE INDEX/d'
	loses 'TRIGGER public.item item_noop: missing' '/^-- Name: item item_noop;/,/^CREATE TRIGGER/d'
	loses 'ACL public.TABLE item: missing' '/^-- Name: TABLE item; Type: ACL/,/^GRANT/d'
	loses 'COMMENT public.TABLE item: its definition differs' 's/what is sold/what was sold/'
	loses 'CONSTRAINT public.item item_pkey: its definition differs' 's/(item_pkey PRIMARY KEY .id.);/\1 DEFERRABLE;/'
}

# What restores badly by its own nature: a check that looks at a table which is loaded later.
test_row_that_cannot_be_restored() {
	mkdir "$T/store"
	sql postgres 'CREATE DATABASE order_matters'
	PGDATABASE=order_matters psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TABLE z_later (y int);
		CREATE FUNCTION is_there(x int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.z_later WHERE y = x)';
		CREATE TABLE a_first (x int CHECK (is_there(x)));
		INSERT INTO z_later VALUES (1);
		INSERT INTO a_first VALUES (1);
	END
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'DROP DATABASE order_matters'
	local check
	for check in counts content; do
		assert_exit 1 pgmuster drill --store "file://$T/store" --check $check --json
		assert_json .failed_statements 1
		assert_json '.errors[0].sqlstate' 23514
		assert_json '.errors[0].database' order_matters
		assert_contains "$(json '.differences[].difference')" 'table public.a_first: 0 rows instead of 1'
	done
	# What an option tolerates is still counted back.
	assert_exit 1 pgmuster drill --store "file://$T/store" --allow-error 23514:a_first --json
	assert_json .tolerated_statements 2
	assert_json .failed_statements 0
	assert_exit 0 pgmuster list --store "file://$T/store" --json
	assert_json '.backups[0].drill' fail
}

# A child gets its parents' columns first when it is restored, and pg_dump lists them so.
test_children_come_back_with_columns_in_another_order() {
	mkdir "$T/store"
	sql postgres 'CREATE DATABASE children'
	PGDATABASE=children psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TABLE parent (a int);
		CREATE TABLE child (b text, "c, d" int DEFAULT (1 + 2)) INHERITS (parent);
		CREATE TABLE grandchild (e int) INHERITS (child);
		ALTER TABLE parent ADD COLUMN f int;
		ALTER TABLE child ADD COLUMN g int;
		INSERT INTO child SELECT i, 'b' || i, -i, i * i, 0 FROM generate_series(1, 100) i;
		INSERT INTO grandchild SELECT * FROM child;
	END
	assert_exit 0 pgmuster dump --store "file://$T/store"
	assert_exit 0 pgmuster drill --store "file://$T/store" --check content --json
	assert_json .verdict pass
	PGDATABASE=children psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TABLE zoo (g int);
		CREATE FUNCTION is_there(x int) RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM public.zoo WHERE g = x)';
		INSERT INTO zoo VALUES (0);
		ALTER TABLE child ADD CHECK (is_there(g)) NO INHERIT;
	END
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'DROP DATABASE children'
	assert_exit 1 pgmuster drill --store "file://$T/store" --check content --json
	assert_json '[.differences[].difference | select(startswith("table"))] | join("; ")' \
		'table public.child: 0 rows instead of 100'
}

# The server knows a locale that the machine of the drill does not.
test_scratch_without_a_locale() {
	mkdir "$T/store" "$T/locales"
	localedef -i pt_BR -f UTF-8 "$T/locales/pt_MARS.UTF-8"
	chmod -R a+rX "$T/locales"
	LOCPATH=$T/locales start_pg 15
	sql postgres "CREATE DATABASE mars TEMPLATE template0 LC_COLLATE 'pt_MARS.UTF-8' LC_CTYPE 'pt_MARS.UTF-8'"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	assert_exit 3 pgmuster drill --store "file://$T/store"
	assert_contains "$(cat "$T/err")" 'mars: locale (libc, collate pt_MARS.UTF-8'
}

test_scratch_without_an_extension() {
	mkdir "$T/store"
	sql postgres 'CREATE DATABASE wants_more'
	sql wants_more 'CREATE EXTENSION hstore'
	sql wants_more "UPDATE pg_extension SET extname = 'postgis_of_mars' WHERE extname = 'hstore'"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'DROP DATABASE wants_more'
	assert_exit 3 pgmuster drill --store "file://$T/store"
	assert_contains "$(cat "$T/err")" 'wants_more: extension postgis_of_mars'
}

# Bad bytes are found on the way, before anything is counted; the evidence says so.
test_damaged_dump_fails_the_drill() {
	cp -r "${GOOD#file://}" "$T/store"
	local at size
	size=$(stat -c %s "$T/store/full.sql.zst")
	for at in 100 $((size / 2)) $((size - 200)); do
		cp "${GOOD#file://}/full.sql.zst" "$T/store/full.sql.zst"
		printf 'damage' | dd of="$T/store/full.sql.zst" bs=1 seek="$at" conv=notrunc 2>/dev/null
		assert_exit 1 pgmuster drill -q --store "file://$T/store" --check content --json
		[ ! -s "$T/out" ] || assert_json .verdict fail
	done
	rm -r "$T/store"
	mkdir "$T/store"
	zstd -dc "${GOOD#file://}/full.sql.zst" | head -c 5000 | gzip >"$T/store/cut.sql.gz"
	assert_exit 1 pgmuster drill -q --store "file://$T/store" --key cut.sql.gz --json
	assert_json .verdict fail
	assert_exit 0 pgmuster list --store "file://$T/store" --json
	assert_json '.backups[0].drill' fail
}

# A full disk of the scratch server says nothing about the backup.
test_full_scratch_disk_is_not_a_bad_backup() {
	mkdir "$T/store" "$T/small"
	sql postgres 'CREATE DATABASE big'
	sql big "CREATE TABLE t AS SELECT g, repeat('x', 500) FROM generate_series(1, 200000) g"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'DROP DATABASE big'
	mount -t tmpfs -o size=90m,mode=777 none "$T/small" 2>/dev/null || skip 'tmpfs cannot be mounted here'
	local code=0
	pgmuster drill -q --store "file://$T/store" --no-evidence --scratch-directory "$T/small" >"$T/out" 2>"$T/err" || code=$?
	umount "$T/small"
	assert_eq 3 "$code" "$(cat "$T/err")"
}

# Nor does one that is full only when rows are counted: the condition of an extension's table says so.
test_full_disk_while_counting_is_not_a_bad_backup() {
	start_pg 15
	sql postgres 'CREATE DATABASE target'
	PGDATABASE=target psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE FUNCTION full_disk() RETURNS bool LANGUAGE plpgsql AS
			$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
		CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
		CREATE FUNCTION prepare() RETURNS event_trigger LANGUAGE plpgsql AS
			$$ BEGIN UPDATE pg_extension SET extconfig = ARRAY['public.item'::regclass], extcondition = ARRAY['WHERE public.full_disk()']; END $$;
		CREATE EVENT TRIGGER prepare ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION prepare();
		CREATE ROLE reader;
	END
	assert_exit 3 pgmuster restore -q --store "$GOOD" --database shop --as target --table public.item
	assert_contains "$(cat "$T/err")" 'table public.item: PostgreSQL: could not extend file'
}

# What a drill against a server that others use must leave alone, and what it brings itself.
test_named_server_takes_tablespaces_and_keeps_its_databases() {
	mkdir "$T/store"
	as_pg mkdir "$PGHOST/space"
	sql postgres "CREATE TABLESPACE fast LOCATION '$PGHOST/space'"
	sql postgres 'CREATE DATABASE in_space TABLESPACE fast'
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'DROP DATABASE in_space'
	sql postgres 'DROP TABLESPACE fast'
	start_pg 15
	# What a preflight left that was killed.
	sql postgres 'CREATE DATABASE pgmuster_trial_of_locales ALLOW_CONNECTIONS false CONNECTION LIMIT 0'
	assert_exit 0 pgmuster drill -q --store "file://$T/store" --server "host=$PGHOST" --check content
	assert_eq '' "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = 'pgmuster_trial_of_locales'")"
	# And in the midst of DROP DATABASE.
	sql postgres 'CREATE DATABASE pgmuster_preflight'
	sql postgres 'CREATE DATABASE pgmuster_trial_of_locales ALLOW_CONNECTIONS false'
	sql postgres "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'pgmuster_trial_of_locales'"
	assert_exit 0 pgmuster restore -q --store "file://$T/store" --database shop --as shop2
	assert_eq 1 "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname = 'pgmuster_preflight'")"
}

# Some partitions come through the root, others by their own names.
test_partitions_of_both_kinds_are_counted() {
	mkdir "$T/store"
	sql postgres 'CREATE DATABASE parts'
	PGDATABASE=parts psql -Xq -v ON_ERROR_STOP=1 <<-'END'
		CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
		CREATE TABLE r (k text, m mood) PARTITION BY LIST (k);
		CREATE TABLE c PARTITION OF r FOR VALUES IN ('c') PARTITION BY HASH (m);
		CREATE TABLE c0 PARTITION OF c FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE c1 PARTITION OF c FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		CREATE TABLE d PARTITION OF r FOR VALUES IN ('d');
		INSERT INTO r VALUES ('c', 'sad'), ('c', 'ok'), ('c', 'happy'), ('d', 'ok'), ('d', 'sad');
	END
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'DROP DATABASE parts'
	assert_exit 0 pgmuster drill -q --store "file://$T/store" --check counts
	assert_exit 0 pgmuster drill -q --store "file://$T/store" --check content
}

# One table into a server that lacks its owner: not at all, or with the error allowed.
test_table_comes_whole_or_not_at_all() {
	mkdir "$T/store"
	sql postgres 'CREATE ROLE seller'
	sql shop 'ALTER TABLE item OWNER TO seller'
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql shop 'ALTER TABLE item OWNER TO postgres'
	sql postgres 'DROP ROLE seller'
	start_pg 15
	sql postgres 'CREATE DATABASE other'
	sql other 'CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$'
	local restore=(pgmuster restore --store "file://$T/store" --database shop --as other --table public.item)
	assert_exit 1 "${restore[@]}"
	assert_eq 0 "$(sql other "SELECT count(*) FROM pg_class WHERE relname = 'item'")"
	assert_exit 0 "${restore[@]}" --allow-error 42704 --json
	assert_json '.tolerated_statements > 1' true
	assert_eq 100 "$(sql other 'SELECT count(*) FROM item')"
	# Rows that are refused are not there, whatever is allowed.
	assert_exit 3 "${restore[@]}" --allow-existing --allow-error 23505
	assert_contains "$(cat "$T/err")" 'nothing was kept'
	assert_eq 100 "$(sql other 'SELECT count(*) FROM item')"
}

# PostgreSQL 17 and later define large objects among the data.
test_table_beside_large_objects() {
	mkdir "$T/store"
	start_pg 18
	sql postgres 'CREATE DATABASE shop'
	sql shop 'CREATE TABLE item AS SELECT 1 AS id'
	sql shop "SELECT lo_from_bytea(77, 'a large object')"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	sql postgres 'CREATE DATABASE other'
	assert_exit 0 pgmuster restore --store "file://$T/store" --database shop --as other --table public.item
	assert_eq 1 "$(sql other 'SELECT count(*) FROM item')"
}

# What a table refers to costs a constraint, and its rows are kept; a connection that is lost costs all.
test_table_is_one_transaction() {
	start_pg 15
	sql postgres 'CREATE DATABASE other'
	sql postgres 'CREATE ROLE reader'
	local restore=(pgmuster restore --store "$GOOD" --database shop --as other --table public.item)
	sql other "CREATE FUNCTION die() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END'"
	sql other "CREATE EVENT TRIGGER die ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION die()"
	assert_exit 3 "${restore[@]}"
	assert_eq '' "$(sql other "SELECT relname FROM pg_class WHERE relname LIKE 'item%'")"
	sql other 'DROP EVENT TRIGGER die'
	assert_exit 1 "${restore[@]}" --json
	assert_json '.errors | map(.sqlstate) | join(",")' 42883
	assert_json '.errors[0].at > 1000' true
	assert_eq '100|3' "$(sql other "SELECT (SELECT count(*) FROM item), count(*) FROM pg_class WHERE relname IN ('item', 'item_name', 'item_pkey')")"
}

# A dump of one database by an old script, which names none.
test_plain_pg_dump_is_drilled() {
	mkdir "$T/store"
	PGDATABASE=shop pg_dump -O | gzip >"$T/store/shop.sql.gz"
	assert_exit 1 pgmuster drill -q --store "file://$T/store" --key shop.sql.gz --check counts --json
	assert_eq 42704 "$(json '[.errors[].sqlstate] | unique | join(",")')" 'its GRANT names a role it does not have'
	assert_exit 0 pgmuster drill -q --store "file://$T/store" --key shop.sql.gz --check counts --allow-error 42704 --json
	assert_json '.databases[0].database' postgres
	assert_json '.databases[0].rows' 100
}

test_newer_manifest_could_not_be_told() {
	cp -r "${GOOD#file://}" "$T/store"
	sed -i 's/"version": 1/"version": 2/' "$T/store/full.sql.zst.manifest.json"
	seal_manifest "$T/store/full.sql.zst.manifest.json"
	assert_exit 3 pgmuster drill --store "file://$T/store"
	assert_contains "$(cat "$T/err")" 'manifest version 2'
}

# What is left of another dump under the day's name does not cost this one.
test_leftover_sidecar_is_passed_by() {
	mkdir "$T/store"
	echo x >"$T/store/full.sql.zst.sha256"
	assert_exit 0 pgmuster dump --store "file://$T/store" --key-format full.sql.zst --json
	[[ $(json .key) =~ ^full-[0-9]{6}\.sql\.zst$ ]] || fail "$(json .key)"
	assert_exit 0 pgmuster verify --store "file://$T/store"
}

test_closed_database_is_named() {
	mkdir "$T/store"
	sql postgres 'CREATE DATABASE skipper'
	sql postgres 'CREATE DATABASE closed ALLOW_CONNECTIONS false'
	assert_exit 0 pgmuster dump --store "file://$T/store" --json
	assert_contains "$(json '.warnings[]')" 'database closed accepts no connections'
	sql postgres 'DROP DATABASE closed'
	sql postgres 'DROP DATABASE skipper'
}

# In a pod, scratch server and drill are the same user, and of one user namespace: what the dump runs must not find the
# store's keys.
test_a_restored_program_finds_no_secret() {
	start_pg 15 # for its programs
	mkdir "$T/store" "$T/scratch" "$T/loot"
	chmod 777 "$T" "$T/scratch" "$T/loot" "$T/store"
	zstd -q -o "$T/store/old.sql.zst" <<-SQL
		\connect postgres
		COPY (SELECT 1) TO PROGRAM 'cat /proc/[0-9]*/environ > $T/loot/environ 2> $T/loot/refused; true';
	SQL
	AWS_SECRET_ACCESS_KEY=marked-secret PGPASSWORD=marked-password "${AS_NOBODY[@]}" "$ROOT/tests/support/as_in_a_pod" pgmuster drill -q --no-evidence \
		--store "file://$T/store" --key old.sql.zst --check smoke --scratch-directory "$T/scratch" >"$T/out" 2>"$T/err" || true
	[ -s "$T/loot/environ" ] || fail "the program did not run: $(cat "$T/out" "$T/err")"
	! grep -a marked "$T/loot/environ" || fail 'secrets in reach of the scratch server'
	grep -q 'Permission denied' "$T/loot/refused" || fail 'nothing was refused'
}

# A socket's path may have 107 bytes, and /proc shows no other process what is not dumpable.
test_long_scratch_directory() {
	local long
	long=$T/$(printf 'x%.0s' $(seq 100))
	mkdir -m 1777 "$long"
	mkdir "$T/store"
	start_pg 15
	pgmuster dump -q --store "file://$T/store" >/dev/null
	chmod -R a+rX "$T/store"
	assert_exit 0 "${AS_NOBODY[@]}" env TMPDIR=/tmp pgmuster drill --store "file://$T/store" --no-evidence --check content \
		--scratch-directory "$long"
	assert_eq '' "$(ls -A "$long")"
}
