# Backups of a host without Kubernetes: systemd services and timers.
self:
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib) mkOption optional types;
  cfg = config.services.pgmuster;

  fileOption =
    what:
    mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "File with ${what}. Root reads it; a path in the Nix store would be readable by all.";
    };

  scheduleOption =
    what: default:
    mkOption {
      type = types.str;
      inherit default;
      description = "When to ${what}, as systemd.time(7) writes it.";
    };

  argumentsOption = mkOption {
    type = types.listOf types.str;
    default = [ ];
    description = "More arguments.";
  };

  keyOptions = user: {
    accessKeyIdFile = fileOption "the S3 access key id of the ${user}";
    secretAccessKeyFile = fileOption "the S3 secret access key of the ${user}";
  };

  local = lib.removePrefix "file://" cfg.store.url;
  isLocal = local != cfg.store.url;
  readerKeys = if cfg.store.reader.accessKeyIdFile == null then cfg.store else cfg.store.reader;

  credentialsOf =
    keys:
    lib.filterAttrs (_: file: file != null) {
      AWS_ACCESS_KEY_ID = keys.accessKeyIdFile;
      AWS_SECRET_ACCESS_KEY = keys.secretAccessKeyFile;
    };

  # None named is none expected: an empty list would be refused.
  expected = lib.optionals (cfg.databases != [ ]) [
    "--expect"
    "${pkgs.writeText "databases.json" (builtins.toJSON cfg.databases)}"
  ];

  # What no job needs to be able to do.
  hardening = {
    CapabilityBoundingSet = "";
    LockPersonality = true;
    NoNewPrivileges = true;
    PrivateDevices = true;
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectProc = "invisible";
    ProtectSystem = "strict";
    RemoveIPC = true;
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_NETLINK"
      "AF_UNIX"
    ];
    RestrictNamespaces = "net user"; # in which a drill's scratch server leaves the network
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    SystemCallFilter = [
      "@system-service"
      "~@privileged"
    ];
    UMask = "0077";
  };

  # credentials: name of a secret in the environment -> file
  job =
    verb:
    {
      what,
      arguments,
      credentials,
      environment ? { },
      serviceConfig ? { },
    }:
    {
      description = "pgmuster: ${what}";
      documentation = [ "https://github.com/pgmuster/pgmuster" ];
      wants = [ "network-online.target" ];
      # Timers that were missed fire together, and what is verified is the newest backup.
      after = [
        "network-online.target"
        "postgresql.service"
      ]
      ++ optional (verb != "dump") "pgmuster-dump.service";
      inherit (cfg) onFailure;
      environment = {
        PGMUSTER_STORE = cfg.store.url;
        PGMUSTER_PG_BIN = "${cfg.postgresql.package}/bin";
        AWS_REGION = cfg.store.region;
        AWS_ENDPOINT_URL = cfg.store.endpoint;
        TZ = config.time.timeZone;
      }
      // lib.mapAttrs' (name: _: lib.nameValuePair "${name}_FILE" "%d/${name}") credentials
      // environment
      // cfg.environment;
      serviceConfig =
        hardening
        // {
          Type = "oneshot";
          ExecStart = utils.escapeSystemdExecArgs (
            [
              (lib.getExe cfg.package)
              verb
            ]
            ++ arguments
          );
          LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") credentials;
          ReadWritePaths = optional isLocal local;
          Nice = 10;
        }
        // (
          if cfg.user == null then
            {
              DynamicUser = true;
              User = "pgmuster";
            }
          else
            { User = cfg.user; }
        )
        // serviceConfig;
    };

  timer = schedule: {
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = schedule;
      Persistent = true;
    };
  };
