# The generator's settings as options. Types, names and descriptions come from the JSON Schema that
# `pgmuster-gen schema` prints, so they cannot say anything else than the program does. An option that
# is not set is null, and left to the program's default.
lib:
let
  inherit (lib) types;

  scalars = {
    string = types.str;
    integer = types.int;
    boolean = types.bool;
  };

  typeOf =
    schema:
    if builtins.isList (schema.type or null) then
      typeOf (schema // { type = lib.findFirst (name: name != "null") "null" schema.type; })
    else if schema ? enum then
      types.enum schema.enum
    else if schema ? properties then
      types.submodule { options = lib.mapAttrs (_: optionOf) schema.properties; }
    else if schema.type == "object" then
      types.attrsOf (typeOf schema.additionalProperties)
    else if schema.type == "array" then
      types.listOf (typeOf schema.items)
    else if schema ? minimum && schema ? maximum then
      types.ints.between schema.minimum schema.maximum
    else
      scalars.${schema.type};

  optionOf =
    schema:
    if schema ? properties then
      lib.mkOption {
        type = typeOf schema;
        default = { };
        description = schema.description or "Settings of this part.";
      }
    else
      lib.mkOption {
        type = types.nullOr (typeOf schema);
        default = null;
        defaultText = lib.literalMD "`${builtins.toJSON (schema.default or null)}`, by `pgmuster-gen`";
        inherit (schema) description;
      };
in
optionOf (lib.importJSON ./settings.schema.json)."$defs".settings
