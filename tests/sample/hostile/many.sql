-- :databases databases, each with a table and a row; a database with :tables tables.
SELECT format('CREATE DATABASE %I', 'app_' || lpad(i::text, 3, '0')) FROM generate_series(1,
	:databases) i
\gexec
CREATE DATABASE "Many tables";
\c "Many tables"
SET search_path = public;
-- in batches, each with its own transaction, so that locks stay few
SELECT
	format('DO $$ BEGIN FOR i IN %s..%s LOOP EXECUTE format(''CREATE TABLE t%%s (id int PRIMARY KEY, t text)'', i);'
	' EXECUTE format(''INSERT INTO t%%s SELECT n, %%L || n FROM generate_series(1, %%s) n'', i, ''row '', i %% 7);'
	' END LOOP; END $$', first, least(first + 99, :tables))
	FROM generate_series(1, :tables, 100) first
\gexec
