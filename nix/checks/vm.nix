# A machine with PostgreSQL and an S3 server: the module's jobs, and what is left when they are killed.
self:
{ lib, pkgs, ... }:
let
  accessKey = "pgmuster";
  secretKey = "not-a-secret-in-a-test";
in
{
  name = "pgmuster";

  nodes.machine =
    { config, ... }:
    {
      imports = [ self.nixosModules.default ];
      virtualisation.diskSize = 4096;
      virtualisation.memorySize = 2048;

      services.postgresql = {
        enable = true;
        package = pkgs.postgresql_18;
        ensureUsers = [
          {
            name = "pgmuster";
            ensureClauses.superuser = true;
          }
        ];
      };

      systemd.services.versitygw = {
        wantedBy = [ "multi-user.target" ];
        environment = {
          ROOT_ACCESS_KEY = accessKey;
          ROOT_SECRET_KEY = secretKey;
        };
        serviceConfig = {
          # a directory is a bucket
          ExecStartPre = "${lib.getExe' pkgs.coreutils "mkdir"} -p /var/lib/versitygw/backup";
          ExecStart = "${lib.getExe pkgs.versitygw} --port 127.0.0.1:7070 posix /var/lib/versitygw";
          StateDirectory = "versitygw";
        };
      };

      services.pgmuster = {
        enable = true;
        store = {
          url = "s3://backup/postgresql-18";
          endpoint = "http://127.0.0.1:7070";
          accessKeyIdFile = pkgs.writeText "access-key" accessKey;
          secretAccessKeyFile = pkgs.writeText "secret-key" secretKey;
        };
        databases = [
          "accounts"
          "zz_last"
        ];
        drill.check = "content";
        onFailure = [ "alarm.service" ];
        # multipart uploads begin early
        dump.arguments = [ "--part-size=5M" ];
      };
      systemd.services.alarm.script = "touch /run/alarm";

      # The store as an operator sees it.
      environment.variables = {
        AWS_ACCESS_KEY_ID = accessKey;
        AWS_SECRET_ACCESS_KEY = secretKey;
        AWS_ENDPOINT_URL = config.services.pgmuster.store.endpoint;
        PGMUSTER_STORE = config.services.pgmuster.store.url;
      };
    };

  testScript = ''
    import json

    uploads = "find /var/lib/versitygw -path '*multipart*' -type f"

    def sql(database, statement):
        machine.succeed(f"sudo -u postgres psql -v ON_ERROR_STOP=1 -d {database} -c '{statement}'")

    def statuses():
        return [b["status"] for b in json.loads(machine.succeed("pgmuster list --json"))["backups"]]

    def kill(job):
        machine.succeed(f"systemctl kill --signal=KILL {job}.service")
        machine.wait_until_fails(f"systemctl is-active {job}.service")
        machine.wait_until_fails(f"systemctl status {job}.service | grep -q activating")
        assert machine.succeed(f"systemctl show -P Result {job}.service").strip() == "signal"
        machine.wait_for_file("/run/alarm")
        machine.succeed("rm /run/alarm")

    machine.wait_for_unit("postgresql.target")
    machine.wait_for_unit("versitygw.service")
    machine.wait_for_open_port(7070)
    machine.succeed("sudo -u postgres createdb accounts", "sudo -u postgres createdb zz_last")
    # several parts, however well it is compressed
    sql("accounts", "create table noise as select md5(random()::text) from generate_series(1, 1000000)")
    sql("zz_last", "create table held as select generate_series(1, 1000) as n")

    with subtest("dump, verify and drill"):
        for job in ["dump", "verify", "drill"]:
            machine.succeed(f"systemctl start pgmuster-{job}.service")
        assert statuses() == ["complete"], statuses()
        machine.fail("test -e /run/alarm")

    with subtest("the timers are set"):
        timers = machine.succeed("systemctl list-timers --all")
        assert all(f"pgmuster-{job}.timer" in timers for job in ["dump", "verify", "drill"]), timers

    with subtest("a dump that is killed leaves no backup"):
        # pg_dump waits for the last database's lock, when the others are on their way
        machine.succeed(
            "systemd-run --unit=holder --uid=postgres $(type -P psql) -d zz_last"
            " -c 'begin; lock table held in access exclusive mode; select pg_sleep(600)'"
        )
        machine.wait_until_succeeds("sudo -u postgres psql -d zz_last -Atc 'select 1 from pg_locks"
            " where mode = $$AccessExclusiveLock$$ and granted and relation = $$held$$::regclass' | grep -q 1")
        machine.succeed("systemctl start --no-block pgmuster-dump.service")
        machine.wait_until_succeeds(f"{uploads} | grep -q .")
        kill("pgmuster-dump")
        sql("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = $$zz_last$$")
        assert statuses() == ["complete"], statuses()
        machine.succeed("systemctl start pgmuster-verify.service")

    with subtest("a drill that is killed is no drill"):
        evidence = machine.succeed("find /var/lib/versitygw -name 'drill-*.json'")
        machine.succeed("systemctl start --no-block pgmuster-drill.service")
        # [p]: not the shell that looks for it
        machine.succeed("timeout 60 sh -c 'until pgrep -f \"[p]ostgres: .* accounts .*COPY\"; do sleep 0.02; done'")
        kill("pgmuster-drill")
        machine.fail("pgrep -f [p]gmuster-drill-")
        assert machine.succeed("find /var/lib/versitygw -name 'drill-*.json'") == evidence

    with subtest("then a drill passes, and clears up after the killed one"):
        machine.succeed("systemctl start pgmuster-drill.service")
        assert machine.succeed("find /var/lib/versitygw -name 'drill-*.json'") != evidence
        machine.fail("ls /var/cache/private/pgmuster | grep -q .")

    with subtest("a database that is missing is an alarm"):
        machine.succeed("sudo -u postgres dropdb zz_last")
        machine.succeed("systemctl start pgmuster-dump.service")
        machine.fail("systemctl start pgmuster-verify.service")
        assert machine.succeed("systemctl show -P ExecMainStatus pgmuster-verify.service").strip() == "1"
        machine.wait_for_file("/run/alarm")
  '';
}
