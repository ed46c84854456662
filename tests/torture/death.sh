# shellcheck shell=bash
# What 20-death.sh and 21-disk.sh share: a source, stores with the morning's backup, a deed at a moment, and the verdict.

: "${TORTURE_TIME:=6}"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/torture/lib.sh"

declare -A EXIT_OF=([KILL]=137 [TERM]=143 [INT]=130)
TRIES=0 STORES=0 DRAWN=0

setup_file() {
	start_pg 15
	sql postgres 'CREATE DATABASE shop'
	PGDATABASE=shop psql -Xq -v ON_ERROR_STOP=1 >/dev/null <<-'END'
		CREATE TABLE kind (id int PRIMARY KEY, name text UNIQUE);
		INSERT INTO kind SELECT g, 'kind ' || g FROM generate_series(1, 100) g;
		CREATE TABLE item (id serial PRIMARY KEY, kind int REFERENCES kind, name text);
		INSERT INTO item (kind, name) SELECT 1 + g % 100, md5(g::text) FROM generate_series(1, 20000) g;
		CREATE INDEX item_name ON item (name);
		COMMENT ON TABLE item IS 'what is sold';
		SELECT lo_from_bytea(77, 'a large object');
	END
	mkdir "$T/morning"
	pgmuster dump -q --store "file://$T/morning" >/dev/null
	stock_dump >"$T/source"
	export MORNING=$T/morning SOURCE=$T/source
}

# start_clock N: the tries begin now, after the servers have started, and have the Nth part of the time.
start_clock() { TORTURE_END=$((SECONDS + (TORTURE_TIME + $1 - 1) / $1)); }

send_signal() { kill -"$SIGNAL" "$VICTIM"; }

# What changes the world outside, or waits for it.
CALLS=openat,mkdir,flock,chmod,chown,fchown,fchmod,rename,renameat2,link,unlink,write,fsync
CALLS+=,clone,clone3,vfork,setpgid,kill,pidfd_send_signal,waitid,wait4,socket,connect,sendto,recvfrom

# ... TRACE COMMAND...: its threads' system calls, not those of other programs that it starts.
TRACED=(strace -qqq -f -b execve -e trace="$CALLS" -o)

# strike MS DEED COMMAND...: starts COMMAND, does DEED after so many milliseconds, to $VICTIM for one; send_signal is done at
# call $CALL instead, if there is one. "$CODE" is its exit code, $TOOK the milliseconds from the deed to its end.
strike() {
	local ms=$1 deed=$2 since
	shift 2
	[ "$deed" != send_signal ] || [ -z "${CALL:-}" ] || {
		ms=0 deed=true
		set -- "${TRACED[@]}" /dev/null -e inject="$CALLS:signal=$SIGNAL:when=$CALL" "$@"
	}
	CODE=0 TRY=$T/try-$((TRIES += 1))-
	env DEATH="$TRY" "$@" >"$T/out" 2>"$T/err" &
	VICTIM=$!
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	since=$(milliseconds)
	"$deed" 2>/dev/null || true
	wait "$VICTIM" 2>/dev/null || CODE=$?
	TOOK=$(($(milliseconds) - since))
}

# rehearse UNDO COMMAND...: clean runs, for draw.
rehearse() {
	local undo=$1 since
	shift
	since=$(milliseconds)
	"$@" >"$T/out" 2>"$T/err" || fail "$*: $(cat "$T/err")"
	CLEAN_MS=$(($(milliseconds) - since))
	eval "$undo"
	"${TRACED[@]}" "$T/trace" "$@" >"$T/out" 2>"$T/err" || fail "$*: $(cat "$T/err")"
	CLEAN_CALLS=$(awk '!/resumed>/ && ++n[$1] > max { max++ } END { print max }' "$T/trace")
	eval "$undo"
	"${TRACED[@]}" "$T/trace" pgmuster --version >/dev/null
	CALLS_BEFORE_MAIN=$(wc -l <"$T/trace")
}

# draw: $SIGNAL is the next to send. $MS is a moment of the command that was rehearsed, every second time or so near its
# end; $CALL is empty, or the system call of a thread to send it at: given the time, each. $EARLY is 1 before main().
draw() {
	local from=$((RANDOM % 100 < 50 ? 0 : CLEAN_MS * 7 / 10)) signals=(KILL TERM INT) turn=$((DRAWN / 6))
	export SIGNAL=${signals[DRAWN % 3]} MS=$((from + RANDOM % (CLEAN_MS - from + 20)))
	CALL='' EARLY=$((MS < 200))
	[ $((DRAWN / 3 % 2)) = 0 ] || CALL=$((1 + turn * 7919 % CLEAN_CALLS)) EARLY=$((CALL <= CALLS_BEFORE_MAIN))
	DRAWN=$((DRAWN + 1))
}

