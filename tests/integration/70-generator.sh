# pgmuster-gen: the same objects as Nix, YAML and JSON; alerts that can fire; jobs that run as they stand.

# shellcheck disable=SC2016 # programs of jq and psql
PATH=$PATH:$PGMUSTER_CACHE/bin # promtool

EXAMPLE=$ROOT/kubenix/example

# A list and settings with all that is awkward in the three formats.
hostile_input() {
	jq -n '{
		databases: {postgres: ["plain", "with space", "quote\"and'"'"'", "${inject}", "$${dollars}",
			"'"''"'", "back\\slash", "tab\there", "-dash", "yes", "1e3", "ünïcödé 🐘", "a: b", "# no comment",
			"x\u0001y", "\u2028", ("long" + "x" * 59)]},
		backup: {
			postgres: {user: "${user} \"quoted\" '"''"' \\ ü", service: "pg-1"},
			dump: {excludeDatabases: ["$(not) expanded", "'"''"'${x}"]},
			drill: {shape: "sidecar", sidecar: {
				image: ("registry.example/postgres:18@sha256:" + "1" * 64),
				preloadLibraries: ["pg_stat_statements", "$libdir/x"],
				parameters: {"work_mem": ("\\ \"${y}\" ü $" * 5000), "search_path": "\"$user\", '"''"'${x}'"''"'"}}},
			alerts: {labels: {"example.org/team": "a_b.c"}}
		}}'
}

# All objects, in an order of their own.
sorted() { jq -S '[.. | objects | select(.apiVersion? and .kind? and .metadata?)] | sort_by(.kind, .metadata.name)'; }

gen() { pgmuster-gen "$@" 2>"$T/err" || fail "$(cat "$T/err")"; }

evaluated() {
	nix-instantiate --store dummy:// --eval --strict --json "$ROOT/tests/support/evaluate.nix" \
		--arg directory "$1" "${@:2}" 2>"$T/nix.err" || fail "$(cat "$T/nix.err")"
}

needs() {
	type -P "$1" >/dev/null || skip "$1 is not installed"
}

test_example_is_what_is_generated() {
	assert_exit 0 pgmuster-gen --check --out "$EXAMPLE" "$EXAMPLE/homelab.json"
	assert_eq '' "$(cat "$T/out")"
	cmp "$ROOT/nix/modules/settings.schema.json" <(pgmuster-gen schema)
}

test_second_run_changes_nothing_and_check_sees_an_edit() {
	jq .databases.postgres "$EXAMPLE/homelab.json" >"$T/list.json"
	assert_exit 0 pgmuster-gen --out "$T/one" <"$T/list.json"
	cp -r "$T/one" "$T/two"
	touch -d '2020-01-01' "$T/two/postgres-verify.nix"
	assert_exit 0 pgmuster-gen --out "$T/two" <"$T/list.json"
	git diff --no-index --exit-code "$T/one" "$T/two"
	assert_eq 2020 "$(date -r "$T/two/postgres-verify.nix" +%Y)" 'a file that is the same is left alone'
	assert_eq 6 "$(find "$T/two" -type f | wc -l)"
	assert_exit 0 pgmuster-gen --check --out "$T/two" <"$T/list.json"
	sed -i 's/30 2/31 2/' "$T/two/postgres-backup.nix"
	assert_exit 1 pgmuster-gen --check --out "$T/two" <"$T/list.json"
	assert_contains "$(cat "$T/out")" '-          schedule = "31 2 * * *";'
	assert_contains "$(cat "$T/out")" '+          schedule = "30 2 * * *";'
	rm "$T/two/postgres-verify.nix"
	assert_exit 1 pgmuster-gen --check --out "$T/two" <"$T/list.json"
	assert_contains "$(cat "$T/err")" '2 of 6 files'
	[ ! -e "$T/two/postgres-verify.nix" ] || fail '--check wrote a file'
}

test_what_is_not_generated_stays() {
	mkdir "$T/out.d"
	echo '# mine, and not of pgmuster-gen' >"$T/out.d/postgres-verify.nix"
	assert_exit 3 pgmuster-gen --out "$T/out.d" "$EXAMPLE/homelab.json"
	assert_contains "$(cat "$T/err")" 'was not generated'
	assert_eq '# mine, and not of pgmuster-gen' "$(cat "$T/out.d"/*)" 'the only file'
	assert_exit 0 pgmuster-gen --force --out "$T/out.d" "$EXAMPLE/homelab.json"
	assert_eq 6 "$(find "$T/out.d" -type f | wc -l)"
}

test_nix_is_what_json_says() {
	needs nix-instantiate
	local input
	hostile_input >"$T/hostile.json"
	for input in "$EXAMPLE/homelab.json" "$T/hostile.json"; do
		rm -rf "$T/nix"
		gen --out "$T/nix" "$input"
		gen --format json "$input" >"$T/objects.json"
		evaluated "$T/nix" >"$T/evaluated.json"
		jq 'del(.["postgres-backup-s3-credentials.enc.nix"])' "$T/evaluated.json" | sorted >"$T/a"
		sorted <"$T/objects.json" >"$T/b"
		diff -u "$T/b" "$T/a"
	done
	assert_eq "$(jq -c .databases.postgres "$T/hostile.json")" "$(jq -r '.items[] |
		select(.kind == "ConfigMap").data["databases.json"]' "$T/objects.json" | jq -c .)"
}

test_secrets_are_named_and_never_there() {
	needs nix-instantiate
	gen --out "$T/nix" "$EXAMPLE/homelab.json"
	evaluated "$T/nix" | jq '.["postgres-backup-s3-credentials.enc.nix"]' >"$T/out"
	assert_json 'map(.metadata.name) | sort | join(" ")' \
		'postgres-backup-s3-credentials postgres-restore-drill-s3-credentials postgresql-auth'
	assert_json '[.[].stringData[]] | all(startswith("ref+sops://secrets.yaml#"))' true
	assert_json 'map(.metadata.namespace) | unique | join(" ")' backup
	# Everything that a pod asks for is in one of them.
	jq -r '.[] | .metadata.name as $n | .stringData | keys[] | "\($n)/\(.)"' "$T/out" | sort >"$T/have"
	pgmuster-gen --format json "$EXAMPLE/homelab.json" 2>"$T/notes" |
		jq -r '.. | .secretKeyRef? // empty | "\(.name)/\(.key)"' | sort -u >"$T/wanted"
	diff -u "$T/wanted" "$T/have"
	assert_contains "$(cat "$T/notes")" 'Secret backup/postgresql-auth with admin-password'
	# In the server's own namespace its Secret is not ours to make.
	gen --out "$T/same" --namespace apps "$EXAMPLE/homelab.json"
	assert_not_contains "$(cat "$T/same/postgres-backup-s3-credentials.enc.nix")" postgresql-auth
}

