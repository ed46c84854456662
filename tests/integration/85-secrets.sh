# What a role may see and what is said of the rest; where secrets may be, and where they never are; who may
# read what is written. Nothing here is believed before the same look has found what is there.

# Roles

# The role that the documentation describes, and three that lack something.
make_roles() {
	sql postgres "CREATE ROLE backup LOGIN BYPASSRLS IN ROLE pg_read_all_data, pg_read_all_settings;
		CREATE ROLE filtered LOGIN IN ROLE pg_read_all_data, pg_read_all_settings;
		CREATE ROLE blind LOGIN BYPASSRLS IN ROLE pg_read_all_data;
		CREATE ROLE plain LOGIN BYPASSRLS; CREATE ROLE owner LOGIN PASSWORD 'x'"
	sql postgres 'CREATE DATABASE d OWNER owner'
}

dump_d_as() {
	dumps=$((${dumps:-0} + 1))
	PGUSER=$1 assert_exit "$2" pgmuster dump -q --store "file://$T/store" --no-role-passwords --json \
		--key-format $dumps.sql.zst --exclude-database postgres --exclude-database template1 "${@:3}"
}

# What the role cannot have fails the dump, and the error says what helps.
missed_with_a_word() {
	dump_d_as "$1" 3
	assert_contains "$(cat "$T/err")" "$2"
	assert_contains "$(cat "$T/err")" "$3"
}

text_of_the_newest() {
	zstd -dqc "$T/store/$(json .key)" | sed '/^\\\(un\)\?restrict /d'
}

# All that the superuser's dump has: the backup role's lacks nothing but what it says.
role_sees_all() {
	start_pg "$1"
	make_roles
	mkdir "$T/store"
	sql d "CREATE SCHEMA hidden; CREATE TABLE hidden.t AS SELECT 4711 AS a; CREATE VIEW hidden.v AS TABLE hidden.t;
		ALTER TABLE hidden.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE SEQUENCE hidden.q;
		CREATE MATERIALIZED VIEW hidden.m AS TABLE hidden.t; REVOKE ALL ON SCHEMA hidden, public FROM PUBLIC;
		CREATE FUNCTION hidden.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION hidden.f() FROM PUBLIC;
		CREATE STATISTICS hidden.s ON (a + 1) FROM hidden.t; CREATE PUBLICATION p FOR ALL TABLES;
		CREATE FOREIGN DATA WRAPPER w; CREATE SERVER away FOREIGN DATA WRAPPER w OPTIONS (host 'h');
		CREATE USER MAPPING FOR PUBLIC SERVER away; SELECT nextval('hidden.q'); SELECT lo_from_bytea(4711, 'lo');
		ALTER ROLE owner IN DATABASE d SET work_mem = '1MB'; COMMENT ON LARGE OBJECT 4711 IS 'c';
		ALTER DEFAULT PRIVILEGES IN SCHEMA hidden GRANT SELECT ON TABLES TO owner" >"$T/created"
	sql d 'GRANT SELECT ON LARGE OBJECT 4711 TO backup, blind, filtered'

	dump_d_as postgres 0
	text_of_the_newest >"$T/superuser.sql"
	assert_contains "$(cat "$T/superuser.sql")" 4711
	dump_d_as backup 0
	assert_json '.warnings | length' 0
	text_of_the_newest | diff "$T/superuser.sql" - || fail "the role's dump is another one"

	# Options of a user mapping: pg_dump ends well, and says nothing.
	sql d "CREATE USER MAPPING FOR owner SERVER away OPTIONS (token 'marked')"
	PGUSER=backup pg_dump -d d >"$T/silent.sql" 2>"$T/silent.err"
	assert_eq '' "$(cat "$T/silent.err")"
	assert_not_contains "$(cat "$T/silent.sql")" marked
	missed_with_a_word backup 'options of 1 user mapping(s) not dumped' '--allow-omissions'
	missed_with_a_word plain 'options of 2 user mapping(s) not dumped' '--allow-omissions' # it cannot tell
	dump_d_as postgres 0
	assert_contains "$(text_of_the_newest)" marked
	dump_d_as backup 0 --allow-omissions
	assert_json '.warnings | length' 1
	assert_eq 1 "$(jq '.warnings | length' "$T/store/$(json .key).manifest.json")"
	sql d 'DROP SERVER away CASCADE' 2>/dev/null

	sql d "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)" 2>/dev/null
	missed_with_a_word backup 'subscriptions not dumped' '--allow-omissions'
	PG_COLOR=always missed_with_a_word backup 'subscriptions not dumped' '--allow-omissions'
	sql d 'ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s'

	missed_with_a_word filtered 'row-level security' BYPASSRLS
	missed_with_a_word plain 'permission denied for schema hidden' pg_read_all_data
	sql d 'GRANT USAGE ON SCHEMA hidden TO plain'
	missed_with_a_word plain 'permission denied for' pg_read_all_data
	sql d 'GRANT SELECT ON hidden.t TO plain'
	missed_with_a_word plain 'sequence' pg_read_all_data
	sql d 'GRANT SELECT ON hidden.q TO plain'
	missed_with_a_word plain 'large object 4711' 'GRANT SELECT ON LARGE OBJECT'
	sql d 'GRANT SELECT ON LARGE OBJECT 4711 TO plain'
	dump_d_as plain 0
	text_of_the_newest | grep -v ' plain;$' >"$T/plain.sql"

	dump_d_as blind 0
	assert_contains "$(json '.warnings[]')" 'grant it pg_read_all_settings'
	sql postgres 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC'
	dump_d_as backup 0
	assert_contains "$(json '.warnings[]')" 'pg_control_system()'
	sql postgres 'REVOKE CONNECT ON DATABASE d FROM PUBLIC'
	missed_with_a_word backup 'permission denied for database "d"' 'GRANT CONNECT'
	PGUSER=plain assert_exit 3 pgmuster dump --store "file://$T/store"
	assert_contains "$(cat "$T/err")" '--no-role-passwords'
}

