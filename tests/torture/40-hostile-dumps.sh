# Dumps and stores of somebody who means harm. Nothing of theirs is done by pgmuster itself; what their SQL does is
# done to a server that is thrown away, within bounds of memory and time. Each harm has a witness (a file in $LOOT, a
# port that somebody listens at), and is first shown to reach it: by psql, or by the server without us.
# HOSTILE_GIB=10 makes the bombs as large as that. Attacks begin while TORTURE_TIME is not over: 60 is enough for all.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC2153 # ROOT is no LOOT
. "$ROOT/tests/torture/lib.sh"

setup_file() {
	start_pg 15
}

hostile() { python3 "$ROOT/tests/torture/hostile.py" "$@"; }

# begin: a store, a place for loot, and a stranger's server, at $PORT.
begin() {
	export STORE=file://$T/store LOOT=$T/loot
	mkdir "$T/store" "$T/stranger"
	mkdir -m 1777 "$LOOT"
	python3 "$ROOT/tests/torture/hostile.py" "${1:-listen}" "$T/stranger" ${2:+"$2"} 3>&- &
	STRANGER=$!
	trap 'kill $STRANGER 2>/dev/null || true; stop_servers' EXIT
	eventually 10 test -s "$T/stranger/port"
	PORT=$(cat "$T/stranger/port")
	export PORT
}

untouched() { [ -z "$(ls -A "$LOOT")" ] && [ ! -s "$T/stranger/seen" ]; }

touched() { ! untouched; }

clean_up() {
	find "$LOOT" -mindepth 1 -delete
	rm -f "$T/stranger/seen"
}

dump_of() { zstd -qf -o "$T/store/$1.sql.zst"; }

# A run of a verb on the dump $2, of which the memory and the time are bounded: its exit code in $code, its
# largest size in MiB in $peak.
bounded() {
	local verb=$1 name=$2 pid kib=0 now
	shift 2
	timeout --signal KILL 120 pgmuster "$verb" --store "$STORE" ${name:+--key "$name.sql.zst"} "$@" >"$T/out" 2>"$T/err" &
	pid=$!
	until pgrep -P $pid >/dev/null || ! kill -0 $pid 2>/dev/null; do
		sleep 0.01
	done
	pid=$(pgrep -P $pid || echo none)
	while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
		kib=$now
		sleep 0.02
	done
	code=0
	wait $! || code=$?
	peak=$((kib / 1024))
}

# The same, unmeasured.
quickly() {
	code=0 peak=0
	timeout --signal KILL 120 pgmuster "$1" --store "$STORE" --key "$2.sql.zst" "${@:3}" >"$T/out" 2>"$T/err" || code=$?
}

# ended ATTACK CODES MIB [PIECE]: how a bounded run has to have ended, and that it left no raw control character.
ended() {
	local why
	why=$(head -c 2000 "$T/err" "$T/out")
	if [[ ! " $2 " == *" $code "* ]]; then
		record "$1" wrong "exit code $code: $why"
	elif [ "$peak" -gt "$3" ]; then
		record "$1" wrong "took $peak MiB"
	elif [[ $why != *"${4:-}"* ]]; then
		record "$1" wrong "does not say \"$4\": $why"
	elif raw_bytes; then
		record "$1" wrong "raw control characters: $(cat -v "$T/out" "$T/err" | head -c 2000)"
	elif [ "$code" = 0 ]; then
		record "$1" survived
	else
		record "$1" clean
	fi
}