# A role that dumps is no superuser, and who restores is.
test_who_restores_is_another_one() {
	local who='[.items[] | select(.kind == "CronJob").spec.jobTemplate.spec.template.spec.containers[0].env |
		map({key: .name, value: (.value // .valueFrom.secretKeyRef)}) | from_entries |
		select(.PGUSER) | "\(.PGUSER) \(.PGPASSWORD.name)/\(.PGPASSWORD.key)"] | join(", ")'
	echo '{"databases": {"postgres": ["a"]}, "backup": {"postgres": {"user": "backup", "secret": {"key": "backup-password", "sops": "of_backup"}},
		"restore": {"user": "admin", "secret": {"key": "root-password"}}}}' >"$T/in"
	gen --format json "$T/in" >"$T/out"
	assert_json "$who" 'backup postgresql-auth/backup-password, admin postgresql-auth/root-password'
	assert_contains "$(cat "$T/err")" 'Secret backup/postgresql-auth with backup-password root-password'
	gen --out "$T/one" "$T/in"
	assert_contains "$(cat "$T/one/postgres-backup-s3-credentials.enc.nix")" 'root-password = kubenix.lib.secretsFor "postgresql_restore_password"'
	gen --format json --restore-secret-name of-admin --restore-secret-key password "$T/in" >"$T/out"
	assert_json "$who" 'backup postgresql-auth/backup-password, admin of-admin/password'
	assert_contains "$(cat "$T/err")" 'Secret backup/of-admin with password'
	gen --out "$T/two" --restore-secret-name of-admin --restore-secret-sops admins "$T/in"
	assert_contains "$(cat "$T/two/postgres-backup-s3-credentials.enc.nix")" 'kubenix.lib.secretsFor "admins"'
	assert_contains "$(cat "$T/two/postgres-backup-s3-credentials.enc.nix")" 'kubenix.lib.secretsFor "of_backup"'
	# The server's own namespace has its Secrets.
	gen --format json --namespace apps "$T/in" >"$T/out"
	assert_not_contains "$(cat "$T/err")" root-password
	echo '["a"]' >"$T/in"
	gen --format json "$T/in" >"$T/out"
	assert_json "$who" 'postgres postgresql-auth/admin-password, postgres postgresql-auth/admin-password'
}

test_namespaces_follow_the_homelab() {
	needs nix-instantiate
	gen --out "$T/nix" "$EXAMPLE/homelab.json"
	evaluated "$T/nix" --argstr backup vault --argstr monitoring watch >"$T/out"
	assert_json '[.. | .namespace? // empty | strings] | unique | join(" ")' 'vault watch'
	assert_json '[.. | .expr? // empty | test("namespace=\"vault\"")] | all' true
}

test_yaml_is_what_json_says() {
	python3 -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'
	hostile_input >"$T/hostile.json"
	gen --format yaml "$T/hostile.json" >"$T/all.yaml"
	gen --format json "$T/hostile.json" >"$T/all.json"
	python3 -c 'import json, sys, yaml
json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)' "$T/all.yaml" | sorted >"$T/a"
	sorted <"$T/all.json" >"$T/b"
	diff -u "$T/b" "$T/a"
	gen --format yaml --out "$T/files" "$T/hostile.json"
	assert_eq "$(grep -v '^#' "$T/all.yaml" | sort | sha256sum)" \
		"$(cat "$T/files"/*.yaml | grep -v '^#' | sort | sha256sum)"
	assert_eq 5 "$(find "$T/files" -type f | wc -l)" 'no file of Secrets'
}

test_what_may_surprise_is_said() {
	echo '{"version": "v1.34", "namespaces": null, "backup": null, "backups": {}, "ingress": {}, "databases": {"postgres": ["a"]}}' >"$T/in"
	gen --format json --time-zone Europe/Berlin "$T/in" >"$T/out"
	assert_eq 2 "$(grep -c 'warning: \$' "$T/err")"
	assert_contains "$(cat "$T/err")" 'warning: $.backups: is not read; did you mean backup?'
	assert_contains "$(cat "$T/err")" 'warning: $.backup.dump.schedule: "30 2 * * *" may not come when clocks in Europe/Berlin go forward'
	assert_contains "$(cat "$T/err")" 'on any other hour than that from 2:00 it always comes'
	# An alert, a backup and the Job that failed may then be a run older, and others an hour: a day may have 25.
	assert_json '[.items[] | .. | .expr? // empty | scan("> ([0-9]+)")[]] | join(" ")' '187200 100800 633600'
	assert_json '[.items[] | .. | .args? // empty | .[] | select(test("max-age"))] | unique | join(" ")' --max-age=52h
	assert_json '.items[] | select(.kind == "CronJob" and .metadata.name == "postgres-restore-drill") |
		.spec.jobTemplate.spec.ttlSecondsAfterFinished' 633600
	gen --format json --time-zone America/Nuuk --dump-schedule '30 23 * * *' "$T/in" >"$T/out"
	assert_contains "$(cat "$T/err")" '"30 23 * * *" may not come'
	gen --format json --time-zone Europe/Berlin --dump-schedule '30 4 * * *' "$T/in" >"$T/out"
	assert_json '[.items[] | .. | .args? // empty | .[] | select(test("max-age"))] | unique | join(" ")' --max-age=29h
	assert_not_contains "$(cat "$T/err")" 'go forward'
	gen --format json --time-zone Europe/Berlin --dump-schedule '0 5 * * *' --dump-deadline 15m --alerts-grace 15m "$T/in" >"$T/out"
	assert_json '[.items[] | .. | .expr? // empty | scan("> ([0-9]+)")[]][0]' $((25 * 3600 + 1800))
	# Without the run of the night, the next is that of the day.
	gen --format json --time-zone Europe/Berlin --dump-schedule '30 2,14 * * *' "$T/in" >"$T/out"
	assert_json '[.items[] | .. | .args? // empty | .[] | select(test("max-age"))] | unique | join(" ")' --max-age=27h
	assert_contains "$(cat "$T/err")" '"30 2,14 * * *" may not come'
}

