-- Partitions, inheritance, constraints, indexes, views and what depends on what.
CREATE DATABASE "Schema" OWNER app TABLESPACE fast;
\c "Schema"
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, kind text,
	v int)
	PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01+00') TO ('2026-01-01+00');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01+00') TO ('2027-01-01+00')
	PARTITION BY LIST (kind);
CREATE TABLE events_2026_a PARTITION OF events_2026 FOR VALUES IN ('a', NULL);
CREATE TABLE events_2026_rest PARTITION OF events_2026 DEFAULT TABLESPACE "Odd Space ''""";
CREATE TABLE events_other PARTITION OF events DEFAULT;
CREATE INDEX events_at ON events (at);
ALTER TABLE events ADD PRIMARY KEY (id, at, kind) /* NULL kinds are refused from here on */;
INSERT INTO events (at, kind, v)
	SELECT '2024-12-01 00:00+00'::timestamptz + i * interval '1 day', chr(97 + i % 3), i
	FROM generate_series(1, 900) i;
-- a partition with another order of columns, attached
CREATE TABLE events_2028 (v int, kind text NOT NULL, dropped int, at timestamptz NOT NULL,
	id bigint NOT NULL);
ALTER TABLE events_2028 DROP COLUMN dropped;
ALTER TABLE events ATTACH PARTITION events_2028 FOR VALUES FROM ('2028-01-01+00') TO
	('2029-01-01+00');
INSERT INTO events (at, kind, v) VALUES ('2028-02-29 12:00+00', 'leap', 1);
CREATE TYPE e AS ENUM ('one', 'two');
CREATE TABLE hashed (k e, v int) PARTITION BY HASH (k);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hashed VALUES ('one', 1), ('two', 2), ('two', 3);

CREATE TABLE parent (a int CHECK (a > 0), b text DEFAULT 'b') TABLESPACE "Odd Space ''""";
CREATE TABLE child (c int) INHERITS (parent);
CREATE TABLE grandchild (b text DEFAULT 'other') INHERITS (child);
CREATE TABLE other_parent (z int);
CREATE TABLE of_two () INHERITS (parent, other_parent);
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (2, 'c', 3), (3, 'c', 3);
INSERT INTO grandchild VALUES (4, 'g', 5);
INSERT INTO of_two VALUES (5, 'two', 6);

-- foreign keys: in a circle, to itself, deferred, not valid, across schemas, to a partitioned table
CREATE SCHEMA other AUTHORIZATION app;
CREATE TABLE hen (id int PRIMARY KEY, egg int);
CREATE TABLE other.egg (id int PRIMARY KEY, hen int REFERENCES hen DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES other.egg DEFERRABLE;
INSERT INTO hen VALUES (1, NULL);
INSERT INTO other.egg VALUES (1, 1);
UPDATE hen SET egg = 1;
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE ON UPDATE SET NULL);
INSERT INTO tree SELECT i, NULLIF(i / 2, 0) FROM generate_series(1, 200) i;
CREATE TABLE late (i int);
INSERT INTO late VALUES (-1), (999);
ALTER TABLE late ADD CONSTRAINT "not valid; yet" CHECK (i > 0) NOT VALID;
ALTER TABLE late ADD CONSTRAINT dangling FOREIGN KEY (i) REFERENCES tree NOT VALID;
CREATE TABLE event_notes (id bigint, at timestamptz, kind text, note text,
	FOREIGN KEY (id, at, kind) REFERENCES events);
INSERT INTO event_notes SELECT id, at, kind, 'note' FROM events LIMIT 10;
CREATE EXTENSION btree_gist;
CREATE TABLE booking (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&));
INSERT INTO booking VALUES (1, '[2026-01-01 10:00+00,2026-01-01 11:00+00)');
CREATE TABLE uniques (a int, b int, c text, UNIQUE NULLS NOT DISTINCT (a),
	UNIQUE (b) INCLUDE (c) DEFERRABLE);
