# The main road: dump, list, show, verify, drill and restore, to a file store and to real S3 servers.

setup_file() {
	start_pg 15
	fill_server demo
}

# The databases of the demo server, as a JSON list.
databases() { sql postgres "SELECT json_agg(datname) FROM pg_database WHERE datname <> 'template0'"; }

main_road() {
	local store=$1
	assert_exit 0 pgmuster dump --store "$store" --key-format '2026/11/21/full.sql.zst' --json
	assert_json .key 2026/11/21/full.sql.zst
	assert_json .stores[0].result stored
	databases >"$T/expected.json"
	assert_exit 0 pgmuster verify --store "$store" --max-age 1h --expect "$T/expected.json" --json
	assert_json .verdict pass
	assert_json '.not_proved | length' 0
	assert_exit 0 pgmuster drill --store "$store" --check content --json
	assert_json .verdict pass
	assert_json '.errors | length' 0
	assert_json '[.databases[].verdict] | unique | join(",")' pass
	assert_exit 0 pgmuster list --store "$store" --json
	assert_json '.backups | length' 1
	assert_json .backups[0].status complete
	assert_json .backups[0].drill pass
	assert_exit 0 pgmuster show --store "$store" --json
	assert_json '.databases | map(.rows) | add > 1000' true
}

test_main_road_in_a_file_store() {
	mkdir "$T/store"
	main_road "file://$T/store"
	assert_eq 600 "$(stat -c %a "$T/store/2026/11/21/full.sql.zst")"
	assert_eq 700 "$(stat -c %a "$T/store/2026")"
}

test_main_road_on_versitygw() {
	start_s3 versitygw
	main_road "s3://$S3_BUCKET/postgresql-15"
}

test_main_road_on_minio() {
	start_s3 minio
	main_road "s3://$S3_BUCKET/postgresql-15"
}

# Disaster must need nothing of ours.
test_stock_tools_read_what_we_wrote() {
	mkdir "$T/store"
	assert_exit 0 pgmuster dump --store "file://$T/store" --key-format full.sql.zst
	(cd "$T/store" && sha256sum -c full.sql.zst.sha256)
	zstd -qt "$T/store/full.sql.zst"
	zstd -lv "$T/store/full.sql.zst" >"$T/frames" 2>&1
	assert_contains "$(cat "$T/frames")" "Zstandard Frames"
	local source=$PGHOST
	start_pg 15
	zstd -dc "$T/store/full.sql.zst" | psql -Xq -d postgres >/dev/null 2>"$T/psql.err"
	assert_eq 1 "$(grep -c ERROR "$T/psql.err")" "only CREATE ROLE postgres fails: $(cat "$T/psql.err")"
	stock_dump >"$T/restored"
	PGHOST=$source stock_dump >"$T/source"
	diff "$T/source" "$T/restored"
}

test_text_is_pg_dumpalls_byte_for_byte() {
	mkdir "$T/store"
	assert_exit 0 pgmuster dump --store "file://$T/store" --key-format full.sql.zst
	zstd -dc "$T/store/full.sql.zst" | sed -E '/^\\(un)?restrict /d' >"$T/ours"
	pg_dumpall | sed -E '/^\\(un)?restrict /d' >"$T/theirs"
	cmp "$T/ours" "$T/theirs"
}

test_second_dump_of_a_day_goes_beside_the_first() {
	mkdir "$T/store"
	local store=file://$T/store before
	assert_exit 0 pgmuster dump --store "$store" --key-format d/full.sql.zst
	before=$(cat "$T"/store/d/full.sql.zst* | sha256sum)
	assert_exit 0 pgmuster dump --store "$store" --key-format d/full.sql.zst --json
	[[ $(json .key) =~ ^d/full-[0-9]{6}\.sql\.zst$ ]] || fail "$(json .key)"
	assert_eq "$before" "$(cat "$T"/store/d/full.sql.zst* | sha256sum)"
	assert_exit 0 pgmuster list --store "$store" --json
	assert_json '[.backups[].status] | join(",")' complete,complete
	assert_exit 0 pgmuster verify --store "$store" --json
	[[ $(json .key) =~ ^d/full-[0-9]{6}\.sql\.zst$ ]] || fail "not the newest: $(json .key)"
}