test_what_a_role_misses_is_said_15() { role_sees_all 15; }
test_what_a_role_misses_is_said_18() { role_sees_all 18; }

# pg_dump leaves out what a standby does not have, and says nothing.
test_what_a_standby_does_not_have_is_said() {
	start_pg 15
	sql postgres 'CREATE DATABASE d'
	sql d 'CREATE TABLE t (a int); CREATE UNLOGGED TABLE u AS SELECT 1 AS a'
	mkdir "$T/store"
	assert_exit 0 pgmuster dump --store "file://$T/store" --json
	local primary=$PGHOST standby
	standby=$(new_pg_directory)
	as_pg "$PG_BIN/pg_basebackup" -h "$primary" -U postgres -D "$standby/data" -R -X stream -c fast
	echo "unix_socket_directories='$standby'" | as_pg tee -a "$standby/data/postgresql.conf" >/dev/null
	restart_pg "$standby"
	export PGHOST=$standby PG_DATA=$standby/data
	assert_eq t "$(sql d 'SELECT pg_is_in_recovery()')"
	assert_exit 3 pgmuster dump --store "file://$T/store"
	assert_contains "$(cat "$T/err")" 'rows of 1 unlogged table(s) not dumped because the server is a standby'
	assert_exit 0 pgmuster dump --store "file://$T/store" --allow-omissions --json
	assert_json '.warnings | length' 1
	assert_exit 0 pgmuster drill --store "file://$T/store"
	PGHOST=$primary sql d 'DROP TABLE u'
	eventually 20 gone
	assert_exit 0 pgmuster dump --store "file://$T/store"
	assert_exit 0 pgmuster drill --store "file://$T/store" --check content
}