# Of each zone, and each year to come. Where the system has another release of tzdata, a few may have changed since.
test_clock_changes_are_those_of_tzdata() {
	needs python3
	python3 - "$ROOT/gen/time_zone_names.h" <<-'PYTHON'
		import re, sys, zoneinfo
		from datetime import datetime, timedelta, timezone
		text = open(sys.argv[1]).read()
		names, changing = text.split("changing_zones[]")
		ours = {n: {(int(a), int(b))} for n, a, b in re.findall(r'\{"(.*?)", (\d+), (\d+)\},', changing)}
		release = open(zoneinfo.TZPATH[0] + "/tzdata.zi").readline().split()[2]
		same_release = "tzdata %s," % release in text
		days = [datetime(2028, 1, 1, tzinfo=timezone.utc) + timedelta(i) for i in range(5 * 366)]

		def left_out(zone):
		    offset = lambda at: at.astimezone(zone).utcoffset()
		    found = set()
		    for low, high in zip(days, days[1:]):
		        if offset(low) >= offset(high):
		            continue
		        before = offset(low)
		        by = int((offset(high) - before) / timedelta(minutes=1))
		        while high - low > timedelta(minutes=1):
		            middle = low + (high - low) / 2
		            low, high = (middle, high) if offset(middle) == before else (low, middle)
		        at = (low + before + timedelta(seconds=59)).replace(second=0, microsecond=0)
		        found.add((at.hour * 60 + at.minute, by))
		    return found

		known = zoneinfo.available_timezones()
		compared, different = 0, []
		for name in re.findall(r'"([^"]+)",', names):
		    if name not in known:
		        assert not same_release or name == "Factory", name
		        continue
		    theirs = left_out(zoneinfo.ZoneInfo(name))
		    compared += bool(theirs)
		    if theirs != ours.get(name, set()):
		        different.append((name, theirs, ours.get(name)))
		print("tzdata", release, different)
		assert compared > 150 and len(different) <= (0 if same_release else compared / 10)
	PYTHON
}

# The program ends by itself, with its reason and a drill's evidence, before the Job is killed.
test_programs_may_take_as_long_as_their_jobs() {
	timeouts() { jq -r '[.items[] | select(.kind == "CronJob").spec.jobTemplate.spec |
		[.activeDeadlineSeconds, (.template.spec.containers[0].args[] | select(startswith("--timeout")))] | join(" ")] | sort | join(", ")' "$T/out"; }
	gen --format json "$EXAMPLE/homelab.json" >"$T/out"
	assert_eq '10800 --timeout=10200s, 21600 --timeout=21000s, 7200 --timeout=6600s, 86400' "$(timeouts)"
	gen --format json --dump-deadline 3d --verify-deadline 30s --drill-deadline 1s --restore-deadline 2d "$EXAMPLE/homelab.json" >"$T/out"
	assert_eq '1 --timeout=1s, 172800, 259200 --timeout=258600s, 30 --timeout=27s' "$(timeouts)"
}

test_nothing_is_left_where_it_cannot_be_written() {
	mkdir "$T/tmp2" "$T/d"
	ln -s elsewhere "$T/d/postgres-verify.nix"
	assert_exit 3 pgmuster-gen --out "$T/d" "$EXAMPLE/homelab.json"
	assert_contains "$(cat "$T/err")" 'postgres-verify.nix is there, and is no regular file'
	assert_eq postgres-verify.nix "$(ls -A "$T/d")"
	assert_exit 2 pgmuster-gen --out '' "$EXAMPLE/homelab.json"
	assert_exit 3 pgmuster-gen --out "$T/no/such" "$EXAMPLE/homelab.json"
	for arguments in --help --version schema "--format yaml $EXAMPLE/homelab.json"; do
		# shellcheck disable=SC2086
		! pgmuster-gen $arguments >/dev/full 2>"$T/err" || fail "$arguments: nobody could read it"
	done
	mkdir "$T/e"
	# shellcheck disable=SC2216
	TMPDIR=$T/tmp2 pgmuster-gen --check --out "$T/e" "$EXAMPLE/homelab.json" 2>"$T/err" | true || true
	assert_eq '' "$(ls -A "$T/tmp2")"
}

# complains PATH_AND_PIECE JSON [ARGUMENT...]: one error, of that beginning, and nothing written.
complains() {
	local what=$1 input=$2
	shift 2
	printf '%s' "$input" >"$T/input.json"
	assert_exit 2 pgmuster-gen --out "$T/never" "$@" "$T/input.json"
	assert_eq 1 "$(grep -c '^pgmuster-gen: ' "$T/err")" "complaints about $input: $(cat "$T/err")"
	assert_contains "$(cat "$T/err")" "$what"
	[ ! -e "$T/never" ] || fail "something was written for $input"
}

setting() { jq -n --argjson value "$2" '{databases: {postgres: ["a"]}, backup: ({} | setpath($path | split("."); $value))}' --arg path "$1"; }

