# Bad input: a clear error that names it, the right exit code, nothing lost and nothing left behind.

setup_file() {
	start_pg 15
	fill_server demo
	mkdir "$T/good"
	pgmuster dump -q --store "file://$T/good" --key-format full.sql.zst >/dev/null
	export GOOD=$T/good
}

# refused CODE WORDS COMMAND...: fails with that code and says these words, on stderr alone.
refused() {
	local code=$1 words=$2
	shift 2
	assert_exit "$code" "$@"
	assert_contains "$(cat "$T/err")" "$words"
	assert_eq 1 "$(grep -c "^pgmuster" "$T/err")" "one sentence: $(cat "$T/err")"
}

copy_good() {
	cp -r "$GOOD" "$T/store"
	STORE=file://$T/store
}

test_unknown_words() {
	refused 2 'no verb dmup' pgmuster dmup
	refused 2 '--stoer' pgmuster dump --stoer x
	assert_contains "$(cat "$T/err")" --store
	refused 2 'no store was named' pgmuster list
	refused 2 '' pgmuster
	refused 2 'named twice' pgmuster dump --store "file://$GOOD" --store "file://$GOOD"
	refused 2 'ftp' pgmuster list --store ftp://x/y
	refused 2 '--max-age' pgmuster verify --store "file://$GOOD" --max-age soon
	refused 2 '--level' pgmuster dump --store "file://$GOOD" --level 99
	refused 2 'key format' pgmuster dump --store "file://$GOOD" --key-format x.txt
	refused 2 'no SQLSTATE' pgmuster drill --store "file://$GOOD" --allow-error oops
	refused 2 'SCHEMA.TABLE' pgmuster restore --store "file://$GOOD" -d immich -t oops
}

test_servers() {
	refused 3 'cannot connect' pgmuster dump --store "file://$GOOD" --server 'host=127.0.0.1 port=1'
	refused 3 'cannot connect' pgmuster dump --store "file://$GOOD" --server "host=$T/nowhere"
	sql postgres "CREATE ROLE walter LOGIN PASSWORD 'right'" || true
	as_pg sed -i '1i local all walter scram-sha-256' "$PG_DATA/pg_hba.conf"
	sql postgres 'SELECT pg_reload_conf()' >/dev/null
	eventually 5 sh -c "! PGUSER=walter PGPASSWORD=wrong psql -d postgres -c '' 2>/dev/null"
	PGPASSWORD=wrong refused 3 'password' pgmuster dump --store "file://$GOOD" --server user=walter
	assert_not_contains "$(cat "$T/err")" wrong
	echo right >"$T/password"
	PGPASSWORD_FILE=$T/password refused 3 'no-role-passwords' pgmuster dump --store "file://$GOOD" --server user=walter
}

test_client_older_than_the_server() {
	local old=$PG_BIN
	start_pg 18
	refused 2 '18' pgmuster dump --store "file://$GOOD" --pg-bin "$old"
}

test_file_stores() {
	refused 3 "$T/none" pgmuster dump --store "file://$T/none"
	refused 3 "$T/none" pgmuster list --store "file://$T/none"
	mkdir "$T/empty"
	refused 1 'no complete backup' pgmuster verify --store "file://$T/empty"
	refused 1 'no complete backup' pgmuster drill --store "file://$T/empty"
	assert_exit 0 pgmuster list --store "file://$T/empty"
	refused 3 'no dump named' pgmuster verify --store "file://$GOOD" --key x/full.sql.zst
}

test_full_disk_and_read_only_directory() {
	mkdir "$T/small"
	mount -t tmpfs -o size=100k none "$T/small" 2>/dev/null || skip 'tmpfs cannot be mounted here'
	local code=0
	refused 3 'No space left' pgmuster dump --store "file://$T/small" || code=1
	[ "$(find "$T/small" -type f | wc -l)" = 0 ] || code=2
	mount -o remount,ro "$T/small"
	refused 3 'Read-only' pgmuster dump --store "file://$T/small" || code=3
	umount "$T/small"
	assert_eq 0 "$code"
}

