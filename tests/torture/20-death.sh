# Sudden death, at any moment: of pgmuster, of its children, of the server, of the store, of the disk. What is left
# is sound or is no backup, nothing that was there is harmed, and nothing stays behind for longer than to the next run.

: "${TORTURE_TIME:=6}"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$ROOT/tests/torture/lib.sh"

FAULTY=$ROOT/build/faulty_disk.so
declare -A EXIT_OF=([KILL]=137 [TERM]=143 [INT]=130)
TRIES=0 STORES=0
CAUSE='Input/output error|No space left on device'

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

# More than one part for an upload to S3.
big_database() {
	sql postgres 'CREATE DATABASE big'
	sql big 'CREATE TABLE t AS SELECT g, md5(g::text) || md5((-g)::text) AS x FROM generate_series(1, 300000) g'
}

# strike MS DEED COMMAND...: starts COMMAND, does DEED after so many milliseconds (to $VICTIM, for one). $CODE is its
# exit code, $TOOK the milliseconds from the deed to its end.
strike() {
	local ms=$1 deed=$2 since
	shift 2
	CODE=0 TRY=$T/try-$((TRIES += 1))-
	env DEATH="$TRY" "$@" >"$T/out" 2>"$T/err" &
	VICTIM=$!
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	since=$(milliseconds)
	eval "$deed" 2>/dev/null || true
	wait $VICTIM 2>/dev/null || CODE=$?
	TOOK=$(($(milliseconds) - since))
}

# duration COMMAND...: of a clean run, in milliseconds.
duration() {
	local since
	since=$(milliseconds)
	"$@" >"$T/out" 2>"$T/err" || fail "$*: $(cat "$T/err")"
	echo $(($(milliseconds) - since))
}

# draw MS: $MS is a moment in so much time, every second time near its end; $SIGNAL one to send.
draw() {
	local from=$((RANDOM / 16384 * $1 * 7 / 10)) signals=(KILL TERM INT)
	MS=$((from + RANDOM % ($1 - from + 20))) SIGNAL=${signals[RANDOM / 10923]}
}