test_bad_input_is_named_by_its_path() {
	local long
	long=$(printf 'x%.0s' {1..64})
	complains 'is no JSON: line 1, column' '["a",'
	complains 'is no JSON' '{"databases": {}, "databases": {}}'
	complains '$: expected a list of names, or an object' '7'
	complains '$: no database is named' '[]'
	complains '$[1]: "a" is there already, as $[0]' '["a", "a"]'
	complains '$[0]: expected the name of a database' '[1]'
	complains '$[0]: "": expected' '[""]'
	complains "\$[0]: \"$long\": expected a database's name: 1 to 63 bytes" "[\"$long\"]"
	complains '$[0]: "a\x0ab": pg_dump refuses' '["a\nb"]'
	complains '$[0]: "template0": template0 is in no dump' '["template0"]'
	complains '$.databases.postgres: is missing' '{"backup": {}}'
	complains '$.databases.postgres[1]' '{"databases": {"postgres": ["a", null]}}'
	complains '$.datbases: there is no such key; did you mean databases?' '{"databases": {"postgres": ["a"]}, "datbases": 1}'
	complains '$.ingress: there is no such key' '{"databases": {"postgres": ["a"]}, "ingress": {}}'
	complains '$.version: 1.26: Kubernetes 1.27 is the oldest' '{"version": "1.26", "databases": {"postgres": ["a"]}}'
	complains '$.version: expected' '{"version": 1.34, "databases": {"postgres": ["a"]}}'
	complains '$.namespaces.backup: is missing' \
		'{"namespaces": {"applications": "a", "monitoring": "m"}, "databases": {"postgres": ["a"]}}'
	complains '$.namespaces.backup: "Back_up": expected a namespace' \
		'{"namespaces": {"applications": "a", "monitoring": "m", "backup": "Back_up"}, "databases": {"postgres": ["a"]}}'
	complains '$.backup: expected an object, not a list' '{"databases": {"postgres": ["a"]}, "backup": []}'
	complains '$.backup.dril: there is no such setting; did you mean drill?' "$(setting dril '{}')"
	complains '$.backup.drill.schedul: there is no such setting; did you mean schedule?' "$(setting drill.schedul '""')"
	complains '$.backup["a b"]: there is no such setting' "$(setting 'a b' 1)"
	complains '$.backup.drill: expected an object, not a string' "$(setting drill '"x"')"
	complains '$.backup.drill.schedule: expected a string, not a number' "$(setting drill.schedule 3)"
	complains '$.backup.drill.schedule: "0 3 * * 7": ' "$(setting drill.schedule '"0 3 * * 7"')"
	complains '$.backup.drill.schedule: "@every 700000h": expected at most ten years' "$(setting drill.schedule '"@every 700000h"')"
	complains '$.backup.keyFormat: " a.sql.zst": expected a key' "$(setting keyFormat '" a.sql.zst"')"
	complains '$.backup.drill.schedule: "0 3 * *": ' "$(setting drill.schedule '"0 3 * *"')"
	complains '$.backup.drill.schedule: "TZ=UTC 0 3 * * 0": ' "$(setting drill.schedule '"TZ=UTC 0 3 * * 0"')"
	complains '$.backup.drill.schedule: "0 0 31 2 *": no such day ever comes' "$(setting drill.schedule '"0 0 31 2 *"')"
	complains '$.backup.timeZone: "America/Sao_Paolo": expected a time zone of the IANA database; did you mean America/Sao_Paulo?' \
		"$(setting timeZone '"America/Sao_Paolo"')"
	complains '$.backup.timeZone: "Local"' "$(setting timeZone '"Local"')"
	complains '$.backup.image: "ghcr.io/x/y:latest": expected an image pinned by its digest' "$(setting image '"ghcr.io/x/y:latest"')"
	complains '$.backup.store.endpoint: "minio.lan:9000"' "$(setting store.endpoint '"minio.lan:9000"')"
	complains '$.backup.store.endpoint: "http://minio.lan/bucket"' "$(setting store.endpoint '"http://minio.lan/bucket"')"
	complains '$.backup.store.bucket: "A"' "$(setting store.bucket '"A"')"
	complains '$.backup.store.prefix: "../x"' "$(setting store.prefix '"../x"')"
	complains '$.backup.keyFormat: "%Y/full.sql"' "$(setting keyFormat '"%Y/full.sql"')"
	complains '$.backup.drill.check: "all": expected one of smoke, counts, content' "$(setting drill.check '"all"')"
	complains '$.backup.drill.jobs: expected a whole number from 1 to 64' "$(setting drill.jobs 0)"
	complains '$.backup.drill.jobs: expected a whole number' "$(setting drill.jobs '"2"')"
	complains '$.backup.drill.scratch.size: "20 GB": expected a size' "$(setting drill.scratch.size '"20 GB"')"
	complains '$.backup.drill.sidecar.image: is missing' "$(setting drill.shape '"sidecar"')"
	complains '$.backup.alerts.labels["-x"]: expected a label' "$(setting alerts.labels '{"-x": "y"}')"
	complains '$.backup.alerts.labels.x: "a b": expected a label' "$(setting alerts.labels '{"x": "a b"}')"
	complains '$.backup.dump.rolePasswords: expected true or false' "$(setting dump.rolePasswords '"no"')"
	complains '$.backup.dump.excludeDatabases: "a" is among the databases' "$(setting dump.excludeDatabases '["a"]')"
	complains '$.backup.dump.deadline: "2 hours": expected a duration' "$(setting dump.deadline '"2 hours"')"
	complains '--drill-schedule: "never": ' '["a"]' --drill-schedule never
	complains '--drill-jobs: expected a whole number' '["a"]' --drill-jobs two
	complains '--alerts-labels: release: expected NAME=VALUE' '["a"]' --alerts-labels release
	complains 'unknown option --drill-schedul' '["a"]' --drill-schedul x
	complains '$.backup.dump.resources.requests.memory: 1Gi is more than the limit, 512Mi' \
		"$(setting dump.resources.requests.memory '"1Gi"')"
	complains '$.backup.postgres.secret.name: "postgres-backup-s3-credentials" is the Secret of the store' \
		"$(setting postgres.secret.name '"postgres-backup-s3-credentials"')"
	complains '$.backup.restore.secret: is missing: role admin has a password of its own' "$(setting restore.user '"admin"')"
	complains '$.backup.restore.user: is missing: whose password restore.secret is' "$(setting restore.secret.name '"x"')"
	complains '$.backup.restore.secret.name: "postgres-backup-s3-credentials" is the Secret of the store' \
		"$(setting restore '{"user": "a", "secret": {"name": "postgres-backup-s3-credentials"}}')"
	complains '$.backup.store.reader.sops: "minio_postgres_drill": the reader'"'"'s Secret is the writer' \
		"$(setting store.reader.name '"postgres-backup-s3-credentials"')"
	complains '$.backup.retention.days: 14: too few' "$(setting dump.schedule '"0 3 1 * *"')"
	complains '$.backup.history.successful: expected a whole number from 1 to 100' "$(setting history.successful 0)"
	complains '$.backup.history.keep: "365000d": expected a duration' "$(setting history.keep '"365000d"')"
	complains '$.backup.drill.sidecar.parameters.port: is the drill' "$(setting drill.sidecar.parameters '{"port": "5433"}')"
	complains '--postgres-user: \xff: is not UTF-8' '["a"]' --postgres-user $'\xff'
	complains '--dump-exclude-databases: b\xff: is not UTF-8' '["a"]' --dump-exclude-databases $'b\xff'
	complains '$["\u001B[31m\nx"]: there is no such key' '{"databases": {"postgres": ["a"]}, "\u001b[31m\nx": 1}'
	complains 'names are too long for a ConfigMap' "$(jq -nc '[range(5000) | "\(.)-" + "x" * 50]')"
	! pgmuster-gen policy bucket --writer '' "$EXAMPLE/homelab.json" >"$T/out" 2>&1 || fail 'a policy for nobody'
	# All of them at once, each on its line.
	jq -n '{databases: {postgres: ["a"]}, backup: {drill: {schedule: 1, check: "x"}, timeZone: "X"}}' >"$T/input.json"
	assert_exit 2 pgmuster-gen --out "$T/never" "$T/input.json"
	assert_eq 3 "$(grep -c '^pgmuster-gen: \$' "$T/err")"
	assert_contains "$(cat "$T/err")" '3 errors, nothing was written'
}

