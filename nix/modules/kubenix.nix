# The objects that pgmuster-gen makes, without its files: it runs when the module is evaluated (import
# from derivation), so the evaluating machine has to be able to build for itself.
self:
{
  config,
  kubenix,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.pgmuster;

  set = lib.filterAttrsRecursive (_: value: value != null);
  homelab.kubernetes = set cfg.homelab;

  generated =
    pkgs.runCommand "pgmuster-modules"
      {
        nativeBuildInputs = [ cfg.generator ];
        input = builtins.toJSON homelab.kubernetes;
        passAsFile = [ "input" ];
      }
      ''
        pgmuster-gen --out $out ${
          lib.optionalString (cfg.manifest != null) "--manifest ${cfg.manifest}"
        } "$inputPath"
      '';

  # What a homelab's discovery does with files that are committed.
  load = name: (import "${generated}/${name}" { inherit homelab kubenix; }).kubernetes;
in
{
  imports = [ kubenix.modules.k8s ];

  options.pgmuster = {
    enable = lib.mkEnableOption "backups of PostgreSQL, their verification and drills";

    homelab = mkOption {
      type = types.submodule ./homelab.nix;
      default = { };
      description = "The generator's input: what homelab.kubernetes is, with settings under backup.";
    };

    manifest = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A backup's manifest, which tells how much room a drill needs.";
    };

    generator = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.pgmuster-gen;
      defaultText = lib.literalExpression "pgmuster.packages.\${system}.pgmuster-gen";
      description = "The package with pgmuster-gen.";
    };
  };

  config = lib.mkIf cfg.enable {
    kubernetes = lib.mkMerge (map load (builtins.attrNames (builtins.readDir generated)));
  };
}
