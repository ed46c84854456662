# Sudden death, at any moment: of pgmuster, of its children, of the server, of the store. What is left
# is sound or is no backup, nothing that was there is harmed, and nothing stays behind for longer than to the next run.

# shellcheck source-path=SCRIPTDIR source=death.sh
. "$ROOT/tests/torture/death.sh"

# More than one part for an upload to S3.
big_database() {
	sql postgres 'CREATE DATABASE big'
	sql big 'CREATE TABLE t AS SELECT g, md5(g::text) || md5((-g)::text) AS x FROM generate_series(1, 300000) g'
}

test_dump_killed() {
	local attack
	new_store
	rehearse : pgmuster dump -q --store "$STORE"
	start_clock 1
	while time_left; do
		draw
		attack="dump to files, SIG$SIGNAL"
		new_store
		strike $MS send_signal pgmuster dump -q --store "$STORE"
		judge_death "$attack" "$DIR" "$SIGNAL"
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
	start_pg 15
	zstd -dc "$MORNING"/*/*/*/full.sql.zst | psql -Xq -d postgres >/dev/null 2>&1
	new_store
	rehearse : pgmuster dump -q --store "$STORE"
	start_clock 1
	while time_left; do
		draw
		new_store
		if [ $((TRIES % 4)) = 1 ]; then
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
	local attack
	start_pg 15
	big_database
	start_s3 "$1"
	new_s3_store
	rehearse : pgmuster dump -q --store "$STORE" --part-size 5M
	start_clock 1
	while time_left; do
		draw
		new_s3_store
		if [ $((TRIES % 4)) = 1 ]; then
			SIGNAL='' attack="dump to $1, which is killed"
			strike $MS kill_s3 pgmuster dump -q --store "$STORE" --part-size 5M --attempts 2
			kill -0 "$S3_PID" 2>/dev/null || restart_s3
		else
			attack="dump to $1, SIG$SIGNAL"
			strike $MS send_signal pgmuster dump -q --store "$STORE" --part-size 5M
		fi
		eventually 30 fetch_store "$DIR" 2>/dev/null # MinIO says 503 at first
		judge_death "$attack" "$DIR" "$SIGNAL"
		if [[ "$SIGNAL" == @(TERM|INT) && -n $(open_uploads) ]]; then
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
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[RANDOM % ${#pids[@]}]}"
}

test_drill_killed() {
	local attack deeds=(send_signal kill_scratch send_signal kill_backend kill_child)
	mkdir "$T/scratch"
	chmod 777 "$T/scratch"
	drill=(pgmuster drill -q --no-evidence --store "file://$MORNING" --check content --scratch-directory "$T/scratch")
	rehearse : "${drill[@]}"
	start_clock 1
	while time_left; do
		draw
		deed=${deeds[TRIES % 5]} attack="drill, $deed"
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
	server) [ -n "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = 'shop'")" ] ;;
	database) [ -n "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = 'back'")" ] ;;
	table) [ -n "$(sql shelf "SELECT 1 FROM pg_class WHERE relname = 'item'")" ] ;;
	esac
}

is_whole() {
	case $1 in
	server) diff "$T/wanted.database" <(content shop) ;;
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
	elif [ $found = yes ] && { [ $again != 3 ] || ! grep -qE 'has a (database|table) ' "$T/err.again"; }; then
		record "$attack" wrong "it is there, and the next restore ends with $again: $(cat "$T/err.again")"
	elif [ $found = no ] && [ $again != 0 ]; then
		record "$attack" wrong "it is not there, and the next restore ends with $again: $(cat "$T/err.again")"
	elif [ "$CODE" = 0 ] && [ $found = no ]; then
		record "$attack" wrong 'success, and nothing is there'
	elif { [ "$what" = table ] || [ $found = no ] || [ "$CODE" = 0 ]; } && ! is_whole "$what"; then
		record "$attack" wrong "not what was dumped: $(head "$T/difference")"
	elif [ "$CODE" = 0 ]; then
		record "$attack" survived
	else
		record "$attack" clean
	fi
}

