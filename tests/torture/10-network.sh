# shellcheck shell=bash
# A hostile network, made by fault_proxy.c: between pgmuster and S3 each kind of fault at each request, once
# or from there on, at drawn bytes of it; between pgmuster and PostgreSQL at drawn bytes of each
# connection. It may succeed all the same, and then what it made or said is right; or it fails with the
# exit code and the reason that it should. In both cases in time, and nothing is left behind.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/torture/lib.sh"

PROXY=${PGMUSTER_BINDIR:-$ROOT/build/bin}/../fault-proxy
BOUND=30 BOUND_OF_TRICKLE=120 # seconds of one try; two attempts of a trickling request take 41

# PostgreSQL with three databases, one of them larger than a part; on both S3 servers a store with a backup of
# one PUT ("small") and one with a backup of two parts ("large"); the first also as files.
# clean.SERVER.VERB.STORE is what the proxy saw of a run without faults.
setup_file() {
	local database server store verb verbs
	export NETWORK=$T
	start_pg 15
	for database in alpha beta gamma; do
		sql postgres "CREATE DATABASE $database"
		sql $database "CREATE TABLE t AS SELECT g, md5(g::text) AS m FROM generate_series(1, 500) g"
		sql $database "CREATE INDEX ON t (g)"
	done
	sql gamma "INSERT INTO t SELECT g, (SELECT string_agg(encode(sha512((g * 99 + x)::text::bytea), 'hex'), '')
		FROM generate_series(1, 16) x) FROM generate_series(1, 6500) g"
	for server in minio versitygw; do
		start_s3 $server
		verbs='dump verify'
		[ $server = minio ] || verbs="$verbs drill restore"
		echo "export AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL S3_DIR=$S3_DIR" >"$T/$server"
		for store in small large; do
			use $server $store
			run dump || fail "$(cat "$T/err")"
			keep
			for verb in $verbs; do
				clean_run "$verb"
			done
			sql postgres 'DROP DATABASE IF EXISTS restored'
		done
	done
	mkdir -p "$T/files/small"
	use postgres small
	run dump
	keep
	for verb in dump restore; do
		clean_run $verb
	done
	sql postgres 'DROP DATABASE restored'
}

# use minio|versitygw|postgres small|large: between which server and pgmuster the proxy stands, and the store.
use() {
	SERVER=$1 STORE=$2 URL=s3://$S3_BUCKET/$2 MODE=http
	case $1 in
	postgres) URL=file://$NETWORK/files/$2 MODE=raw UPSTREAM=$PGHOST/.s.PGSQL.$PGPORT ;;
	*) . "$NETWORK/$1" && UPSTREAM=${AWS_ENDPOINT_URL##*:} ;;
	esac
}

# run VERB [ARGUMENT...]: with what each try of it has; for at most $TRY_LIMIT seconds.
run() {
	local verb=$1
	shift
	case $verb-$STORE in
	dump-small) set -- "$@" --exclude-database gamma --idle-timeout 4s ;;
	dump-large) set -- "$@" --part-size 5M --parts-in-flight 2 ;;
	restore-small) set -- "$@" --database alpha --as restored ;;
	restore-large) set -- "$@" --database gamma --as restored ;;
	esac
	[ -d "$T/try" ] || mkdir -m 1777 "$T/try"
	PGCONNECT_TIMEOUT=2 TMPDIR=$T/try timeout -s KILL "${TRY_LIMIT:-$BOUND}" pgmuster "$verb" --store "$URL" --json \
		"$@" >"$T/out" 2>"$T/err" </dev/null
}

# run_through [FAULT WHICH [BYTE]] -- VERB: the same with the proxy in between, which sees proxy.log.
run_through() {
	local fault=() code=0 proxy port
	while [ "$1" != -- ]; do
		fault+=("$1") && shift
	done
	: >"$T/proxy.log"
	exec {proxy}< <(exec "$PROXY" "$MODE" "$UPSTREAM" "$T/proxy.log" "${fault[@]}" 3>&-)
	read -r -u "$proxy" port
	if [ "$MODE" = raw ]; then
		PGHOST=127.0.0.1 PGPORT=$port run "$2" || code=$?
	else
		AWS_ENDPOINT_URL=http://127.0.0.1:$port run "$2" --attempts 2 --stall-timeout 2s || code=$?
	fi
	kill $!
	wait $! || true
	exec {proxy}<&-
	return $code
}

clean_run() {
	run_through -- "$1" || fail "$(cat "$T/err")"
	holdings "$T/held"
	sort -n "$T/proxy.log" >"$NETWORK/clean.$SERVER.$1.$STORE"
	remove_new
}

