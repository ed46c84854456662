# What pgmuster-gen reads of homelab.kubernetes, as a module for a submodule:
#
#   options.homelab.kubernetes = lib.mkOption { type = lib.types.submodule inputs.pgmuster.homelabModules.default; };
{ lib, ... }:
let
  inherit (lib) mkOption types;

  namespace =
    what: default:
    mkOption {
      type = types.nullOr types.str;
      default = null;
      defaultText = lib.literalMD "`\"${default}\"`, by `pgmuster-gen`";
      description = "The namespace of ${what}.";
    };
in
{
  # A homelab keeps more there. pgmuster-gen refuses what looks like a slip of these.
  freeformType = types.attrsOf types.anything;

  options = {
    version = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "1.34";
      description = "Version of Kubernetes.";
    };

    namespaces = mkOption {
      default = { };
      description = "Namespaces by purpose.";
      type = types.submodule {
        freeformType = types.attrsOf types.anything;
        options = {
          applications = namespace "the PostgreSQL server" "apps";
          backup = namespace "the jobs" "backup";
          monitoring = namespace "the alert rules" "monitoring";
        };
      };
    };

    databases.postgres = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "immich"
        "paperless"
      ];
      description = "Databases that every backup has to hold.";
    };

    backup = import ./settings.nix lib;
  };
}
