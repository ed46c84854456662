# A disk that is full, or fails, at any call and any byte; and power that goes.

# shellcheck source-path=SCRIPTDIR source=death.sh
. "$ROOT/tests/torture/death.sh"

FAULTY=$ROOT/build/faulty_disk.so
CAUSE='Input/output error|No space left on device'

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
		if [ "$CODE" = 0 ]; then
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
	if [ "$CODE" = 3 ] && [ -n "$(new_manifests "$DIR")" ] && ! grep -q 'is there all the same' "$T/err"; then
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
	assert_eq 0 "$CODE" "$(cat "$T/err")"
	judge_power_cut
	{
		awk '/^link.*manifest.json$/ { visible = NR } /^sync/ && visible { print "FAULTY_CALL=" NR " EIO"; exit }' "$T/calls"
		faults | shuf --random-source=<(yes "${TORTURE_SEED:-1}")
	} >"$T/faults"
	start_clock 1
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
	start_clock 1
	[ "$CODE" = 0 ] || skip "no tmpfs can be mounted: $(cat "$T/err")"
	while time_left; do
		on_small_disk $((need + 24 + RANDOM % (need + 100)))k pgmuster dump -q --store "file://$T/disk"
		judge_death 'dump to a full file system' "$T/after" '' "$CAUSE"
		[ $((RANDOM / 16384)) = 0 ] || continue
		mkdir -p "$T/scratch"
		on_small_disk $((20 + RANDOM % 80))m pgmuster drill -q --store "file://$MORNING" --no-evidence --scratch-directory "$T/disk/scratch"
		rm -rf "$T/scratch"
		cp -r "$T/after/scratch" "$T/scratch"
		judge_drill 'drill on a full file system' '' 'No space left|left for the scratch server'
	done
	end_attack
}
