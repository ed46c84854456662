# shellcheck shell=bash
# What tests/integration/*.sh can use. tests/run sources this, then the file, then calls each test_*
# function in a bash of its own, under `set -euo pipefail`, in directory $T, which is removed later.
#
#	setup_file() {          # optional, once a file; also teardown_file
#		start_pg 15     # servers that all tests of the file share; variables must be exported
#		fill_server demo
#	}
#	test_a_dump_is_listed() {
#		start_s3 versitygw
#		assert_exit 0 pgmuster dump --store "s3://$S3_BUCKET/pg"
#		assert_exit 0 pgmuster list --store "s3://$S3_BUCKET/pg" --json
#		assert_json '.backups | length' 1
#	}
#
# In a test, pgmuster is $ROOT/build/bin/pgmuster (PGMUSTER_BINDIR=DIR picks another), HOME is $T,
# TMPDIR is $T/tmp, and no PG* or AWS_* variable is set but those of the servers below. Tests may
# run at the same time as another file's. What a test starts with & it has to end; servers end by
# themselves. PGMUSTER_PG15=DIR names the programs of a version that is in no usual place.
#
#	start_pg VERSION [INITDB_ARGUMENT...]
#		A PostgreSQL server (15, 18), UTF8 and C.UTF-8 unless told otherwise, superuser
#		postgres, on a Unix socket. Exports PGHOST (socket directory) PGPORT PGUSER, PG_BIN
#		(its programs, also put first in PATH), PG_DATA, PG_LOG. Call it again for a second
#		server: keep PGHOST, that is all by which two servers of one version differ.
#		PG_CONFIG='a=b c=d' adds settings, PG_LISTEN=127.0.0.1 listens on TCP too (PGPORT).
#		Skips the test when this version is not there.
#	new_pg_directory
#		Prints one that stop_servers looks into, and restart_pg takes with a cluster in data.
#	stop_pg [PGHOST], kill_pg [PGHOST], restart_pg [PGHOST]
#		A clean stop; a crash (immediate); and a start after one of them.
#	pg_bindir VERSION
#		Its programs' directory.
#	as_pg COMMAND...
#		Run as the user that the servers run as: ourselves, or when root, postgres or nobody.
#	AS_NOBODY
#		Words before a command that runs as a user without rights: none when we are no root.
#	sql DATABASE STATEMENT [PSQL_ARGUMENT...]
#		Unaligned rows without headings. DATABASE is a name, whatever is in it.
#	hold_a_table DATABASE
#		In the background ($!), a lock on one of its tables until $T/release is there.
#	fill_server demo|hostile [PSQL_ARGUMENT...]
#		Load tests/sample/. For hostile: -v databases=50 -v tables=3000 -v big_mb=50 are what
#		there is without arguments; fewer are faster. -v postgis=off leaves that extension out
#		where it is installed, for a restore into a server without it.
#	stock_dump
#		pg_dumpall's text with what differs from run to run taken out, and rows sorted.
#	start_s3 versitygw|minio
#		An S3 server with a bucket. Exports AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID
#		AWS_SECRET_ACCESS_KEY AWS_REGION S3_BUCKET S3_PID S3_DIR. With versitygw,
#		$S3_DIR/$S3_BUCKET/key is the object's plain file. Skips when it is not there.
#		S3_CERTS=DIR: https with its public.crt and private.key; curl finds the authority in
#		CURL_CA_BUNDLE.
#	authority NAME [OPENSSL_ARGUMENT...]
#	certificate NAME AUTHORITY SUBJECT_ALT_NAME [OPENSSL_ARGUMENT...]
#		NAME.pem and NAME.key, here.
#	add_s3_user NAME SECRET
#		A user of versitygw, who may do what the bucket's policy says.
#	stop_s3, restart_s3
#		End the server that was started last; start it again, on its port and its data.
#	s3 METHOD KEY [CURL_ARGUMENT...]
#		A signed request; KEY is below the bucket, percent-encoded where it has to be ("" is the
#		bucket, "?list-type=2" its list). Fails for a status of 400 or more.
#	free_port
#		Prints a TCP port that nobody has on 127.0.0.1.
#	skip REASON...
#
#	assert_exit CODE COMMAND...
#		Runs it, its stdout into $T/out, its stderr into $T/err.
#	assert_eq EXPECTED ACTUAL [WHAT], assert_contains TEXT PIECE, assert_not_contains TEXT PIECE
#	assert_json FILTER EXPECTED [FILE], json FILTER [FILE]
#		jq -r on FILE, else on $T/out.
#	fail MESSAGE...
#	seal_manifest FILE
#		Its manifest_sha256 anew, after it was edited.
#	eventually SECONDS COMMAND...
#		Until it succeeds.
#	milliseconds
#		What a clock says.

