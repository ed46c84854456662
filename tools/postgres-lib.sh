# shellcheck shell=bash
# What tools/backup-postgres and tools/restore-postgres share: the settings, and a Job in the cluster that is
# followed to its end. Sourced under `set -euo pipefail`.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# fail CODE MESSAGE...
fail() {
	local code=$1
	shift
	say "$*"
	exit "$code"
}

# How to run pgmuster here: libpq's and the store's settings, and the program itself. Lines of the file are
# NAME=value, the value as it stands; what is set already stays.
prepare_direct() {
	local file=${ENV_FILE:-secrets/backup.env} line name number=0
	if [ -n "${ENV_FILE:-}" ] || [ -e "$file" ]; then
		[ -r "$file" ] || fail 2 "cannot read $file"
		while IFS= read -r line || [ -n "$line" ]; do
			number=$((number + 1))
			[[ $line =~ ^[[:space:]]*(#|$) ]] && continue
			# the line itself may be a secret
			[[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || fail 2 "$file: line $number is not NAME=value"
			name=${line%%=*}
			[ -n "${!name:-}" ] || export "$name=${line#*=}"
		done <"$file"
	fi
	PATH=$PATH:$(dirname "${BASH_SOURCE[0]}")/../build/bin
	command -v pgmuster >/dev/null || fail 3 "no pgmuster: run make, or install it"
}

# The cluster: NAMESPACE, CONTEXT.

NAMESPACE=${NAMESPACE:-backup}
PENDING_LIMIT=${PENDING_LIMIT:-600} # seconds that a pod may take to start
POLL=${POLL:-2}                     # seconds between two looks
kubectl=(kubectl ${CONTEXT:+"--context=$CONTEXT"} "--namespace=$NAMESPACE")
job= # what an interruption speaks of
pod= # the newest of its pods

prepare_cluster() {
	command -v kubectl >/dev/null || fail 3 "no kubectl in PATH"
	trap 'interrupted INT 130' INT
	trap 'interrupted TERM 143' TERM
}

# Never longer than this, whatever the network does.
kube() { "${kubectl[@]}" --request-timeout=20s "$@"; }

hint_at_job() {
	cat >&2 <<-EOF
		hint: to see it: ${kubectl[*]} describe job $job; ${kubectl[*]} logs -f job/$job
		hint: to end it: ${kubectl[*]} delete job $job
	EOF
}

interrupted() {
	trap - INT TERM
	if [ -n "$job" ]; then
		say "interrupted by SIG$1; job $job goes on in the cluster"
		hint_at_job
	fi
	exit "$2"
}

# A job of this name and second.
name_job() { job=$1-$(date -u +%Y%m%d-%H%M%S); }

# Several values as one line of words.
words() {
	local words
	read -r -d '' -a words <<<"${1//|/ }" || true
	echo "${words[*]}"
}

# get RESOURCE PATH...: the values at these paths, each followed by "|"; nothing when it is gone.
get() { kube get "$1" --ignore-not-found -o "jsonpath=$(printf '{%s}|' "${@:2}")"; }

read_job() {
	local failed='.status.conditions[?(@.type=="Failed")]'
	get "job/$job" .metadata.name '.status.conditions[?(@.type=="Complete")].status' \
		"$failed.status" "$failed.reason" "$failed.message"
}

# Of its newest pod.
read_pod() {
	local newest container='.status.containerStatuses[?(@.name=="pgmuster")].state'
	newest=$(kube get pods -l "job-name=$job" --sort-by=.metadata.creationTimestamp -o name | tail -n 1)
	[ -z "$newest" ] || get "$newest" .metadata.name .status.phase "$container.terminated.exitCode" \
		.status.reason "$container.terminated.reason" \
		"$container.waiting.reason" "$container.waiting.message" \
		'.status.conditions[?(@.type=="PodScheduled")].message'
}

# What the pod has logged since the last call.
show_log() {
	local lines
	mapfile -t lines < <(kube logs "$pod" -c pgmuster 2>/dev/null)
	[ ${#lines[@]} -gt "$shown" ] || return 0
	printf '%s\n' "${lines[@]:shown}"
	shown=${#lines[@]}
}

# Sets pod, phase, code and ended from the newest pod. Another one than before has a log of its own.
look_at_pod() {
	local found name evicted waits
	found=$(read_pod) || return 0
	[ -n "$found" ] || { [ -n "$pod" ] || pending 'no pod yet'; return; }
	IFS='|' read -r -d '' name phase code evicted ended waits <<<"$found" || true
	ended=${evicted:-$ended}
	if [ "$name" != "$pod" ]; then
		[ -z "$pod" ] || { show_log && say "another attempt: pod $name"; }
		pod=$name shown=0 began=$SECONDS
	fi
	case $phase in
	Pending) pending "$(words "$waits")" ;;
	Unknown) ;;
	*) show_log ;;
	esac
}

# Says why once, and gives up when nothing happens.
pending() {
	[ "$why" = "$1" ] || say "job $job waits: $1"
	why=$1
	[ $((SECONDS - began)) -lt "$PENDING_LIMIT" ] || given_up "not started within $PENDING_LIMIT s: $why"
}

given_up() {
	say "job $job: $1"
	hint_at_job
	exit 3
}

# The job's own deadline and a little, in seconds from now; a day for a job without.
job_limit() {
	local seconds
	seconds=$(get "job/$job" .spec.activeDeadlineSeconds) || true
	seconds=${seconds%|}
	echo $((SECONDS + ${seconds:-86400} + 60))
}

# Prints the log of the job's pods as it comes, until the job has ended. The exit code of the last one if that
# is one of pgmuster's, and 3 when it cannot be told.
follow_job() {
	local phase='' code='' ended='' why='' shown=0 began=$SECONDS limit state complete failed reason
	pod=
	limit=$(job_limit)
	while :; do
		if state=$(read_job); then # before the log, which is whole once the job has ended
			[ -n "$state" ] || given_up 'is gone'
			IFS='|' read -r -d '' _ complete failed reason <<<"$state" || true
			look_at_pod
			[ "$complete" != True ] || return 0
			[ "$failed" != True ] || break
		fi
		[ $SECONDS -lt "$limit" ] || given_up 'is past its deadline, and has not ended'
		sleep "$POLL"
	done
	[[ ! $code =~ ^[123]$ ]] || return "$code"
	say "job $job failed: $(words "$reason")${pod:+; pod $pod: ${ended:-gone}${code:+, exit code $code}}"
	return 3
}