# What the store holds, as files in DIR; see judge_dump.
holdings() {
	local key
	rm -rf "$1" && mkdir "$1"
	case $SERVER in
	postgres) cp -r "$NETWORK/files/$STORE" "$1" ;;
	versitygw) cp -r "$S3_DIR/$S3_BUCKET/$STORE" "$1" ;;
	minio)
		for key in $(s3 GET "?list-type=2&prefix=$STORE%2F" | grep -oP '(?<=<Key>)[^<]*(?=</Key>)'); do
			mkdir -p "$(dirname "$1/$key")"
			s3 GET "$key" -o "$1/$key"
		done
		;;
	esac
}

# The backup of the day that was there before, to be left as it is.
keep() {
	holdings "$T/held"
	remember "$T/held"
	mv "$T/remembered" "$NETWORK/kept.$SERVER.$STORE"
}

# So that each try finds what the one before it found; what is there is in held.
remove_new() {
	local name
	(cd "$T/held" && find . -type f) | while read -r name; do
		grep -qF "  $name" "$NETWORK/kept.$SERVER.$STORE" || case $SERVER in
		postgres) rm "$NETWORK/files/$name" ;;
		*) s3 DELETE "${name#./}" ;;
		esac
	done
}

# plan CLEAN...: a line "server verb store fault which byte" for every fault at every request or connection; in
# drawn order, but each kind of fault before any kind's second, and few of the slow ones.
plan() {
	local file name number up down fault
	for file in "$@"; do
		name=${file##*/clean.}
		while read -r number _ _ up down _; do
			for fault in reset cut stall trickle flip; do
				printf '%s\n' "$fault $number"{,+}" "{"u$(draw "$up")","d$(draw "$down")"}
			done
			echo "refuse $number+"
			for fault in 500 503 429 403 301 200 lost longer shorter range; do
				printf '%s\n' "$fault $number" "$fault $number+"
			done
		done <"$file" | sed "s/^/${name//./ } /"
	done | awk -v seed="$RANDOM" 'BEGIN { srand(seed) } { print rand(), $0 }' | sort -n |
		awk '{ print ++seen[$5] * ($5 == "trickle" ? 8 : 1), $0 }' | sort -s -n -k 1,1 | cut -d' ' -f 3-
}

draw() { echo $(((RANDOM * 32768 + RANDOM) % ($1 > 0 ? $1 : 1))); }

# What the reason has to say. Faults that change bytes are found in many ways.
cause() {
	case $1 in
	stall | trickle) echo 'no byte moved|too slow|timed out|nothing came' ;;
	refuse | reset | cut | lost) echo 'connect|reset|closed|lost|Empty reply|aborted|Recv failure|Send failure' ;;
	500) echo '500|InternalError' ;;
	503) echo '503|SlowDown' ;;
	429) echo '429' ;;
	403) echo '403' ;;
	301) echo 'not the right endpoint|301' ;;
	*) echo . ;;
	esac
}

# Whatever came of it: in time, one reason, no file, no process, no connection.
is_tidy() {
	local verb=$1
	[ "$CODE" != 137 ] || fail "not over in $TRY_LIMIT s" || return
	[ "$CODE" -le 1 ] || [ "$(grep -c "^pgmuster $verb: " "$T/err")" = 1 ] || fail 'no reason, or several' || return
	[ -z "$(ls -A "$T/try")" ] || fail "left in TMPDIR: $(ls -A "$T/try")" || return
	printf '%s' "$T/try" >"$T/pattern"
	eventually 2 nothing_runs || return
	eventually 5 nobody_is_connected
}

nothing_runs() { ! grep -lasF -f "$T/pattern" /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep -v "^/proc/self/"; }

nobody_is_connected() {
	[ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('pgmuster', 'pg_dump', 'pg_dumpall')")" = 0 ]
}

# What a read came to is right: verdicts are of the backup that is there, and restored is what was dumped.
is_right() {
	local from=alpha
	[ "$STORE" = small ] || from=gamma
	[ "$(json .verdict)" = pass ] || return
	case $1 in
	restore) assert_eq "$(sum_of $from)" "$(sum_of restored)" ;;
	*) grep -qF "$(json .key)" "$NETWORK/kept.$SERVER.$STORE" ;;
	esac
}

sum_of() { sql "$1" 'SELECT count(*), sum(hashtext(t::text)) FROM t'; }

judge_read() {
	local attack=$1 verb=$2 fault=$3 which=$4
	if [ "$CODE" = 0 ] && is_right "$verb"; then
		record "$attack" survived
	elif [ "$CODE" = 3 ] && grep -qE "$(cause "$fault")" "$T/err"; then
		record "$attack" clean
	elif [ "$CODE" = 1 ] && [[ $which == *+ && $fault =~ ^(flip|200|longer|shorter|range)$ ]]; then
		record "$attack" clean # it is bad whenever one looks
	else
		record "$attack" wrong "exit code $CODE: $(cat "$T/err")"
	fi
}