# attack_restore WHAT UNDO COMMAND...
attack_restore() {
	local what=$1 undo=$2 attack deed
	shift 2
	rehearse "$undo" "$@"
	start_clock 3
	while time_left; do
		eval "$undo"
		draw
		deed=send_signal attack="restore a $what, SIG$SIGNAL"
		[ $((TRIES % 4)) != 1 ] || SIGNAL='' deed=kill_pg attack="restore a $what, PostgreSQL killed"
		strike $MS "$deed" "$@"
		[ -n "$SIGNAL" ] || restart_pg
		judge_restore "$attack" "$what" "$@"
	done
}

test_restore_killed() {
	local all=(pgmuster restore -q --store "file://$MORNING") one=(--database shop --as)
	content shop >"$T/wanted.database"
	content shop -t 'item*' >"$T/wanted.table"
	start_pg 15
	attack_restore server 'sql postgres "DROP DATABASE IF EXISTS shop"' "${all[@]}"
	sql postgres 'DROP DATABASE IF EXISTS shop'
	attack_restore database 'sql postgres "DROP DATABASE IF EXISTS back"' "${all[@]}" "${one[@]}" back
	sql postgres 'CREATE DATABASE shelf'
	"${all[@]}" "${one[@]}" shelf --table public.kind >/dev/null
	attack_restore table 'sql shelf "DROP TABLE IF EXISTS item"' "${all[@]}" "${one[@]}" shelf --table public.item
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
	elif [ "$CODE" = 0 ] || [ -e "$dir/file.sha256" ]; then
		if (cd "$dir" && sha256sum --quiet -c file.sha256); then
			record "$attack" survived
		else
			record "$attack" wrong 'not as its .sha256 says'
		fi
	elif [ -e "$dir/file" ] && [ "$CODE" != 137 ] &&
		! is_unsure file && ! grep -qE 'all the same|itself is stored' "$T/err"; then
		record "$attack" wrong "the object is there, and it said: $(cat "$T/err")"
	else
		record "$attack" clean
	fi
}

UPLOAD=(pgmuster upload -q --part-size 5M --attempts 2 --key file)

test_upload_to_files_killed() {
	local attack
	head -c 24M /dev/urandom >"$T/file"
	new_store
	rehearse "rm $DIR/file*" "${UPLOAD[@]}" "$T/file" --store "$STORE"
	start_clock 1
	while time_left; do
		draw
		attack="upload to files, SIG$SIGNAL"
		new_store
		strike $MS send_signal "${UPLOAD[@]}" "$T/file" --store "$STORE"
		judge_upload "$attack" "$DIR"
		[ -z "$(partials "$DIR")" ] || { [ "$SIGNAL" = KILL ] && "${UPLOAD[@]}" --key other "$T/file" --store "$STORE" >/dev/null && [ -z "$(partials "$DIR")" ]; } ||
			record "$attack" wrong "left behind: $(partials "$DIR")"
	done
	end_attack
}

test_upload_to_versitygw_killed() {
	local attack
	head -c 24M /dev/urandom >"$T/file"
	start_s3 versitygw
	new_s3_store
	rehearse "s3 DELETE $PREFIX/file; s3 DELETE $PREFIX/file.sha256" "${UPLOAD[@]}" "$T/file" --store "$STORE"
	start_clock 1
	while time_left; do
		draw
		attack="upload to versitygw, SIG$SIGNAL"
		new_s3_store
		if [ $((TRIES % 4)) = 1 ]; then
			SIGNAL='' attack="upload to versitygw, which is killed"
			strike $MS kill_s3 "${UPLOAD[@]}" "$T/file" --store "$STORE"
			kill -0 "$S3_PID" 2>/dev/null || restart_s3
		else
			strike $MS send_signal "${UPLOAD[@]}" "$T/file" --store "$STORE"
		fi
		eventually 30 fetch_store "$DIR" 2>/dev/null
		judge_upload "$attack" "$DIR"
		[[ "$SIGNAL" != @(TERM|INT) || -z $(open_uploads) ]] || record "$attack" wrong "left open: $(open_uploads)"
	done
	end_attack
}
