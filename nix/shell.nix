# All that make, make test, make check and make bench need.
{
  lib,
  bc,
  clang,
  clang-tools,
  cppcheck,
  criterion,
  curl,
  glibcLocales,
  go,
  jq,
  kubectl,
  libfaketime,
  mkShell,
  nixfmt,
  patchelf,
  pgmuster,
  postgresql_15,
  shellcheck,
  skopeo,
  strace,
  time,
  valgrind,
  versitygw,
}:

mkShell {
  inputsFrom = [ pgmuster ];

  packages = [
    clang-tools # before clang, whose own are not wrapped
    bc
    clang
    cppcheck
    criterion
    curl
    go # builds MinIO for the tests: nixpkgs calls it insecure, and here it listens on loopback alone
    jq
    kubectl
    libfaketime
    nixfmt
    patchelf
    shellcheck
    skopeo
    strace
    time
    valgrind
    versitygw
  ];

  # The Makefile hardens by itself, and the sanitizers want it otherwise.
  hardeningDisable = [ "all" ];

  LOCALE_ARCHIVE = "${glibcLocales}/lib/locale/locale-archive";
  PGMUSTER_PG15 = "${postgresql_15}/bin";
  PGMUSTER_PG18 = "${lib.getBin pgmuster.postgresql}/bin";
}