# C0, DEL, C1, and what changes the direction of a line.
raw_bytes() { LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$T/out" "$T/err"; }

# A command of psql's each, that leaves a witness.
witnessed() {
	cat <<-END
		\! touch $LOOT/x
		\copy (SELECT 1) TO '$LOOT/x'
		\copy (SELECT 1) TO PROGRAM 'touch $LOOT/x'
		SELECT 1 \g $LOOT/x
		SELECT 1 \g |touch $LOOT/x
		SELECT 1 \gx $LOOT/x
		SELECT 'COPY (SELECT 1) TO ''$LOOT/x''' \gexec
		SELECT 1 \w $LOOT/x
		\o $LOOT/x
		\out |touch $LOOT/x
		\i $T/included
		\include_relative $T/included
		\lo_export 77 $LOOT/x
		\set x \`touch $LOOT/x\`
		\echo \`touch $LOOT/x\`
		\connect "host=127.0.0.1 port=$PORT"
		\connect postgresql://127.0.0.1:$PORT/x
		\connect -reuse-previous=on "dbname='x' host='127.0.0.1' port='$PORT'"
		\connect postgres postgres 127.0.0.1 $PORT
		\c - - 127.0.0.1 $PORT
		\connect postgres \! touch $LOOT/x
		\encoding UTF8 \! touch $LOOT/x
		\setenv SHELL /bin/sh \! touch $LOOT/x
	END
}

# And some that leave none, or ask a terminal.
unwitnessed() {
	printf '%s\n' "\\connect host=127.0.0.1 port=$PORT" '\setenv PGHOST x' '\password' '\gset' '\crosstabview' '\watch' '\if true' '\quit' '\prompt x' '\cd /' \
		'\edit' '\lo_import /etc/passwd' '\lo_unlink 77' '\errverbose' '\timing' '\df' '\sf x' '\bind 1' '\;' '\x' '\?'
}

# Each command at each place where psql would take it for one.
places() {
	printf '%s\n' "$1" >"$T/at_start"
	printf 'SELECT 1; %s\n' "$1" >"$T/on_the_line_of_sql"
	printf 'CREATE TEMP TABLE t (a text);\nCOPY t (a) FROM stdin;\nrow\n\\.\n%s\n' "$1" >"$T/behind_data"
	printf '\\restrict key\n%s\n' "$1" >"$T/behind_restrict"
	printf 'SELECT 1 %s\n' "$1" >"$T/in_a_statement"
}

test_commands_of_psql_are_refused() {
	begin
	sql postgres "SELECT lo_from_bytea(77, 'x')" >/dev/null
	echo '\! touch '"$LOOT/x" >"$T/included"
	local command place name
	while IFS= read -r command; do
		psql -Xq -d postgres -f - <<<"$command" >"$T/psql" 2>&1 || true
		echo "psql and $command: $(cat "$T/psql")"
		eventually 5 touched
		clean_up
	done < <(witnessed)
	sql postgres 'SELECT lo_unlink(77)' >/dev/null
	while IFS= read -r command; do
		name=${command#"${command%%\\*}"}
		name=${name%% *}
		places "$command"
		for place in at_start on_the_line_of_sql behind_data behind_restrict in_a_statement; do
			time_left || [ $place = on_the_line_of_sql ] || continue
			dump_of "$place" <"$T/$place"
			quickly verify $place
			[[ $command == SELECT* || $place == in_a_statement ]] && name='a backslash command at byte'
			ended "psql's commands, verified" 1 0 "$name"
			[ $place = on_the_line_of_sql ] || continue
			quickly restore $place --server "host=$PGHOST"
			ended "psql's commands, restored" 1 0 "$name"
			assert_contains "$(cat "$T/err")" 'at byte'
		done
		untouched || fail "$command did something"
	done < <(witnessed && unwitnessed)
	end_attack
}

# Where they are data, they come back as data.
test_commands_of_psql_may_be_data() {
	begin
	local command
	{
		printf -- '--\n-- PostgreSQL database dump\n--\nCREATE DATABASE words;\n'
		echo '\connect words'
		echo 'CREATE TABLE public.t (a text);'
		witnessed | grep -v '^SELECT' | while IFS= read -r command; do
			printf 'COPY public.t (a) FROM stdin;\n%s\n\\.\n' "${command//\\/\\\\}"
			printf "DO \$body\$ BEGIN PERFORM \$x\$\n%s\n\$x\$; END \$body\$;\n" "$command"
			printf "SELECT '\n%s\n';\n/*\n%s\n*/\n-- %s\n" "${command//\'/\'\'}" "$command" "$command"
		done
		printf -- '\n--\n-- PostgreSQL database dump complete\n--\n'
	} >"$T/sql"
	dump_of data <"$T/sql"
	bounded verify data
	ended "psql's commands as data" 0 32
	bounded restore data --server "host=$PGHOST" --check none
	ended "psql's commands as data" 0 32
	assert_eq "$(witnessed | grep -v '^SELECT')" "$(sql words 'SELECT a FROM t')"
	sql postgres 'DROP DATABASE words'
	untouched || fail 'data did something'
	end_attack
}

# What a program that a dump runs may find, as the user that the scratch server is: the environment of all processes,
# the memory of the drill, the store, the password file. It goes on looking in the background, for as long as it can.
burglar() {
	cat <<-'END'
		env -u LOOT >"$LOOT/own_environment"
		: >"$LOOT/user"
		mkdir -p locked/in && chmod 0 locked
		mkdir deep && cd deep && for i in $(seq 300); do mkdir d && cd d; done
		setsid sh -c '
			echo $$ >"$LOOT/pid"
			while :; do
				cat /proc/[0-9]*/environ >>"$LOOT/environ"
				cat "$LOOT/../store"/* "$LOOT/../password" >>"$LOOT/files"
				for pid in $(pgrep -x pgmuster); do
					head -c 1 /proc/$pid/mem; cat /proc/$pid/maps /proc/$pid/fd/* >>"$LOOT/memory"
				done
				sleep 0.1
			done' 2>>"$LOOT/refused" >/dev/null </dev/null &
	END
}

# burgle USER SEEN RUN...: SEEN, in the environment of one whom the burglar sees, shows that he would have found ours:
# the canary, of the scratch server's user, or himself where he is in a user namespace.
burgle() {
	local user=$1 seen=$2 canary
	shift 2
	mkdir -p "$T/scratch"
	chmod 1777 "$T/scratch"
	clean_up
	chmod 755 "$T/burglar"
	"${AS_NOBODY[@]}" env LOOT="$LOOT" CANARY=canary-secret sleep 100 3>&- &
	canary=$!
	code=0
	"$@" env AWS_SECRET_ACCESS_KEY=marked-secret PGPASSWORD=marked-password OTHER_TOKEN=marked-token \
		PGPASSFILE="$T/password" pgmuster drill -q --no-evidence --store "$STORE" --key burglar.sql.zst --check content \
		--scratch-directory "$T/scratch" >"$T/out" 2>"$T/err" || code=$?
	kill $canary
	assert_eq 0 $code "$(cat "$T/out" "$T/err")"
	assert_eq "$user" "$(stat -c %u "$LOOT/user")"
	grep -qa "$seen" "$LOOT/environ" || fail "the burglar is blind: $(cat "$LOOT/refused")"
	! grep -ao 'marked-[a-z]*' "$LOOT/environ" || fail 'a secret in reach'
	[ ! -s "$LOOT/memory" ] || fail 'our memory in reach'
	grep -q "/mem.*Permission denied" "$LOOT/refused" || fail 'our memory was not looked for'
	assert_eq '' "$(sed 's/=.*//' "$LOOT/own_environment" | grep -vxE '_|PWD|OLDPWD|SHLVL|HOME|PATH|TZ|PG[A-Z_]*|LC_[A-Z]*')"
	! kill -0 "$(cat "$LOOT/pid")" 2>/dev/null || fail 'the burglar outlived the drill'
	assert_eq '' "$(ls -A "$T/scratch")"
	record 'programs of a dump' survived
}

test_programs_of_a_dump_reach_nothing() {
	begin
	printf '#!/bin/sh\nLOOT=%s\nexport LOOT\n' "$LOOT" >"$T/burglar"
	burglar >>"$T/burglar"
	printf 'sleep 0.5\n' >>"$T/burglar"
	dump_of burglar <<-END
		--
		-- PostgreSQL database dump
		--
		COPY (SELECT 1) TO PROGRAM '$T/burglar';
		--
		-- PostgreSQL database dump complete
		--
	END
	chmod 755 "$T/burglar"
	# The burglar survives where nobody ends him.
	psql -Xq -d postgres -c "COPY (SELECT 1) TO PROGRAM 'cd $T/tmp && $T/burglar'"
	kill -0 "$(cat "$LOOT/pid")"
	kill "$(cat "$LOOT/pid")"
	echo marked-password >"$T/password"
	if [ "$(id -u)" = 0 ]; then
		chmod 700 "$T/store"
		chmod 600 "$T/password"
		burgle "$(id -u nobody)" canary-secret
		! grep -a marked "$LOOT/files" || fail 'the password file in reach'
		[ ! -s "$LOOT/files" ] || fail 'the store in reach'
		chmod 755 "$T/store"
	fi
	burgle "$("${AS_NOBODY[@]}" id -u)" LOOT= "${AS_NOBODY[@]}" env
	burgle "$("${AS_NOBODY[@]}" id -u)" canary-secret "${AS_NOBODY[@]}" "$ROOT/tests/support/as_in_a_pod"
	[ -s "$LOOT/files" ] || fail 'files were not looked for'
	end_attack
}

# lone NAME: a dump of one database, around stdin.
lone() {
	{
		printf -- '--\n-- PostgreSQL database dump\n--\n'
		cat
		printf -- '\n--\n-- PostgreSQL database dump complete\n--\n'
	} | dump_of "$1"
}

# sql_attack ATTACK CODES MIB PIECE [DRILL_OPTION...]: a drill of the SQL of stdin, in a directory of its own so that
# several can run at once.
sql_attack() {
	local name=$BASHPID
	time_left || {
		cat >/dev/null # whoever writes must not fall
		return 0
	}
	lone "$name"
	T=$T/$name
	mkdir "$T" && mkdir -m 1777 "$T/scratch"
	bounded drill "$name" -q --no-evidence --scratch-directory "$T/scratch" "${@:5}"
	[ -z "$(ls -A "$T/scratch")" ] || record "$1" wrong 'its directory is left'
	ended "$1" "$2" "$3" "$4"
}

end_attacks() {
	local pid
	for pid in $(jobs -p); do
		[ "$pid" = "$STRANGER" ] || wait "$pid"
	done
	cat "$T"/*/torture >>"$T/torture"
	end_attack
}

TABLE="CREATE TABLE public.t (a int);
COPY public.t (a) FROM stdin;
1
2
3
\\.
"

# Each would last for ever, or take any memory.
test_time_and_memory_of_sql_are_bounded() {
	begin
	endless() { sql_attack 'SQL without end' 3 150 'no end after 3.0 s' --timeout 3s; }
	endless <<<'SELECT pg_sleep(1e9);' &
	endless <<<'DO $$ BEGIN LOOP END LOOP; END $$;' &
	endless <<<"COPY (SELECT 1) TO PROGRAM 'exec sleep 1000';" &
	wait -n && wait -n
	endless <<<"SET client_min_messages = notice; DO \$\$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 100000); END LOOP; END \$\$;" &
	wait -n
	endless <<<'SELECT generate_series(1, 1e10::bigint);' &
	wait -n
	head -c $((100 << 20)) < <(yes 'SELECT 1;') | endless &
	wait -n
	# What counts back waits for a lock that a program holds, or looks at what never answers.
	endless <<-END &
		$TABLE
		COPY (SELECT 1) TO PROGRAM 'setsid $PG_BIN/psql -h "\$PWD/../socket" -U postgres -c "BEGIN; LOCK public.t; SELECT pg_sleep(1000)" >/dev/null 2>&1 </dev/null & sleep 1';
	END
	wait -n
	endless <<-'END' &
		CREATE SEQUENCE public.s;
		SELECT pg_catalog.setval('public.s', 1, true);
		DROP SEQUENCE public.s;
		CREATE VIEW public.s AS SELECT pg_sleep(1e9)::text::int AS last_value, true AS is_called;
	END
	wait -n
	sql_attack 'SQL that tells much' 0 150 pass <<-'END' &
		LISTEN x;
		DO $$ BEGIN FOR i IN 1..50000 LOOP PERFORM pg_notify('x', i || repeat('x', 7900)); END LOOP; END $$;
	END
	sql_attack 'SQL that tells much' 3 800 'an answer of more than' <<-END &
		$TABLE
		UPDATE pg_extension SET extconfig = ARRAY['public.t'::regclass::oid], extcondition = ARRAY['UNION ALL SELECT generate_series(1, 1e10::bigint)'];
	END
	end_attacks
}

# What counts back must not be led astray, nor fall.
test_sql_does_not_hide_what_it_lost() {
	begin
	local disguise
	disguise="
		CREATE SCHEMA evil;
		CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE sql AS 'SELECT 3::bigint';
		CREATE FUNCTION public.count() RETURNS bigint LANGUAGE sql AS 'SELECT 3::bigint';
		CREATE FUNCTION public.same(name, name) RETURNS bool LANGUAGE sql AS 'SELECT true';
		CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.same);
		CREATE VIEW public.pg_class AS SELECT 1;
		ALTER ROLE postgres SET search_path = evil, public, pg_catalog;
		ALTER DATABASE postgres SET search_path = public, pg_catalog;
		ALTER ROLE postgres SET statement_timeout = 1;
		ALTER DATABASE postgres SET lock_timeout = 1;
		ALTER ROLE postgres SET default_transaction_read_only = on;
		ALTER ROLE postgres SET client_encoding = 'SJIS';
		ALTER ROLE postgres SET standard_conforming_strings = off;
		ALTER ROLE postgres PASSWORD 'stolen';
		ALTER ROLE postgres CONNECTION LIMIT 0;
		REVOKE CONNECT ON DATABASE postgres FROM PUBLIC, postgres;
		ALTER DATABASE postgres CONNECTION LIMIT 0;"
	sql_attack 'SQL that lets us fall' 1 100 'sequence public.s' <<-'END' &
		CREATE SEQUENCE public.s;
		SELECT pg_catalog.setval('public.s', 1, true);
		DROP SEQUENCE public.s;
		CREATE TABLE public.s (last_value bigint, is_called bool);
	END
	local condition
	for condition in 'LIMIT 0' '; COPY (SELECT 1) TO STDOUT' '; COPY public.t FROM STDIN'; do
		wait -n
		sql_attack 'SQL that lets us fall' '1 3' 100 '' <<-END &
			$TABLE
			UPDATE pg_extension SET extconfig = ARRAY['public.t'::regclass::oid], extcondition = ARRAY['$condition'];
		END
	done
	sql_attack 'SQL in disguise' 0 100 pass <<<"$TABLE $disguise" &
	sql_attack 'SQL in disguise' 1 100 '2 rows instead of 3' <<<"$TABLE $disguise DELETE FROM public.t WHERE a = 2;" &
	wait -n
	sql_attack 'SQL in disguise' 1 100 '2 rows instead of 3' <<-END &
		$TABLE DELETE FROM public.t WHERE a = 2;
		CREATE POLICY p ON public.t USING (true);
		ALTER TABLE public.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
		CREATE RULE r AS ON INSERT TO public.t DO INSTEAD NOTHING;
	END
	wait -n
	sql_attack 'SQL in disguise' 1 100 't: missing' <<-END &
		$TABLE DROP TABLE public.t;
		CREATE VIEW public.t AS SELECT generate_series(1, 3) AS a;
	END
	wait -n
	sql_attack 'SQL that is not committed' 1 100 'prepared transactions are disabled' <<<"$TABLE BEGIN; DELETE FROM public.t; PREPARE TRANSACTION 'x';" &
	wait -n
	sql_attack 'SQL that shuts us out' 1 100 'cannot be connected to' <<<"$TABLE ALTER USER postgres NOLOGIN;" &
	wait -n
	sql_attack 'SQL that shuts us out' 3 100 'not currently accepting' <<<"$TABLE UPDATE pg_database SET datallowconn = false;" &
	wait -n
	sql_attack 'SQL that shuts us out' 3 100 '' <<<"$TABLE SELECT pg_terminate_backend(pg_backend_pid());" &
	wait -n
	sql_attack 'SQL that shuts us out' 3 100 '' <<<"$TABLE ALTER ROLE postgres SET session_preload_libraries = '/nowhere';" &
	wait -n
	sql_attack 'SQL that shuts us out' 0 100 pass <<<"$TABLE CREATE ROLE weak; ALTER ROLE postgres SET role = weak;" &
	end_attacks
}

# What a superuser may change in the server's own settings: it takes no connection but ours, now or after a crash, and
# does not come up again. The witness is a server that was not started by us.
test_server_opens_no_port() {
	begin
	mkdir -m 1777 "$T/scratch"
	local port
	port=$(free_port)
	is_open() { (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
	settings() {
		printf "ALTER SYSTEM SET %s;\n" "listen_addresses = '*'" "port = $port" "unix_socket_directories = '$LOOT'" \
			'unix_socket_permissions = 511' 'restart_after_crash = on' 'max_wal_senders = 5' \
			'wal_level = logical' 'archive_mode = on' "archive_command = 'touch $LOOT/archived'" "hba_file = '/nowhere'"
		echo 'SELECT pg_reload_conf();'
	}
	local is='listen_addresses, port, unix_socket_directories, unix_socket_permissions, restart_after_crash, archive_mode'
	lone settings <<-END
		$(settings)
		SELECT pg_sleep(0.5), pg_switch_wal();
		COPY (SELECT name || '=' || setting FROM pg_settings WHERE name IN ('${is//, /\',\'}') ORDER BY name) TO '$LOOT/is';
	END
	bounded drill settings -q --no-evidence --scratch-directory "$T/scratch"
	ended 'ALTER SYSTEM' 0 100
	assert_eq 'archive_mode=off listen_addresses= port=5432 restart_after_crash=off unix_socket_directories=../socket unix_socket_permissions=0700' \
		"$(paste -sd ' ' "$LOOT/is")"
	lone crash <<-END
		$(settings)
		COPY (SELECT 1) TO PROGRAM 'kill -9 \$PPID';
		SELECT pg_sleep(5);
	END
	bounded drill crash -q --no-evidence --scratch-directory "$T/scratch"
	ended 'ALTER SYSTEM and a crash' 3 100
	! is_open || fail 'the scratch server listens'
	rm "$LOOT/is"
	untouched || fail "there is $(ls "$LOOT")"
	assert_eq '' "$(ls -A "$T/scratch")"
	start_pg 15
	settings | grep -v hba_file | psql -Xq -d postgres >/dev/null
	as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -l "$PG_LOG" -s -w restart 3>&-
	is_open || fail 'the witness is blind'
	[ -S "$LOOT/.s.PGSQL.$port" ] || fail 'the witness has no socket'
	PGHOST=$LOOT PGPORT=$port sql postgres 'SELECT pg_switch_wal()' >/dev/null
	eventually 10 test -e "$LOOT/archived"
	end_attack
}

# What opens a connection to the stranger.
dialling() {
	cat <<-END
		CREATE EXTENSION dblink; SELECT dblink_connect('host=127.0.0.1 port=$PORT dbname=x connect_timeout=2');
		CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=$PORT dbname=x connect_timeout=2' PUBLICATION p;
		CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '$PORT'); CREATE USER MAPPING FOR CURRENT_USER SERVER s; IMPORT FOREIGN SCHEMA x FROM SERVER s INTO public;
		COPY (SELECT 1) TO PROGRAM 'bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT"';
	END
}

test_scratch_server_dials_nobody() {
	begin
	mkdir -m 1777 "$T/scratch"
	chmod 755 "$T/store"
	local attack as
	while IFS= read -r attack; do
		psql -Xq -d postgres -c "$attack" >"$T/psql" 2>&1 || true
		eventually 5 touched || fail "psql dials nobody: $(cat "$T/psql")"
		clean_up
		lone dial <<<"$attack"
		for as in '' ${AS_NOBODY[@]:+"${AS_NOBODY[*]}"}; do
			code=0 peak=0
			# shellcheck disable=SC2086
			timeout --signal KILL 120 $as pgmuster drill --no-evidence --store "$STORE" --key dial.sql.zst \
				--scratch-directory "$T/scratch" >"$T/out" 2>"$T/err" || code=$?
			! grep 'may open connections' "$T/err" || skip 'this machine grants no network of its own'
			ended 'outgoing connections' 1 0
			untouched || record 'outgoing connections' wrong "$attack"
		done
	done < <(dialling)
	end_attack
}

test_bombs_are_bounded() {
	begin
	local kind
	for kind in $(hostile kinds zstd); do
		time_left || break
		HOSTILE_GIB=${HOSTILE_GIB:-0.05} hostile zstd "$kind" >"$T/store/$kind.sql.zst"
		bounded verify "$kind" -q
		ended 'zstd bombs, verified' 1 "$([ "$kind" = names ] && echo 700 || echo 160)"
	done
	for kind in row statement names; do
		if ! time_left || [ ! -e "$T/store/$kind.sql.zst" ]; then
			break
		fi
		bounded restore "$kind" -q --server "host=$PGHOST"
		ended 'zstd bombs, restored' 1 1100
		sql postgres 'DROP TABLE IF EXISTS t'
	done
	# Members of gzip, one behind the other, and one of zeros.
	head -c 100M /dev/zero | gzip -1 >"$T/one"
	cat "$T/one" "$T/one" >"$T/store/zeros.sql.gz"
	echo | gzip >"$T/one"
	for kind in $(seq 12); do
		cat "$T/one" "$T/one" >"$T/two"
		mv "$T/two" "$T/one"
	done
	mv "$T/one" "$T/store/members.sql.gz"
	for kind in zeros members; do
		code=0 peak=0
		command time -o "$T/peak" -f %M pgmuster verify -q --store "$STORE" --key "$kind.sql.gz" >"$T/out" 2>"$T/err" || code=$?
		peak=$(($(tail -n 1 "$T/peak") / 1024))
		ended 'gzip bombs' 1 64
	done
	end_attack
}

# A manifest with its seal made anew is as good as any: what it says is not believed.
test_forged_manifests_are_bounded() {
	begin
	pgmuster dump -q --store "$STORE" --key-format good.sql.zst --database postgres >/dev/null 2>&1 ||
		pgmuster dump -q --store "$STORE" --key-format good.sql.zst >/dev/null
	local manifest=$T/store/good.sql.zst.manifest.json name verb filter
	cp "$manifest" "$T/manifest"
	hostile reseal "$manifest"
	cmp "$manifest" "$T/manifest" # the forger knows the trade
	start_pg 15
	while IFS='	' read -r name filter; do
		time_left || break
		jq --indent 1 "$filter" "$T/manifest" >"$manifest"
		forged "$name"
	done <<-'END'
		lists	.roll.databases[0].extensions = [range(300000) | {name: "e\(.)", version: "1"}]
		numbers	.object.plain_bytes = 1e308
		numbers	.object.bytes = -1
		numbers	.object.frames = 4294967295
		numbers	.roll.databases[0].at = 1e18
		names	.key = "../../etc/passwd"
		names	.roll.databases[0].name = "\u001b]0;x\u0007\u202e$(touch loot)"
		names	.source.bootstrap_user = "--help"
		names	.source.server_version = "\u001b[2J" * 1000
		names	.source.preload_libraries = "../../loot"
		names	.source.settings.TimeZone = "../../loot"
		names	.source.settings.DateStyle = "\u001b[2J" * 1000
		types	.roll = []
		types	.roll.databases = null
		types	.roll.databases[0].tables = {}
		length	.roll.databases[0].name = "x" * 10000000
	END
	sed 's/"plain_bytes": .*/"plain_bytes": 1e999999,/' "$T/manifest" >"$manifest"
	forged numbers
	printf '{"a":%s\n' "$(printf '[%.0s' $(seq 100000))" >"$manifest"
	forged nesting
	printf '{"a":"%s' "$(head -c 300M /dev/zero | tr '\0' x | head -c 1000)" >"$manifest"
	head -c 300M /dev/zero | tr '\0' x >>"$manifest"
	forged length
	untouched || fail "there is $(ls "$LOOT")"
	end_attack
}

forged() {
	local verb
	! grep -q manifest_sha256 "$T/store/good.sql.zst.manifest.json" || hostile reseal "$T/store/good.sql.zst.manifest.json"
	for verb in verify show 'drill --no-evidence' "restore --dry-run --server host=$PGHOST"; do
		[[ $verb != drill* || $1 == names ]] || continue # which takes seconds
		read -ra words <<<"$verb"
		bounded "${words[0]}" good "${words[@]:1}"
		ended "forged manifests: $1" '0 1 3' 700
	done
	bounded list ''
	ended "forged manifests: $1" 0 700
}

test_hostile_s3_is_bounded() {
	local mode
	export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x
	for mode in $(hostile kinds s3) range_of_another range_too_long whole_for_range; do
		time_left || break
		rm -rf "$T/stranger" "$T/store" "$T/loot"
		begin s3 "$mode"
		STORE=s3://bucket
		export AWS_ENDPOINT_URL=http://127.0.0.1:$PORT
		bounded list '' --attempts 1
		ended "S3: list, $mode" '0 1 2 3' 350
		[ -s "$T/stranger/seen" ] || fail 'nobody asked'
		bounded verify a --attempts 1
		ended "S3: verify, $mode" '1 2 3' 350
		assert_not_contains "$(cat "$T/stranger/seen")" '/..'
		kill "$STRANGER"
		wait "$STRANGER" || true
	done
	end_attack
}

test_store_ends_at_its_directory() {
	begin
	local key link=$T/store/2026
	mkdir "$T/elsewhere"
	zstd -q -o "$T/elsewhere/x.sql.zst" <<<'SELECT 1;'
	ln -s "$T/elsewhere" "$link"
	ln -s "$T/elsewhere/x.sql.zst" "$T/store/x.sql.zst"
	cp "$T/elsewhere/x.sql.zst" "$T/store/y.sql.zst"
	ln -s "$T/elsewhere/x.sql.zst" "$T/store/y.sql.zst.sha256"
	mkfifo "$T/store/pipe.sql.zst"
	for key in x 2026/x pipe ../elsewhere/x "2026/../../elsewhere/x" "$T/elsewhere/x" ./y "\$(touch loot/x)"; do
		bounded verify "$key"
		ended 'keys out of the store' '2 3' 32
		bounded restore "$key" --server "host=$PGHOST"
		ended 'keys out of the store' '2 3' 32
	done
	bounded list '' --json
	assert_eq y.sql.zst "$(json '[.backups[].key] | join(" ")')"
	for key in '../x.sql.zst' 'a/../../x.sql.zst' '/tmp/x.sql.zst' $'a\nb.sql.zst'; do
		bounded dump '' --key-format "$key"
		ended 'keys out of the store' 2 32
	done
	bounded dump '' --key-format 2026/z.sql.zst
	ended 'keys out of the store' '2 3' 64
	assert_eq x.sql.zst "$(ls -A "$T/elsewhere")"
	end_attack
}

# Names that would do something to a shell, a path, a command line, a terminal or a log.
NAMES=("\$(touch x)" "\`touch x\`" '; touch x' '| touch x' '../../x' '-rf' '--help' '%s%n' "quote'd" 'double"d' 'back\slash'
	$'\e]0;title\a' $'\e[2J' $'carriage\rreturn' $'\u202etxt.exe' $'c1\u009b2J' $'tab\there' 'dbname=postgres host=127.0.0.1' 'postgresql://127.0.0.1/x')

test_names_are_names() {
	start_pg 15
	begin
	local name verb literal ident database before restored=0
	for name in "${NAMES[@]}"; do
		ident=\"${name//\"/\"\"}\" literal=\'${name//\'/\'\'}\' database=$name
		sql postgres "CREATE ROLE $ident"
		if [[ $name == *$'\r'* ]]; then
			database=postgres # no dump can hold it as a database's name
		else
			sql postgres "CREATE DATABASE $ident OWNER $ident"
		fi
		sql "$database" "CREATE SCHEMA $ident CREATE TABLE $ident ($ident text);
			INSERT INTO $ident.$ident VALUES ($literal); COMMENT ON TABLE $ident.$ident IS $literal; CREATE SEQUENCE $ident.s"
	done
	before=$(find "$T" "$PWD" -name x)
	bounded dump '' --key-format names.sql.zst
	ended 'names, dumped' 0 100
	bounded list ''
	ended 'names, read back' 0 100
	for verb in verify 'show --tables' 'drill --check content' 'drill -v --log-format json'; do
		read -ra words <<<"$verb"
		bounded "${words[0]}" names "${words[@]:1}"
		ended 'names, read back' 0 100
	done
	for verb in verify show list; do
		pgmuster $verb --store "$STORE" --json 2>&1 | jq -e . >/dev/null || record 'names, as JSON' wrong "$verb"
	done
	start_pg 15
	for name in "${NAMES[@]}"; do
		sql postgres "CREATE ROLE \"${name//\"/\"\"}\""
		[[ $name != *$'\r'* ]] || continue
		time_left || break
		restored=$((restored + 1))
		bounded restore names --server "host=$PGHOST" --database="$name" --as "as $name"
		ended 'names, restored under another' 0 100
	done
	assert_eq $restored "$(sql postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'as %'")"
	assert_eq "$before" "$(find "$T" "$PWD" -name x)"
	untouched || fail "there is $(ls "$LOOT")"
	end_attack
}