# Of the last victim's children, and of the servers below a directory.
nobody_left() {
	! grep -qasF "DEATH=$TRY" /proc/[0-9]*/environ && ! find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$T/scratch/*" 2>/dev/null | grep -q .
}

partials() { find "$1" -name '*.partial'; }

# ended SIGNAL|'': what is true of every end. Prints what is wrong.
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
	elif [ $CODE != 137 ] && [ -z "${MAY_LEAVE:-}" ] && [ -n "$(partials "$dir")" ]; then
		record "$attack" wrong "left behind: $(partials "$dir")"
	elif [ $CODE != 0 ] && [ -n "$new" ] && is_unharmed "$dir" && check_backup "$dir/${new%.manifest.json}"; then
		record "$attack" survived
	else
		judge_dump "$attack" "$dir" $CODE "${4:-$([ -z "$signal" ] || echo "cancelled by SIG$signal")}"
	fi
}

# A store with the morning's backup: $STORE in directory $DIR.
new_store() {
	rm -rf "$T"/store-*
	DIR=$T/store-$((STORES += 1)) STORE=file://$T/store-$STORES
	cp -r "$MORNING" "$DIR"
	remember "$DIR"
}

dump() { pgmuster dump -q --store "$STORE" "$@"; }

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

test_dump_killed() {
	local took attack
	new_store
	took=$(duration dump)
	while time_left; do
		draw "$took"
		attack="dump to files, SIG$SIGNAL"
		new_store
		strike $MS "kill -$SIGNAL \$VICTIM" pgmuster dump -q --store "$STORE"
		judge_death "$attack" "$DIR" $SIGNAL
		next_run "$attack"
		[ $((TRIES % 50)) != 10 ] || psql_restores "$DIR" || record "$attack" wrong 'psql restores something else'
	done
	end_attack
}

# Its first child that is there.
kill_child() {
	eventually 2 pgrep -P "$VICTIM" >"$T/children"
	kill -KILL "$(head -n 1 "$T/children")"
}

test_dump_of_a_server_that_dies() {
	local took
	start_pg 15
	zstd -dc "$MORNING"/*/*/*/full.sql.zst | psql -Xq -d postgres >/dev/null 2>&1
	new_store
	took=$(duration dump)
	while time_left; do
		draw "$took"
		new_store
		if [ $((TRIES % 3)) = 2 ]; then
			strike $MS kill_child pgmuster dump -q --store "$STORE"
			judge_death 'dump, its child killed' "$DIR" '' 'killed by SIGKILL'
		else
			strike $MS kill_pg pgmuster dump -q --store "$STORE"
			judge_death 'dump, PostgreSQL killed' "$DIR" '' 'PostgreSQL|pg_dump|server closed'
			restart_pg
		fi
		next_run 'dump, PostgreSQL killed'
	done
	end_attack
}

# Everything below $PREFIX of the bucket, as files in DIR.
fetch_store() {
	local key
	rm -rf "$1"
	mkdir -p "$1"
	s3 GET "?list-type=2&prefix=$PREFIX" | grep -o '<Key>[^<]*' | cut -c 6- | while read -r key; do
		mkdir -p "$1/$(dirname "${key#"$PREFIX"/}")"
		s3 GET "$key" -o "$1/${key#"$PREFIX"/}"
	done
}

open_uploads() { s3 GET '?uploads=' | grep -o '<Key>[^<]*' || true; }

# A store with the morning's backup, of which $DIR is a copy: $STORE, below $PREFIX.
new_s3_store() {
	local file
	PREFIX=t$((STORES += 1)) DIR=$T/copy
	STORE=s3://$S3_BUCKET/$PREFIX
	(cd "$MORNING" && find . -type f) | while read -r file; do
		s3 PUT "$PREFIX/${file#./}" -T "$MORNING/$file" >/dev/null
	done
	remember "$MORNING"
}

kill_s3() {
	kill -KILL "$S3_PID"
	wait "$S3_PID"
}

# Uploads that nobody ended; those of today may be somebody else's.
open_uploads() { s3 GET '?uploads=' | grep -o "<Key>$PREFIX/[^<]*" || true; }

next_day_copes() {
	find "$S3_DIR/$S3_BUCKET/.sgwtmp/multipart" -exec touch -d '2 days ago' {} +
	pgmuster dump -q --store "$STORE" --exclude-database big >"$T/out" 2>"$T/err" && [ -z "$(open_uploads)" ]
}

# The store gets a dump in parts, and one of both dies.
attack_s3() {
	local took attack
	start_pg 15
	big_database
	start_s3 "$1"
	new_s3_store
	took=$(duration dump --part-size 5M)
	while time_left; do
		draw "$took"
		new_s3_store
		if [ $((TRIES % 3)) = 2 ]; then
			SIGNAL='' attack="dump to $1, which is killed"
			strike $MS kill_s3 pgmuster dump -q --store "$STORE" --part-size 5M --attempts 2
			kill -0 "$S3_PID" 2>/dev/null || restart_s3
		else
			attack="dump to $1, SIG$SIGNAL"
			strike $MS "kill -$SIGNAL \$VICTIM" pgmuster dump -q --store "$STORE" --part-size 5M
		fi
		eventually 30 fetch_store "$DIR" 2>/dev/null # MinIO says 503 at first
		judge_death "$attack" "$DIR" "$SIGNAL"
		if [[ $SIGNAL == @(TERM|INT) && -n $(open_uploads) ]]; then
			record "$attack" wrong "left open: $(open_uploads)"
		elif [ "$1" = versitygw ] && [ -n "$(open_uploads)" ]; then
			next_day_copes || record "$attack" wrong "still open a day later: $(open_uploads)"
		fi
	done
	end_attack
}

test_dump_to_versitygw() { attack_s3 versitygw; }
test_dump_to_minio() { attack_s3 minio; }

kill_scratch() { kill -KILL "$(head -n 1 "$T"/scratch/*/data/postmaster.pid)"; }

# A process of the scratch server, as the kernel would choose one when memory is short.
kill_backend() {
	local pids
	mapfile -t pids < <(pgrep -P "$(head -n 1 "$T"/scratch/*/data/postmaster.pid)")
	kill -KILL "${pids[RANDOM % ${#pids[@]}]}"
}