test_flag_over_input_over_settings_file_over_default() {
	local expected
	echo '{"drill": {"jobs": 3, "check": "smoke"}, "timeZone": "Europe/Lisbon", "dump": {"schedule": "1 1 * * *"}}' >"$T/settings"
	echo '{"databases": {"postgres": ["a"]}, "backup": {"drill": {"check": "content"}, "timeZone": "Asia/Tokyo"}}' >"$T/input"
	gen --format json --settings "$T/settings" --time-zone Etc/UTC "$T/input" >"$T/out"
	expected='["Etc/UTC","1 1 * * *","0 3 * * 0"]'
	assert_json '[.items[] | select(.kind == "CronJob") | .spec] | [.[0].timeZone, .[0].schedule, (.[] |
		select(.jobTemplate.metadata.labels["app.kubernetes.io/component"] == "drill").schedule)] | tojson' "$expected"
	assert_json '[.items[] | select(.metadata.name == "postgres-restore-drill" and .kind == "CronJob") | .. | .args? // empty | .[]] |
		map(select(test("check|jobs"))) | join(" ")' '--check=content --jobs=3'
	echo '{"drill": {"job": 3}}' >"$T/settings"
	assert_exit 2 pgmuster-gen --format json --settings "$T/settings" "$T/input"
	assert_contains "$(cat "$T/err")" "$T/settings: \$.drill.job: there is no such setting"
}

test_scratch_volume_is_large_enough_for_the_last_backup() {
	local manifest=$ROOT/tests/golden/store/full.sql.zst.manifest.json
	echo '["a"]' >"$T/input"
	gen --format json --manifest "$manifest" "$T/input" >"$T/out"
	assert_json '[.items[] | .. | .emptyDir? // empty | .sizeLimit] | join(" ")' 7168Mi
	jq '.roll.databases[0].bytes_on_disk = 100e9' "$manifest" >"$T/large"
	gen --format json --manifest "$T/large" "$T/input" >"$T/out"
	assert_json '[.items[] | .. | .emptyDir? // empty | .sizeLimit] | join(" ")' 125952Mi
	assert_json '[.items[] | select(.metadata.name == "postgres-restore-drill") | .. | .resources? // empty |
		.limits["ephemeral-storage"]] | join(" ")' 126208Mi
	assert_exit 2 pgmuster-gen --format json --manifest "$T/input" "$T/input"
	assert_contains "$(cat "$T/err")" 'is no manifest of pgmuster'
}

# restore-postgres reads the log of a Job that is complete.
test_a_finished_job_stays_until_it_was_read() {
	gen --format json --history-keep 1s "$EXAMPLE/homelab.json" >"$T/out"
	assert_json '.items[] | select(.kind == "CronJob" and .metadata.name == "postgres-restore") |
		.spec.jobTemplate.spec.ttlSecondsAfterFinished' 3600
}

# words FILTER: strings of $T/container, NUL after each, with $$ as $, as Kubernetes makes of them.
words() { jq -j "$1 | gsub(\"\\\\$\\\\$\"; \"$\") + \"\u0000\"" "$T/container"; }

# run_container CRONJOB KIND: the first of its containers or initContainers, with its command, its environment and
# nothing else, as a user without rights.
run_container() {
	local secrets command=() environment=() user=()
	jq --arg name "$1" --arg kind "$2" '.items[] | select(.kind == "CronJob" and .metadata.name == $name) |
		.spec.jobTemplate.spec.template.spec[$kind][0]' "$T/objects.json" >"$T/container"
	secrets='{"postgres-backup-s3-credentials/access-key-id": env.AWS_ACCESS_KEY_ID,
		"postgres-backup-s3-credentials/secret-access-key": env.AWS_SECRET_ACCESS_KEY,
		"postgres-restore-drill-s3-credentials/access-key-id": env.AWS_ACCESS_KEY_ID,
		"postgres-restore-drill-s3-credentials/secret-access-key": env.AWS_SECRET_ACCESS_KEY,
		"postgresql-auth/admin-password": "s3cret $(word) $$"}'
	mapfile -d '' -t environment < <(words "$secrets as \$secrets | .env[] | .name + \"=\" +
		(if .valueFrom then .valueFrom.secretKeyRef | \$secrets[.name + \"/\" + .key] | gsub(\"[$]\"; \"\$\$\")
		 else .value end)")
	mapfile -d '' -t command < <(words '.command // ["pgmuster"] | .[]' && words '.args // [] | .[]')
	[ "$(id -u)" != 0 ] || user=("${AS_NOBODY[@]}" --no-new-privs --bounding-set=-all)
	exec "${user[@]}" env -i PATH="$(dirname "$(type -P pgmuster)"):$PG_BIN:/usr/bin:/bin" PGHOSTADDR="${ADDRESS:-}" \
		"${environment[@]}" "$(type -P time)" -f %M -o "$T/mount/rss" "${command[@]}"
}

run_job() (run_container "$1" containers)

# What is mounted into a pod at a fixed place is below $T/mount here.
mount_volumes() {
	mkdir -p "$T/mount/scratch" "$T/mount/run" "$T/mount/etc"
	jq -r '.items[] | select(.kind == "ConfigMap").data["databases.json"]' "$T/objects.json" >"$T/mount/etc/databases.json"
	jq --arg at "$T/mount" 'walk(if type == "string" then gsub("/etc/pgmuster"; $at + "/etc") |
		gsub("/run/postgresql"; $at + "/run") | gsub("/scratch"; $at + "/scratch") else . end)' \
		"$T/objects.json" >"$T/changed"
	mv "$T/changed" "$T/objects.json"
	chmod 755 "$T"
	chmod -R 777 "$T/mount"
}

