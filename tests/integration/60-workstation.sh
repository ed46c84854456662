# tools/backup-postgres and tools/restore-postgres: from here with real servers and stores, and through a cluster
# that tests/support/kubectl plays, whose Jobs are real processes with real effects.

setup_file() {
	start_pg 15
	fill_server demo
	mkdir "$T/store"
	export STORE=file://$T/store KUBE_STORE=$T/store
	sql postgres "CREATE DATABASE odd TEMPLATE template0"
	sql odd 'CREATE TABLE t AS SELECT 1 AS version'
	pgmuster dump -q --store "$STORE" --key-format 2026/11/20/full.sql.zst >/dev/null
	sql odd 'UPDATE t SET version = 2'
	pgmuster dump -q --store "$STORE" --key-format 2026/11/21/full.sql.zst >/dev/null
}

backup() { run_tool backup; }
restore() { run_tool restore; }

run_tool() {
	local code=0
	"$ROOT/tools/$1-postgres" </dev/null || code=$?
	settle
	return "$code"
}

# Until the cluster's last Job has ended, unless it is held.
settle() {
	[ ! -e "${KUBE:-/nowhere}/controller.pid" ] || [ -e "$KUBE/hold" ] ||
		eventually 20 nobody_runs "$(cat "$KUBE/controller.pid")"
}

nobody_runs() { ! kill -0 "$1" 2>/dev/null; }

databases() { sql postgres "SELECT datname FROM pg_database WHERE datname ~ '^(odd|back)' ORDER BY 1" | paste -sd' '; }

# Its stdin is typed, its stdout is the screen.
on_a_terminal() { script -qec "$*" /dev/null; }

# Direct

test_backup_with_the_settings_of_a_file() {
	start_s3 versitygw
	cat >"$T/backup.env" <<-EOF
		# a comment

		PGMUSTER_STORE=s3://$S3_BUCKET/pg
		AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL
		AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID
		AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY
		PGHOST=/nowhere
	EOF
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL
	ENV_FILE=$T/backup.env assert_exit 0 backup # PGHOST is set already, and stays
	mkdir "$T/secrets"
	mv "$T/backup.env" "$T/secrets"
	assert_exit 0 backup # where it is looked for
	grep ^AWS_ "$T/secrets/backup.env" >"$T/aws"
	# shellcheck source=/dev/null
	set -a && . "$T/aws" && set +a
	assert_exit 0 pgmuster list --store "s3://$S3_BUCKET/pg" --json
	assert_json '[.backups[].status] | join(",")' complete,complete
}

test_backup_says_what_is_wrong() {
	PGHOST=$T/nowhere PGMUSTER_STORE=$STORE assert_exit 3 backup
	VIA=pigeon assert_exit 2 backup
	VIA=pigeon YES=1 assert_exit 2 restore
	ENV_FILE=$T/none assert_exit 2 backup
	printf '%s\n' A=b 's3cret' >"$T/bad.env"
	ENV_FILE=$T/bad.env assert_exit 2 backup
	assert_contains "$(cat "$T/err")" 'bad.env: line 2'
	assert_not_contains "$(cat "$T/err")" s3cret
}

test_restore_of_a_day_under_another_name() {
	export PGMUSTER_STORE=$STORE YES=1
	DATABASE=odd DATE=2026-11-20 TARGET=back assert_exit 0 restore
	assert_eq 1 "$(sql back 'SELECT version FROM t')"
	assert_contains "$(cat "$T/out")" '2026/11/21/full.sql.zst' # the list
	assert_contains "$(cat "$T/out")" 'a dry run: nothing was changed'
	DATABASE=odd TARGET=back2 assert_exit 0 restore
	assert_eq 2 "$(sql back2 'SELECT version FROM t')"
	KEY=2026/11/20/full.sql.zst DATABASE=odd TARGET=back3 assert_exit 0 restore
	assert_eq 1 "$(sql back3 'SELECT version FROM t')"
	sql postgres 'ALTER DATABASE odd RENAME TO was'
	DATABASE=odd DATE=2026-11-20 assert_exit 0 restore
	assert_eq 1 "$(sql odd 'SELECT version FROM t')"
	for name in back back2 back3 odd; do
		sql postgres "DROP DATABASE $name"
	done
	sql postgres 'ALTER DATABASE was RENAME TO odd'
}

