# Evaluate generated modules with small stand-ins for what a homelab gives them, as kubenix would: the
# objects with apiVersion, kind and name added. For nix-instantiate --eval --strict --json.
{
  directory,
  applications ? "apps",
  backup ? "backup",
  monitoring ? "monitoring",
}:
let
  kubenix.lib = {
    secretsFor = name: "ref+sops://secrets.yaml#${name}";
    serviceHostFor = name: namespace: "${name}.${namespace}.svc.cluster.local";
  };
  homelab.kubernetes.namespaces = { inherit applications backup monitoring; };

  kinds = {
    serviceAccounts = [
      "v1"
      "ServiceAccount"
    ];
    configMaps = [
      "v1"
      "ConfigMap"
    ];
    secrets = [
      "v1"
      "Secret"
    ];
    cronJobs = [
      "batch/v1"
      "CronJob"
    ];
    networkPolicies = [
      "networking.k8s.io/v1"
      "NetworkPolicy"
    ];
    prometheusRules = [
      "monitoring.coreos.com/v1"
      "PrometheusRule"
    ];
  };
  concatMapAttrs = f: set: builtins.concatMap (name: f name set.${name}) (builtins.attrNames set);
  objectsOf =
    file:
    let
      module = import (directory + "/${file}") {
        inherit kubenix homelab;
        lib = throw "a module asks for lib";
      };
      # Every kind that kubenix does not know has to be announced.
      announced = map (type: type.attrName) (module.kubernetes.customTypes or [ ]);
      known = attribute: attribute != "prometheusRules" || builtins.elem attribute announced;
    in
    concatMapAttrs (
      attribute: objects:
      concatMapAttrs (name: object: [
        (
          object
          // {
            apiVersion = builtins.elemAt kinds.${attribute} 0;
            kind =
              assert known attribute;
              builtins.elemAt kinds.${attribute} 1;
            metadata = object.metadata // {
              inherit name;
            };
          }
        )
      ]) objects
    ) module.kubernetes.resources;
in
builtins.listToAttrs (
  map (file: {
    name = file;
    value = objectsOf file;
  }) (builtins.attrNames (builtins.readDir directory))
)