below_its_limit() {
	local limit
	limit=$(jq -r '.resources.limits.memory | rtrimstr("Gi") as $g | if $g != . then ($g | tonumber) * 1048576
		else (rtrimstr("Mi") | tonumber) * 1024 end' "$T/container")
	[ "$(tail -n 1 "$T/mount/rss")" -lt "$limit" ] || fail "took $(cat "$T/mount/rss") KiB, its limit is $limit"
	rm -f "$T/mount/rss"
}

test_jobs_run_as_they_stand() {
	local name
	PG_LISTEN=127.0.0.1 start_pg 18
	fill_server demo
	sql postgres "ALTER ROLE postgres PASSWORD 's3cret \$(word) \$\$'" >/dev/null
	sed -i '1i host all all 127.0.0.1/32 scram-sha-256' "$PG_DATA/pg_hba.conf"
	sql postgres 'SELECT pg_reload_conf()' >/dev/null
	start_s3 versitygw
	sql postgres "SELECT json_agg(datname) FROM pg_database WHERE datname <> 'template0'" >"$T/list.json"
	gen --format json --store-endpoint "$AWS_ENDPOINT_URL" --store-bucket "$S3_BUCKET" --postgres-port "$PGPORT" \
		--time-zone America/Sao_Paulo --drill-check content "$T/list.json" >"$T/objects.json"
	mount_volumes
	ADDRESS=127.0.0.1 # of the Service, which DNS would tell
	for name in postgres-backup postgres-verify postgres-restore-drill; do
		assert_exit 0 run_job "$name"
		below_its_limit
	done
	assert_eq '' "$(ls "$T/mount/scratch")"
	assert_exit 0 pgmuster list --store "s3://$S3_BUCKET/postgresql" --json
	assert_json '.backups[0].key' "$(TZ=America/Sao_Paulo date +%Y/%m/%d)/full.sql.zst"
	# A database that is gone fails the next ones.
	jq '. + ["gone"]' "$T/list.json" >"$T/mount/etc/databases.json"
	assert_exit 1 run_job postgres-verify
	assert_contains "$(cat "$T/out" "$T/err")" gone
}

test_jobs_trust_an_authority_of_ones_own() {
	local name item
	mkdir "$T/pair"
	cd "$T/pair" || return
	authority ca
	certificate server ca DNS:postgresql.default.svc.cluster.local,IP:127.0.0.1
	cp server.pem public.crt
	cp server.key private.key
	[ "$(id -u)" != 0 ] || chown "$(as_pg id -u)" server.key
	chmod 755 .
	cd "$T" || return
	PG_LISTEN=127.0.0.1 PG_CONFIG="ssl=on ssl_cert_file='$T/pair/server.pem' ssl_key_file='$T/pair/server.key'" start_pg 18
	sql postgres "ALTER ROLE postgres PASSWORD 's3cret \$(word) \$\$'" >/dev/null
	sed -i '1i hostssl all all 127.0.0.1/32 scram-sha-256' "$PG_DATA/pg_hba.conf"
	sql postgres 'SELECT pg_reload_conf()' >/dev/null
	CURL_CA_BUNDLE=$T/pair/ca.pem S3_CERTS=$T/pair start_s3 versitygw
	jq -n --arg endpoint "$AWS_ENDPOINT_URL" --arg bucket "$S3_BUCKET" --argjson port "$PGPORT" '{databases: {postgres: ["postgres"]},
		namespaces: {applications: "default", backup: "backup", monitoring: "monitoring"}, backup: {
		certificates: {configMap: "home-authority", key: "root.pem"}, postgres: {sslMode: "verify-full", port: $port},
		store: {endpoint: $endpoint, bucket: $bucket}}}' >"$T/input.json"
	gen --format json "$T/input.json" >"$T/objects.json"
	mount_volumes
	chmod 755 "$T/pair"
	for name in postgres-backup postgres-verify postgres-restore-drill postgres-restore; do
		item=$(jq -c --arg name "$name" '.items[] | select(.kind == "CronJob" and .metadata.name == $name) |
			.spec.jobTemplate.spec.template.spec.volumes[] | select(.configMap.name == "home-authority").configMap.items' "$T/objects.json")
		assert_eq '[{"key":"root.pem","path":"ca.pem"}]' "$item" "$name"
	done
	mkdir "$T/mount/etc-certificates"
	ADDRESS=127.0.0.1
	assert_exit 3 run_job postgres-backup
	for name in postgres-backup postgres-verify postgres-restore-drill; do
		install -m 644 "$T/pair/ca.pem" "$T/mount/etc-certificates/"
		assert_exit 0 run_job "$name"
		rm "$T/mount/etc-certificates/ca.pem"
	done
}

test_sidecar_runs_as_it_stands() {
	local sidecar probe
	start_pg 18
	fill_server demo
	start_s3 versitygw
	pgmuster dump -q --store "s3://$S3_BUCKET/postgresql" >/dev/null
	jq -n --arg endpoint "$AWS_ENDPOINT_URL" --arg bucket "$S3_BUCKET" '{databases: {postgres: ["immich"]}, backup: {
		store: {endpoint: $endpoint, bucket: $bucket},
		drill: {check: "content", shape: "sidecar", sidecar: {image: ("x@sha256:" + "1" * 64),
			preloadLibraries: ["pg_stat_statements"], parameters: {search_path: "\"$user\", public", work_mem: "8MB"}}}}}' \
		>"$T/input.json"
	gen --format json "$T/input.json" >"$T/objects.json"
	assert_eq '["2Gi","2Gi"]' "$(jq -c '[.items[] | select(.kind == "CronJob" and .metadata.name == "postgres-restore-drill")
		.spec.jobTemplate.spec.template.spec | (.initContainers, .containers)[].resources.limits.memory]' "$T/objects.json")" memory
	mount_volumes
	(run_container postgres-restore-drill initContainers) >"$T/sidecar.log" 2>&1 &
	sidecar=$!
	mapfile -d '' -t probe < <(jq -j '.items[] | .. | .startupProbe? // empty | .exec.command[] | . + "\u0000"' "$T/objects.json")
	PATH=$PG_BIN:$PATH eventually 60 "${probe[@]}" || fail "$(cat "$T/sidecar.log")"
	assert_eq '"$user", public|pg_stat_statements|minimal|' "$(PGHOST=$T/mount/run PGPORT=5432 psql -U postgres -Atc "SELECT
		concat_ws('|', current_setting('search_path'), current_setting('shared_preload_libraries'),
			current_setting('wal_level'), current_setting('listen_addresses'))" postgres)"
	assert_exit 0 run_job postgres-restore-drill
	kill "$(head -n 1 "$T/mount/scratch/data/postmaster.pid")"
	wait $sidecar || fail "the sidecar ended with $?: $(tail "$T/sidecar.log")"
}

