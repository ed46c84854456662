{
  lib,
  stdenv,
  curl,
  expat,
  glibcLocales,
  jansson,
  libpq,
  makeBinaryWrapper,
  openssl,
  pkg-config,
  postgresql_18,
  xxHash,
  zlib,
  zstd,
  # For the tests
  criterion,
}:

# Older ones let a hostile dump run programs where it is restored.
assert lib.assertMsg (lib.versionAtLeast postgresql_18.version "18.6")
  "pgmuster: postgresql_18 is ${postgresql_18.version}, CVE-2026-18408 is fixed in 18.6";

stdenv.mkDerivation {
  pname = "pgmuster";
  version = lib.fileContents ../VERSION;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Makefile
      ../VERSION
      ../cmd
      ../gen
      ../kubenix/example
      ../lib
      ../nix/toolbox-image.json
      ../tests
    ];
  };

  nativeBuildInputs = [
    makeBinaryWrapper
    pkg-config
  ];

  buildInputs = [
    curl
    expat
    jansson
    libpq
    openssl
    xxHash
    zlib
    zstd
  ];

  # Another compiler than ours may warn of more.
  env.NIX_CFLAGS_COMPILE = "-Wno-error";

  enableParallelBuilding = true;
  strictDeps = true;

  makeFlags = [ "PREFIX=${placeholder "out"}" ];

  doCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  checkTarget = "unit";
  checkInputs = [ criterion ];
  nativeCheckInputs = [
    postgresql_18
    zstd
  ];
  preCheck = ''
    export PGMUSTER_PG18=${postgresql_18}/bin
    export LOCALE_ARCHIVE=${glibcLocales}/lib/locale/locale-archive
  '';

  # A link by the name of a verb is the wrapper too, and it hands on argv[0].
  postInstall = ''
    wrapProgram $out/bin/pgmuster --set-default PGMUSTER_PG_BIN ${postgresql_18}/bin
  '';

  passthru.postgresql = postgresql_18;

  meta = {
    description = "PostgreSQL backups that are counted back on board";
    homepage = "https://github.com/pgmuster/pgmuster";
    license = lib.licenses.asl20;
    mainProgram = "pgmuster";
    platforms = lib.platforms.linux;
  };
}
