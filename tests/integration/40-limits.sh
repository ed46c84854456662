# Promises about what a run takes: no temporary files, memory that does not grow with the database, and of one
# database out of many only its own part.

setup_file() {
	start_pg 15
	fill_server demo
}

# A table of so many megabytes of rows that do not compress well.
grow() {
	sql postgres "CREATE DATABASE $1"
	sql "$1" "CREATE TABLE t AS SELECT g, md5(g::text) || md5((g * 7)::text) || md5((g * 13)::text) AS x FROM generate_series(1, $2 * 9500) g"
}

# No regular file can be written, by ours or by a child.
test_no_temporary_files() {
	start_s3 versitygw
	local store=s3://$S3_BUCKET/x
	no_files() { (ulimit -f 0 && TMPDIR=$T/nowhere "$@"); }
	no_files pgmuster dump -q --store "$store" | cat
	no_files pgmuster verify -q --store "$store" | cat
	start_pg 15
	no_files pgmuster restore -q --store "$store" | cat
	assert_eq 6 "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname <> 'template0'")"
}

# peak COMMAND...: the largest resident size in KiB of the command, or of a child that is larger.
peak() {
	command time -o "$T/peak" -f %M "$@" >/dev/null 2>"$T/err" || fail "$*: $(cat "$T/err")"
	cat "$T/peak"
}

# The same without children: a drill's are a whole server. Looked at until it ends.
peak_alone() {
	local pid size=0 now
	"$@" >/dev/null 2>"$T/err" &
	pid=$!
	while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
		size=$now
		sleep 0.02
	done
	wait $pid || fail "$*: $(cat "$T/err")"
	echo "$size"
}

# peaks STORE: of each verb, one a line.
peaks() {
	local store=$1
	echo "dump $(peak pgmuster dump --store "$store" --key-format full.sql.zst)"
	echo "verify $(peak pgmuster verify --store "$store")"
	echo "list $(peak pgmuster list --store "$store")"
	echo "show $(peak pgmuster show --store "$store")"
	echo "drill $(peak_alone pgmuster drill --store "$store" --check content)"
	echo "restore $(peak pgmuster restore --store "$store" --database demo_size --as again)"
	sql postgres 'DROP DATABASE again'
}

# MEMORY_MB and MEMORY_SMALL_MB set the sizes; the budget is 64 MiB and the parts in flight.
test_memory_does_not_grow_with_the_database() {
	local verb small large budget=$(((64 + 4 * 8) * 1024))
	start_s3 versitygw
	grow demo_size "${MEMORY_SMALL_MB:-20}"
	peaks "s3://$S3_BUCKET/small" >"$T/small"
	sql postgres 'DROP DATABASE demo_size'
	grow demo_size "${MEMORY_MB:-200}"
	peaks "s3://$S3_BUCKET/large" >"$T/large"
	sql postgres 'DROP DATABASE demo_size'
	while read -r verb small large; do
		[ $((large - small)) -lt 16384 ] || fail "$verb: $small KiB, then $large KiB"
		[ "$large" -lt $budget ] || fail "$verb: $large KiB"
	done < <(join <(sort "$T/small") <(sort "$T/large"))
	[ -z "${MEMORY_SHOW:-}" ] || join <(sort "$T/small") <(sort "$T/large") >"$MEMORY_SHOW"
}

# Counted by the server: the bytes of the bodies that it sent.
test_one_database_fetches_its_own_frames() {
	local i own before sent size
	start_s3 versitygw
	for i in $(seq 1 50); do
		grow "many$i" 2
	done
	assert_exit 0 pgmuster dump --store "s3://$S3_BUCKET/x" --json
	size=$(json .bytes)
	assert_exit 0 pgmuster restore --store "s3://$S3_BUCKET/x" --database many7 --as back --dry-run --json
	own=$(json .fetches_bytes)
	before=$(written)
	assert_exit 0 pgmuster restore --store "s3://$S3_BUCKET/x" --database many7 --as back
	sent=$(($(written) - before))
	[ "$sent" -gt "$own" ] || fail "only $sent bytes were sent for $own"
	[ -z "${BYTES_SHOW:-}" ] || echo "object $size, asked for $own, sent $sent" >"$BYTES_SHOW"
	[ "$own" -lt $((size / 8)) ] || fail "a fiftieth of $size bytes takes $own"
	[ "$sent" -le $((own + size / 100 + 16 * 1024 * 1024)) ] || fail "$sent bytes for $own"
	[ "$sent" -lt $((size / 2)) ] || fail "$sent bytes of $size"
	for i in $(seq 1 50); do
		sql postgres "DROP DATABASE many$i"
	done
	sql postgres 'DROP DATABASE back'
}

# What the S3 server has written so far: to sockets, once everything is stored.
written() { awk '/^wchar/ { print $2 }' "/proc/$S3_PID/io"; }