test_restore_refuses() {
	export PGMUSTER_STORE=$STORE
	local before
	before=$(databases)
	DATABASE=odd TARGET=back assert_exit 2 restore
	assert_contains "$(cat "$T/err")" 'YES=1'
	export YES=1
	TARGET=back assert_exit 2 restore
	assert_contains "$(cat "$T/err")" 'without DATABASE it is a server'
	DATABASE=odd TARGET=back DATE=2026-11-19 assert_exit 3 restore
	assert_contains "$(cat "$T/err")" 'complete ones are of 2026-11-21, 2026-11-20'
	DATABASE=odd TARGET=back DATE=yesterday assert_exit 2 restore
	DATABASE=odd TARGET=back DATE=2026-11-20 KEY=2026/11/21/full.sql.zst assert_exit 2 restore
	DATABASE=none TARGET=back assert_exit 3 restore
	assert_contains "$(cat "$T/err")" none
	DATABASE=odd assert_exit 3 restore
	assert_contains "$(cat "$T/err")" 'the server has a database odd already'
	cp -r "$KUBE_STORE" "$T/store"
	pg_dumpall | gzip >"$T/store/old.sql.gz"
	PGMUSTER_STORE=file://$T/store KEY=old.sql.gz DATABASE=odd TARGET=back assert_exit 2 restore
	assert_contains "$(cat "$T/err")" 'can only be restored as a whole'
	assert_not_contains "$(cat "$T/out")" 'a dry run' # it is found out before anybody is asked
	assert_exit 2 restore # everything, into the server that it came from
	assert_eq "$before" "$(databases)"
}

test_restore_asks_on_a_terminal() {
	export PGMUSTER_STORE=$STORE DATABASE=odd TARGET=back answer
	for answer in n '' $'\004'; do
		assert_exit 2 on_a_terminal "$ROOT/tools/restore-postgres" < <(printf '%s\n' "$answer")
		assert_contains "$(cat "$T/out")" 'Restore this? [y/N]'
		assert_contains "$(cat "$T/out")" 'nothing was changed'
		assert_eq odd "$(databases)"
	done
	assert_exit 0 on_a_terminal "$ROOT/tools/restore-postgres" < <(echo y)
	assert_eq 'back odd' "$(databases)"
	sql postgres 'DROP DATABASE back'
}

# What was agreed to is restored, whatever comes in between.
test_restore_takes_the_backup_that_it_showed() {
	cp -r "$KUBE_STORE" "$T/store"
	export PGMUSTER_STORE=file://$T/store
	mkfifo "$T/answer"
	DATABASE=odd TARGET=back on_a_terminal "$ROOT/tools/restore-postgres" <"$T/answer" >"$T/screen" 2>&1 &
	exec 5>"$T/answer"
	eventually 20 grep -q 'Restore this' "$T/screen"
	sql odd 'UPDATE t SET version = 3'
	assert_exit 0 pgmuster dump
	echo y >&5
	exec 5>&-
	wait $!
	sql odd 'UPDATE t SET version = 2'
	assert_eq 2 "$(sql back 'SELECT version FROM t')"
	sql postgres 'DROP DATABASE back'
}

test_restore_of_a_server_into_an_empty_one() {
	local source=$PGHOST
	start_pg 15
	local empty=$PGHOST
	export PGHOST=$source PGMUSTER_STORE=$STORE YES=1 PGMUSTER_CHECK=content
	TARGET="host=$empty user=postgres" assert_exit 0 restore
	diff <(stock_dump) <(PGHOST=$empty stock_dump)
	DATABASE=odd TARGET="postgresql:///?host=$empty" assert_exit 3 restore
	assert_contains "$(cat "$T/err")" 'a database odd already'
}