# judge_drill ATTACK SIGNAL|'' [CAUSE]
judge_drill() {
	local attack=$1 signal=$2 cause=${3:-scratch server|PostgreSQL|pg_dump|initdb|SIGKILL} fault left
	fault=$(fault_of_end "$signal")
	left=$(ls "$T/scratch")
	if [ -n "$fault" ]; then
		record "$attack" wrong "$fault"
	elif [ $CODE != 137 ] && [ -n "$left" ]; then
		record "$attack" wrong "left behind: $left"
	elif [ $CODE = 0 ]; then
		record "$attack" survived
	elif [ $CODE = 3 ] && ! grep -qE "$cause" "$T/err"; then
		record "$attack" wrong "said: $(cat "$T/err")"
	else
		record "$attack" clean
	fi
}

test_drill_killed() {
	local took attack deeds=('kill -"$SIGNAL" "$VICTIM"' 'kill -"$SIGNAL" "$VICTIM"' kill_child kill_scratch kill_backend)
	mkdir "$T/scratch"
	chmod 777 "$T/scratch"
	drill=(pgmuster drill -q --no-evidence --store "file://$MORNING" --check content --scratch-directory "$T/scratch")
	took=$(duration "${drill[@]}")
	while time_left; do
		draw "$took"
		deed=${deeds[RANDOM % 5]}
		attack="drill, $deed"
		[[ $deed == kill_* ]] && SIGNAL='' || attack="drill, SIG$SIGNAL"
		strike $MS "$deed" "${drill[@]}"
		judge_drill "$attack" "$SIGNAL"
		[ -z "$(ls "$T/scratch")" ] || { "${drill[@]}" >"$T/out" 2>"$T/err" && [ -z "$(ls "$T/scratch")" ]; } ||
			record "$attack" wrong "the next drill leaves $(ls "$T/scratch"): $(cat "$T/err")"
	done
	end_attack
}

# A database, or some of it, as pg_dump says it.
content() { PGDATABASE=$1 pg_dump "${@:2}" | sed -E '/^\\(un)?restrict /d' | sort_rows; }

is_there() {
	case $1 in
	database) [ -n "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = 'back'")" ] ;;
	table) [ -n "$(sql shelf "SELECT 1 FROM pg_class WHERE relname = 'item'")" ] ;;
	esac
}

is_whole() {
	case $1 in
	database) diff "$T/wanted.database" <(content back) ;;
	table) diff "$T/wanted.table" <(content shelf -t 'item*') ;;
	esac >"$T/difference"
}

