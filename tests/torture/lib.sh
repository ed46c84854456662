# shellcheck shell=bash
# What tests/torture/*.sh can use beside tests/lib.sh. A test there is an attack with many tries; each
# try is recorded with how it ended, and tests/run prints the sums. One that ended wrong fails the test.
#
#	TORTURE_TIME=10   Seconds that a test may go on making up tries. `make torture TIME=` sets it.
#	TORTURE_SEED=1    What a test draws is drawn from it, so that a run can be had again.
#
#	while time_left; do ... done
#	record ATTACK survived|clean|wrong [WHY]
#		survived: it did what was asked for in spite of all, and what it made is good. clean: it
#		failed with the right exit code and a reason, and did no harm. wrong: anything else.
#	end_attack
#		The last line of each test: fails if a try was wrong, or if there was none.
#
#	remember DIR
#		What the store in this directory holds now, for judge_dump.
#	judge_dump ATTACK DIR CODE [CAUSE]
#		Records how a dump into DIR ended: its exit code, stdout and stderr in $T/out and $T/err. For
#		survived, one more backup is there, and sound. For clean, there is a reason (that matches
#		the extended regular expression CAUSE) and no new manifest; or it says that it cannot know
#		whether the manifest is there. In any case, what was there is as it was.
#	check_backup DUMP
#		FORMAT.md's promises about a backup, by sha256sum, zstd and jq alone.
#	check_backups DIR
#		Of all that have a manifest.

TORTURE_TIME=${TORTURE_TIME:-10}
RANDOM=${TORTURE_SEED:-1}
TORTURE_END=$((SECONDS + TORTURE_TIME))

time_left() { [ $SECONDS -lt $TORTURE_END ]; }

record() {
	printf '%s\t%s\n' "$1" "$2" | tee -a "$T/torture" >>"$RUN/torture"
	[ "$2" != wrong ] || printf 'wrong: %s: %s\n' "$1" "${3:-}" >&2
}

end_attack() {
	[ -s "$T/torture" ] || fail 'no try was made'
	! grep -q 'wrong$' "$T/torture"
}

remember() { (cd "$1" && find . -type f ! -name '.*' -exec sha256sum {} +) | sort >"$T/remembered"; }

# What the store held is still there, byte for byte.
is_unharmed() {
	(cd "$1" && sha256sum --quiet -c "$T/remembered") >"$T/harm" 2>&1 || {
		[ ! -s "$T/remembered" ] || return 1
	}
}

new_manifests() {
	(cd "$1" && find . -name '*.manifest.json') | while read -r name; do
		grep -qF "  $name" "$T/remembered" || echo "$name"
	done
}

# Who lost the answer to the last request cannot know what it did; that is then what has to be said.
is_unsure() { grep -qE "$1: (complete the multipart upload: )?whether it is stored is not known" "$T/err"; }

judge_dump() {
	local attack=$1 dir=$2 code=$3 cause=${4:-.} new why
	new=$(new_manifests "$dir")
	why=$(tail -n 3 "$T/err")
	if ! is_unharmed "$dir"; then
		record "$attack" wrong "an earlier object changed: $(cat "$T/harm")"
	elif [ "$code" = 0 ] && [ -n "$new" ] && check_backup "$dir/${new%.manifest.json}"; then
		record "$attack" survived
	elif [[ $code =~ ^(3|130|143|137)$ ]] && [ -z "$new" ] && { [ "$code" = 137 ] || grep -qE "$cause" "$T/err"; }; then
		record "$attack" clean
	elif [ "$code" = 3 ] && is_unsure manifest.json && check_backups "$dir"; then
		record "$attack" clean
	else
		record "$attack" wrong "exit code $code, new: ${new:-nothing}, expected cause: $cause, said: $why"
	fi
}

check_manifest() {
	local manifest=$1 end
	# jq is content with an empty file.
	[ -s "$manifest" ] && jq -e '.format == "pgmuster-manifest" and .version == 1' "$manifest" >/dev/null ||
		fail "$manifest: not ours" || return 1
	end=$(grep -abo '"manifest_sha256"' "$manifest" | tail -n 1 | cut -d: -f1)
	while [ "$(head -c "$end" "$manifest" | tail -c 1)" != , ]; do
		end=$((end - 1))
	done
	assert_eq "$(jq -r .manifest_sha256 "$manifest")" \
		"$(head -c $((end - 1)) "$manifest" | sha256sum | cut -d' ' -f1)" "$manifest: its own sha256"
}

check_backup() {
	local dump=$1 manifest=$1.manifest.json plain=$T/plain at end rows
	check_manifest "$manifest" || return 1
	(cd "$(dirname "$dump")" && sha256sum --status -c "$(basename "$dump").sha256") ||
		fail "$dump: not as its sidecar says" || return 1
	assert_eq "$(jq -r .object.sha256 "$manifest")" "$(sha256sum <"$dump" | cut -d' ' -f1)" sha256 &&
		assert_eq "$(jq .object.bytes "$manifest")" "$(stat -c %s "$dump")" bytes || return 1
	zstd -qdcf "$dump" >"$plain" || fail "$dump: zstd cannot read it" || return 1
	assert_eq "$(jq .object.plain_bytes "$manifest")" "$(stat -c %s "$plain")" 'bytes of text' || return 1
	while read -r at end rows; do
		tail -c +$((at + 1)) "$plain" | head -c $((end - at)) >"$plain.table"
		grep -q '^COPY ' "$plain.table" && [ "$(tail -n 1 "$plain.table")" = '\.' ] &&
			assert_eq "$rows" "$(($(wc -l <"$plain.table") - 2))" "rows at $at" || return 1
	done < <(jq -r '.roll.databases[].tables[] | "\(.at) \(.end) \(.rows)"' "$manifest")
	rm -f "$plain" "$plain.table"
}

check_backups() {
	local manifest
	while read -r manifest; do
		check_backup "${manifest%.manifest.json}" || return 1
	done < <(find "$1" -name '*.manifest.json')
}
