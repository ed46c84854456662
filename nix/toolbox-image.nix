# The image of all jobs: pgmuster, PostgreSQL's programs and what they read; one shell, because initdb
# and pg_dumpall start their helpers with popen; no other tools.
{
  lib,
  cacert,
  dash,
  dockerTools,
  fakeNss,
  glibcLocales,
  pgmuster,
  runCommand,
  tzdata,
  revision ? "unknown",
  # Extensions that the dumped databases use, for drills: ps: [ ps.postgis ps.pgvector ]
  extensions ? null,
}:

let
  user = "10001";
  postgresql =
    if extensions == null then pgmuster.postgresql else pgmuster.postgresql.withPackages extensions;

  nss = fakeNss.override {
    extraPasswdLines = [ "pgmuster:x:${user}:${user}:pgmuster:/var/empty:/bin/sh" ];
    extraGroupLines = [ "pgmuster:x:${user}:" ];
  };

  root = runCommand "toolbox-root" { } ''
    mkdir -p $out/bin $out/usr/share $out/etc/ssl/certs
    ln -s ${dash}/bin/dash $out/bin/sh
    ln -s ${postgresql}/bin/* $out/bin
    ln -s ${pgmuster}/bin/pgmuster $out/bin
    ln -s ${tzdata}/share/zoneinfo $out/usr/share/zoneinfo
    ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
  '';
in
dockerTools.buildLayeredImage {
  name = "ghcr.io/pgmuster/toolbox";
  tag = pgmuster.version;
  created = "1970-01-01T00:00:01Z";
  compressor = "zstd";
  contents = [
    nss
    root
  ];
  config = {
    User = "${user}:${user}";
    Entrypoint = [ "/bin/pgmuster" ];
    Env = [
      "PATH=/bin"
      "PGMUSTER_PG_BIN=${postgresql}/bin"
      "LOCALE_ARCHIVE=${glibcLocales}/lib/locale/locale-archive"
      "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
      "TZDIR=/usr/share/zoneinfo"
    ];
    Labels = lib.mapAttrs' (name: lib.nameValuePair "org.opencontainers.image.${name}") {
      description = "pgmuster, and PostgreSQL's client and server programs";
      licenses = "Apache-2.0";
      inherit revision;
      source = "https://github.com/pgmuster/pgmuster";
      title = "pgmuster toolbox";
      inherit (pgmuster) version;
    };
  };
}