# What kube-state-metrics says of the jobs as they were generated, and which alerts have to ring. Samples every 5 minutes, for 200 hours.
alert_tests() {
	jq '[.items[] | select(.kind == "CronJob")] as $jobs |
		([.items[] | select(.kind == "PrometheusRule") | .spec.groups[].rules[]] | map({key: .alert, value: .}) |
			from_entries) as $rules |
		def labels: "namespace=\"\(.metadata.namespace)\"";
		def cronjob: labels + ",cronjob=\"\(.metadata.name)\"";
		def success($values): {series: "kube_cronjob_status_last_successful_time{\(cronjob)}", values: $values};
		def created: {series: "kube_cronjob_created{\(cronjob)}", values: "0x2400"};
		def failure($start): labels + ",job_name=\"\(.metadata.name)-29384150\"" |
			{series: "kube_job_status_start_time{\(.)}", values: "\($start)x2400"},
			{series: "kube_job_failed{\(.),condition=\"true\"}", values: "1x2400"},
			{series: "kube_job_failed{\(.),condition=\"false\"}", values: "0x2400"};
		def rings($alert; $labels): {exp_labels: ({severity: $rules[$alert].labels.severity} + $labels),
			exp_annotations: $rules[$alert].annotations};
		def expect($hour; $alert; $rung): {eval_time: "\($hour)h", alertname: $alert, exp_alerts: $rung};
		def hours: {"30 2 * * *": 28, "0 6 * * *": 27, "0 3 * * 0": 175}[.spec.schedule];
		def scenarios($what): hours as $limit | ($what + "Failed") as $failed | ($what + "Missing") as $missing |
			{name: "\($what): all is well", input_series: [created, success("0x2400")],
			 alert_rule_test: [expect(20; $failed; []), expect(20; $missing; [])]},
			{name: "\($what): late", input_series: [created, success("0x2400")],
			 alert_rule_test: [expect($limit; $missing; []), expect($limit + 1; $missing; [rings($missing; {})])]},
			{name: "\($what): never succeeded", input_series: [created],
			 alert_rule_test: [expect($limit; $missing; []), expect($limit + 1; $missing; [rings($missing; {})])]},
			{name: "\($what): no CronJob", input_series: [],
			 alert_rule_test: [expect(1; $missing; [rings($missing;
				{namespace: .metadata.namespace, cronjob: .metadata.name})])]},
			{name: "\($what): failed", input_series: [created, success("3600x2400"), failure(7200)],
			 alert_rule_test: [expect(1; $failed; [rings($failed; {})])]},
			{name: "\($what): failed, never succeeded", input_series: [created, failure(7200)],
			 alert_rule_test: [expect(1; $failed; [rings($failed; {})])]},
			{name: "\($what): succeeded since", input_series: [created, success("9000x2400"), failure(7200)],
			 alert_rule_test: [expect(1; $failed; [])]};
		{"postgres-backup": "PostgresBackup", "postgres-verify": "PostgresBackupVerification",
		 "postgres-restore-drill": "PostgresRestoreDrill"} as $names |
		{rule_files: ["rules.json"], evaluation_interval: "30m",
		 tests: [$jobs[] | select($names[.metadata.name]) | scenarios($names[.metadata.name]) | . + {interval: "5m"}]}' \
		"$T/objects.json"
}

test_every_alert_can_ring() {
	needs promtool
	gen --format json "$EXAMPLE/homelab.json" >"$T/objects.json"
	jq '.items[] | select(.kind == "PrometheusRule") | .spec' "$T/objects.json" >"$T/rules.json"
	cd "$T" || return
	promtool check rules rules.json
	alert_tests >tests.json
	assert_eq "$(jq -r '.groups[].rules[].alert' rules.json | sort)" \
		"$(jq -r '.tests[].alert_rule_test[] | select(.exp_alerts != []).alertname' tests.json | sort -u)" 'alerts that ring'
	promtool test rules tests.json
	# Rules of another namespace, or another name, would never ring: the test has to see it.
	for change in 's/namespace=\\"backup\\"/namespace=\\"apps\\"/g' 's/cronjob=\\"postgres/cronjob=\\"pg/g' 's/-\.+/_.+/g'; do
		jq '.items[] | select(.kind == "PrometheusRule") | .spec' "$T/objects.json" | sed "$change" >rules.json
		! promtool test rules tests.json >/dev/null 2>&1 || fail "not seen: $change"
	done
}

test_network_lets_out_what_has_to_be_let_out() {
	local endpoint
	egress() { jq -c "[.items[] | select(.kind == \"NetworkPolicy\" and .metadata.name == \"$1\") | .spec.egress[] | .to] | flatten" "$T/out"; }
	for endpoint in 'http://192.168.1.20:9000 [{"ipBlock":{"cidr":"192.168.1.20/32"}}]' \
		'http://[fd00::1]:9000 [{"ipBlock":{"cidr":"fd00::1/128"}}]' \
		'http://minio.lan:9000 [{"ipBlock":{"cidr":"0.0.0.0/0"}},{"ipBlock":{"cidr":"::/0"}}]' \
		'http://minio.storage.svc:9000 [{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"storage"}}}]'; do
		gen --format json --store-endpoint "${endpoint%% *}" "$EXAMPLE/homelab.json" >"$T/out"
		assert_eq "${endpoint#* }" "$(egress postgres-restore-drill | jq -c '.[2:]')" "${endpoint%% *}"
	done
	assert_contains "$(egress postgres-backup)" '"kubernetes.io/metadata.name":"apps"'
	assert_not_contains "$(egress postgres-restore-drill)" '"apps"'
	# Each pod is under one of them.
	assert_json '[.items[] | select(.kind == "CronJob").spec.jobTemplate.spec.template.metadata.labels["app.kubernetes.io/component"]]
		- [.items[] | select(.kind == "NetworkPolicy").spec.podSelector.matchExpressions[].values[]] | length' 0
	gen --format json --store-endpoint http://minio.apps.svc:9000 "$EXAMPLE/homelab.json" >"$T/out"
	assert_contains "$(cat "$T/err")" 'network.storeLabels: is not set: store and server are in one namespace'
	gen --format json --store-endpoint http://minio.apps.svc:9000 --network-store-labels app=minio --network-store-port 9000 \
		"$EXAMPLE/homelab.json" >"$T/out"
	assert_not_contains "$(cat "$T/err")" 'one namespace'
	assert_contains "$(egress postgres-restore-drill)" '"podSelector":{"matchLabels":{"app":"minio"}}'
}