# A pg_dump that warns of much, and in the middle that it leaves something out.
test_what_was_left_out_fails_the_dump_however_much_is_said() {
	local lines program bin=$T/bin
	mkdir "$T/store" "$bin"
	for program in "$PG_BIN"/*; do
		ln -s "$program" "$bin/"
	done
	for lines in 0 10000; do
		rm "$bin/pg_dump"
		cat >"$bin/pg_dump" <<-END
			#!/bin/bash
			warn() { seq -f 'pg_dump: warning: %.0f is in a circle' \$1 >&2; }
			[[ " \$* " != *immich* ]] || { warn $lines; echo 'pg_dump: warning: subscription x was not dumped' >&2; warn $lines; }
			exec "$PG_BIN/pg_dump" "\$@"
		END
		chmod 755 "$bin/pg_dump"
		assert_exit 3 pgmuster dump --store "file://$T/store" --pg-bin "$bin"
		assert_contains "$(tail -n 2 "$T/err")" 'something was left out: database immich: '
		assert_eq '' "$(find "$T/store" -type f)"
	done
	assert_exit 0 pgmuster dump --store "file://$T/store" --pg-bin "$bin" --allow-omissions
}

# overtaken STORE: a dump that waits for a lock while that of another server takes the day's key.
overtaken() {
	local store=$1 holder pid
	hold_a_table immich
	holder=$!
	pgmuster dump --store "$store" --key-format full.sql.zst --json >"$T/slow.out" 2>"$T/slow.err" &
	pid=$!
	eventually 20 grep -q 'to full.sql.zst' "$T/slow.err"
	start_pg 15
	assert_exit 0 pgmuster dump --store "$store" --key-format full.sql.zst --json
	assert_json .key full.sql.zst
	sleep 1 # the age of a backup is told in seconds
	touch "$T/release"
	wait $holder
	wait $pid || fail "$(cat "$T/slow.err")"
	[[ $(json .key "$T/slow.out") =~ ^full-[0-9]{6}-[0-9a-f]{8}\.sql\.zst$ ]] || fail "$(json .key "$T/slow.out")"
	assert_contains "$(cat "$T/slow.err")" 'another dump was faster'
	assert_exit 0 pgmuster list --store "$store" --json
	assert_json '[.backups[].status] | join(",")' complete,complete
	assert_exit 0 pgmuster verify --store "$store" --key full.sql.zst
	assert_exit 0 pgmuster drill --store "$store" --json
	assert_json .key "$(json .key "$T/slow.out")"
}

test_dump_that_was_overtaken_goes_beside_the_other() {
	mkdir "$T/store"
	overtaken "file://$T/store"
}

test_dump_that_was_overtaken_on_s3_goes_beside_the_other() {
	start_s3 versitygw
	overtaken "s3://$S3_BUCKET/x"
}

# One dead store must not cost the other's backup.
test_dead_store_does_not_lose_the_other() {
	mkdir "$T/store"
	assert_exit 3 pgmuster dump --store "file://$T/gone" --store "file://$T/store" --json
	assert_json '[.stores[].result == "stored"] | map(tostring) | join(",")' false,true
	assert_exit 0 pgmuster verify --store "file://$T/store"
	mkdir "$T/second"
	assert_exit 0 pgmuster dump --store "file://$T/second" --store "file://$T/store"
	assert_exit 0 pgmuster verify --store "file://$T/second"
}

test_one_database_comes_back_under_another_name() {
	mkdir "$T/store"
	local store=file://$T/store
	assert_exit 0 pgmuster dump --store "$store"
	assert_exit 3 pgmuster restore --store "$store" --database immich
	assert_contains "$(cat "$T/err")" "already"
	assert_exit 0 pgmuster restore --store "$store" --database immich --as immich_back --dry-run
	assert_contains "$(tr -s ' ' <"$T/out")" "target $PGHOST:$PGPORT"
	assert_contains "$(tr -s ' ' <"$T/out")" 'target user postgres'
	assert_contains "$(tr -s ' ' <"$T/out")" "backup time $(date -u +%Y-)"
	assert_eq 0 "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname = 'immich_back'")"
	assert_exit 0 pgmuster restore --store "$store" --database immich --as immich_back --json
	assert_json .verdict pass
	assert_eq "$(PGDATABASE=immich pg_dump --schema-only -O | sed -E '/^\\(un)?restrict /d')" \
		"$(PGDATABASE=immich_back pg_dump --schema-only -O | sed -E '/^\\(un)?restrict /d')"
	sql postgres 'DROP DATABASE immich_back'
}

test_one_table_comes_back_with_all_that_is_its_own() {
	mkdir "$T/store"
	local store=file://$T/store table before
	assert_exit 0 pgmuster dump --store "$store"
	sql postgres 'CREATE DATABASE lost TEMPLATE immich'
	table=$(sql lost "SELECT conrelid::regclass FROM pg_constraint WHERE contype = 'p' ORDER BY (SELECT reltuples FROM pg_class WHERE oid = conrelid) DESC LIMIT 1")
	before=$(PGDATABASE=lost pg_dump -t "$table" | sed -E '/^\\(un)?restrict /d')
	assert_exit 3 pgmuster restore --store "$store" --database immich --as lost --table "public.$table"
	assert_contains "$(cat "$T/err")" "already"
	sql lost "DROP TABLE $table CASCADE" 2>/dev/null
	assert_exit 0 pgmuster restore --store "$store" --database immich --as lost --table "public.$table"
	assert_eq "$before" "$(PGDATABASE=lost pg_dump -t "$table" | sed -E '/^\\(un)?restrict /d')"
	sql postgres 'DROP DATABASE lost'
}

test_whole_server_comes_back_into_an_empty_one() {
	mkdir "$T/store"
	local store=file://$T/store source=$PGHOST
	assert_exit 0 pgmuster dump --store "$store"
	assert_exit 2 pgmuster restore --store "$store"
	assert_contains "$(cat "$T/err")" "the server that the backup was made from"
	start_pg 15
	assert_exit 0 pgmuster restore --store "$store" --check content
	stock_dump >"$T/restored"
	PGHOST=$source stock_dump >"$T/source"
	diff "$T/source" "$T/restored"
	assert_exit 3 pgmuster restore --store "$store"
	assert_contains "$(cat "$T/err")" "not empty"
}

test_drill_uses_a_named_server_and_refuses_a_wrong_one() {
	mkdir "$T/store"
	local store=file://$T/store source=$PGHOST
	assert_exit 0 pgmuster dump --store "$store"
	assert_exit 2 pgmuster drill --store "$store" --server "host=$source"
	assert_contains "$(cat "$T/err")" "system identifier"
	start_pg 15
	sql postgres 'CREATE DATABASE mine'
	assert_exit 3 pgmuster drill --store "$store" --server "host=$PGHOST"
	assert_contains "$(cat "$T/err")" "a database mine"
	sql postgres 'DROP DATABASE mine'
	assert_exit 0 pgmuster drill --store "$store" --server "host=$PGHOST" --check content --json
	assert_json .scratch 'named by --server'
}

test_upload_keeps_a_file_and_its_digest() {
	start_s3 versitygw
	head -c 30000000 /dev/urandom >"$T/file"
	assert_exit 0 pgmuster upload --store "s3://$S3_BUCKET/x" --key a/file "$T/file" --json
	assert_json .sha256 "$(sha256sum <"$T/file" | cut -d' ' -f1)"
	cmp "$T/file" "$S3_DIR/$S3_BUCKET/x/a/file"
	(cd "$S3_DIR/$S3_BUCKET/x/a" && sha256sum -c file.sha256)
	assert_exit 3 pgmuster upload --store "s3://$S3_BUCKET/x" --key a/file "$T/file"
	assert_contains "$(cat "$T/err")" "already"
	pgmuster upload --store "s3://$S3_BUCKET/x" --key a/stdin - <"$T/file"
	cmp "$T/file" "$S3_DIR/$S3_BUCKET/x/a/stdin"
}

test_installed_links_are_verbs() {
	make -s -C "$ROOT" install DESTDIR="$T/i" PREFIX=/usr >/dev/null
	"$T/i/usr/bin/pgmuster-list" --help | grep -q 'pgmuster list'
	assert_eq "pgmuster $(cat "$ROOT/VERSION")" "$("$T/i/usr/bin/pgmuster" --version)"
}
