-- A small homelab for `make demo`: photos, documents, workflows, passwords. For psql as superuser on
-- a fresh server, PostgreSQL 14 or newer. The same rows every time. tests/lib.sh: fill_server demo.
\set ON_ERROR_STOP 1
CREATE ROLE immich LOGIN PASSWORD 'immich';
CREATE ROLE paperless LOGIN PASSWORD 'paperless';
CREATE ROLE n8n LOGIN PASSWORD 'n8n';
CREATE ROLE vaultwarden LOGIN PASSWORD 'vaultwarden';
CREATE ROLE grafana LOGIN PASSWORD 'grafana' CONNECTION LIMIT 5;
CREATE ROLE dashboards;
GRANT dashboards TO grafana;

-- Photos
CREATE DATABASE immich OWNER immich;
COMMENT ON DATABASE immich IS 'photos and videos';
\c immich
CREATE EXTENSION cube;
CREATE EXTENSION earthdistance;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION unaccent;
GRANT CREATE ON SCHEMA public TO immich;
SET ROLE immich;
CREATE TYPE asset_type AS ENUM ('IMAGE', 'VIDEO', 'OTHER');
CREATE TABLE users (
	id uuid PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,
	created_at timestamptz NOT NULL, quota_bytes bigint);
INSERT INTO users
	SELECT md5('user' || i)::uuid, name, lower(name) || '@home.lan',
		'2023-04-01 09:00+00'::timestamptz + i * interval '3 days',
		CASE WHEN i > 2 THEN 107374182400 END
	FROM unnest(ARRAY['Ana', 'Bruno', 'Célia', 'Davi']) WITH ORDINALITY AS n (name, i);
CREATE TABLE assets (
	id uuid PRIMARY KEY, owner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
		type asset_type NOT NULL,
	original_path text NOT NULL, checksum bytea NOT NULL, taken_at timestamptz NOT NULL,
	is_favorite boolean NOT NULL DEFAULT false, duration interval, UNIQUE (owner_id, checksum));
INSERT INTO assets
	SELECT md5('asset' || i)::uuid, md5('user' || 1 + i % 4)::uuid,
		CASE WHEN i % 17 = 0 THEN 'VIDEO' ELSE 'IMAGE' END::asset_type,
		format('/photos/%s/IMG_%s.%s', 2023 + i % 4, lpad(i::text, 5, '0'),
		CASE WHEN i % 17 = 0 THEN 'mov' ELSE 'heic' END),
		decode(md5('content' || i) || left(md5(i::text), 8), 'hex'),
		'2023-04-02 08:00+00'::timestamptz + i * interval '3 hours 7 minutes', i % 23 = 0,
		CASE WHEN i % 17 = 0 THEN (i % 300) * interval '1 second' END
	FROM generate_series(1, 6000) i;
CREATE TABLE exif (
	asset_id uuid PRIMARY KEY REFERENCES assets ON DELETE CASCADE, make text, model text,
		iso int, f_number real,
	latitude double precision, longitude double precision, city text, raw jsonb);
INSERT INTO exif
	SELECT md5('asset' || i)::uuid, 'Google', 'Pixel ' || 6 + i % 4, 50 * (1 + i % 32), 1.8,
		-23.5 + (i % 1000) / 250.0, -46.6 + (i % 777) / 300.0,
		(ARRAY['São Paulo', 'Curitiba', 'Florianópolis', 'Ouro Preto', NULL])[1 + i % 5],
		jsonb_build_object('Orientation', 1 + i % 8, 'Lens', 'back camera', 'Software',
		'HDR+ 1.0.' || i)
	FROM generate_series(1, 6000) i;
CREATE TABLE albums (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
	description text);
INSERT INTO albums (name, description)
	SELECT format('%s %s', (ARRAY['Férias', 'Família', 'Gatos', 'Obra da casa',
		'Trilhas'])[1 + i % 5], 2023 + i / 5), 'Álbum nº ' || i
	FROM generate_series(0, 19) i;
CREATE TABLE albums_assets (album_id int REFERENCES albums, asset_id uuid REFERENCES assets,
	PRIMARY KEY (album_id, asset_id));