is_idle() { [ -z "$(sql postgres "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pgmuster'")" ]; }

# judge_restore ATTACK WHAT COMMAND...: the same command again says that something is there already, or succeeds. A table
# is whole or not there.
judge_restore() {
	local attack=$1 what=$2 fault again=0 found=no
	fault=$(fault_of_end "$SIGNAL")
	eventually 10 is_idle
	! is_there "$what" || found=yes
	shift 2
	"$@" >"$T/out" 2>"$T/err.again" || again=$?
	if [ -n "$fault" ]; then
		record "$attack" wrong "$fault"
	elif [ $found = yes ] && { [ $again != 3 ] || ! grep -qE 'has a (database|table) .* already' "$T/err.again"; }; then
		record "$attack" wrong "it is there, and the next restore ends with $again: $(cat "$T/err.again")"
	elif [ $found = no ] && [ $again$CODE != "0$CODE" ]; then
		record "$attack" wrong "it is not there, and the next restore ends with $again: $(cat "$T/err.again")"
	elif [ $CODE = 0 ] && [ $found = no ]; then
		record "$attack" wrong 'success, and nothing is there'
	elif { [ "$what" = table ] || [ $found = no ] || [ $CODE = 0 ]; } && ! is_whole "$what"; then
		record "$attack" wrong "not what was dumped: $(head "$T/difference")"
	elif [ $CODE = 0 ]; then
		record "$attack" survived
	else
		record "$attack" clean
	fi
}

# attack_restore WHAT UNDO COMMAND...
attack_restore() {
	local what=$1 undo=$2 took attack deed
	shift 2
	took=$(duration "$@")
	while time_left; do
		eval "$undo"
		draw "$took"
		deed='kill -"$SIGNAL" "$VICTIM"' attack="restore a $what, SIG$SIGNAL"
		[ $((TRIES % 3)) != 2 ] || SIGNAL='' deed=kill_pg attack="restore a $what, PostgreSQL killed"
		strike $MS "$deed" "$@"
		[ -n "$SIGNAL" ] || restart_pg
		judge_restore "$attack" "$what" "$@"
	done
}

test_restore_killed() {
	content shop >"$T/wanted.database"
	content shop -t 'item*' >"$T/wanted.table"
	start_pg 15
	sql postgres 'CREATE DATABASE shelf'
	restore=(pgmuster restore -q --store "file://$MORNING" --database shop)
	"${restore[@]}" --as shelf --table public.kind >/dev/null
	TORTURE_END=$((SECONDS + TORTURE_TIME / 2))
	attack_restore database 'sql postgres "DROP DATABASE IF EXISTS back"' "${restore[@]}" --as back
	TORTURE_END=$((SECONDS + TORTURE_TIME / 2))
	attack_restore table 'sql shelf "DROP TABLE IF EXISTS item"' "${restore[@]}" --as shelf --table public.item
	end_attack
}

# What was uploaded is the file, or nothing; without a .sha256 only if that was said, or could not be said any more.
judge_upload() {
	local attack=$1 dir=$2 fault
	fault=$(fault_of_end "$SIGNAL")
	if [ -n "$fault" ]; then
		record "$attack" wrong "$fault"
	elif ! is_unharmed "$dir"; then
		record "$attack" wrong "an earlier object changed: $(cat "$T/harm")"
	elif [ -e "$dir/file" ] && ! cmp -s "$T/file" "$dir/file"; then
		record "$attack" wrong 'the object is not the file'
	elif [ $CODE = 0 ] || [ -e "$dir/file.sha256" ]; then
		if (cd "$dir" && sha256sum --quiet -c file.sha256); then
			record "$attack" survived
		else
			record "$attack" wrong 'not as its .sha256 says'
		fi
	elif [ -e "$dir/file" ] && [ $CODE != 137 ] && ! grep -qE 'all the same|itself is stored' "$T/err"; then
		record "$attack" wrong "the object is there, and it said: $(cat "$T/err")"
	else
		record "$attack" clean
	fi
}

test_upload_killed() {
	local took attack
	head -c 24M /dev/urandom >"$T/file"
	start_s3 versitygw
	new_s3_store
	upload=(pgmuster upload -q --part-size 5M --attempts 2 --key file "$T/file" --store)
	took=$(duration "${upload[@]}" "$STORE")
	while time_left; do
		draw "$took"
		attack="upload to files, SIG$SIGNAL"
		new_store
		strike $MS "kill -$SIGNAL \$VICTIM" "${upload[@]}" "$STORE"
		judge_upload "$attack" "$DIR"
		[ -z "$(partials "$DIR")" ] || { [ $SIGNAL = KILL ] && "${upload[@]}" "$STORE" --key other >/dev/null && [ -z "$(partials "$DIR")" ]; } ||
			record "$attack" wrong "left behind: $(partials "$DIR")"

		draw "$took"
		attack="upload to versitygw, SIG$SIGNAL"
		new_s3_store
		if [ $((TRIES % 3)) = 2 ]; then
			SIGNAL='' attack="upload to versitygw, which is killed"
			strike $MS kill_s3 "${upload[@]}" "$STORE"
			kill -0 "$S3_PID" 2>/dev/null || restart_s3
		else
			strike $MS "kill -$SIGNAL \$VICTIM" "${upload[@]}" "$STORE"
		fi
		eventually 30 fetch_store "$DIR" 2>/dev/null
		judge_upload "$attack" "$DIR"
		[[ $SIGNAL != @(TERM|INT) || -z $(open_uploads) ]] || record "$attack" wrong "left open: $(open_uploads)"
	done
	end_attack
}

# faulty [NAME=VALUE...] dump into $STORE, on a disk that fails. The log of its calls is $T/calls.
faulty_dump() {
	rm -f "$T/calls"
	CODE=0 TOOK=0
	env DEATH="$TRY" FAULTY_DIRECTORY="$DIR" FAULTY_LOG="$T/calls" "$@" LD_PRELOAD="$FAULTY" \
		pgmuster dump -q --store "$STORE" >"$T/out" 2>"$T/err" || CODE=$?
}

# What is left on the disk after the power went, by the calls so far.
judge_power_cut() {
	local mode whole=$DIR
	for mode in all last none; do
		DIR=$T/cut
		rm -rf "$DIR"
		cp -r "$whole" "$DIR"
		sed "s,$whole,$DIR,g" "$T/calls" >"$T/calls.cut"
		"$ROOT/tests/torture/power_cut" "$T/calls.cut" $mode
		if [ $CODE = 0 ]; then
			judge_dump "${1:-power cut after a dump}" "$DIR" 0
		else
			judge_death "${1:-power cut}" "$DIR" KILL
		fi
	done
	DIR=$whole
}

# Without one of its syncs a power cut would harm: else this attack proves nothing.
test_power_cut_would_be_noticed() {
	local lie
	for lie in file directory; do
		new_store
		TRY=none faulty_dump FAULTY_LIE=$lie
		(RUN=$T && judge_power_cut lie) 2>/dev/null
		assert_contains "$(cat "$T/torture")" wrong
		rm "$T/torture"
	done
}

judge_fault() {
	if [ $CODE = 3 ] && [ -n "$(new_manifests "$DIR")" ] && ! grep -q 'is there all the same' "$T/err"; then
		record "$1" wrong "it failed, and the backup is there: $(cat "$T/err")"
	else
		judge_death "$1" "$DIR" '' "$CAUSE"
	fi
}

# Every call that touches the store, and bytes of it: given the time, all calls, in any order.
faults() {
	local how
	for how in EIO ENOSPC EIO+ KILL; do
		seq -f "FAULTY_CALL=%.0f $how" $(($(wc -l <"$T/calls") + 1))
	done
	shuf -n 50 -i "1-$(awk '$1 == "write" { n += $3 } END { print n }' "$T/calls")" | sed 's/.*/FAULTY_BYTE=& ENOSPC/'
}

test_disk_fails() {
	local at how attack TRY=none MAY_LEAVE=yes
	new_store
	faulty_dump
	assert_eq 0 $CODE "$(cat "$T/err")"
	judge_power_cut
	{
		awk '/^link.*manifest.json$/ { visible = NR } /^sync/ && visible { print "FAULTY_CALL=" NR " EIO"; exit }' "$T/calls"
		faults | shuf --random-source=<(yes "${TORTURE_SEED:-1}")
	} >"$T/faults"
	while read -r at how && time_left; do
		TRY=$T/try-$((TRIES += 1))-
		new_store
		faulty_dump "$at" FAULTY_HOW="${how%+}" FAULTY_SINCE="${how//[^+]/}"
		if [ "$how" = KILL ]; then
			attack='SIGKILL at a call of the disk'
			judge_death "$attack" "$DIR" KILL
			judge_power_cut
		else
			attack="$how at a call of the disk"
			[ "${at%=*}" = FAULTY_CALL ] || attack='full disk from a byte on'
			judge_fault "$attack"
		fi
		next_run "$attack"
	done <"$T/faults"
	end_attack
}

# on_small_disk MB COMMAND...: a file system of that size is on $T/disk, in a name space of its own. What is there first is
# of $T/before, and what is left is in $T/after.
on_small_disk() {
	local flags=-rm
	CODE=0
	[ "$(id -u)" != 0 ] || flags=-m
	rm -rf "$T/after"
	mkdir -p "$T/disk" "$T/before"
	# shellcheck disable=SC2016
	unshare $flags bash -c 'mount -t tmpfs -o size="$1",mode=777 none "$T/disk" && cp -r "$T/before/." "$T/disk" && mkdir -m 777 "$T/disk/scratch" || exit 99
		shift
		code=0
		"$@" || code=$?
		cp -r "$T/disk" "$T/after"
		exit $code' - "$@" >"$T/out" 2>"$T/err" || CODE=$?
}

test_full_disk() {
	local need attack TRY=none TOOK=0
	cp -r "$MORNING" "$T/before"
	remember "$T/before"
	need=$(du -sk "$T/before" | cut -f1)
	on_small_disk 100m true
	[ $CODE = 0 ] || skip "no tmpfs can be mounted: $(cat "$T/err")"
	while time_left; do
		on_small_disk $((need + 24 + RANDOM % (need + 100)))k pgmuster dump -q --store "file://$T/disk"
		judge_death 'dump to a full file system' "$T/after" '' "$CAUSE"
		[ $((RANDOM / 16384)) = 0 ] || continue
		mkdir -p "$T/scratch"
		on_small_disk $((20 + RANDOM % 80))m pgmuster drill -q --store "file://$MORNING" --no-evidence --scratch-directory "$T/disk/scratch"
		rm -rf "$T/scratch"
		cp -r "$T/after/scratch" "$T/scratch"
		judge_drill 'drill on a full file system' '' 'No space left|Resource'
	done
	end_attack
}