INSERT INTO uniques VALUES (NULL, NULL, 'x'), (1, NULL, 'y');
CREATE INDEX ON uniques (lower(c), (a + b) DESC NULLS LAST) WHERE c <> ';';
CREATE INDEX ON uniques USING brin (a);
CREATE INDEX ON uniques USING hash (c) WITH (fillfactor = 50);
CREATE INDEX ON uniques (c COLLATE "C" text_pattern_ops);
ALTER TABLE uniques ALTER a SET STATISTICS 500, CLUSTER ON uniques_a_key;
ALTER TABLE hen REPLICA IDENTITY FULL;
ALTER TABLE tree SET (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_enabled = off);
CREATE STATISTICS uniques_statistics (ndistinct, dependencies, mcv) ON a, b FROM uniques;
CREATE STATISTICS other.expression ON (lower(c)), (a % 10) FROM uniques;
COMMENT ON STATISTICS uniques_statistics IS 'statistics';
CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE collated (a text COLLATE german, b text COLLATE insensitive UNIQUE);
INSERT INTO collated VALUES ('Ärger', 'Ärger'), ('Arger', 'other');

CREATE VIEW v1 AS SELECT id, kind, v FROM events WHERE v > 10;
CREATE VIEW v2 WITH (security_barrier, check_option = cascaded) AS SELECT * FROM v1 WHERE id > 0;
CREATE VIEW "V3; odd" AS SELECT ';--' AS t, v2.* FROM v2 JOIN tree USING (id);
CREATE VIEW v_group AS SELECT id, up FROM tree GROUP BY id; -- depends on the primary key
CREATE RECURSIVE VIEW numbers (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
CREATE MATERIALIZED VIEW per_kind AS SELECT kind, count(*), sum(v) FROM events GROUP BY kind;
CREATE UNIQUE INDEX ON per_kind (kind);
CREATE MATERIALIZED VIEW on_another AS SELECT sum(count) FROM per_kind;
CREATE MATERIALIZED VIEW never_filled AS SELECT * FROM v1 WITH NO DATA;
CREATE VIEW v_on_matview AS SELECT * FROM on_another;
CREATE VIEW circle AS SELECT 1 AS i;
CREATE VIEW circle2 AS SELECT i FROM circle;
CREATE OR REPLACE VIEW circle AS SELECT i FROM (VALUES (1)) AS x (i);
CREATE TABLE ruled (i int, t text);
CREATE RULE "log; it" AS ON INSERT TO ruled WHERE NEW.i < 0
	DO INSTEAD (UPDATE late SET i = i; DELETE FROM late WHERE i = -5;);
CREATE RULE quiet AS ON DELETE TO ruled DO INSTEAD NOTHING;
INSERT INTO ruled VALUES (1, 'one');
ALTER TABLE ruled DISABLE RULE quiet;

CREATE TABLE secured (id int, owner name, t text);
ALTER TABLE secured OWNER TO app;
INSERT INTO secured VALUES (1, 'app', 'mine'), (2, 'reader', 'yours');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY "own; rows" ON secured AS RESTRICTIVE FOR SELECT TO app, PUBLIC
	USING (owner = current_user OR t = ';') ;
CREATE POLICY w ON secured FOR INSERT WITH CHECK (id > 0);
GRANT SELECT (id, t), UPDATE (t) ON secured TO reader WITH GRANT OPTION;
GRANT ALL ON events, tree TO "Odd Role; DROP TABLE x; --", "RÔLE ünïcode 役割";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
REVOKE SELECT ON late FROM PUBLIC;
REVOKE ALL ON tree FROM postgres;
GRANT USAGE ON SCHEMA other TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA other GRANT SELECT, INSERT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE app REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO "it's ""quoted"".role=1" WITH GRANT OPTION;
REVOKE CONNECT, TEMPORARY ON DATABASE "Schema" FROM PUBLIC;
GRANT CONNECT ON DATABASE "Schema" TO app, "Odd Role; DROP TABLE x; --" WITH GRANT OPTION;
GRANT SET ON PARAMETER log_statement TO app;