test_s3_stores() {
	start_s3 "${1:-versitygw}"
	refused 3 'nobucket' pgmuster dump --store s3://nobucket/x
	refused 3 'nobucket' pgmuster list --store s3://nobucket/x
	AWS_SECRET_ACCESS_KEY=wrong refused 3 'signature' pgmuster list --store "s3://$S3_BUCKET/x"
	assert_not_contains "$(cat "$T/err")" wrong
	AWS_ACCESS_KEY_ID=nobody refused 3 'nobody' pgmuster list --store "s3://$S3_BUCKET/x" ||
		assert_contains "$(cat "$T/err")" 'access key'
	refused 3 '127.0.0.1:1' pgmuster list --store "s3://$S3_BUCKET/x" --endpoint http://127.0.0.1:1 --attempts 2
	unset AWS_ACCESS_KEY_ID
	refused 2 'AWS_ACCESS_KEY_ID' pgmuster list --store "s3://$S3_BUCKET/x"
}

test_s3_stores_minio() { test_s3_stores minio; }

test_clock_off_by_hours() {
	start_s3 versitygw
	command -v faketime >/dev/null || skip 'no faketime'
	refused 3 'clock' faketime -f +5h pgmuster list --store "s3://$S3_BUCKET/x" --attempts 1
}

# What an age, an expectation, or a damaged byte says; each starts from an intact backup that passes.
test_verify_finds() {
	copy_good
	assert_exit 0 pgmuster verify --store "$STORE"
	echo '["immich","walter"]' >"$T/expected"
	assert_exit 1 pgmuster verify --store "$STORE" --expect "$T/expected" --json
	assert_json '.differences[0].database' walter
	sleep 2
	assert_exit 1 pgmuster verify --store "$STORE" --max-age 1s --json
	assert_contains "$(json '.differences[0].difference')" 'old'
	echo '["immich"' >"$T/expected"
	refused 2 'line 2' pgmuster verify --store "$STORE" --expect "$T/expected"
}

# damaged WORDS COMMAND: after COMMAND in a copy of the good store, verify says WORDS and exits 1.
damaged() {
	local words=$1
	shift
	rm -rf "$T/store"
	copy_good
	assert_exit 0 pgmuster verify --store "$STORE"
	(cd "$T/store" && "$@")
	assert_exit 1 pgmuster verify --store "$STORE"
	assert_contains "$(cat "$T/out" "$T/err")" "$words"
}

flip_bit() {
	perl -e 'open F, "+<", "full.sql.zst"; $at = int((-s F) * $ARGV[0] / 100);
		seek F, $at, 0; read F, $b, 1; seek F, $at, 0; print F chr(ord($b) ^ 4)' "$1"
}

test_damage_is_named() {
	damaged 'bytes' truncate -s -1 full.sql.zst
	damaged 'frame' flip_bit 50
	damaged 'frame' flip_bit 10
	damaged 'sidecar' sh -c 'echo 0000000000000000000000000000000000000000000000000000000000000000 >full.sql.zst.sha256'
	damaged 'sidecar' rm full.sql.zst.sha256
	damaged 'not JSON' sh -c 'echo garbage >full.sql.zst.manifest.json'
	damaged 'changed or damaged' sed -i 's/"rows": [0-9]*/"rows": 999/' full.sql.zst.manifest.json
	damaged 'is gone' rm full.sql.zst
	damaged 'bytes' sh -c 'echo garbage >>full.sql.zst'
}

test_manifest_of_another_version() {
	copy_good
	sed -i 's/"version": 1/"version": 7/' "$T/store/full.sql.zst.manifest.json"
	refused 1 'changed or damaged' pgmuster verify --store "$STORE"
	seal_manifest "$T/store/full.sql.zst.manifest.json"
	assert_exit 3 pgmuster verify --store "$STORE"
	assert_contains "$(cat "$T/err")" 'manifest version 7'
}

test_dump_without_manifest_is_never_chosen() {
	copy_good
	rm "$T/store/full.sql.zst.manifest.json"
	assert_exit 0 pgmuster list --store "$STORE" --json
	assert_json '.backups[0].status' incomplete
	refused 1 'no complete backup' pgmuster drill --store "$STORE"
	refused 1 'incomplete' pgmuster drill --store "$STORE" --key full.sql.zst
}

