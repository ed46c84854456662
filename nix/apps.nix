{ lib, pkgs }:
packages:
let
  inherit (packages) pgmuster pgmuster-gen;

  # One of these scripts, with the programs that it runs. They find what they share beside themselves.
  scripts = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../tools/backup-postgres
      ../tools/postgres-lib.sh
      ../tools/restore-postgres
      ./push-toolbox-image.sh
    ];
  };
  script =
    path: programs:
    let
      name = lib.removeSuffix ".sh" (baseNameOf path);
    in
    lib.getExe (
      pkgs.runCommand name
        {
          nativeBuildInputs = [ pkgs.makeWrapper ];
          meta.mainProgram = name;
        }
        ''
          cp -r ${scripts} $out
          chmod -R u+w $out
          patchShebangs $out
          makeWrapper $out/${path} $out/bin/${name} --prefix PATH : ${lib.makeBinPath programs}
        ''
    );

  app = description: program: {
    type = "app";
    inherit program;
    meta = { inherit description; };
  };

  inCluster = [
    pgmuster
    pkgs.kubectl
  ];
in
{
  default = app "PostgreSQL backups" (lib.getExe pgmuster);
  gen = app "Manifests from one JSON" (lib.getExe pgmuster-gen);
  backup-postgres = app "A backup now" (script "tools/backup-postgres" inCluster);
  restore-postgres = app "Restore, after asking" (script "tools/restore-postgres" inCluster);
  push-toolbox-image = app "Push the image and pin its digest" (
    script "nix/push-toolbox-image.sh" [
      pkgs.jq
      pkgs.skopeo
    ]
  );
}