# Once, before anything of ours is exported: nothing of the caller's servers and stores may get in.
if [ -z "${TEST_ENVIRONMENT:-}" ]; then
	for variable in $(compgen -e); do
		case $variable in
		PGMUSTER_CACHE | PGMUSTER_BINDIR | PGMUSTER_PG[0-9]*) ;;
		AWS_* | PG* | *_proxy | *_PROXY) unset "$variable" ;;
		esac
	done
	unset variable
	export TEST_ENVIRONMENT=clean
fi

export LC_ALL=C.UTF-8 TZ=UTC
export PATH="${PGMUSTER_BINDIR:-$ROOT/build/bin}:$PATH"
[ -z "${T:-}" ] || export HOME=$T

fail() {
	echo "${FUNCNAME[1]}: $*" >&2
	return 1
}

skip() {
	echo "$*" >"$T/skipped"
	exit 77
}

eventually() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt "$deadline" ] || fail "not in time: $*" || return
		sleep 0.1
	done
}

assert_eq() {
	[ "$1" = "$2" ] || {
		printf '%s: expected "%s", got "%s"\n' "${3:-assert_eq}" "$1" "$2" >&2
		return 1
	}
}

assert_contains() {
	[[ $1 == *"$2"* ]] || {
		printf 'expected to find "%s" in:\n%s\n' "$2" "$1" >&2
		return 1
	}
}

assert_not_contains() {
	[[ $1 != *"$2"* ]] || {
		printf 'expected not to find "%s" in:\n%s\n' "$2" "$1" >&2
		return 1
	}
}

assert_exit() {
	local expected=$1 code=0
	shift
	"$@" >"$T/out" 2>"$T/err" || code=$?
	[ "$code" = "$expected" ] || {
		printf 'expected exit status %s, got %s: %s\n' "$expected" "$code" "$*" >&2
		tail -n 50 "$T/out" "$T/err" >&2
		return 1
	}
}

json() { jq -r "$1" "${2:-$T/out}"; }

assert_json() {
	local actual
	actual=$(json "$1" "${3:-$T/out}")
	assert_eq "$2" "$actual" "$1"
}

seal_manifest() {
	head -n -2 "$1" | head -c -2 >"$T/body"
	{
		cat "$T/body"
		printf ',\n "manifest_sha256": "%s"\n}\n' "$(sha256sum <"$T/body" | cut -d' ' -f1)"
	} >"$1"
}