# As a user who may do nothing: root may everything.
test_permissions_of_directories() {
	[ "$(id -u)" = 0 ] || skip 'needs root, to become someone else'
	mkdir -m 755 "$T/mine"
	mkdir -m 700 "$T/closed"
	chmod 755 "$T"
	# shellcheck disable=SC2317 # refused calls it
	as_user() { "${AS_NOBODY[@]}" env TMPDIR=/tmp "$@"; }
	cp "$ROOT/build/bin/pgmuster" "$T/pgmuster"
	refused 3 'Permission denied' as_user "$T/pgmuster" dump --store "file://$T/mine"
	refused 3 'Permission denied' as_user "$T/pgmuster" list --store "file://$T/closed"
	assert_eq '' "$(find "$T/mine" -type f)"
}

# An object that a lifecycle rule has archived, or that is another owner's, is no reason to miss the newest backup.
test_what_is_kept_from_us_hides_no_other_backup() {
	local name
	copy_good
	for name in full.sql.zst full.sql.zst.sha256 full.sql.zst.manifest.json; do
		cp "$T/store/$name" "$T/store/old-$name"
	done
	cp "$T/store/full.sql.zst" "$T/store/incomplete.sql.zst"
	touch -d '3 days ago' "$T/store"/{old-full,incomplete}.sql.zst*
	chmod -R a+rX "$T/store"
	chmod 000 "$T/store"/{old-full.sql.zst.manifest.json,incomplete.sql.zst}
	assert_exit 0 "${AS_NOBODY[@]}" pgmuster verify --store "$STORE" --json
	assert_json .key full.sql.zst
	assert_exit 0 "${AS_NOBODY[@]}" pgmuster list --store "$STORE" --json
	assert_json '[.backups[] | select(.problem // "" | contains("Permission denied")) | .key] | sort | join(" ")' 'incomplete.sql.zst old-full.sql.zst'
	refused 3 'Permission denied' "${AS_NOBODY[@]}" pgmuster verify --store "$STORE" --key old-full.sql.zst
	refused 3 'Permission denied' "${AS_NOBODY[@]}" pgmuster verify --store "$STORE" --key incomplete.sql.zst
	chmod 000 "$T/store"/*
	refused 3 'none of its backups' "${AS_NOBODY[@]}" pgmuster list --store "$STORE"
}

# At the root of a volume, fsck has a directory that nobody else may read.
test_store_at_the_root_of_a_volume() {
	[ "$(id -u)" = 0 ] || skip 'needs root, to become someone else'
	copy_good
	mkdir -m 700 "$T/store/lost+found"
	chmod -R a+rX "$T/store"
	chmod 700 "$T/store/lost+found"
	assert_exit 0 "${AS_NOBODY[@]}" pgmuster verify --store "$STORE"
	mkdir -m 700 "$T/store/2026"
	refused 3 'directory 2026: Permission denied' "${AS_NOBODY[@]}" pgmuster verify --store "$STORE"
}

# Also of a server that says a little, and again a little.
test_dump_has_an_end() {
	mkdir "$T/store"
	hold_a_table immich
	refused 3 'no end after 2.0 s' pgmuster dump --store "file://$T/store" --timeout 2s
	touch "$T/release"
	wait
	assert_eq '' "$(find "$T/store" -name '*.sql.zst*')"
}

test_out_of_file_descriptors() {
	mkdir "$T/store"
	local limit code refused=0
	for limit in 4 6 8 10 12 16 24; do
		code=0
		(ulimit -n "$limit" && exec pgmuster dump -q --store "file://$T/store") >"$T/out" 2>"$T/err" || code=$?
		case $code in
		0) ;;
		127) ;; # the loader itself could not open a library
		3) refused=$((refused + 1)) ;;
		*) fail "exit $code with $limit descriptors: $(cat "$T/err")" ;;
		esac
		[ $code = 0 ] || assert_eq '' "$(find "$T/store" -type f -not -name '.pgmuster*')"
		rm -rf "${T:?}/store"/*
	done
	[ $refused -ge 2 ] || fail 'none was refused'
}

# At any moment: no backup visible that is none, nothing of ours left running, the first one untouched.
test_killed_dump_leaves_nothing() {
	copy_good
	local before signal delay pid code
	before=$(cat "$T"/store/full.sql.zst* | sha256sum)
	sql postgres 'CREATE DATABASE big'
	sql big "CREATE TABLE t AS SELECT g, repeat(md5(g::text), 10) FROM generate_series(1, 300000) g"
	for signal in INT TERM KILL; do
		for delay in 0.05 0.2 0.5; do
			setsid pgmuster dump -q --store "$STORE" --key-format second.sql.zst >/dev/null 2>"$T/err" &
			pid=$!
			sleep $delay
			kill -$signal $pid 2>/dev/null || true
			code=0
			wait $pid || code=$?
			case $signal in
			INT) [ $code = 130 ] || [ $code = 0 ] || fail "exit $code: $(cat "$T/err")" ;;
			TERM) [ $code = 143 ] || [ $code = 0 ] || fail "exit $code: $(cat "$T/err")" ;;
			esac
			eventually 5 sh -c "! pgrep -f 'pg_dum[p].*$PGHOST' >/dev/null"
			if [ $code != 0 ]; then
				[ ! -e "$T/store/second.sql.zst.manifest.json" ] || fail 'a killed dump is visible'
				[ $signal = KILL ] || assert_eq '' "$(find "$T/store" -name '*partial*')"
			fi
			rm -f "$T"/store/second*
			assert_eq "$before" "$(cat "$T"/store/full.sql.zst* | sha256sum)"
		done
	done
	sql postgres 'DROP DATABASE big'
}

test_killed_drill_is_cleaned_up() {
	local signal pid code
	mkdir "$T/scratch"
	chmod 777 "$T/scratch"
	for signal in TERM INT; do
		pgmuster drill -q --store "file://$GOOD" --no-evidence --scratch-directory "$T/scratch" >/dev/null 2>"$T/err" &
		pid=$!
		eventually 20 sh -c "ls -d $T/scratch/*/data/postmaster.pid >/dev/null 2>&1"
		kill -$signal $pid
		code=0
		wait $pid || code=$?
		[ $code = 143 ] || [ $code = 130 ] || fail "exit $code: $(cat "$T/err")"
		assert_eq '' "$(ls -A "$T/scratch")"
	done
	pgmuster drill -q --store "file://$GOOD" --no-evidence --scratch-directory "$T/scratch" >/dev/null 2>&1 &
	pid=$!
	eventually 20 sh -c "ls -d $T/scratch/*/data/postmaster.pid >/dev/null 2>&1"
	kill -KILL $pid
	wait $pid || true
	assert_exit 0 pgmuster drill --store "file://$GOOD" --no-evidence --scratch-directory "$T/scratch"
	assert_eq '' "$(ls -A "$T/scratch")"
}

