-- A server with all that a backup must survive. For psql as superuser on a fresh server, PostgreSQL
-- 15 to 18, UTF8; variables: databases, tables, big_mb (sizes), tablespaces (a directory of the
-- server's with empty subdirectories 1 and 2). tests/lib.sh: fill_server hostile.
\set ON_ERROR_STOP 1
SELECT current_setting('server_version_num')::int >= 160000 AS pg16,
       current_setting('server_version_num')::int >= 170000 AS pg17,
       current_setting('server_version_num')::int >= 180000 AS pg18 \gset

\ir hostile/globals.sql
\ir hostile/names.sql
\ir hostile/types.sql
\ir hostile/text.sql
\ir hostile/schema.sql
\ir hostile/code.sql
\ir hostile/objects.sql
\ir hostile/encodings.sql
\ir hostile/many.sql
\ir hostile/settings.sql