gone() { [ "$(sql d "SELECT to_regclass('u') IS NULL")" = t ]; }

# The password hashes are read by whoever may read pg_authid, superuser or not.
test_role_passwords_are_there_or_left_out_as_said() {
	start_pg 18
	make_roles
	mkdir "$T/store"
	PGUSER=backup assert_exit 0 pgmuster dump --store "file://$T/store" --json
	assert_contains "$(text_of_the_newest)" "PASSWORD 'SCRAM-SHA-256"
	dump_d_as backup 0
	assert_not_contains "$(text_of_the_newest)" SCRAM
	assert_eq false "$(jq .source.role_passwords "$T/store/$(json .key).manifest.json")"
}

restore_as() { PGUSER=$1 assert_exit "$2" pgmuster restore -q --store "file://$T/store" "${@:3}"; }

# What the role may not is said before anything is done, by the dry run too.
refused_as() {
	local options
	for options in --dry-run --check=counts; do
		restore_as "$1" 3 "$options" "${@:3}"
		assert_contains "$(cat "$T/err")" "$2"
		assert_contains "$(cat "$T/err")" 'hint: restore as a superuser'
		assert_not_contains "$(cat "$T/err")" locale
	done
}

test_who_may_not_restore_is_told_at_once() {
	start_pg 18
	make_roles
	sql postgres 'CREATE ROLE maker LOGIN CREATEDB'
	sql d 'CREATE TABLE t AS SELECT 4711 AS a'
	mkdir "$T/store"
	dump_d_as postgres 0
	refused_as backup 'role backup may not create databases' --database d --as d2
	refused_as backup 'role backup may not add rows to table public.t of database d' --database d --table public.t --allow-existing
	sql postgres 'CREATE DATABASE mine OWNER backup'
	sql postgres 'CREATE DATABASE theirs'
	refused_as backup 'role backup may not create tables in schema public of database theirs' --database d --table public.t --as theirs
	restore_as backup 0 --database d --table public.t --as mine --dry-run
	assert_contains "$(cat "$T/err")" 'role backup is no superuser: statements about what others own will fail'
	restore_as maker 0 --database d --as d2 --dry-run
	# Nothing is to be created where it is there already.
	sql postgres 'CREATE DATABASE d3 OWNER backup'
	restore_as backup 0 --database d --as d3 --allow-existing --dry-run
	PGUSER=backup assert_exit 1 pgmuster restore -q --store "file://$T/store" --database d --as d3 --allow-existing
	assert_eq 4711 "$(sql d3 'SELECT a FROM t')"
	start_pg 18
	make_roles
	sql postgres 'DROP DATABASE d'
	refused_as backup 'role backup may not create databases'
}

# Secrets

# Programs of PostgreSQL's, and pgmuster itself, that write down their arguments and their environment.
wrap() {
	local program real
	mkdir -p "$T/bin" "$T/seen"
	chmod 1777 "$T/seen"
	for program in pg_dump pg_dumpall initdb postgres psql pgmuster; do
		real=$PG_BIN/$program
		[ "$program" != pgmuster ] || real=$(command -v pgmuster)
		cat >"$T/bin/$program" <<-SCRIPT
			#!/bin/bash
			seen=\$(mktemp "$T/seen/$program.XXXXXX")
			printf '%s\n' "\$@" >"\$seen"
			env -0 | tr '\n\0' ' \n' | sed 's/^/environment: /' >>"\$seen"
			grep 'core file size' /proc/self/limits >>"\$seen"
			find "$T/scratch" "$T/store" -mindepth 1 -printf '%M %P\n' >>"\$seen" 2>/dev/null
			exec "$real" "\$@"
		SCRIPT
		chmod 755 "$T/bin/$program"
	done
	PATH=$T/bin:$PATH
	export PGMUSTER_PG_BIN=$T/bin
	mkdir -p "$T/produced" "$T/scratch"
	chmod 1777 "$T/scratch"
}