# Ports below the ephemeral range; a directory marks one as taken by this run.
free_port() {
	local port
	mkdir -p "$RUN/ports"
	while :; do
		port=$((20000 + RANDOM % 12000))
		mkdir "$RUN/ports/$port" 2>/dev/null || continue
		(: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

AS_NOBODY=()
# shellcheck disable=SC2034 # tests use it
[ "$(id -u)" != 0 ] || AS_NOBODY=(setpriv --reuid nobody --regid nogroup --clear-groups)

# PostgreSQL

as_pg() {
	local user=postgres
	if [ "$(id -u)" != 0 ]; then
		"$@"
	else
		getent passwd postgres >/dev/null || user=nobody
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
	fi
}

pg_bindir() {
	local variable=PGMUSTER_PG$1 dir
	for dir in "${!variable:-}" "/usr/lib/postgresql/$1/bin" \
		"$PGMUSTER_CACHE/pg$1/usr/lib/postgresql/$1/bin" "$(dirname "$(command -v postgres)")"; do
		if [[ -x $dir/postgres && $("$dir/postgres" --version) == *" $1."* ]]; then
			echo "$dir"
			return
		fi
	done
	return 1
}

new_pg_directory() {
	local dir
	dir=$(mktemp -d "$T/pg.XXX")
	chmod 755 "$dir"
	[ "$(id -u)" != 0 ] || chown "$(as_pg id -u):$(as_pg id -g)" "$dir"
	echo "$dir"
}

start_pg() {
	local dir setting listen=${PG_LISTEN:-} version=$1 port=5432
	shift
	PG_BIN=$(pg_bindir "$version") || skip "no PostgreSQL $version"
	dir=$(new_pg_directory)
	[ -z "$listen" ] || port=$(free_port)
	PG_DATA=$dir/data PG_LOG=$dir/log
	as_pg "$PG_BIN/initdb" -D "$PG_DATA" -U postgres -A trust -N -E UTF8 --locale=C.UTF-8 "$@" \
		>"$dir/initdb.log" 2>&1 || {
		cat "$dir/initdb.log" >&2
		return 1
	}
	{
		printf "%s\n" fsync=off full_page_writes=off wal_level=logical max_prepared_transactions=5 \
			"unix_socket_directories='$dir'" "listen_addresses='$listen'" "port=$port" \
			max_wal_size=4GB
		for setting in ${PG_CONFIG:-}; do
			echo "$setting"
		done
	} >>"$PG_DATA/postgresql.conf"
	restart_pg "$dir" || return 1
	[[ :$PATH: == *:$PG_BIN:* ]] || PATH=$PG_BIN:$PATH
	export PATH PG_BIN PG_DATA PG_LOG PGHOST=$dir PGPORT=$port PGUSER=postgres
}

restart_pg() {
	local dir=${1:-$PGHOST}
	as_pg env -u T -u RUN "$PG_BIN/pg_ctl" -D "$dir/data" -l "$dir/log" -s -w -t 60 start 3>&- || {
		tail -n 50 "$dir/log" >&2
		return 1
	}
}

stop_pg() { pg_stop_as fast "${1:-$PGHOST}"; }
kill_pg() { pg_stop_as immediate "${1:-$PGHOST}"; }

# Whatever version's pg_ctl: it only signals.
pg_stop_as() { as_pg "$PG_BIN/pg_ctl" -D "$2/data" -s -w -t 60 -m "$1" stop; }

sql() {
	local database=$1 statement=$2
	shift 2
	PGDATABASE=$database psql -XAtq -v ON_ERROR_STOP=1 "$@" -c "$statement"
}

hold_a_table() {
	PGDATABASE=$1 psql -Xq <<-END &
		BEGIN;
		LOCK TABLE $(sql "$1" "SELECT min(oid::regclass::text) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");
		\\! touch $T/locked
		\\! until [ -e $T/release ]; do sleep 0.1; done
	END
	eventually 20 test -e "$T/locked"
}

fill_server() {
	local sample=$1 space
	shift
	set -- -v databases=50 -v tables=3000 -v big_mb=50 "$@"
	space=$PGHOST/space
	if [ "$sample" = hostile ]; then
		as_pg mkdir -p "$space/1" "$space/2"
	fi
	PGDATABASE=postgres PGOPTIONS='-c client_min_messages=error' psql -Xq -v ON_ERROR_STOP=1 \
		"$@" -v tablespaces="$space" -f "$ROOT/tests/sample/$sample.sql" >/dev/null
}

stock_dump() {
	pg_dumpall "$@" | sed -E '/^\\(un)?restrict /d; s/^-- (Started|Completed) on .*//' | sort_rows
}

# A restored table may hold its rows in another order: COPY fills pages as rows fit. Nor do the settings
# of roles in a database have one.
sort_rows() {
	perl -ne 'if (!$in && /^ALTER ROLE .* IN DATABASE /) { push @settings, $_; next }
		print sort(@settings); @settings = ();
		if (!$in) { print; if (/ FROM stdin;$/) { $in = 1; @rows = () } }
		elsif ($_ eq "\\.\n") { print sort(@rows), $_; $in = 0 } else { push @rows, $_ }'
}

# S3

add_s3_user() {
	"$(s3_program versitygw)" admin -a "$AWS_ACCESS_KEY_ID" -s "$AWS_SECRET_ACCESS_KEY" -er "$AWS_ENDPOINT_URL" \
		create-user -a "$1" -s "$2" -r user >/dev/null
}

s3() {
	local method=$1 key=$2
	shift 2
	# --globoff, because keys may have brackets
	curl -sS --globoff --fail-with-body --max-time 60 -X "$method" \
		--aws-sigv4 "aws:amz:$AWS_REGION:s3" -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
		"$@" "$AWS_ENDPOINT_URL/$S3_BUCKET${key:+/}$key"
}

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" \
		-subj "/CN=$1" -days 2 "${@:2}" 2>>openssl.log
}

certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>>openssl.log
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -out "$1.pem" \
		-extfile <(echo "subjectAltName=$3") "${@:4}" 2>>openssl.log
}