# Of the last victim's children, and of scratch servers.
nobody_left() {
	! grep -qasF "DEATH=$TRY" /proc/[0-9]*/environ &&
		[ -z "$(find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$T/scratch/*" 2>/dev/null)" ]
}

partials() { find "$1" -name '*.partial'; }

# fault_of_end SIGNAL|'': prints what is wrong with how the last victim ended, whatever it was to do.
fault_of_end() {
	if [ "$TOOK" -gt 12000 ]; then
		echo "it took $TOOK ms to end"
	elif ! [[ " 0 ${EXIT_OF[${1:-none}]:-3} " == *" $CODE "* ]]; then
		echo "exit code $CODE after ${1:-a fault}: $(cat "$T/err")"
	elif ! eventually 10 nobody_left 2>/dev/null; then
		echo "left running after ${1:-a fault}"
	elif [ "$CODE" = 3 ] && ! grep -q '^pgmuster ' "$T/err"; then
		echo 'no reason was given'
	fi
}

# judge_death ATTACK DIR SIGNAL|'' [CAUSE]: like judge_dump. One that died after its manifest was there has survived.
judge_death() {
	local attack=$1 dir=$2 signal=$3 new fault
	fault=$(fault_of_end "$signal")
	new=$(new_manifests "$dir")
	if [ -n "$fault" ]; then
		record "$attack" wrong "$fault"
	elif [ "$CODE" != 137 ] && [ -z "${MAY_LEAVE:-}" ] && [ -n "$(partials "$dir")" ]; then
		record "$attack" wrong "left behind: $(partials "$dir")"
	elif [ "$CODE" != 0 ] && [ -n "$new" ] && is_unharmed "$dir" && check_backup "$dir/${new%.manifest.json}"; then
		record "$attack" survived
	elif [ "$CODE" != 0 ] && [ -n "$signal" ] && [ "${EARLY:-0}" = 1 ] && [ ! -s "$T/err" ]; then
		judge_dump "$attack" "$dir" 137 # a signal leaves no time for a word
	else
		judge_dump "$attack" "$dir" "$CODE" "${4:-$([ -z "$signal" ] || echo "cancelled by SIG$signal")}"
	fi
}

# A store with the morning's backup: $STORE in directory $DIR.
new_store() {
	rm -rf "$T"/store-*
	DIR=$T/store-$((STORES += 1)) STORE=file://$T/store-$STORES
	cp -r "$MORNING" "$DIR"
	remember "$DIR"
}

dump() { pgmuster dump -q --store "$STORE"; }

# What the next run makes of what is left: it takes another key, removes what nobody owns, and all that has no manifest
# is called incomplete.
next_run_copes() {
	local incomplete
	incomplete=$(find "$DIR" -name '*.sql.zst' | while read -r dump; do
		[ -e "$dump.manifest.json" ] || echo x
	done | wc -l)
	dump >"$T/out" 2>"$T/err" && pgmuster list --store "$STORE" --json >"$T/out" && [ -z "$(partials "$DIR")" ] &&
		is_unharmed "$DIR" && assert_json '[.backups[] | select(.status == "incomplete")] | length' "$incomplete" &&
		assert_json '[.backups[] | select(.status == "complete")] | length > 1' true &&
		pgmuster verify -q --store "$STORE" >"$T/out"
}

# The newest backup, by zstd and psql alone, is the source.
psql_restores() (
	dump=$(find "$1" -name '*.manifest.json' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
	start_pg 15
	zstd -dc "${dump%.manifest.json}" | psql -Xq -d postgres >/dev/null 2>&1
	stock_dump >"$T/second"
	kill_pg
	diff <(sort "$SOURCE") <(sort "$T/second") >&2
)

# The next run, always if something has to be removed.
next_run() {
	[ -z "$(partials "$DIR")" ] && [ $((TRIES % 5)) != 0 ] || next_run_copes ||
		record "$1" wrong "the next run does not cope: $(cat "$T/err")"
}

# judge_drill ATTACK SIGNAL|'' [CAUSE]
judge_drill() {
	local attack=$1 signal=$2 cause=${3:-scratch server|PostgreSQL|pg_dump|initdb|SIGKILL} fault left
	fault=$(fault_of_end "$signal")
	left=$(ls "$T/scratch")
	if [ -n "$fault" ]; then
		record "$attack" wrong "$fault"
	elif [ "$CODE" != 137 ] && [ -n "$left" ]; then
		record "$attack" wrong "left behind: $left"
	elif [ "$CODE" = 0 ]; then
		record "$attack" survived
	elif [ "$CODE" = 3 ] && ! grep -qE "$cause" "$T/err"; then
		record "$attack" wrong "said: $(cat "$T/err")"
	else
		record "$attack" clean
	fi
}