INSERT INTO albums_assets SELECT 1 + i % 20, md5('asset' || i)::uuid FROM generate_series(1, 6000,
	3) i;
CREATE TABLE face_embeddings (asset_id uuid REFERENCES assets, person text,
	embedding real[] NOT NULL);
INSERT INTO face_embeddings
	SELECT md5('asset' || i)::uuid, 'person ' || i % 12,
		ARRAY(SELECT sin(i * k)::real FROM generate_series(1, 64) k)
	FROM generate_series(1, 6000, 4) i;
CREATE INDEX ON assets (owner_id, taken_at DESC);
CREATE INDEX ON assets USING gin (original_path gin_trgm_ops);
CREATE INDEX ON exif USING gist (cube(ARRAY[latitude, longitude]));
CREATE MATERIALIZED VIEW timeline AS
	SELECT date_trunc('month', taken_at AT TIME ZONE 'UTC') AS month, owner_id,
		count(*) AS assets
	FROM assets GROUP BY 1, 2;
CREATE UNIQUE INDEX ON timeline (month, owner_id);
CREATE VIEW favourites AS SELECT a.*, e.city FROM assets a JOIN exif e ON e.asset_id = a.id WHERE
	is_favorite;
RESET ROLE;

-- Documents
CREATE DATABASE paperless OWNER paperless;
\c paperless
CREATE EXTENSION pg_trgm;
CREATE EXTENSION citext;
GRANT CREATE ON SCHEMA public TO paperless;
SET ROLE paperless;
CREATE TABLE correspondents (id serial PRIMARY KEY, name citext NOT NULL UNIQUE);
INSERT INTO correspondents (name) SELECT format('%s %s', (ARRAY['Banco', 'Prefeitura', 'Seguro',
	'Escola', 'Oficina'])[1 + i % 5], i)
	FROM generate_series(1, 60) i;
CREATE TABLE documents (
	id serial PRIMARY KEY, title text NOT NULL, correspondent_id int REFERENCES correspondents,
		content text NOT NULL,
	created date NOT NULL, added timestamptz NOT NULL, archive_serial_number int UNIQUE,
		original oid,
	search tsvector GENERATED ALWAYS AS (to_tsvector('portuguese',
		title || ' ' || content)) STORED);
INSERT INTO documents (title, correspondent_id, content, created, added, archive_serial_number)
	SELECT format('%s %s/%s', (ARRAY['Fatura', 'Contrato', 'Recibo', 'Apólice',
		'Boletim'])[1 + i % 5], i % 12 + 1, 2019 + i % 7),
		1 + i % 60,
		format(E'Prezado cliente,\n\nsegue em anexo o documento nº %s.\tValor: R$ %s,%s\n',
		i, i * 7 % 5000, i % 100)
		|| repeat(md5(i::text) || E'\n', 1 + i % 20),
		'2019-01-01'::date + i, '2023-06-01 12:00+00'::timestamptz + i * interval '5 hours',
		CASE WHEN i % 2 = 0 THEN i END
	FROM generate_series(1, 2500) i;
CREATE INDEX ON documents USING gin (search);
CREATE TABLE tags (id serial PRIMARY KEY, name text NOT NULL UNIQUE,
	color text NOT NULL DEFAULT '#a6cee3');
INSERT INTO tags (name) SELECT unnest(ARRAY['imposto', 'casa', 'carro', 'saúde', 'garantia',
	'caixa de entrada', 'a pagar']);
CREATE TABLE documents_tags (document_id int REFERENCES documents, tag_id int REFERENCES tags,
	PRIMARY KEY (document_id, tag_id));
INSERT INTO documents_tags SELECT i, 1 + i * k % 7 FROM generate_series(1, 2500) i,
	generate_series(1, 2) k ON CONFLICT DO NOTHING;
UPDATE documents SET original = lo_from_bytea(700000 + id,
	convert_to('%PDF-1.7 ' || repeat(content, 3), 'UTF8')) WHERE id <= 40;
RESET ROLE;

-- Workflows
CREATE DATABASE n8n OWNER n8n;
\c n8n
CREATE EXTENSION "uuid-ossp";
GRANT CREATE ON SCHEMA public TO n8n;
SET ROLE n8n;
CREATE TABLE workflows (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), name text NOT NULL,
	active boolean NOT NULL, nodes jsonb NOT NULL);
