# Settings of a server, a database, a role and of whoever calls: none of them changes what comes back, nor what is said of it.

setup_file() {
	start_pg 15
}

# new_store: an empty one, "$STORE"; and nothing in the server that a test which failed has left.
new_store() {
	local name
	export PGOPTIONS='-c role=none'
	for name in $(sql postgres "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"); do
		sql postgres "DROP DATABASE $name"
	done
	sql postgres 'ALTER ROLE postgres RESET ALL'
	for name in $(sql postgres "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres'"); do
		sql postgres "DROP ROLE $name"
	done
	unset PGOPTIONS
	rm -rf "$T/store"
	mkdir "$T/store"
	STORE=file://$T/store
}

# load DATABASE: a new one, with the statements of stdin.
load() {
	sql postgres "CREATE DATABASE $1"
	PGDATABASE=$1 psql -Xq -v ON_ERROR_STOP=1
}

# comes_back DATABASE [QUERY]: from $STORE, by a drill and by a restore; QUERY then says the same as before.
comes_back() {
	local before=
	[ $# = 1 ] || before=$(sql "$1" "$2")
	assert_exit 0 pgmuster dump -q --store "$STORE"
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content
	sql postgres "DROP DATABASE $1"
	assert_exit 0 pgmuster restore -q --store "$STORE" --database "$1" --check content
	[ $# = 1 ] || assert_eq "$before" "$(sql "$1" "$2")"
}

# What a dump's own statements compute, they compute under the settings of their database.
test_materialized_view_is_computed_as_its_database_says() {
	new_store
	load days <<-'END'
		ALTER DATABASE days SET DateStyle = 'ISO, DMY';
		ALTER DATABASE days SET TimeZone = 'Asia/Tokyo';
		\connect
		CREATE TABLE t AS SELECT '02/03/2026' AS text, '2026-01-01 20:00+00'::timestamptz AS at, '1 day 2:00'::interval AS i;
		CREATE MATERIALIZED VIEW m AS SELECT text::date AS a, at::date AS b, at::text AS c FROM t;
	END
	comes_back days 'SELECT a, b, c FROM m'
}

test_check_holds_under_the_settings_of_its_database() {
	new_store
	load days <<-'END'
		ALTER DATABASE days SET TimeZone = 'Asia/Tokyo';
		\connect
		CREATE TABLE t (at timestamptz, day date, CHECK (day = at::date));
		INSERT INTO t VALUES ('2026-01-01 20:00+00', '2026-01-02');
	END
	comes_back days
}

# libpq hands these on at every start of a connection, over what the connection asks for.
test_settings_of_the_caller_change_nothing() {
	new_store
	load family <<-'END'
		CREATE TABLE par (a int, w timestamptz DEFAULT now(), d date DEFAULT now());
		CREATE TABLE chi (b int) INHERITS (par);
		ALTER TABLE par ADD c int;
		INSERT INTO chi (a, b, c) SELECT i, i, i FROM generate_series(1, 20) i;
	END
	export PGTZ=Europe/Berlin PGDATESTYLE='SQL, DMY' PGGEQO=off PGCLIENTENCODING=LATIN1
	comes_back family
}

# It uses no server of the caller's, so nothing that says where one is, and how to get in, is its business.
test_drill_has_nothing_of_the_callers_libpq() {
	local name
	new_store
	assert_exit 0 pgmuster dump -q --store "$STORE"
	for name in PGSERVICE PGREQUIREPEER PGSSLCERT PGOPTIONS PGHOSTADDR PGTZ PGCONNECT_TIMEOUT PGLOADBALANCEHOSTS; do
		(
			export "$name=nope"
			assert_exit 0 timeout 30 pgmuster drill -q --store "$STORE"
		) || fail "$name"
	done
}

test_role_that_a_database_sets_runs_no_restore() {
	local version
	for version in 15 18; do
		[ $version = 15 ] || start_pg $version
		new_store
		sql postgres 'CREATE ROLE app_owner'
		load app <<-'END'
			CREATE EXTENSION pageinspect;
			CREATE TABLE t AS SELECT generate_series(1, 5) AS i;
			CREATE TABLE own (i int);
			ALTER TABLE own OWNER TO app_owner;
			ALTER DATABASE app SET role = app_owner;
		END
		comes_back app
	done
}

# The dump brings the setting along, for the very role that restores.
test_role_that_a_role_sets_runs_no_restore() {
	new_store
	sql postgres 'CREATE ROLE app_owner'
	sql postgres 'ALTER ROLE postgres SET role = app_owner'
	PGOPTIONS='-c role=none' sql postgres 'CREATE DATABASE app'
	PGOPTIONS='-c role=none' sql app 'CREATE EXTENSION pageinspect; CREATE TABLE t AS SELECT 1 AS i'
	assert_exit 0 pgmuster dump -q --store "$STORE"
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content
	PGOPTIONS='-c role=none' sql postgres 'DROP DATABASE app'
	assert_exit 0 pgmuster restore -q --store "$STORE" --database app --check content
	PGOPTIONS='-c role=none' sql postgres 'ALTER ROLE postgres RESET role'
}

# Who is a superuser by such a setting alone needs it.
test_role_that_is_its_users_only_right_is_kept() {
	new_store
	sql postgres 'CREATE ROLE deploy LOGIN NOINHERIT IN ROLE postgres'
	sql postgres 'ALTER ROLE deploy SET role = postgres'
	load app <<<'CREATE EXTENSION pageinspect; CREATE TABLE t AS SELECT 1 AS i'
	assert_exit 0 env PGUSER=deploy pgmuster dump -q --store "$STORE"
	sql postgres 'DROP DATABASE app'
	assert_exit 0 env PGUSER=deploy pgmuster restore -q --store "$STORE" --database app --check content
}

# pg_dump writes them before it refreshes materialized views.
test_event_triggers_do_not_wake_during_a_restore() {
	local version
	for version in 15 18; do
		[ $version = 15 ] || start_pg $version
		new_store
		load audit <<-'END'
			CREATE TABLE ddl_log (tag text);
			CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS
				$$ BEGIN INSERT INTO public.ddl_log VALUES (tg_tag); END $$;
			CREATE MATERIALIZED VIEW m AS SELECT 1 AS i;
			CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note();
			CREATE TABLE t (i int);
			ALTER TABLE t ADD j int;
		END
		# One that fires under any session_replication_role can be kept silent by newer servers alone.
		[ $version = 15 ] || sql audit 'ALTER EVENT TRIGGER note ENABLE ALWAYS'
		load later <<<'CREATE TABLE t AS SELECT 1 AS i; CREATE MATERIALIZED VIEW m AS SELECT i FROM t'
		comes_back audit 'TABLE ddl_log'
	done
}

# The text of a dump does not say them; its manifest does.
test_own_server_has_the_settings_of_the_backups_server() {
	PG_CONFIG="timezone=Asia/Tokyo datestyle='SQL,DMY' intervalstyle=iso_8601" start_pg 15
	new_store
	load days <<-'END'
		CREATE TABLE t (at timestamptz, day date, text text, CHECK (day = at::date), CHECK (text::date = day));
		INSERT INTO t VALUES ('2026-01-01 20:00+00', '2026-01-02', '02/01/2026');
		CREATE MATERIALIZED VIEW m AS SELECT at::text, '1 day'::interval::text AS i FROM t;
	END
	assert_exit 0 pgmuster dump -q --store "$STORE"
	assert_eq '{"TimeZone":"Asia/Tokyo","DateStyle":"SQL, DMY","IntervalStyle":"iso_8601"}' \
		"$(jq -c .source.settings "$T"/store/*/*/*/*.manifest.json)"
	assert_exit 0 pgmuster show --store "$STORE" --json
	assert_json '"\(.TimeZone); \(.DateStyle)"' 'Asia/Tokyo; SQL, DMY'
	assert_exit 0 pgmuster drill -q --store "$STORE" --check content
}