# Beyond what stock tools say: what was made verifies, and now and then it is drilled.
is_sound() {
	local key code=$CODE
	[ "$CODE" = 0 ] || return 0
	key=$(json .key)
	run verify --key "$key" || fail "it does not verify: $(cat "$T/err")" || return
	[ $((RANDOM % 8)) != 0 ] || run drill --key "$key" --no-evidence || fail "it fails the drill: $(cat "$T/err")"
	CODE=$code
}

# try SERVER VERB STORE FAULT WHICH [BYTE]
try() {
	local verb=$2 fault=$4 attack
	use "$1" "$3"
	attack="network, $verb, $MODE"
	CODE=0 TRY_LIMIT=$BOUND
	[ "$fault" != trickle ] || TRY_LIMIT=$BOUND_OF_TRICKLE
	run_through "${@:4}" -- "$verb" || CODE=$?
	sed -i '/^pgmuster /,$!d' "$T/err" # the reason, not what was tried again
	[ "$fault-$CODE" != 301-2 ] || CODE=3 # usage is right here: S3 says so to who names a wrong region
	holdings "$T/held"
	cp "$NETWORK/kept.$SERVER.$STORE" "$T/remembered"
	if ! is_tidy "$verb"; then
		record "$attack" wrong "$(cat "$T/err")"
	elif [ "$verb" != dump ]; then
		judge_read "$attack" "$verb" "$fault" "$5"
	elif ! is_sound; then
		record "$attack" wrong
	else
		judge_dump "$attack" "$T/held" "$CODE" "$(cause "$fault")"
	fi
	[ "$(tail -n 1 "$T/torture" | cut -f 2)" != wrong ] || echo "  that was: $*" >&2
	remove_new
	[ "$verb" != restore ] || sql postgres 'DROP DATABASE IF EXISTS restored WITH (FORCE)' 2>/dev/null
}

# try_all FILTER CLEAN...
try_all() {
	local line
	while time_left; do
		while time_left && read -r -u 9 line; do
			# shellcheck disable=SC2086
			try $line
		done 9< <(plan "${@:2}" | grep -E "$1")
	done
}

# What a fault left open, such as a lost answer to the start of an upload, goes with the next dump, once nobody
# can be at work on it any more.
no_upload_stays() {
	local store
	use versitygw large
	s3 POST 'large/2026/01/01/full.sql.zst?uploads=' >/dev/null
	find "$S3_DIR/$S3_BUCKET/.sgwtmp/multipart" -exec touch -d '25 hours ago' {} +
	for store in small large; do
		use versitygw $store
		run dump
		holdings "$T/held"
		remove_new
	done
	assert_not_contains "$(s3 GET '?uploads=')" '<Upload>'
}

test_dump_to_s3_through_faults() {
	try_all . "$NETWORK"/clean.{versitygw,minio}.dump.*
	no_upload_stays
	end_attack
}

test_reading_from_s3_through_faults() {
	try_all . "$NETWORK"/clean.{minio.verify,versitygw.{verify,drill,restore}}.*
	end_attack
}

test_dump_from_postgres_through_faults() {
	try_all ' (refuse|reset|cut|stall|trickle) ' "$NETWORK"/clean.postgres.dump.*
	end_attack
}

# A statement may take any time, so silence is not an end there.
test_restore_into_postgres_through_faults() {
	try_all ' (refuse|reset|cut) ' "$NETWORK"/clean.postgres.restore.*
	end_attack
}

# ends CODE VERB WHICH: how it ends when a bit flips in the largest answer it gets, once ("") or for good ("+").
ends() {
	local code=0 number
	number=$(sort -n -k 5 "$NETWORK/clean.$SERVER.$2.$STORE" | tail -n 1 | cut -d' ' -f 1)
	run_through flip "$number$3" d1000000 -- "$2" || code=$?
	assert_eq "$1" $code "$2"
}

test_damage_on_the_way_is_not_the_backups() {
	use versitygw large
	ends 0 verify ''
	assert_contains "$(json '.notes[0]')" 'read twice; the first time, what came was damaged'
	ends 1 verify +
	assert_json .verdict fail
	ends 3 drill ''
	assert_contains "$(cat "$T/err")" 'damaged on its way from the store, where it is as it was written'
	ends 1 drill +
	assert_json .verdict fail
	holdings "$T/held"
	remove_new
}

test_dump_that_waits_for_a_lock_is_given_up() {
	local code=0
	use postgres small
	sql alpha 'LOCK TABLE t; SELECT pg_sleep(600)' >"$T/holder" 2>&1 &
	eventually 10 is_locked
	run dump || code=$?
	sql postgres "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
	wait $! || true
	assert_eq 3 $code
	assert_contains "$(cat "$T/err")" 'database alpha: pg_dump: nothing came from it for 4 s'
	assert_contains "$(cat "$T/err")" 'it waits for a lock (see pg_locks there)'
}

is_locked() { [ "$(sql alpha "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'")" = 1 ]; }