test_pods_may_do_no_more_than_they_must() {
	hostile_input | pgmuster-gen --format json >"$T/out" 2>/dev/null
	assert_json '[.items[] | select(.kind == "CronJob").spec.jobTemplate.spec.template.spec |
		.securityContext.runAsNonRoot and .securityContext.seccompProfile.type == "RuntimeDefault" and
		.automountServiceAccountToken == false and .restartPolicy == "Never" and
		([.containers[], .initContainers[]?] | all(.securityContext.allowPrivilegeEscalation == false and
			.securityContext.readOnlyRootFilesystem and .securityContext.capabilities.drop == ["ALL"] and
			.resources.requests.memory and .resources.limits.memory and (.image | test("@sha256:"))))] | all' true
	assert_json '[.items[] | select(.kind == "CronJob") | .spec.concurrencyPolicy == "Forbid" and .spec.timeZone != null and
		.spec.jobTemplate.spec.activeDeadlineSeconds > 0 and .spec.jobTemplate.spec.ttlSecondsAfterFinished > 0] | all' true
	assert_json '[.. | .initContainers? // empty | .[].restartPolicy] | join(" ")' Always
	assert_json '[.items[] | select(.metadata.name == "postgres-restore").spec | .suspend, .jobTemplate.spec.backoffLimit] | tojson' '[true,0]'
	# One that was evicted must not run twice: rows of a table that was there already would be, too.
	assert_json '[.items[] | select(.kind == "CronJob" and any(.spec.jobTemplate.spec.podFailurePolicy.rules[]; .action == "Ignore")).metadata.name] | sort | join(" ")' \
		'postgres-backup postgres-restore-drill postgres-verify'
}

# A name has up to 253 characters, a label 63.
test_names_of_secrets_may_be_longer_than_labels() {
	local name
	name=$(printf 'n%.0s' {1..64})
	jq -n --arg name "$name" '{databases: {postgres: ["a"]}, backup: {postgres: {secret: {name: $name}},
		store: {secret: {name: ($name + "w")}, reader: {name: ($name + "r")}}}}' >"$T/in"
	gen --out "$T/files" "$T/in"
	grep '/instance' "$T"/files/*.enc.nix | grep -oE '"[^"]*";$' >"$T/labels"
	assert_eq '3 "postgres-backup";' "$(sort "$T/labels" | uniq -c | sed 's/^ *//')"
}

as_user() { AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=secret-of-$1 "${@:2}"; }

test_users_of_the_bucket_may_do_what_they_must_and_no_more() {
	start_pg 15
	fill_server demo
	start_s3 versitygw
	add_s3_user writer secret-of-writer
	add_s3_user reader secret-of-reader
	export PGMUSTER_STORE=s3://$S3_BUCKET/postgresql-18
	pgmuster-gen policy bucket --writer writer --reader reader --store-bucket "$S3_BUCKET" "$EXAMPLE/homelab.json" >"$T/policy"
	s3 PUT '?policy=' --data-binary "@$T/policy"

	assert_exit 0 as_user writer pgmuster dump
	assert_exit 0 as_user writer pgmuster dump # beside the day's first
	head -c 12000000 /dev/urandom >"$T/large"
	assert_exit 0 as_user writer pgmuster upload --part-size 5M --key x.bin "$T/large"
	assert_exit 0 as_user reader pgmuster verify
	assert_exit 0 as_user reader pgmuster drill
	assert_exit 0 as_user reader pgmuster list --json
	assert_json '[.backups[] | .status] | join(" ")' 'complete complete'
	assert_json '[.backups[].drill] | sort | join(" ")' 'never pass'

	local key
	key=postgresql-18/$(json '.backups[0].key')
	for name in writer reader; do
		! as_user $name s3 DELETE "$key" 2>"$T/err" || fail "$name may delete"
		assert_contains "$(cat "$T/err")" 403
		assert_exit 3 as_user $name pgmuster list --store "s3://$S3_BUCKET/other"
		assert_exit 3 as_user $name pgmuster list --store "s3://$S3_BUCKET"
		! as_user $name s3 PUT other/x --data-binary x 2>/dev/null || fail "$name may write elsewhere"
	done
	assert_exit 3 as_user reader pgmuster dump
	assert_contains "$(cat "$T/err")" 'may not write'
	! as_user reader s3 PUT "$key" --data-binary x 2>/dev/null || fail 'the reader may write a dump'
	# It would be the newest backup, and a damaged one; a star in an ARN is any text.
	as_user reader s3 PUT postgresql-18/2099/drill-x.json --data-binary x || fail 'the reader may leave no evidence'
	! as_user reader s3 PUT postgresql-18/2099/drill-x.sql.zst.manifest.json --data-binary x 2>"$T/err" ||
		fail 'the reader may write a manifest'
	assert_contains "$(cat "$T/err")" 403
}

# Zeros until the first push; a release whose pin was forgotten does not pass.
test_pinned_image_is_of_this_version() {
	local pin=$ROOT/nix/toolbox-image.json
	assert_eq "$(cat "$ROOT/VERSION")" "$(jq -r .tag "$pin")" 'tag of nix/toolbox-image.json'
	assert_eq 'linux/amd64 linux/arm64' "$(jq -r '.platforms | keys | join(" ")' "$pin")"
	assert_eq true "$(jq '[.digest, .platforms[]] | all(test("^sha256:[0-9a-f]{64}$"))' "$pin")"
	echo '["a"]' | pgmuster-gen --format json 2>"$T/err" >"$T/out"
	assert_json '[.items[] | .. | .image? // empty] | unique | join(" ")' "$(jq -r '"\(.name):\(.tag)@\(.digest)"' "$pin")"
	[[ $(jq -r .digest "$pin") != *:0000* ]] || assert_contains "$(cat "$T/err")" 'not published yet'
}
