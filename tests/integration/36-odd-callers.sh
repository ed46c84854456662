# Names, streams, limits and signals that nobody means, and somebody's script has.

setup_file() {
	start_pg 15
	sql postgres 'CREATE DATABASE app'
	sql app 'CREATE TABLE t AS SELECT generate_series(1, 500) g'
	mkdir "$T/good"
	pgmuster dump -q --store "file://$T/good" --key-format full.sql.zst >/dev/null
	export GOOD=$T/good
}

# new_store: with the good backup, "$STORE" in "$DIR".
new_store() {
	DIR=$T/store
	rm -rf "$DIR"
	cp -r "$GOOD" "$DIR"
	STORE=file://$DIR
}

test_what_looks_unfinished_is_removed_only_if_it_is() {
	new_store
	echo x >"$T/file"
	mkdir "$DIR/other"
	touch "$DIR/other/.rclone.a1b2c3d4.partial" "$DIR/other/.x.0123456789ab.partial"
	assert_exit 0 pgmuster upload --store "$STORE" --key .keep.partial "$T/file"
	assert_exit 0 pgmuster upload --store "$STORE" --key next "$T/file"
	assert_eq 'file
.rclone.a1b2c3d4.partial' "$(cd "$DIR" && sha256sum --quiet -c .keep.partial.sha256 && echo file && ls -A other)"
	assert_exit 2 pgmuster upload --store "$STORE" --key a/.x.0123456789ab.partial "$T/file"
	assert_contains "$(cat "$T/err")" 'unfinished files'
	assert_exit 2 pgmuster upload --store "$STORE" --key "$(printf 'd/%.0s' {1..65})f" "$T/file"
	assert_contains "$(cat "$T/err")" 'more than 64 directories'
	assert_exit 0 pgmuster upload --store "$STORE" --key "$(printf 'd/%.0s' {1..64})f" "$T/file"
	assert_exit 0 pgmuster list --store "$STORE"
}

test_odd_name_hides_no_other_backup() {
	local name
	for name in $'x\ty.sql.zst' $'x\ny.sql.zst' $'drill-\n.json' $'x\ty.sql.zst.manifest.json'; do
		new_store
		head -c 500 /dev/urandom >"$DIR/$name"
		assert_exit 0 pgmuster list --store "$STORE"
		assert_exit 0 pgmuster verify --store "$STORE" --key full.sql.zst
		assert_exit 0 pgmuster show --store "$STORE" --key full.sql.zst
	done
}

test_restore_into_what_every_server_has() {
	local name
	for name in postgres template1; do
		assert_exit 3 pgmuster restore --store "file://$GOOD" --database app --as $name
		assert_contains "$(cat "$T/err")" "the server has a database $name already"
		assert_eq '' "$(sql $name '\dt')"
	done
	assert_exit 2 pgmuster restore --store "file://$GOOD" --database app --as '' --allow-existing
	assert_contains "$(cat "$T/err")" '--as: the name is empty'
	assert_exit 2 pgmuster restore --store "file://$GOOD" --database ''
	assert_contains "$(cat "$T/err")" '--database: the name is empty'
	assert_exit 0 pgmuster restore --store "file://$GOOD" --database postgres
}

# What the database does not use does not keep it from coming back.
test_restore_without_the_tablespace_of_another() {
	mkdir "$T/store" "$T/space"
	[ "$(id -u)" != 0 ] || chown "$(as_pg id -u)" "$T/space"
	sql postgres "CREATE TABLESPACE fast LOCATION '$T/space'"
	assert_exit 0 pgmuster dump -q --store "file://$T/store"
	sql postgres 'DROP TABLESPACE fast'
	assert_exit 0 pgmuster restore --store "file://$T/store" --database app --as app_back
	assert_contains "$(cat "$T/err")" 'tablespace fast is not there: statements that name it will fail'
}

test_closed_stdin_is_no_empty_file() {
	new_store
	assert_exit 3 pgmuster upload --store "$STORE" --key empty - <&-
	assert_contains "$(cat "$T/err")" 'Bad file descriptor'
	[ ! -e "$DIR/empty" ] || fail 'it was stored'
}

test_limit_of_a_files_size_is_an_error() {
	new_store
	head -c 1M /dev/zero >"$T/file"
	assert_exit 3 bash -c "ulimit -f 100; exec pgmuster upload -q --store '$STORE' --key big '$T/file'"
	assert_contains "$(cat "$T/err")" 'File too large'
	assert_eq '' "$(find "$DIR" -name '*.partial')"
}

test_umask_does_not_shut_the_store() {
	mkdir -m 777 "$T/store"
	echo x >"$T/file"
	assert_exit 0 as_pg bash -c "umask 0777; exec pgmuster upload -q --store 'file://$T/store' --key d/x '$T/file'"
	assert_exit 0 as_pg pgmuster list --store "file://$T/store"
	assert_eq 700 "$(stat -c %a "$T/store/d")"
}

test_waiting_for_a_pipe_ends_on_a_signal() {
	new_store
	mkfifo "$T/pipe"
	assert_exit 143 timeout --preserve-status 1 pgmuster upload -q --store "$STORE" --key x "$T/pipe"
	assert_contains "$(cat "$T/err")" 'cancelled by SIGTERM'
}

test_terminal_that_goes_cancels() {
	new_store
	hold_a_table app
	assert_exit 129 timeout --preserve-status -s HUP 2 pgmuster dump -q --store "$STORE"
	assert_contains "$(cat "$T/err")" 'cancelled by SIGHUP'
	assert_eq '' "$(find "$DIR" -name '*.partial')"
	(sleep 2 && touch "$T/release") &
	assert_exit 0 timeout --preserve-status -s HUP 1 nohup pgmuster dump -q --store "$STORE"
	wait
}

test_time_without_end() {
	assert_exit 0 pgmuster verify --store "file://$GOOD" --timeout 106751991167300d
}

# It came back, and that is what the list says of it.
test_drill_of_what_is_old_or_lacks_a_database() {
	new_store
	sleep 2
	assert_exit 1 pgmuster drill -q --store "$STORE" --max-age 1s --json
	assert_json .verdict pass
	assert_contains "$(json '.differences[].difference')" 'old, more than'
	echo '["walter"]' >"$T/expected"
	assert_exit 1 pgmuster drill -q --store "$STORE" --expect "$T/expected"
	assert_contains "$(cat "$T/out")" 'came back, every row counted, but see the differences'
	assert_exit 0 pgmuster list --store "$STORE" --json
	assert_json '.backups[0].drill' pass
}

test_drills_that_end_together_all_leave_evidence() {
	new_store
	for _ in 1 2 3 4; do
		assert_exit 0 faketime -f '@2026-11-22 03:00:00' pgmuster drill -q --store "$STORE" --check smoke
	done
	assert_eq 4 "$(find "$DIR" -name 'drill-*.json' | wc -l)"
}