test_old_dumps_of_other_scripts() {
	mkdir "$T/store"
	local store=file://$T/store
	pg_dumpall >"$T/old.sql"
	zstd -q "$T/old.sql" -o "$T/store/old.sql.zst"
	gzip -c "$T/old.sql" >"$T/store/old.sql.gz"
	(cd "$T/store" && sha256sum old.sql.gz >old.sql.gz.sha256)
	assert_exit 0 pgmuster list --store "$store" --json
	assert_json '[.backups[].status] | unique | join(",")' foreign
	refused 1 'no complete backup' pgmuster verify --store "$store"
	for key in old.sql.zst old.sql.gz; do
		assert_exit 0 pgmuster verify --store "$store" --key $key --json
		assert_json '.not_proved | length > 0' true
		assert_exit 0 pgmuster drill --store "$store" --key $key --check content --json
		assert_json .verdict pass
		assert_json '.not_proved | length > 0' true
	done
	refused 2 'no index' pgmuster restore --store "$store" --key old.sql.gz --database immich --as x
	start_pg 15
	assert_exit 0 pgmuster restore --store "$store" --key old.sql.gz
	head -c 20000 "$T/old.sql" | gzip >"$T/store/cut.sql.gz"
	assert_exit 1 pgmuster verify --store "$store" --key cut.sql.gz
	assert_exit 1 pgmuster drill --store "$store" --key cut.sql.gz
}
