# What people and programs read, word by word. `make golden` writes the files anew, for review as a diff.
# tests/golden/store holds a backup of version 0.1.0: it has to be readable for ever.

GOLDEN_DIR=$ROOT/tests/golden
VERBS='dump upload list show verify drill restore'

# golden NAME: stdin is as in the file of that name.
golden() {
	if [ "${GOLDEN:-}" = write ]; then
		cat >"$GOLDEN_DIR/$1"
	else
		diff -u "$GOLDEN_DIR/$1" -
	fi
}

# Ages and times taken differ from run to run.
timeless() { sed -E 's/^(age|time)  +.*/\1  .../; s/("(age_seconds|seconds)": )[0-9.]+/\10/'; }

test_golden_help() {
	local verb
	pgmuster --help | golden help.txt
	for verb in $VERBS; do
		pgmuster "$verb" --help | golden "help-$verb.txt"
	done
	pgmuster-gen --help | golden help-gen.txt
	pgmuster-gen policy --help | golden help-gen-policy.txt
	! grep -E '.{81}' "$GOLDEN_DIR"/help*.txt || fail "a line of more than 80 columns"
}

test_golden_reports() {
	cp -r "$GOLDEN_DIR/store" "$T/store"
	cd "$T" || return
	export PGMUSTER_STORE=file://$T/store
	local mask="s,$T,/T,g"
	pgmuster show --tables | golden show.txt
	pgmuster show --tables --json | golden show.json
	pgmuster verify -q | timeless | sed "$mask" | golden verify.txt
	pgmuster verify -q --json | timeless | sed "$mask" | golden verify.json
	zstd -dc store/full.sql.zst >"$T/plain"
	printf 'x' | dd of="$T/store/full.sql.zst" bs=1 seek=2000 conv=notrunc 2>/dev/null
	! pgmuster verify -q >"$T/out" || fail 'a damaged backup passes'
	timeless <"$T/out" | sed "$mask" | golden verify-damaged.txt
}

test_golden_policies() {
	local kind
	for kind in writer reader bucket lifecycle; do
		pgmuster-gen policy $kind "$ROOT/kubenix/example/homelab.json" | golden "policy-$kind.json"
	done
	! grep -i delete "$GOLDEN_DIR"/policy-*.json || fail 'somebody may delete'
}

# The backup of the golden store came from the text of small.sql; it is restored by stock tools too.
test_golden_backup_is_restored() {
	start_pg 15
	assert_exit 0 pgmuster drill -q --no-evidence --store "file://$GOLDEN_DIR/store" --check content
	mkdir "$T/copy"
	cp -r "$GOLDEN_DIR/store/." "$T/copy"
	(cd "$T/copy" && sha256sum -c full.sql.zst.sha256)
	zstd -dc "$T/copy/full.sql.zst" | psql -Xq -d postgres >/dev/null 2>&1
	assert_eq 'immich' "$(sql postgres "SELECT datname FROM pg_database WHERE datname = 'immich'")"
}

# docs/TRUST.md names tests; each has to be there.
test_promises_name_tests_that_are_there() {
	local name
	cat "$ROOT"/tests/{integration,torture}/*.sh "$ROOT"/tests/unit/*.c >"$T/all"
	while read -r name; do
		grep -qE -e "^$name\(\) [{(]" -e "^Test\(${name}[,)]" "$T/all" || fail "there is no test $name"
	done < <(sed -n 's/^|.*| \(.*\) |$/\1/p' "$ROOT/docs/TRUST.md" | grep -oE '[a-z0-9_]+(, [a-z0-9_]+)?`' | tr -d '`')
}
