# The generator alone: what a homelab evaluates its manifests with should not need PostgreSQL.
{
  lib,
  stdenv,
  diffutils,
  jansson,
  makeBinaryWrapper,
  pkg-config,
}:

stdenv.mkDerivation {
  pname = "pgmuster-gen";
  version = lib.fileContents ../VERSION;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Makefile
      ../VERSION
      ../gen
      ../lib/base
      ../lib/proc
      ../nix/toolbox-image.json
    ];
  };

  nativeBuildInputs = [
    makeBinaryWrapper
    pkg-config
  ];
  buildInputs = [ jansson ];
  # Another compiler than ours may warn of more.
  env.NIX_CFLAGS_COMPILE = "-Wno-error";

  enableParallelBuilding = true;
  strictDeps = true;
  buildFlags = [ "build/bin/pgmuster-gen" ];

  installPhase = ''
    runHook preInstall
    install -D -t $out/bin build/bin/pgmuster-gen
    # --check prints differences
    wrapProgram $out/bin/pgmuster-gen --suffix PATH : ${lib.makeBinPath [ diffutils ]}
    runHook postInstall
  '';

  meta = {
    description = "Kubernetes manifests and alerts for pgmuster's backups, from one JSON";
    homepage = "https://github.com/pgmuster/pgmuster";
    license = lib.licenses.asl20;
    mainProgram = "pgmuster-gen";
    platforms = lib.platforms.linux;
  };
}