run() {
	assert_exit "$@" --verbose
	cat "$T/out" "$T/err" >>"$T/produced/runs"
}

refused_unseen() {
	run "$@"
	assert_not_contains "$(cat "$T/out" "$T/err")" mark-
}

start_marked() {
	echo mark-server-password >"$T/server-password"
	chmod 644 "$T/server-password"
	PG_LISTEN=127.0.0.1 start_pg 15 -A scram-sha-256 "--pwfile=$T/server-password"
	export PGHOST=127.0.0.1 PGPASSWORD=mark-server-password
	sql postgres 'CREATE DATABASE d'
	sql d "CREATE TABLE t AS SELECT 1 AS a"
	start_s3 versitygw
	add_s3_user marked mark-store-secret
	s3 PUT '?policy=' --data-binary @- <<-JSON
		{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "marked", "Action": "s3:*",
		"Resource": ["arn:aws:s3:::$S3_BUCKET", "arn:aws:s3:::$S3_BUCKET/*"]}]}
	JSON
	export AWS_ACCESS_KEY_ID=marked AWS_SECRET_ACCESS_KEY=mark-store-secret
	export http_proxy=http://u:mark-proxy@127.0.0.1:1 no_proxy=127.0.0.1 PGMUSTER_STORE=s3://$S3_BUCKET/pg
	wrap
}

# every_verb NAME OPTION...: with the options of the log.
every_verb() {
	local name=$1 verb
	shift
	echo text >"$T/file"
	for verb in dump "upload --key $name $T/file" list 'show --tables' verify \
		"drill --check content --scratch-directory $T/scratch" "restore --database d --as $name"; do
		# shellcheck disable=SC2086
		PGMUSTER_SERVER="host=127.0.0.1 port=$PGPORT user=postgres" assert_exit 0 pgmuster $verb "$@"
		cat "$T/out" "$T/err" >>"$T/produced/$name"
	done
}

# Only pg_dump and pg_dumpall of the server have its password, in their environment.
only_where_they_belong() {
	local where
	where=$(grep -rlaF mark- "$T/produced" "$S3_DIR/$S3_BUCKET" "$PG_LOG") || true
	assert_eq '' "$where" 'what was produced'
	where=$(grep -rahF mark- "$T/seen" --include='pg_dump*' | sort -u) || true
	assert_eq "$1" "$where" 'seen by pg_dump'
	where=$(grep -raF mark- "$T/seen" --include='initdb*' --include='postgres*') || true
	assert_eq '' "$where" 'seen by a scratch server'
	where=$(grep -raF mark- "$T/seen" | grep -v 'environment: ') || true
	assert_eq '' "$where" 'in arguments'
	for program in "${@:2}"; do
		compgen -G "$T/seen/$program.*" >/dev/null || fail "$program did not run"
	done
}

