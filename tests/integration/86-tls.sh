# TLS with real servers and certificates of an authority of our own: what is accepted, and what each refusal says.

setup_file() {
	export CERTS=$T/certs CURL_CA_BUNDLE=$T/certs/ca.pem
	mkdir "$CERTS"
	cd "$CERTS" || return
	authority ca
	authority other
	certificate good ca DNS:localhost,IP:127.0.0.1
	certificate strange other DNS:localhost,IP:127.0.0.1
	certificate elsewhere ca DNS:elsewhere.lan
	certificate expired ca DNS:localhost,IP:127.0.0.1 -days -1
	certificate client ca DNS:client
	authority self -addext subjectAltName=IP:127.0.0.1
	mkdir pair
	cp good.pem pair/public.crt
	cp good.key pair/private.key
}

# Anything that speaks TLS will do: a refusal comes before HTTP.
serve() {
	TLS_PORT=$(free_port)
	openssl s_server -accept "127.0.0.1:$TLS_PORT" -cert "$CERTS/$1.pem" -key "$CERTS/$1.key" -www "${@:2}" >"$T/s_server" 2>&1 &
	TLS_PID=$!
	eventually 10 listens "$TLS_PORT"
}

listens() { (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

end_serving() {
	kill "$TLS_PID"
	wait "$TLS_PID" 2>/dev/null || true
}

# says CODE WORDS HINT COMMAND...: at once, for none of this passes by itself.
says() {
	assert_exit "$1" "${@:4}"
	assert_contains "$(cat "$T/err")" "$2"
	assert_contains "$(cat "$T/err")" "hint: "
	assert_contains "$(cat "$T/err")" "$3"
	assert_not_contains "$(cat "$T/err")" attempt
}

store_over_tls() {
	S3_CERTS=$CERTS/pair start_s3 "$1"
	local list=(pgmuster list --store "s3://$S3_BUCKET/pg") plain=${AWS_ENDPOINT_URL/https:/http:}
	echo text >"$T/file"
	assert_exit 0 pgmuster upload --store "s3://$S3_BUCKET/pg" --key k --ca-file "$CERTS/ca.pem" "$T/file"
	AWS_CA_BUNDLE=$CERTS/ca.pem assert_exit 0 "${list[@]}"
	AWS_CA_BUNDLE=$CERTS/ca.pem assert_exit 0 "${list[@]}" --endpoint "${AWS_ENDPOINT_URL/127.0.0.1/localhost}"
	AWS_CA_BUNDLE=$CERTS/other.pem assert_exit 0 "${list[@]}" --ca-file "$CERTS/ca.pem"
	says 3 'certificate' '--ca-file or AWS_CA_BUNDLE' "${list[@]}"
	says 3 'certificate' '--ca-file or AWS_CA_BUNDLE' "${list[@]}" --ca-file "$CERTS/other.pem"
	assert_exit 3 "${list[@]}" --attempts 1 --endpoint "$plain"
	assert_contains "$(cat "$T/err")" "$2"
	echo 'no certificate' >"$T/text"
	for file in "$T/nowhere" "$T/text" "$CERTS/good.key" "$T" /dev/null; do
		says 2 "$file" 'in PEM' "${list[@]}" --ca-file "$file"
	done
}

test_versitygw_over_tls() { store_over_tls versitygw 'the endpoint is https://'; }
test_minio_over_tls() { store_over_tls minio 'HTTP request to an HTTPS server'; }

test_refused_certificates_are_explained() {
	export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b
	local certificate words hint
	while IFS='|' read -r certificate words hint; do
		# shellcheck disable=SC2086
		serve $certificate
		says 3 "$words" "$hint" pgmuster list --store s3://b --ca-file "$CERTS/ca.pem" --endpoint "https://127.0.0.1:$TLS_PORT"
		end_serving
	done <<-'ROWS'
		elsewhere|127.0.0.1|a name that the server's certificate has
		expired|expired|renew the server's certificate
		strange|issuer|--ca-file
		self|self-signed|--ca-file
		good -tls1_1 -cipher ALL:@SECLEVEL=0|protocol|TLS 1.2
	ROWS
	# The same look at what is good gets as far as HTTP.
	serve good
	assert_exit 2 pgmuster list --store s3://b --ca-file "$CERTS/ca.pem" --endpoint "https://127.0.0.1:$TLS_PORT"
	assert_contains "$(cat "$T/err")" 'no S3 API'
	end_serving
	start_s3 versitygw
	says 3 'wrong version' 'http://' pgmuster list --store s3://b --endpoint "${AWS_ENDPOINT_URL/http:/https:}"
}

# A server whose certificate is NAME's, that nobody reaches by TCP without TLS.
start_pg_tls() {
	local dir
	dir=$(mktemp -d "$T/key.XXX")
	cp "$CERTS/$1.pem" "$dir/crt"
	cp "$CERTS/$1.key" "$dir/key"
	cp "$CERTS/ca.pem" "$dir/ca"
	chmod 600 "$dir/key"
	chmod 755 "$dir"
	[ "$(id -u)" != 0 ] || chown "$(as_pg id -u)" "$dir/key"
	PG_LISTEN=127.0.0.1 PG_CONFIG="ssl=on ssl_cert_file='$dir/crt' ssl_key_file='$dir/key' ssl_ca_file='$dir/ca'" \
		start_pg "${PG_TLS_VERSION:-18}"
	printf '%s\n' 'local all all trust' 'hostssl all client 127.0.0.1/32 cert' 'hostssl all postgres 127.0.0.1/32 trust' |
		as_pg tee "$PG_DATA/pg_hba.conf" >/dev/null
	sql postgres 'SELECT pg_reload_conf()' >/dev/null
	SERVER="host=127.0.0.1 port=$PGPORT user=postgres"
}

test_postgresql_over_tls() {
	start_pg_tls good
	sql postgres 'CREATE DATABASE d'
	sql d 'CREATE TABLE t AS SELECT 1 AS a'
	sql postgres 'CREATE ROLE client SUPERUSER LOGIN'
	unset PGHOST PGUSER
	local n=0 dump=(pgmuster dump -q --store "file://$T/store") tls full="$SERVER sslmode=verify-full"
	mkdir "$T/store"
	for tls in "$full sslrootcert=$CERTS/ca.pem" "$SERVER sslmode=require" "${full/127.0.0.1/localhost} sslrootcert=$CERTS/ca.pem"; do
		assert_exit 0 "${dump[@]}" --key-format $((++n)).sql.zst --server "$tls"
	done
	PGSSLMODE=verify-full PGSSLROOTCERT=$CERTS/ca.pem assert_exit 0 "${dump[@]}" --key-format env.sql.zst --server "$SERVER"
	says 3 'verify failed' sslrootcert "${dump[@]}" --server "$full sslrootcert=$CERTS/other.pem"
	PGSSLMODE=verify-full PGSSLROOTCERT=$CERTS/other.pem says 3 'verify failed' sslrootcert "${dump[@]}" --server "$SERVER"
	assert_exit 3 "${dump[@]}" --server "$full"
	assert_contains "$(cat "$T/err")" 'root.crt" does not exist'
	assert_exit 3 "${dump[@]}" --server "$full sslrootcert=$CERTS/ca.pem hostaddr=127.0.0.1 host=elsewhere.lan"
	assert_contains "$(cat "$T/err")" 'does not match host name "elsewhere.lan"'
	assert_exit 3 "${dump[@]}" --server "$SERVER sslmode=disable"
	assert_contains "$(cat "$T/err")" 'no encryption'

	# The client's own certificate.
	local client="${full/postgres/client} sslrootcert=$CERTS/ca.pem sslcert=$CERTS/client.pem sslkey=$CERTS/client.key"
	assert_exit 0 "${dump[@]}" --key-format client.sql.zst --server "$client"
	assert_exit 3 "${dump[@]}" --server "${full/postgres/client} sslrootcert=$CERTS/ca.pem"
	assert_contains "$(cat "$T/err")" 'certificate'
	install -m 644 "$CERTS/client.key" "$T/open.key"
	assert_exit 3 "${dump[@]}" --server "${client/"$CERTS/client.key"/"$T/open.key"}"
	assert_contains "$(cat "$T/err")" 'group or world access'

	# Into another one, also only by TLS.
	start_pg_tls good
	unset PGHOST PGUSER
	full="$SERVER sslmode=verify-full sslrootcert=$CERTS/ca.pem"
	assert_exit 3 pgmuster drill --store "file://$T/store" --server "$SERVER sslmode=verify-full sslrootcert=$CERTS/other.pem"
	assert_exit 0 pgmuster drill --store "file://$T/store" --check content --server "$full"
	assert_exit 0 pgmuster restore --store "file://$T/store" --database d --as e --server "$full"

	start_pg_tls expired
	unset PGHOST PGUSER
	says 3 'verify failed' 'expired' "${dump[@]}" --server "$SERVER sslmode=verify-full sslrootcert=$CERTS/ca.pem"
}
