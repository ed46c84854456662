{
  self,
  lib,
  pkgs,
  system,
  kubenix,
}:
let
  inherit (self.packages.${system}) pgmuster pgmuster-gen toolbox-image;

  inTree =
    name: inputs: script:
    pkgs.runCommand "check-${name}" { nativeBuildInputs = inputs; } ''
      cd ${self}
      ${script}
      touch $out
    '';
in
{
  inherit pgmuster pgmuster-gen toolbox-image;

  apps = pkgs.linkFarm "apps" (
    lib.mapAttrsToList (name: app: {
      inherit name;
      path = app.program;
    }) self.apps.${system}
  );

  format = inTree "format" [ pkgs.nixfmt ] ''
    find flake.nix nix kubenix -name '*.nix' -exec nixfmt --check {} +
  '';

  shellcheck = inTree "shellcheck" [ pkgs.shellcheck ] ''
    shellcheck nix/push-toolbox-image.sh
  '';

  # The files beside the example are what the generator makes of it.
  generated = inTree "generated" [ pgmuster-gen ] ''
    pgmuster-gen --check --out kubenix/example kubenix/example/homelab.json
  '';

  # The modules' options are the generator's settings.
  schema = inTree "schema" [ pgmuster-gen ] ''
    diff -u nix/modules/settings.schema.json <(pgmuster-gen schema)
  '';
}
# It needs KVM, which arm64 machines for CI do not have.
// lib.optionalAttrs (system == "x86_64-linux") {
  vm = pkgs.testers.runNixOSTest (import ./vm.nix self);
}
// import ./kubenix.nix {
  inherit
    self
    lib
    pkgs
    kubenix
    pgmuster-gen
    ;
  evalModules = kubenix.evalModules.${system};
}