test_marked_secrets_are_nowhere() {
	start_marked
	every_verb by_environment --verbose --log-format json
	only_where_they_belong 'environment: PGPASSWORD=mark-server-password' pgmuster pg_dump pg_dumpall initdb postgres
	# The look finds what is there.
	grep -rqaF 'environment: AWS_SECRET_ACCESS_KEY=mark-store-secret' "$T/seen" || fail 'pgmuster was given no secret'

	# From files: then pg_dump has no more than the name of its own.
	echo "*:*:*:*:$PGPASSWORD" >"$T/passfile"
	echo "$AWS_SECRET_ACCESS_KEY" >"$T/store-secret"
	chmod 600 "$T/passfile" "$T/store-secret"
	unset PGPASSWORD AWS_SECRET_ACCESS_KEY http_proxy
	rm -rf "$T/seen"/*
	export PGPASSFILE=$T/passfile AWS_SECRET_ACCESS_KEY_FILE=$T/store-secret
	every_verb by_file --verbose
	only_where_they_belong '' pgmuster pg_dump pg_dumpall initdb postgres
	unset PGPASSFILE
	rm -rf "$T/seen"/*
	PGPASSWORD_FILE=$T/server-password run 0 pgmuster dump
	assert_contains "$(cat "$T/seen"/pg_dump.*)" 'environment: PGPASSWORD=mark-server-password' # a child knows no other way
	assert_not_contains "$(cat "$T/seen"/pg_dump.*)" PGPASSWORD_FILE
}

test_errors_do_not_say_secrets() {
	start_marked
	local server="host=127.0.0.1 port=$PGPORT user=postgres" uri=postgresql://postgres
	run 0 pgmuster dump
	PGPASSWORD=mark-wrong refused_unseen 3 pgmuster dump
	assert_contains "$(cat "$T/err")" 'password authentication failed'
	PGPORT=1 refused_unseen 3 pgmuster dump
	AWS_SECRET_ACCESS_KEY=mark-wrong refused_unseen 3 pgmuster list
	assert_contains "$(cat "$T/err")" 'AWS_SECRET_ACCESS_KEY'
	AWS_SESSION_TOKEN=mark-token refused_unseen 3 pgmuster list
	assert_contains "$(cat "$T/err")" 'session token'
	AWS_SECRET_ACCESS_KEY=$'mark-a\nb' refused_unseen 2 pgmuster list
	AWS_SESSION_TOKEN=$'mark-a\nb' refused_unseen 2 pgmuster list
	AWS_SECRET_ACCESS_KEY_FILE=$T/x refused_unseen 2 pgmuster list
	refused_unseen 3 pgmuster list --store s3://nosuchbucket/pg
	refused_unseen 3 pgmuster list --attempts 1 --endpoint "${AWS_ENDPOINT_URL/http:/https:}"
	refused_unseen 3 pgmuster list --attempts 1 --endpoint http://127.0.0.1:1
	for endpoint in http://u:mark-@127.0.0.1:1 http://u:mark-/x@127.0.0.1:1 'http://u:mark-?x@127.0.0.1:1'; do
		AWS_ENDPOINT_URL=$endpoint refused_unseen 2 pgmuster list
	done
	for proxy in socks9://u:mark-@127.0.0.1:1 http://u:mark-#x@127.0.0.1:1x; do
		no_proxy='' http_proxy=$proxy refused_unseen 3 pgmuster list --attempts 1
		assert_contains "$(cat "$T/err")" 'the address of the proxy is none'
	done
	for store in s3://marked:mark-@muster/pg s3://marked:mark-/x@muster file://u:mark-@host/x https://u:mark-@host/x; do
		PGMUSTER_STORE=$store refused_unseen 2 pgmuster list
	done

	# In an argument every user of the machine would see them.
	for conninfo in "$server password=mark-" "$server sslpassword=mark-" "$uri:mark-@127.0.0.1:$PGPORT" \
		"$uri:mark-/x@127.0.0.1:$PGPORT" "$uri:mark-@x@127.0.0.1:$PGPORT" "$uri:mark-?x@127.0.0.1" "$server password=mark- x"; do
		refused_unseen 2 pgmuster dump --server "$conninfo"
		refused_unseen 2 pgmuster drill --server "$conninfo"
		refused_unseen 2 pgmuster restore --server "$conninfo"
	done
	# From the environment a restore takes one, but no half of one for a host.
	for conninfo in "$uri:mark-/x@127.0.0.1:$PGPORT" "$uri:mark-@mark-@127.0.0.1:$PGPORT"; do
		PGMUSTER_SERVER=$conninfo refused_unseen 2 pgmuster restore --database d
	done
	unset PGPASSWORD
	rm -rf "$T/seen"/*
	PGMUSTER_SERVER="$uri:mark-server-password@127.0.0.1:$PGPORT" refused_unseen 0 pgmuster restore --database d --as e --dry-run
	PGMUSTER_SERVER="$uri:mark-wrong@127.0.0.1:$PGPORT" refused_unseen 3 pgmuster restore --database d --as e
	! grep -raF mark- "$T/seen" --exclude='pgmuster.*' || fail 'a child saw a secret'
	! grep -rlaF mark- "$T/produced" "$S3_DIR/$S3_BUCKET" "$PG_LOG" || fail 'secrets in what was produced'
}

# What a statement that fails holds does not get into the evidence.
test_evidence_has_no_statements_secrets() {
	start_pg 15
	mkdir "$T/store"
	cat >"$T/old.sql" <<-'SQL'
		\connect postgres
		ALTER ROLE nobody PASSWORD 'mark-';
		CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:mark-@127.0.0.1:1/d' PUBLICATION p WITH (nonsense);
		CREATE USER MAPPING FOR nobody SERVER nowhere OPTIONS (token 'mark-');
		CREATE SERVER s FOREIGN DATA WRAPPER nowhere OPTIONS (api_key 'mark-');
		CREATE FOREIGN TABLE t (a int) SERVER nowhere OPTIONS (token 'mark-');
		ALTER DATABASE nowhere SET "app.key" TO 'mark-';
		SELECT 'found';;
		DROP TABLE "found too";
	SQL
	zstd -q -o "$T/store/old.sql.zst" "$T/old.sql"
	assert_exit 1 pgmuster drill --store "file://$T/store" --key old.sql.zst --check smoke --verbose --json
	assert_eq 7 "$(json .failed_statements)"
	! grep -rF mark- "$T/out" "$T/err" "$T/store" --include=*.json --include=out --include=err || fail 'a secret of a statement'
	grep -rqF 'found too' "$T/store" --include=*.json || fail 'the evidence was not looked at'
}

# A process of the server that dies is a line of the server's log, which then is the drill's reason.
test_crash_does_not_say_what_was_running() {
	start_pg 15 # for its programs
	mkdir "$T/store"
	zstd -q -o "$T/store/old.sql.zst" <<-'SQL'
		\connect postgres
		ALTER ROLE postgres SET log_statement TO 'all';
		ALTER ROLE postgres SET track_activities TO on;
		\connect postgres
		DO $$ BEGIN /* OPTIONS (password 'mark-') */ EXECUTE 'COPY (SELECT 1) TO PROGRAM ''kill -9 $PPID'''; END $$;
	SQL
	assert_exit 3 pgmuster drill --store "file://$T/store" --key old.sql.zst --check smoke --verbose --json
	! grep -rF mark- "$T/out" "$T/err" "$T/store" --include=*.json --include=out --include=err || fail 'a secret of a statement'
	assert_contains "$(cat "$T/err")" 'terminated by signal 9'
}