s3_program() {
	local program=$PGMUSTER_CACHE/bin/$1
	[ -x "$program" ] || program=$(command -v "$1") || return 1
	echo "$program"
}

start_s3() {
	local attempt
	S3_PROGRAM=$(s3_program "$1") || skip "no $1"
	export AWS_ACCESS_KEY_ID=musterkey AWS_SECRET_ACCESS_KEY=mustersecret AWS_REGION=us-east-1
	export S3_BUCKET=muster
	for attempt in 1 2 3; do # another program may take the port in between
		S3_DIR=$(mktemp -d "$T/s3.XXX")
		mkdir "$S3_DIR.iam"
		export S3_DIR S3_PROGRAM AWS_ENDPOINT_URL
		AWS_ENDPOINT_URL=http${S3_CERTS:+s}://127.0.0.1:$(free_port)
		if restart_s3; then
			eventually 30 s3 PUT '' 2>"$S3_DIR.err" && return # it may say 503 at first
			cat "$S3_DIR.err" >&2
		fi
		echo "$1: attempt $attempt at $AWS_ENDPOINT_URL failed" >&2
	done
	tail -n 50 "$S3_DIR.log" >&2
	fail "$1 does not start"
}

restart_s3() {
	local address=${AWS_ENDPOINT_URL#*://} command tls=()
	case $S3_PROGRAM in
	*versitygw)
		[ -z "${S3_CERTS:-}" ] || tls=(--cert "$S3_CERTS/public.crt" --key "$S3_CERTS/private.key")
		command=(--port "$address" "${tls[@]}" --quiet --iam-dir "$S3_DIR.iam" posix "$S3_DIR")
		;;
	*minio)
		[ -z "${S3_CERTS:-}" ] || tls=(--certs-dir "$S3_CERTS")
		command=(server --quiet "${tls[@]}" --address "$address" "$S3_DIR")
		;;
	esac
	ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
		MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY \
		MINIO_UPDATE=off MINIO_BROWSER=off "$S3_PROGRAM" "${command[@]}" >>"$S3_DIR.log" 2>&1 3>&- &
	export S3_PID=$!
	echo "$S3_PID" >"$S3_DIR.pid"
	s3_up
}

# Until it answers at all, or has ended.
s3_up() {
	local deadline=$((SECONDS + 30))
	until curl -s -o /dev/null --max-time 2 "$AWS_ENDPOINT_URL/"; do
		[ $SECONDS -lt $deadline ] && kill -0 "$S3_PID" 2>/dev/null || return 1
		sleep 0.1
	done
}

stop_s3() {
	kill "$S3_PID" 2>/dev/null || true
	wait "$S3_PID" 2>/dev/null || true
}

# At the end of a test, and of a file: the servers that were started in $T.
stop_servers() {
	local file pid
	for file in "$T"/pg.*/data/postmaster.pid; do
		[ ! -e "$file" ] || kill_pg "${file%/data/postmaster.pid}" || true
	done
	for file in "$T"/s3.*.pid; do
		[ -e "$file" ] || continue
		pid=$(cat "$file")
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}
