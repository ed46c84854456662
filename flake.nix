{
  description = "PostgreSQL backups that are counted back on board";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    kubenix = {
      url = "github:hall/kubenix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      kubenix,
    }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      eachSystem = f: lib.genAttrs systems (system: f system nixpkgs.legacyPackages.${system});
      revision = self.rev or self.dirtyRev or "unknown";
    in
    {
      packages = eachSystem (
        _: pkgs: rec {
          default = pgmuster;
          pgmuster = pkgs.callPackage ./nix/pgmuster.nix { };
          pgmuster-gen = pkgs.callPackage ./nix/pgmuster-gen.nix { };
          toolbox-image = pkgs.callPackage ./nix/toolbox-image.nix { inherit pgmuster revision; };
        }
      );

      apps = eachSystem (
        system: pkgs: import ./nix/apps.nix { inherit lib pkgs; } self.packages.${system}
      );

      devShells = eachSystem (
        system: pkgs: {
          default = pkgs.callPackage ./nix/shell.nix { inherit (self.packages.${system}) pgmuster; };
        }
      );

      formatter = eachSystem (_: pkgs: pkgs.nixfmt-tree);

      nixosModules.default = import ./nix/modules/nixos.nix self;

      kubenixModules.default = import ./nix/modules/kubenix.nix self;

      # Types of the JSON that a homelab and the generator share.
      homelabModules.default = ./nix/modules/homelab.nix;

      checks = eachSystem (
        system: pkgs:
        import ./nix/checks {
          inherit
            self
            lib
            pkgs
            system
            kubenix
            ;
        }
      );
    };
}