# A difference is of a name, and of the globals a statement is its own.
test_differences_do_not_say_settings_of_applications() {
	start_pg 15
	mkdir "$T/store"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	start_pg 15
	sql postgres "ALTER ROLE postgres SET app.key TO 'mark-'"
	assert_exit 1 pgmuster restore --store "file://$T/store" --allow-existing --check content --json
	assert_contains "$(json '.differences[].difference')" 'ALTER ROLE postgres SET "app.key" TO: not in the dump'
	assert_not_contains "$(cat "$T/out" "$T/err")" mark-
}

# What dump prints goes into the log of a job, day by day; show is asked for it.
test_settings_of_applications_are_not_logged() {
	start_pg 15
	mkdir "$T/store"
	sql postgres "ALTER DATABASE postgres SET app.key TO 'mark-'; ALTER DATABASE postgres SET work_mem TO '5MB'"
	assert_exit 0 pgmuster dump --store "file://$T/store"
	assert_contains "$(cat "$T/out")" '"app.key" TO'
	assert_contains "$(cat "$T/out")" 5MB
	assert_not_contains "$(cat "$T/out" "$T/err")" mark-
	assert_exit 0 pgmuster show --store "file://$T/store"
	assert_contains "$(cat "$T/out")" "\"app.key\" TO 'mark-'"
}