test_example_secrets_have_every_name_and_no_value() {
	local yaml=$ROOT/secrets.example/k8s-secrets.enc.yaml
	echo '["odd"]' >"$T/homelab.json"
	pgmuster-gen --out "$T/modules" "$T/homelab.json"
	grep -oh 'secretsFor "[^"]*"' "$T"/modules/*.nix | cut -d'"' -f2 | sort -u >"$T/asked"
	assert_eq "$(cat "$T/asked")" "$(grep -o '^[a-z_]*:' "$yaml" | tr -d : | sort)"
	assert_eq '' "$(grep -v -e '^#' -e ': "<.*>"$' "$yaml")"
	assert_eq '' "$(grep -E 'KEY_ID|ACCESS_KEY|PASSWORD' "$ROOT/secrets.example/backup.env" | grep -v '=<.*>$')"
}

# Through the cluster

# cronjob NAME VERB [JQ_FILTER]: as the generator makes it, as far as the container is concerned.
cronjob() {
	mkdir -p "$KUBE/cronjobs"
	jq -n --arg verb "$2" --args '{spec: {suspend: ($verb == "restore"), jobTemplate: {spec: {
		backoffLimit: 0, activeDeadlineSeconds: 600, template: {spec: {containers: [{name: "pgmuster",
		args: [$verb], env: [$ARGS.positional | _nwise(2) | {name: .[0], value: .[1]}]}]}}}}}}' \
		PGHOST "$PGHOST" PGUSER postgres PGMUSTER_STORE "$PGMUSTER_STORE" PGMUSTER_PG_BIN "$PG_BIN" \
		PGMUSTER_CHECK counts TZ UTC | jq "${3:-.}" >"$KUBE/cronjobs/$1.json"
}

use_cluster() {
	cp -r "$KUBE_STORE" "$T/store"
	export PGMUSTER_STORE=file://$T/store KUBE=$T/kube VIA=cluster POLL=0.1 PATH=$ROOT/tests/support:$PATH
	cronjob postgres-backup dump "${1:-.}"
	cronjob postgres-restore restore
	unset PGMUSTER_STORE
}

job_named() { basename "$(find "$KUBE/jobs" -name "$1-*.json")" .json; }

test_cluster_backup_is_followed() {
	use_cluster
	CONTEXT=lab NAMESPACE=safe assert_exit 0 backup
	assert_contains "$(cat "$T/out")" 'backup in 1 of 1 stores'
	assert_eq '' "$(grep -v -e '^--context=lab --namespace=safe --request-timeout=' "$KUBE/argv")"
	assert_exit 0 pgmuster list --store "file://$T/store" --json
	assert_json '.backups | length' 3
}

secret() {
	jq -n --arg name "$1" --args '{metadata: {name: $name}, stringData: ([$ARGS.positional | _nwise(2)
		| {(.[0]): .[1]}] | add)}' "${@:2}" >"$KUBE/secrets/$1.json"
}

# The very objects that a cluster gets, with their Secrets.
generated_cluster() {
	local name
	export VIA=cluster KUBE=$T/kube POLL=0.1 PATH=$ROOT/tests/support:$PATH
	mkdir -p "$KUBE/cronjobs" "$KUBE/secrets"
	jq -n --arg endpoint "$AWS_ENDPOINT_URL" --arg bucket "$S3_BUCKET" --argjson port "$PGPORT" '{
		databases: {postgres: ["odd"]}, backup: {postgres: {host: "127.0.0.1", port: $port},
		store: {endpoint: $endpoint, bucket: $bucket}}}' >"$T/homelab.json"
	pgmuster-gen --format json "$T/homelab.json" >"$T/objects.json"
	for name in postgres-backup postgres-restore; do
		jq --arg name $name '.items[] | select(.kind == "CronJob" and .metadata.name == $name)' \
			"$T/objects.json" >"$KUBE/cronjobs/$name.json"
	done
	for name in postgres-backup-s3-credentials postgres-restore-drill-s3-credentials; do
		secret $name access-key-id "$AWS_ACCESS_KEY_ID" secret-access-key "$AWS_SECRET_ACCESS_KEY"
	done
	secret postgresql-auth admin-password password
}

test_cluster_with_the_objects_that_are_generated() {
	start_s3 versitygw
	PG_LISTEN=127.0.0.1 start_pg 15
	sql postgres 'CREATE DATABASE odd'
	sql odd 'CREATE TABLE t AS SELECT 1 AS version'
	generated_cluster
	assert_exit 0 backup
	DATABASE=odd TARGET=back YES=1 assert_exit 0 restore
	assert_eq 1 "$(sql back 'SELECT version FROM t')"
}

test_cluster_exit_code_is_the_containers() {
	use_cluster '.spec.jobTemplate.spec.template.spec.containers[0].args += ["--no-such"]'
	assert_exit 2 backup
	assert_contains "$(cat "$T/out")" '--no-such'
	rm -r "$KUBE/jobs"
	PGMUSTER_STORE=file://$T/none cronjob postgres-backup dump
	assert_exit 3 backup
	assert_contains "$(cat "$T/out")" 'No such file'
	rm -r "$KUBE/jobs"
	mkdir "$T/empty"
	PGMUSTER_STORE=file://$T/empty cronjob postgres-backup verify
	assert_exit 1 backup
	assert_contains "$(cat "$T/out")" 'no complete backup'
	rm "$KUBE/cronjobs/postgres-backup.json"
	assert_exit 3 backup
	assert_contains "$(cat "$T/err")" 'NotFound'
}

# The first pod finds no store, the second does: the job's end is what counts, and both logs are shown.
test_cluster_backup_that_succeeds_at_the_second_attempt() {
	use_cluster '.spec.jobTemplate.spec.backoffLimit = 1'
	mv "$T/store" "$T/away"
	cat >"$KUBE/between" <<-EOF
		sleep 4
		mv '$T/away' '$T/store'
		echo 'a slow image' >'$KUBE/hold'
		(sleep 1 && rm '$KUBE/hold') &
	EOF
	PENDING_LIMIT=3 assert_exit 0 backup # each pod may take that long
	assert_contains "$(cat "$T/err")" 'a slow image'
	assert_contains "$(cat "$T/out")" 'No such file or directory'
	assert_contains "$(cat "$T/out")" 'backup in 1 of 1 stores'
	assert_contains "$(cat "$T/err")" 'another attempt'
}

test_cluster_pod_that_does_not_start() {
	use_cluster
	echo 'no nodes with enough memory' >"$KUBE/hold"
	PENDING_LIMIT=1 assert_exit 3 backup
	assert_contains "$(cat "$T/err")" 'waits: ContainerCreating no nodes with enough memory'
	assert_contains "$(cat "$T/err")" 'not started within 1 s'
	assert_contains "$(cat "$T/err")" "delete job $(job_named postgres-backup-manual)"
	rm "$KUBE/hold"
	settle
	grep -q Complete "$KUBE/jobs/$(job_named postgres-backup-manual).json"
}

# end_job STATUS: what the job controller does to the job that waits; its pod goes with it.
end_job() {
	local file
	eventually 10 compgen -G "$KUBE/pods/*.json" >/dev/null
	file=$KUBE/jobs/$(job_named postgres-backup-manual).json
	rm "$KUBE"/pods/*.json
	eventually 10 nobody_runs "$(cat "$KUBE/controller.pid")"
	if [ "$1" = gone ]; then
		rm "$file"
	else
		jq --argjson status "$1" '.status = $status' "$file" >"$file.end"
		mv "$file.end" "$file"
	fi
}

test_cluster_job_whose_end_cannot_be_told() {
	use_cluster
	echo 'a slow disk' >"$KUBE/hold"
	end_job '{"conditions": [{"type": "FailureTarget", "status": "True"}, {"type": "Failed", "status": "True",
		"reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}]}' &
	assert_exit 3 backup
	wait $!
	assert_contains "$(cat "$T/err")" 'DeadlineExceeded Job was active longer'
	rm -r "$KUBE/jobs"
	end_job gone &
	assert_exit 3 backup
	wait $!
	assert_contains "$(cat "$T/err")" 'is gone'
}

test_cluster_backup_goes_on_after_ctrl_c() {
	use_cluster
	psql -Xqd odd -c 'BEGIN; LOCK t' -c '\! touch locked; while [ ! -e go ]; do sleep 0.1; done' &
	local lock=$! client code=0
	eventually 10 test -e "$T/locked"
	set -m # a process group of its own, as a terminal gives it
	"$ROOT/tools/backup-postgres" >"$T/out" 2>"$T/err" &
	client=$!
	set +m
	eventually 10 grep -rqs Running "$KUBE/pods"
	kill -INT -- "-$client"
	wait "$client" || code=$?
	assert_eq 130 "$code"
	assert_contains "$(cat "$T/err")" 'goes on in the cluster'
	assert_contains "$(cat "$T/err")" "delete job $(job_named postgres-backup-manual)"
	touch "$T/go"
	wait "$lock"
	settle
	grep -rq Complete "$KUBE/jobs"
}

test_cluster_restore_of_names_that_are_easily_misread() {
	# shellcheck disable=SC2016
	local name='back=a $(HOME) $$ "x" '\''y'\'' -'
	use_cluster
	export YES=1
	DATABASE=odd DATE=2026-11-20 PGMUSTER_AS=$name assert_exit 0 restore
	assert_eq 1 "$(sql "$name" 'SELECT version FROM t')"
	assert_contains "$(cat "$T/out")" 'a dry run: nothing was changed'
	DATABASE=odd TARGET=back assert_exit 0 restore
	assert_eq 2 "$(sql back 'SELECT version FROM t')"
	sql back 'DROP TABLE t'
	DATABASE=odd DATE=2026-11-20 TARGET=back PGMUSTER_TABLE=public.t assert_exit 0 restore
	assert_eq 1 "$(sql back 'SELECT version FROM t')"
	sql postgres 'DROP DATABASE back'
	PGDATABASE=postgres psql -Xq -v name="$name" <<<'DROP DATABASE :"name"'
}

test_cluster_restore_refuses() {
	use_cluster
	DATABASE=odd TARGET=back assert_exit 2 restore
	[ ! -e "$KUBE/argv" ] || fail 'it asked the cluster'
	export YES=1
	TARGET='host=new.lan password = x' assert_exit 2 restore
	TARGET=postgres://me:x@new.lan assert_exit 2 restore
	[ ! -e "$KUBE/argv" ] || fail 'a password left this machine'
	DATABASE=odd TARGET=back PGMUSTER_STORE=s3://offsite/x assert_exit 2 restore
	assert_contains "$(cat "$T/err")" ', not PGMUSTER_STORE=s3://offsite/x'
	assert_eq '' "$(find "$KUBE/jobs" -name 'postgres-restore-manual*')" 'it restored from the other store'
	rm -r "$KUBE/jobs"
	DATABASE=odd DATE=2026-11-19 TARGET=back assert_exit 3 restore
	assert_contains "$(cat "$T/out")" 'complete ones are of 2026-11-21, 2026-11-20'
	assert_eq odd "$(databases)"
	assert_eq '' "$(find "$KUBE/jobs" -name 'postgres-restore-manual*')"
}

test_cluster_restore_asks_after_the_dry_run() {
	use_cluster
	export DATABASE=odd TARGET=back
	assert_exit 2 on_a_terminal "$ROOT/tools/restore-postgres" < <(echo n)
	assert_contains "$(cat "$T/out")" 'a dry run: nothing was changed'
	assert_eq odd "$(databases)"
	rm -r "$KUBE/jobs" # a job is named after its second
	assert_exit 0 on_a_terminal "$ROOT/tools/restore-postgres" < <(echo yes)
	settle
	assert_eq 'back odd' "$(databases)"
	sql postgres 'DROP DATABASE back'
}

test_cluster_restore_of_a_server_into_an_empty_one() {
	local source=$PGHOST
	use_cluster
	start_pg 15
	YES=1 TARGET="host=$PGHOST user=postgres" assert_exit 0 restore
	diff <(PGHOST=$source stock_dump) <(stock_dump)
}
