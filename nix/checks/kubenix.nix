# What kubenix makes of the generated files, and of our module, is what the generator prints as JSON.
{
  self,
  lib,
  pkgs,
  kubenix,
  pgmuster-gen,
  evalModules,
}:
let
  example = ../../kubenix/example;
  homelab.kubernetes = lib.importJSON (example + "/homelab.json");

  # A homelab extends kubenix.lib by these two.
  stand-ins = {
    secretsFor = name: "secretsFor ${name}";
    serviceHostFor = service: namespace: "${service}.${namespace}.svc.cluster.local";
  };

  objectsOf =
    modules:
    (evalModules {
      specialArgs = {
        inherit homelab;
        kubenix.lib = stand-ins;
      };
      modules = modules ++ [
        kubenix.nixosModules.kubenix.k8s
        { kubernetes.version = homelab.kubernetes.version; }
      ];
    }).config.kubernetes.objects;

  files = lib.filter (lib.hasSuffix ".nix") (lib.filesystem.listFilesRecursive example);

  ours = settings: [
    self.kubenixModules.default
    {
      pgmuster.enable = true;
      pgmuster.homelab = lib.recursiveUpdate homelab.kubernetes { backup = settings; };
    }
  ];

  # jq's view of a list of objects: without what kubenix adds, and in one order.
  plain = ''
    map(del(.metadata.annotations["kubenix/project-name", "kubenix/k8s-version"])
      | if .metadata.annotations == {} then del(.metadata.annotations) else . end)
    | sort_by(.kind, .metadata.name)'';

  check =
    name: objects: script:
    pkgs.runCommand "check-${name}"
      {
        nativeBuildInputs = [
          pgmuster-gen
          pkgs.jq
        ];
        objects = builtins.toJSON objects;
        passAsFile = [ "objects" ];
      }
      ''
        jq --sort-keys '${plain}' "$objectsPath" > objects.json
        ${script}
        touch $out
      '';

  refused = settings: !(builtins.tryEval (builtins.deepSeq (objectsOf (ours settings)) true)).success;
in
{
  kubenix-files = check "kubenix-files" (objectsOf files) ''
    pgmuster-gen --format json ${example}/homelab.json |
      jq --sort-keys '.items | ${plain}' > generated.json
    jq 'map(select(.kind != "Secret"))' objects.json | diff -u generated.json -

    # every value of a Secret is asked of the homelab
    jq --exit-status 'map(select(.kind == "Secret") | .stringData[]) |
      length > 0 and all(startswith("secretsFor "))' objects.json
  '';

  # Each file is a module by itself.
  kubenix-each-file = check "kubenix-each-file" (lib.concatMap (file: objectsOf [ file ]) files) ''
    diff -u <(jq --sort-keys '${plain}' ${pkgs.writeText "all.json" (builtins.toJSON (objectsOf files))}) objects.json
  '';

  kubenix-module =
    assert refused { retention.days = 0; };
    assert refused { drill.check = "everything"; };
    assert refused { store.buckett = "backup"; };
    check "kubenix-module" (objectsOf (ours { })) ''
      diff -u <(jq --sort-keys '${plain}' ${pkgs.writeText "all.json" (builtins.toJSON (objectsOf files))}) objects.json
    '';
}