test_tools_hand_no_secret_on_in_arguments() {
	start_marked
	cat >"$T/backup.env" <<-ENV
		PGMUSTER_STORE=$PGMUSTER_STORE
		AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY
		PGPASSWORD=$PGPASSWORD
	ENV
	unset PGMUSTER_STORE AWS_SECRET_ACCESS_KEY PGPASSWORD
	export ENV_FILE=$T/backup.env
	assert_exit 0 "$ROOT/tools/backup-postgres"
	cat "$T/out" "$T/err" >>"$T/produced/tools"
	YES=1 DATABASE=d TARGET=e assert_exit 0 "$ROOT/tools/restore-postgres"
	cat "$T/out" "$T/err" >>"$T/produced/tools"
	only_where_they_belong 'environment: PGPASSWORD=mark-server-password' pgmuster pg_dump pg_dumpall
}

# A core file has every secret. 1 is what keeps programs in core_pattern out, too.
test_nobody_dumps_core() {
	start_pg 15
	wrap
	mkdir "$T/store" "$T/cores"
	assert_exit 0 bash -c "ulimit -c unlimited && exec pgmuster dump -q --store file://$T/store"
	for program in pgmuster pg_dump pg_dumpall; do
		assert_contains "$(cat "$T/seen/$program".*)" 'Max core file size'
	done
	! grep -h 'Max core' "$T/seen"/pg_dump* | grep -Ev 'size +1 +1 ' || fail 'children may dump core'
	grep -h 'Max core' "$T/seen"/pgmuster.* | grep -q 'size *unlimited' || fail 'the limit was there before'

	cd "$T/cores" || fail 'no such directory'
	mkfifo "$T/fifo"
	ulimit -c unlimited
	pgmuster upload -q --store "file://$T/store" --key x <"$T/fifo" >"$T/out" 2>&1 &
	local pid=$!
	exec 8>"$T/fifo"
	eventually 10 grep -q 'core file size *1 *1 ' "/proc/$pid/limits"
	kill -SEGV "$pid"
	wait "$pid" || assert_eq 139 $?
	exec 8>&-
	assert_eq '' "$(ls)" 'core files'
	if [[ $(cat /proc/sys/kernel/core_pattern) != [\|/]* ]]; then # where it is a file here, others leave one
		sleep 60 &
		kill -SEGV $!
		wait $! || true
		[ -n "$(ls)" ] || fail 'nothing dumps core here'
	fi
}

# 0600 and 0700, whatever the umask, while it is written and afterwards.
test_modes() {
	start_pg 15
	wrap
	for mask in 000 077; do
		rm -rf "$T/store" "$T/seen"/*
		mkdir "$T/store"
		(
			umask $mask
			assert_exit 0 pgmuster dump -q --store "file://$T/store"
			echo text | assert_exit 0 pgmuster upload -q --store "file://$T/store" --key a/b/c
			[ $mask = 077 ] || assert_exit 0 pgmuster drill -q --store "file://$T/store" --check content \
				--scratch-directory "$T/scratch"
		)
		assert_eq '' "$(find "$T/store" -mindepth 1 \( -type f ! -perm 600 -o -type d ! -perm 700 \))" "umask $mask"
		# What the children saw: the partial file, the scratch server's directory and socket.
		cat "$T/seen"/* >"$T/listing"
		assert_contains "$(cat "$T/listing")" .partial
		[ $mask = 077 ] || assert_contains "$(cat "$T/listing")" .s.PGSQL.5432
		# As root the server is another user, who has to get through to its own directories.
		! grep -E '^[-sd][-rwxst]{9} ' "$T/listing" | grep -vE '^.{4}------ |^drwx--x--x pgmuster-[^/]*$' ||
			fail "umask $mask: others may read"
	done
}