INSERT INTO workflows
	SELECT uuid_generate_v5(uuid_ns_dns(), 'workflow' || i), 'Workflow ' || i, i % 3 <> 0,
		jsonb_build_array(jsonb_build_object('type', 'cron', 'at', '0 2 * * *'),
		jsonb_build_object('type', 'http', 'url', 'http://service-' || i))
	FROM generate_series(1, 45) i;
CREATE TABLE executions (
	id bigint GENERATED BY DEFAULT AS IDENTITY, workflow_id uuid NOT NULL REFERENCES workflows,
		status text NOT NULL,
	started_at timestamptz NOT NULL, took interval NOT NULL, data json, PRIMARY KEY (id,
		started_at)
) PARTITION BY RANGE (started_at);
CREATE TABLE executions_2026_09 PARTITION OF executions FOR VALUES FROM ('2026-09-01 00:00+00') TO
	('2026-10-01 00:00+00');
CREATE TABLE executions_2026_10 PARTITION OF executions FOR VALUES FROM ('2026-10-01 00:00+00') TO
	('2026-11-01 00:00+00');
CREATE TABLE executions_2026_11 PARTITION OF executions FOR VALUES FROM ('2026-11-01 00:00+00') TO
	('2026-12-01 00:00+00');
INSERT INTO executions (workflow_id, status, started_at, took, data)
	SELECT uuid_generate_v5(uuid_ns_dns(), 'workflow' || 1 + i % 45),
		CASE WHEN i % 40 = 0 THEN 'error' ELSE 'success' END,
		'2026-09-01 00:00+00'::timestamptz + i * interval '15 minutes',
		(i % 900) * interval '10 milliseconds',
		format('{"run": %s, "items": [%s, %s]}', i, i % 7, i % 11)::json
	FROM generate_series(0, 7999) i;
CREATE INDEX ON executions (workflow_id, started_at);
CREATE TABLE credentials (id serial PRIMARY KEY, name text NOT NULL, data bytea NOT NULL);
INSERT INTO credentials (name, data) SELECT 'credential ' || i, decode(repeat(md5('c' || i), 8),
	'hex') FROM generate_series(1, 25) i;
CREATE FUNCTION failures(since timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT count(*) FROM executions WHERE status = 'error' AND started_at >= since
$$;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO dashboards;
RESET ROLE;

-- Passwords
CREATE DATABASE vaultwarden OWNER vaultwarden;
\c vaultwarden
GRANT CREATE ON SCHEMA public TO vaultwarden;
SET ROLE vaultwarden;
CREATE TABLE users (uuid char(36) PRIMARY KEY, email varchar(255) NOT NULL UNIQUE,
	password_hash bytea NOT NULL, created_at timestamp NOT NULL);
INSERT INTO users
	SELECT md5('vault' || i)::uuid::text, format('user%s@home.lan', i),
		decode(repeat(md5('hash' || i), 2), 'hex'), '2024-01-15 20:00'
	FROM generate_series(1, 6) i;
CREATE TABLE ciphers (
	uuid char(36) PRIMARY KEY, user_uuid char(36) REFERENCES users, atype int NOT NULL,
		name text NOT NULL, data text NOT NULL,
	updated_at timestamp NOT NULL);
INSERT INTO ciphers
	SELECT md5('cipher' || i)::uuid::text, md5('vault' || 1 + i % 6)::uuid::text, 1 + i % 4,
		'2.' || encode(decode(md5('n' || i), 'hex'), 'base64'),
		'2.' || encode(decode(repeat(md5('d' || i), 12), 'hex'), 'base64'),
		'2024-02-01'::timestamp + i * interval '4 hours'
	FROM generate_series(1, 1800) i;
CREATE TABLE folders (uuid char(36) PRIMARY KEY, user_uuid char(36) REFERENCES users,
	name text NOT NULL);
INSERT INTO folders SELECT md5('folder' || i)::uuid::text, md5('vault' || 1 + i % 6)::uuid::text,
	'2.' || md5(i::text) FROM generate_series(1, 30) i;
CREATE TABLE event (uuid char(36) PRIMARY KEY, event_type int, at timestamp);
RESET ROLE;