in
{
  options.services.pgmuster = {
    enable = lib.mkEnableOption "backups of PostgreSQL, their verification and drills";

    package = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.pgmuster;
      defaultText = lib.literalExpression "pgmuster.packages.\${system}.pgmuster";
      description = "The package with pgmuster.";
    };

    user = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "postgres";
      description = ''
        Who the jobs run as: a dynamic user `pgmuster` when not given. A local server knows a user of
        that name by peer authentication, if it has a role of that name.
      '';
    };

    store = {
      url = mkOption {
        type = types.strMatching "(s3|file)://.+";
        example = "s3://homelab-backup-postgres/postgresql-18";
        description = "Where backups are. The directory of a file:// URL has to be there, and be the user's.";
      };
      endpoint = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "http://minio.lan:9000";
        description = "The S3 server; AWS's own when not given.";
      };
      region = mkOption {
        type = types.str;
        default = "us-east-1";
        description = "The S3 region.";
      };
      reader = keyOptions "user who verifies and drills; the writer's when not given";
    }
    // keyOptions "user who writes";

    postgresql = {
      server = mkOption {
        type = types.str;
        default = "host=/run/postgresql dbname=postgres";
        example = "host=db.lan user=backup sslmode=verify-full";
        description = "The server to dump, as libpq's conninfo; a password does not belong here.";
      };
      passwordFile = fileOption "the password";
      package = mkOption {
        type = types.package;
        default =
          if config.services.postgresql.enable then
            config.services.postgresql.finalPackage
          else
            cfg.package.postgresql;
        defaultText = lib.literalMD "what `services.postgresql` runs, else PostgreSQL 18";
        description = ''
          pg_dump, and the scratch server of a drill: the server's major version or newer, and with its
          extensions.
        '';
      };
    };

    databases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "immich"
        "paperless"
      ];
      description = "Databases that every backup has to hold.";
    };

    dump = {
      schedule = scheduleOption "dump" "*-*-* 02:30:00";
      arguments = argumentsOption;
    };

    verify = {
      schedule = scheduleOption "verify the newest backup" "*-*-* 06:00:00";
      maxAge = mkOption {
        type = types.strMatching "[0-9]+[smhd]";
        default = "26h";
        description = "A newest backup older than this is a failure.";
      };
      arguments = argumentsOption;
    };

    drill = {
      schedule = scheduleOption "drill the newest backup" "Sun *-*-* 03:00:00";
      check = mkOption {
        type = types.enum [
          "smoke"
          "counts"
          "content"
        ];
        default = "counts";
        description = "What is counted back: databases and tables, every table's rows, or every row and definition.";
      };
      arguments = argumentsOption;
    };

    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example.PGMUSTER_LOG_FORMAT = "json";
      description = "More environment of all jobs. No place for secrets.";
    };

    onFailure = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "notify@%n.service" ];
      description = "Units to start when a job fails: exit code 1 says that the backup is bad, 3 that it could not be told.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions =
      map
        (keys: {
          assertion = (keys.accessKeyIdFile == null) == (keys.secretAccessKeyFile == null);
          message = "services.pgmuster.store: accessKeyIdFile and secretAccessKeyFile go together";
        })
        [
          cfg.store
          cfg.store.reader
        ];

    environment.systemPackages = [ cfg.package ];

    systemd.services = {
      pgmuster-dump = job "dump" {
        what = "dump the server into the store";
        arguments = [
          "--server"
          cfg.postgresql.server
        ]
        ++ cfg.dump.arguments;
        credentials =
          credentialsOf cfg.store
          // lib.optionalAttrs (cfg.postgresql.passwordFile != null) {
            PGPASSWORD = cfg.postgresql.passwordFile;
          };
      };

      pgmuster-verify = job "verify" {
        what = "read the newest backup back";
        arguments = [
          "--max-age"
          cfg.verify.maxAge
        ]
        ++ expected
        ++ cfg.verify.arguments;
        credentials = credentialsOf readerKeys;
      };

      pgmuster-drill = job "drill" {
        what = "restore the newest backup and count it back";
        arguments = [
          "--check"
          cfg.drill.check
          "--scratch-directory"
          "/var/cache/pgmuster"
        ]
        ++ expected
        ++ cfg.drill.arguments;
        credentials = credentialsOf readerKeys;
        # A backup may hold any locale, not only those of this host.
        environment.LOCALE_ARCHIVE = "${pkgs.glibcLocales}/lib/locale/locale-archive";
        serviceConfig = {
          CacheDirectory = "pgmuster";
          # What the dump runs is this user, whom a server of this machine may know.
          InaccessiblePaths = [
            "-/run/postgresql"
          ]
          ++ optional (!(isLocal && lib.hasPrefix "/var/lib/postgresql" local)) "-/var/lib/postgresql";
        };
      };
    };

    systemd.timers = {
      pgmuster-dump = timer cfg.dump.schedule;
      pgmuster-verify = timer cfg.verify.schedule;
      pgmuster-drill = timer cfg.drill.schedule;
    };
  };
}
