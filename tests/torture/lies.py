#!/usr/bin/env python3
"""lies.py ATTACK STORE OTHER: lies about the backup full.sql.zst in the directory STORE; OTHER is a store with
another backup of the same server, some of its rows changed. Prints "attack<TAB>clean|survived|wrong<TAB>why" for
each try, as lib.sh's record takes it. ATTACK:

    files, manifest    each lie once, with all that verify has to say of it
    flips, large, cuts every bit flipped, cut short at every byte; as many as TORTURE_TIME allows, drawn by TORTURE_SEED
    ranges, drill      what a restore of a part, and a drill, have to say
"""
import bisect
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import forge  # noqa: E402

TIME, SEED = float(os.environ.get("TORTURE_TIME", "10")), int(os.environ.get("TORTURE_SEED", "1"))
DUMP, SIDECAR, MANIFEST = "full.sql.zst", "full.sql.zst.sha256", "full.sql.zst.manifest.json"

KIND = {DUMP: "dump", SIDECAR: "sidecar", MANIFEST: "manifest", "fitting": "dump, digests made to fit"}
SIZE = r"full\.sql\.zst has \d+ bytes, and \d+ by its manifest"

# What follows from a text of another length, besides what made it so.
MANIFESTS = re.escape(MANIFEST) + ": "
CONSEQUENCES = re.compile(r".*: is at another place in the dump|\d+ bytes of SQL instead of \d+|.* are at another place.*")
SHA = [r"sha256 is \w{64}, and \w{64} by the sidecar", r"sha256 is \w{64}, and \w{64} by the manifest"]


def say(attack, end, why=""):
    print(attack, end, " ".join(why.split())[:600], sep="\t")


def verify(store):
    """Its exit code and all that it complains of: "database: difference", or the sentence on stderr."""
    run = subprocess.run(
        ["pgmuster", "verify", "-q", "--json", "--store", "file://" + store], capture_output=True, text=True
    )
    prefix = r"pgmuster verify: (file://%s: (the newest backup is damaged: )?)?" % store
    said = [re.sub(prefix, "", line) for line in run.stderr.splitlines() if not line.startswith("hint: ")]
    if run.stdout:
        found = json.loads(run.stdout)
        assert (run.returncode == 0) == (found["verdict"] == "pass") == (not found["differences"])
        said += [": ".join(filter(None, d.values())) for d in found["differences"]]
    return run.returncode, said


def judge(attack, lie, store, expected, shifted=False):
    """expected: one regular expression for each complaint; none: verify has nothing to say."""
    code, said = verify(store)
    heard = [s for s in said if not (shifted and CONSEQUENCES.fullmatch(s))]
    want = list(expected)
    for s in heard[:]:
        for pattern in want:
            if re.fullmatch(pattern, s):
                want.remove(pattern)
                heard.remove(s)
                break
    if heard or want or code != (1 if expected else 0):
        say(attack, "wrong", f"{lie}: exit code {code}, said {said}, expected {expected}")
    else:
        say(attack, "clean" if expected else "survived")


class Store:
    """A directory that holds one backup at a time."""

    def __init__(self):
        self.path = tempfile.mkdtemp()

    def hold(self, b, sealed=None):
        shutil.rmtree(self.path)
        os.mkdir(self.path)
        b.write(self.path, sealed)
        return self.path

    def overwrite(self, name, data):
        with open(os.path.join(self.path, name), "wb") as f:
            f.write(data)


def replaced(b, old, new):
    """The text with old, which it has just once, replaced; frames, sizes and digests are made to fit."""
    b, text = b.copy(), b.text
    assert text.count(old) == 1, old
    return b.pack(text.replace(old, new), 1000).fit()


def files(b, other, store):
    """Lies about frames, seek table, sidecar and text."""
    shop = next(d for d in b.manifest["roll"]["databases"] if d["name"] == "shop")
    item = next(t for t in shop["tables"] if t["name"] == "item")
    sizes = [len(p) for p in b.plains]
    first = next(i for i in range(len(sizes)) if sum(sizes[:i]) > item["at"])  # of those with rows of item alone
    rows = b.plains[first].count(b"\n")

    def lie(attack, name, expected, edit, shifted=False):
        x = b.copy()
        judge(attack, name, store.hold(edit(x) or x), expected, shifted)

    # Frames
    def swap(x):
        x.frames[first : first + 2] = x.frames[first + 1], x.frames[first]
        x.plains[first : first + 2] = x.plains[first + 1], x.plains[first]

    differs = r"frame \d+ at byte \d+: has \d+ bytes, \d+ plain, but the seek table says \d+, \d+ plain"
    lie("frames swapped", "as they are", SHA + [differs], swap)
    lie("frames swapped", "seek table and digests made to fit: the same rows", [], lambda x: swap(x) or x.fit())
    missing = r"shop: table public\.item: %d rows instead of 1000"

    def drop(x):
        del x.frames[first], x.plains[first]

    frames_differ = r"full\.sql\.zst: \d+ frames in the seek table, \d+ in the manifest"
    lie("frame dropped", "as it is", [SIZE], drop)
    lie("frame dropped", "digests made to fit, seek table not",
        [r"full\.sql\.zst: seek table: its frames have \d+ bytes, but it begins at byte \d+"],
        lambda x: drop(x) or x.fit_object())
    lie("frame dropped", "all made to fit but the roll",
        [MANIFESTS + r"\$\.roll\.databases\[3\]\.end: expected an offset within the dump"], lambda x: drop(x) or x.fit())

    def double(x):
        x.frames.insert(first, x.frames[first])
        x.plains.insert(first, x.plains[first])

    lie("frame duplicated", "all made to fit but the roll", [missing % (1000 + rows)], lambda x: double(x) or x.fit(), True)
    lie("frame duplicated", "and the number of frames not", [frames_differ],
        lambda x: double(x) or x.fit() and x.manifest["object"].update(frames=len(b.frames) + 1))

    def foreign(x):
        begin = other.text.index(b"\n", other.text.index(b"COPY public.item (")) + 1
        rows = other.text[begin : begin + len(x.plains[first])]
        x.plains[first] = rows[: rows.rindex(b"\n") + 1]
        x.frames[first] = forge.pack(x.plains[first])

    lie("frame of another backup", "all made to fit but the roll",
        [r"shop: table public\.item: \d+ rows instead of 1000"], lambda x: foreign(x) or x.fit(), True)
    end = b.manifest["roll"]["globals"]["end"]
    assert end == other.manifest["roll"]["globals"]["end"]

    def foreign_globals(x):
        x.pack(other.text[:end] + x.text[end:], 1000).fit()

    lie("frame of another backup", "globals of the same length", ["the globals differ"], foreign_globals)

    # Rows and definitions, with everything made to fit but the roll
    def text_lie(name, old, new, expected, attack="text"):
        lie(attack, name, expected, lambda x: replaced(x, old, new), len(old) != len(new))

    content = [r"shop: table public\.item: the content of its 1000 rows differs"]
    text_lie("a row changed", b"\n50\titem 50\t", b"\n50\titem 51\t", content, "row")
    text_lie("a digit changed", b"\n50\titem 50\t7.142857142857143\n", b"\n50\titem 50\t7.142857142857142\n", content, "row")
    text_lie("two rows swap values", b"\n50\titem 50\t7.142857142857143\n51\titem 51\t",
             b"\n50\titem 51\t7.142857142857143\n51\titem 50\t", content, "row")
    text_lie("a row removed, another doubled", b"\n50\titem 50\t", b"\n51\titem 51\t", content, "row")
    text_lie("a row too many", b"\n50\titem 50\t", b"\n0\t\\N\t0\n50\titem 50\t", [missing % 1001], "row")
    text_lie("a row in two, of the same length", b"\n50\titem 50\t7.142857142857143\n", b"\n50\titem 50\t7\n42857142857143\n",
             [missing % 1001], "row")
    text_lie("columns swapped", b"(id, name, price)", b"(id, price, name)",
             [r"shop: table public\.item: columns \(id, price, name\) instead of \(id, name, price\)"], "row")
    text_lie("a table renamed", b"COPY public.note (", b"COPY public.nota (",
             [r"shop: table public\.note: missing, with its 50 rows", r"shop: table public\.nota: not on the roll"], "row")
    text_lie("a sequence value", b"'public.item_id_seq', 1000, true", b"'public.item_id_seq', 1001, true",
             [r"shop: sequence public\.item_id_seq: at 1001 instead of 1000"])
    text_lie("a sequence not called", b"'public.item_id_seq', 1000, true", b"'public.item_id_seq', 1000, false",
             [r"shop: sequence public\.item_id_seq: at 1000 \(not used yet\) instead of 1000"])
    text_lie("a large object", b"(0, '\\x6120", b"(0, '\\x6220", [r"shop: large objects: the content of the 1 differs"])
    text_lie("a large object's number", b"lo_open('77'", b"lo_open('78'", [r"shop: large objects: the content of the 1 differs"])
    definitions = ["shop: the definitions differ"]
    text_lie("an index", b"USING btree (name);", b"USING btree (price);", definitions)
    text_lie("a default", b"DEFAULT 1.5", b"DEFAULT 1.6", definitions)
    text_lie("NOT NULL", b"name text NOT NULL,", b"name text,", definitions)
    text_lie("a grant", b"GRANT SELECT ON TABLE public.item", b"GRANT INSERT ON TABLE public.item", definitions)
    text_lie("a comment", b"IS 'what is sold'", b"IS 'what is hold'", definitions)
    text_lie("a database's setting", b"SET random_page_cost TO '1.5'", b"SET random_page_cost TO '1.6'", definitions)
    text_lie("a database's owner", b"ALTER DATABASE shop OWNER TO writer", b"ALTER DATABASE shop OWNER TO reader", definitions)
    text_lie("an extension", b"CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public",
             b"CREATE EXTENSION IF NOT EXISTS adminpack WITH SCHEMA public",
             definitions + ["shop: extension adminpack: not on the roll"])
    text_lie("a role's name", b"CREATE ROLE reader;", b"CREATE ROLE header;",
             ["role reader: missing", "role header: not on the roll", "the globals differ"], "globals")
    for name, old, new in (
        ("a role's attribute", b"CONNECTION LIMIT 5", b"CONNECTION LIMIT 6"),
        ("a role's right", b"ALTER ROLE reader WITH NOSUPERUSER INHERIT", b"ALTER ROLE reader WITH   SUPERUSER INHERIT"),
        ("a role's setting", b"SET work_mem TO '8MB'", b"SET work_mem TO '9MB'"),
        ("a role's password", b"PASSWORD 'SCRAM-SHA-256$4096:", b"PASSWORD 'SCRAM-SHA-256$4097:"),
        ("a membership", b"GRANT reader TO writer", b"GRANT writer TO reader"),
    ):
        text_lie(name, old, new, ["the globals differ"], "globals")
    text_lie("a database renamed", b'-- Database "other" dump', b'-- Database "otter" dump',
             ["other: the whole database is missing", "otter: the database is not on the roll"])
    text_lie("cut at its closing comment", b"-- PostgreSQL database cluster dump complete\n", b"",
             [r"the closing comment of pg_dumpall is missing"])
    text_lie("a command of psql", b"\\connect template1\n", b"\\! touch /tmp/harm\n",
             [r"get file://.*: byte \d+: backslash command \\! does not belong in a dump"], "text")
    lie("row", "roll and all recomputed: cannot be known", [],
        lambda x: replaced(x, b"\n50\titem 50\t", b"\n50\titem 51\t").reroll())

    # Seek table
    def seek(x, entries, **how):
        x.seek = forge.seek_table(entries, **how)
        x.fit_object()
        x.manifest["object"]["frames"] = len(entries)

    def shift(x, stored, plain):
        e = x.entries()
        e[first] = e[first][0] + stored, e[first][1] + plain
        e[first + 1] = e[first + 1][0] - stored, e[first + 1][1] - plain
        seek(x, e)

    lie("seek table", "stored bytes shifted", [differs], lambda x: shift(x, 1, 0))
    lie("seek table", "plain bytes shifted", [differs], lambda x: shift(x, 0, 1))
    lie("seek table", "both shifted", [differs], lambda x: shift(x, 7, 100))
    lie("seek table", "its sum is wrong",
        [r"full\.sql\.zst: seek table: its frames have \d+ bytes, but it begins at byte \d+"],
        lambda x: seek(x, x.entries()[:-1]))
    lie("seek table", "the mark's entry is missing",
        [r"full\.sql\.zst: seek table: its frames have \d+ bytes, but it begins at byte \d+"],
        lambda x: seek(x, x.entries()[1:]))
    lie("seek table", "two frames told as one", [r"frame %d at byte .*" % first],
        lambda x: seek(x, x.entries()[:first] + [tuple(map(sum, zip(*x.entries()[first : first + 2])))] +
                       x.entries()[first + 2 :]))
    lie("seek table", "number of frames", [r"full\.sql\.zst: seek table: .*"],
        lambda x: seek(x, x.entries(), count=len(x.entries()) - 1))
    lie("seek table", "a reserved bit", [r"full\.sql\.zst: seek table: the file does not end with one"],
        lambda x: seek(x, x.entries(), descriptor=4))
    lie("seek table", "checksums that are not there", [r"full\.sql\.zst: seek table: .*"],
        lambda x: seek(x, x.entries(), descriptor=0x80))

    def no_seek(x):
        x.seek = b""
        x.fit_object()

    def two_seeks(x):
        x.frames.append(x.seek)
        x.seek = forge.seek_table(b.entries() + [(len(b.seek), 0)])
        x.fit_object()
        x.manifest["object"]["frames"] += 1

    lie("seek table", "missing", [r"full\.sql\.zst: seek table: the file does not end with one"], no_seek)
    lie("seek table", "two of them", [r"frame %d at byte \d+: .*" % (len(b.frames) + 1)], two_seeks)

    # Behind and before
    appended = {"garbage": b"garbage\n", "a frame of nothing": forge.pack(b""), "a skippable frame": forge.skippable(0x184D2A50, b""),
                "its seek table again": b.seek, "another dump": other.dump, "a NUL": b"\0"}
    for what, data in appended.items():
        def append(x, data=data):
            x.seek += data
        lie("appended", what + ", nothing made to fit", [SIZE], append)
        lie("appended", what + ", digests made to fit", [r".*(frame|seek table).*"],
            lambda x, data=data: append(x, data) or x.fit_object())

    # The mark
    def mark(data):
        def edit(x):
            x.mark = data
            x.fit()
        return edit

    def head(text):
        return forge.skippable(forge.MARK_MAGIC, text.encode())

    own = r'the dump bears the id "%s", the manifest ' + b.manifest["id"]
    wrong_id = "0123456789abcdef" * 2
    lie("mark", "another id", [own % wrong_id], mark(head(f"pgmuster 1 {wrong_id}\n")))
    lie("mark", "upper case", [own % b.manifest["id"].upper()], mark(head(f"pgmuster 1 {b.manifest['id'].upper()}\n")))
    lie("mark", "another version", [own % ""], mark(head(f"pgmuster 2 {b.manifest['id']}\n")))
    lie("mark", "no line end", [own % ""], mark(head(f"pgmuster 1 {b.manifest['id']}")))
    lie("mark", "of another magic number", [own % ""], mark(forge.skippable(0x184D2A50, b.mark[8:])))
    lie("mark", "empty", [own % ""], mark(head("")))

    # Sidecar
    digest = b.manifest["object"]["sha256"]
    line = f"{digest}  {DUMP}\n"
    unlike = r"full\.sql\.zst\.sha256: .* not as sha256sum writes it"
    by_sidecar = SHA[:1]
    for name, text, expected in (
        ("another digest", f"{'0' * 64}  {DUMP}\n", by_sidecar),
        ("of another backup", other.sidecar.decode(), by_sidecar),
        ("another name", f"{digest}  other.sql.zst\n", [unlike]),
        ("no name", f"{digest}\n", [unlike]),
        ("CRLF", line[:-1] + "\r\n", [unlike]),
        ("no line end", line[:-1], [unlike]),
        ("two lines", line + line, [unlike]),
        ("two lines, the second of another file", line + f"{'0' * 64}  x\n", [unlike]),
        ("a line before", f"{'0' * 64}  x\n" + line, by_sidecar),
        ("upper case", line.upper().replace("FULL.SQL.ZST", DUMP), [unlike]),
        ("binary", f"{digest} *{DUMP}\n", [unlike]),
        ("a NUL behind", line + "\0", [unlike]),
        ("a byte order mark", "\ufeff" + line, [unlike]),
        ("--tag", f"SHA256 ({DUMP}) = {digest}\n", [unlike]),
        ("empty", "", [unlike]),
        ("huge", line * 2000, [r"full\.sql\.zst\.sha256: .*"]),
    ):
        def edit(x, text=text):
            x.sidecar = text.encode()
        lie("sidecar", name, expected, edit)
        ours = bool(expected)
        theirs = subprocess.run(["sha256sum", "-c", "--strict", SIDECAR], cwd=store.path, capture_output=True).returncode
        if theirs and not ours:
            say("sidecar", "wrong", f"{name}: sha256sum refuses what verify accepts")
    store.hold(b)
    os.unlink(os.path.join(store.path, SIDECAR))
    judge("sidecar", "missing", store.path, [r"the sidecar full\.sql\.zst\.sha256 is missing"])

    # Objects of two backups
    def manifest_of_other(x):
        x.manifest = other.copy().manifest

    lie("of two backups", "the other's manifest", [SIZE], manifest_of_other)

    def dump_of_other(x):
        x.mark, x.frames, x.plains = other.mark, other.frames, other.plains
        x.fit()

    lie("of two backups", "the other's dump, sizes and digests made to fit",
        [own % other.manifest["id"], "the globals differ"] + content, dump_of_other, True)
    store.hold(b)
    os.rename(os.path.join(store.path, MANIFEST), os.path.join(store.path, "x.sql.zst.manifest.json"))
    os.rename(os.path.join(store.path, DUMP), os.path.join(store.path, "x.sql.zst"))
    judge("of two backups", "under another key", store.path, [r"x\.sql\.zst\.manifest\.json: is the manifest of full\.sql\.zst"])


def places(value, path="$"):
    """Every field of the manifest: its path, its parent, its key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        here = f"{path}.{key}" if isinstance(value, dict) else f"{path}[{key}]"
        yield here, value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key], here)


# What verify says when a field has another value of the same type: by its path without indices.
NOTHING = []
VALUES = {
    "$.format": [MANIFESTS + r"\$\.format: not a manifest of pgmuster"],
    "$.version": None,  # could not be told: exit code 3
    "$.tool": NOTHING,
    "$.id": [r'the dump bears the id "\w+", the manifest \w+'],
    "$.key": [MANIFESTS + r"is the manifest of full\.sql\.zstx"],
    "$.started": NOTHING,
    "$.finished": NOTHING,
    "$.object.bytes": [SIZE],
    "$.object.sha256": [SHA[1]],
    "$.object.plain_bytes": [r"\d+ bytes of SQL instead of \d+"],
    "$.object.frames": [r"full\.sql\.zst: \d+ frames in the seek table, \d+ in the manifest"],
    "$.source.system_identifier": NOTHING,
    "$.source.server_version": [r"the dump is of PostgreSQL .*, and of .* by the manifest"],
    "$.source.server_version_num": NOTHING,  # of the same major version
    "$.source.client_version": [r"the dump is by pg_dump .*, and by .* by the manifest"],
    "$.source.bootstrap_user": [r"role postgresx: not in the dump, and initdb's by the manifest"],
    "$.source.preload_libraries": NOTHING,
    "$.source.settings.TimeZone": NOTHING,
    "$.source.settings.DateStyle": NOTHING,
    "$.source.settings.IntervalStyle": NOTHING,
    "$.source.role_passwords": [r"roles have passwords in the dump, and none by the manifest"],
    "$.roll.globals.at": ["the globals are at another place in the dump"],
    "$.roll.globals.end": None,  # where the first database begins, too
    "$.roll.globals.fingerprint": ["the globals differ"],
    "$.roll.roles[].name": [r"role .*: missing", r"role .*: not on the roll"],
    "$.roll.databases[].name": [r".*: the whole database is missing", r".*: the database is not on the roll"],
    "$.roll.databases[].schema": [r".*: the definitions differ"],
    "$.roll.databases[].bytes_on_disk": NOTHING,
    "$.roll.databases[].extensions[].name": None,
    "$.roll.databases[].extensions[].version": NOTHING,
    "$.roll.databases[].large_objects.count": [r"\w+: large objects: \d+ instead of \d+"],
    "$.roll.databases[].large_objects.bytes": [r"\w+: large objects: the content of the \d+ differs"],
    "$.roll.databases[].large_objects.fingerprint": [r"\w+: large objects: the content of the \d+ differs"],
    "$.roll.databases[].tables[].schema": [r"shop: table public\.\w+: not on the roll", r"shop: table \w+\.\w+: missing, with its \d+ rows"],
    "$.roll.databases[].tables[].name": [r"shop: table public\.\w+: not on the roll", r"shop: table \w+\.\w+: missing, with its \d+ rows"],
    "$.roll.databases[].tables[].columns": [r"shop: table public\.\w+: columns \(.*\) instead of \(.*\)"],
    "$.roll.databases[].tables[].rows": [r"shop: table public\.\w+: \d+ rows instead of \d+"],
    "$.roll.databases[].tables[].bytes": [r"shop: table public\.\w+: the content of its \d+ rows differs"],
    "$.roll.databases[].tables[].fingerprint": [r"shop: table public\.\w+: the content of its \d+ rows differs"],
    "$.roll.databases[].sequences[].schema": [r"shop: sequence public\.\w+: not on the roll", r"shop: sequence \w+\.\w+: missing"],
    "$.roll.databases[].sequences[].name": [r"shop: sequence public\.\w+: not on the roll", r"shop: sequence \w+\.\w+: missing"],
    "$.roll.databases[].sequences[].value": [r"shop: sequence public\.item_id_seq: at 1000 instead of \d+"],
    "$.roll.databases[].sequences[].called": [r"shop: sequence public\.item_id_seq: at 1000 instead of 1000 \(not used yet\)"],
}
for field in "at", "end", "data_at", "post_at", "tables[].at", "tables[].end":
    VALUES["$.roll.databases[]." + field] = None
for field in "owner", "encoding", "provider", "collate", "ctype", "locale", "lc_monetary", "tablespace", "not_dumped":
    VALUES["$.roll.databases[]." + field] = NOTHING


def another(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", value):
        return ("1" if value[0] == "0" else "0") + value[1:]
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        return value[:-2] + ("1Z" if value[-2] == "0" else "0Z")
    return value + "x"


def manifest(b, other, store):
    """Lies in the manifest, sealed anew."""

    def lie(attack, name, expected, x, shifted=False, sealed=None):
        store.overwrite(MANIFEST, sealed or x.seal())
        judge(attack, name, store.path, expected, shifted)

    store.hold(b)
    paths = [p for p, _, k in places(b.manifest) if k != "manifest_sha256"]
    seen, short = set(), TIME < 30
    for index, path in enumerate(paths):
        generic = re.sub(r"\[\d+\]", "[]", path)
        if generic in seen and (short or not generic.endswith(("fingerprint", "rows", "at", "end"))):
            continue
        seen.add(generic)
        refused = MANIFESTS + re.escape(path) + ": expected .*"

        def edited(new):
            x = b.copy()
            _, parent, key = list(places(x.manifest))[index]
            if new is KeyError:
                del parent[key]
            else:
                parent[key] = new(parent[key])
            return x

        value = [parent[key] for p, parent, key in places(b.manifest) if p == path][0]
        of_list = path.endswith("]")
        if path == "$.format":
            refused = VALUES[path][0]
        if not of_list:
            since = path == "$.roll.globals.fingerprint" or path.startswith("$.source.settings")  # 0.1.0 did not write it
            lie("manifest: removed", path, [] if since else [refused], edited(KeyError))
        for wrong in ("x" if not isinstance(value, str) else 7, None, [])[: 1 if short else 3]:
            if type(wrong) is type(value):
                continue
            lie("manifest: another type", f"{path}: {wrong!r}",
                [refused], edited(lambda _: wrong))
        if isinstance(value, (dict, list)):
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            if generic != "$.roll.databases[].sequences[].value" and path != "$.version":
                lie("manifest: negative", path, [refused], edited(lambda _: -1))
            lie("manifest: huge", path, [MANIFESTS + r"the manifest is not JSON: line \d+: too big integer.*"], edited(lambda _: 1 << 64))
        if generic not in VALUES:
            say("manifest: another value", "wrong", f"{path} is not in FORMAT.md's table of what verify says")
        elif VALUES[generic] is not None:
            lie("manifest: another value", path, VALUES[generic], edited(another))
        elif isinstance(value, int) and path != "$.version":
            place = r"(.*: is at another place in the dump|%s.*: expected .*)" % MANIFESTS
            lie("manifest: another value", path, [place], edited(another))
        key = path.rpartition(".")[2]
        text = b.seal().decode()
        if generic == path and isinstance(value, (str, int)):
            twice = re.sub(r'(\n +)("%s": (?:"[^"\n]*"|[^\n,]*))' % key, r"\1\2,\1\2", text.rpartition(",\n")[0] + "\n}", count=1)
            lie("manifest: twice", path, [MANIFESTS + r"the manifest is not JSON: line \d+: duplicate object key.*"],
                b, sealed=b.seal(twice))

    # Lists: an item more, an item twice, an item less
    def items(path, edit, expected, shifted=True):
        x = b.copy()
        target = x.manifest["roll"]
        for step in path:
            target = next(d for d in target[step[0]] if d["name"] == step[1]) if isinstance(step, tuple) else target[step]
        edit(target)
        lie("manifest: lists", f"{path} {edit.__name__}", expected, x, shifted)

    def twice(items):
        items.append(dict(items[0]))

    def less(items):
        items.pop(0)

    shop = ("databases", "shop")
    items(["roles"], twice, [r"roles: 4 on the roll, and 3 in the dump"])
    items(["roles"], less, [r"role \w+: not on the roll"])
    items(["databases"], twice, [MANIFESTS + r".*\.at: expected a place behind the one before it"])
    items(["databases"], less, [r"template1: the database is not on the roll"])
    items([shop, "tables"], twice, [MANIFESTS + r".*\.at: expected a place behind the one before it"])
    items([shop, "tables"], less, [r"shop: table public\.empty: not on the roll"])
    items([shop, "sequences"], twice, [r"shop: sequences: 2 on the roll, and 1 in the dump"])
    items([shop, "sequences"], less, [r"shop: sequence public\.item_id_seq: not on the roll"])
    items([shop, "extensions"], twice, [MANIFESTS + r".*extensions: expected a list of different names"])
    x = b.copy()
    x.manifest["roll"]["databases"].reverse()
    lie("manifest: lists", "databases in another order", [MANIFESTS + r".*\.at: expected a place behind the one before it"], x)

    # Texts of the whole
    x = b.copy()
    x.manifest["unknown"] = {"a": [1, 2, 3]}
    lie("manifest: the whole", "a field that nobody knows", NOTHING, x)
    text = b.seal().decode()
    damaged = [MANIFESTS + r"the manifest was changed or damaged: its own sha256 does not match"]
    lie("manifest: the whole", "not sealed anew", damaged, b, sealed=text.replace('"rows": 1000', '"rows": 1001').encode())
    lie("manifest: the whole", "the digest in upper case", damaged, b,
        sealed=re.sub(r'("manifest_sha256": ")(\w+)', lambda m: m[1] + m[2].upper(), text).encode())
    lie("manifest: the whole", "CRLF", damaged, b, sealed=text.replace("\n", "\r\n").encode())
    lie("manifest: the whole", "something behind", damaged, b, sealed=text.encode() + b"\n")
    lie("manifest: the whole", "empty", [MANIFESTS + r"the manifest is not JSON.*"], b, sealed=b"\n")
    lie("manifest: the whole", "of another backup", [SIZE],
        b, sealed=other.seal())


def tries(pieces, attack):
    """(name, a number below the size of that piece): of each in turn, in an order drawn from SEED, until the time is over."""
    draw = random.Random(f"{attack} {SEED}")
    orders = [[(name, n) for n in draw.sample(range(size), min(size, 200000))] for name, size in pieces]
    end = time.monotonic() + 0.3 * TIME
    for one in itertools.chain.from_iterable(itertools.zip_longest(*orders)):
        if time.monotonic() > end:
            return
        if one:
            yield one


def flips(b, other, store):
    """Flip every bit of a backup's objects; the frame that it is in must be said."""
    del other
    pieces = {DUMP: b.dump, SIDECAR: b.sidecar, MANIFEST: b.seal()}
    ends = list(itertools.accumulate(map(len, [b.mark] + b.frames + [b.seek])))
    sizes = [(name, 8 * len(data)) for name, data in pieces.items()]
    for name, bit in tries(sizes, "flips"):
        data, at = pieces[name], bit // 8
        store.overwrite(name, data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1 :])
        code, said = verify(store.path)
        store.overwrite(name, data)
        said = "; ".join(said)
        good = name in said or name == SIDECAR and re.fullmatch(SHA[0], said)
        if name == DUMP:
            number = bisect.bisect(ends, at)
            if number == 0:
                good = "frame 0 at byte 0" in said or "the dump bears the id" in said or "frame 1 at" in said
            elif number == len(ends) - 1:
                good = "seek table" in said or f"frame {number} at" in said or re.search(SHA[1], said)  # it has unused bits
            else:  # what is decoded all the same is told by its digest
                good = f"frame {number} at byte {ends[number - 1]}: " in said or re.search(SHA[1], said)
        say(f"flip: {KIND[name]}", "clean" if code == 1 and good else "wrong", f"bit {bit} of {name}: exit code {code}, said: {said}")


def cuts(b, other, store):
    """Cut short at every byte; the dump also with its size and digests made to fit."""
    del other
    pieces = {DUMP: b.dump, SIDECAR: b.sidecar, MANIFEST: b.seal(), "fitting": b.dump}
    for name, length in tries([(name, len(data)) for name, data in pieces.items()], "cuts"):
        if name == "fitting":
            x = b.copy()
            x.mark, x.frames, x.seek = b.dump[:length], [], b""
            store.hold(x.fit_object())
            expected = r"full\.sql\.zst: seek table: .*"
        else:
            store.overwrite(name, pieces[name][:length])
            expected = SIZE if name == DUMP else re.escape(name) + ": .*"
        judge(f"cut: {KIND[name]}", f"at {length}", store.path, [expected])
        store.hold(b)


def in_time(lies):
    """The first three in any case."""
    end = time.monotonic() + 0.6 * TIME
    for i, lie in enumerate(lies):
        if i < 3 or time.monotonic() < end:
            yield lie


def run(*arguments):
    run = subprocess.run(["pgmuster", *arguments], capture_output=True, text=True)
    found = json.loads(run.stdout) if run.stdout else {"differences": []}
    said = [line for line in run.stderr.splitlines() if line.startswith("pgmuster")]
    return run.returncode, said + [": ".join(filter(None, d.values())) for d in found["differences"]]


def told(attack, name, code, said, expected):
    """expected: "" for good, or what is said, once."""
    good = code == 0 and not said if not expected else code == 1 and len(said) == 1 and re.fullmatch(expected, said[0])
    say(attack, ("clean" if expected else "survived") if good else "wrong", f"{name}: exit code {code}, said {said}, expected {expected}")


def shifted(b, stored, plain):
    """A seek table whose sums are right; it puts all from the globals to row 200 of item at a wrong place."""
    x = b.copy()
    entries = x.entries()
    for i, sign in (1, 1), (1 + next(i for i, f in enumerate(x.plains) if b"\n200\titem" in f), -1):
        entries[i] = entries[i][0] + sign * stored, entries[i][1] + sign * plain
    x.seek = forge.seek_table(entries)
    return x.fit_object()


def swapped(b):
    """Two frames with rows of item, in the other order: the same rows."""
    x = b.copy()
    at = next(i for i, f in enumerate(x.plains) if b"\n200\titem" in f)
    x.frames[at : at + 2] = x.frames[at + 1], x.frames[at]
    x.plains[at : at + 2] = x.plains[at + 1], x.plains[at]
    return x.fit()


ROW = b"\n50\titem 50\t", b"\n50\titem 51\t"
INDEX = b"USING btree (name);", b"USING btree (price);"
MANIFEST_SAYS = "the dump is not what its manifest says: "
CONTENT = MANIFEST_SAYS + r"table public\.item: the content of its 1000 rows differs"
DEFINITIONS = MANIFEST_SAYS + "the definitions differ"


def ranges(b, other, store):
    """What is restored by ranges, onto a server that the environment names."""
    del other
    sql = lambda database, query: subprocess.run(["psql", "-XAtq", "-d", database, "-c", query], capture_output=True, text=True, check=True).stdout
    lies = (
        ("as it is", b, "", ""),
        ("a row", replaced(b, *ROW), CONTENT, CONTENT),
        ("an index", replaced(b, *INDEX), DEFINITIONS, DEFINITIONS),
        ("frames swapped", swapped(b), "", ""),
        ("sizes shifted", shifted(b, 0, 7), ".*", ".*"),
        ("sizes shifted by a line", shifted(b, 0, len(b"200\titem 200\t28.571428571428573\n")), ".*", ".*"),
        ("stored sizes shifted", shifted(b, 7, 0), ".*frame 0 at byte 0: this is not a zstd frame", ".*frame 0 at byte 0: this is not a zstd frame"),
    )
    for i, (name, x, of_database, of_table) in enumerate(in_time(lies)):
        url = "file://" + store.hold(x)
        into = f"lie_{i}"
        code, said = run("restore", "-q", "--json", "--store", url, "-d", "shop", "--as", into)
        told("restore of a database", name, code, said, of_database and ".*" + of_database)
        sql("postgres", f"DROP DATABASE IF EXISTS {into}")
        sql("postgres", f"CREATE DATABASE {into}")
        code, said = run("restore", "-q", "--json", "--store", url, "-d", "shop", "--as", into, "-t", "public.item")
        told("restore of a table", name, code, said, of_table and ".*" + of_table)
        there = sql(into, "SELECT to_regclass('item') IS NOT NULL").strip()
        if there != ("f" if of_table else "t"):
            say("restore of a table", "wrong", f"{name}: is the table there? {there}")


def drill(b, other, store):
    """What a drill says of a lie that verify may know better."""
    del other
    marked = b.copy()
    marked.mark = forge.skippable(forge.MARK_MAGIC, b"pgmuster 1 " + b"0" * 32 + b"\n")
    beside = b.copy()
    beside.sidecar = b"0" * 64 + b"  full.sql.zst\n"

    def less(i):
        x = b.copy()
        x.manifest["roll"]["databases"].pop(i)
        return x

    hidden = MANIFEST_SAYS + r"what stands at bytes \d+ to \d+ is of nothing on its roll"
    lies = (
        ("as it is", b, ""),
        ("the last database left out of the manifest", less(-1), hidden),
        ("the first database left out of the manifest", less(0), hidden),
        ("a role's right", replaced(b, b"CONNECTION LIMIT 5", b"CONNECTION LIMIT 6"), MANIFEST_SAYS + "the globals differ"),
        ("a row", replaced(b, *ROW), MANIFEST_SAYS + r"shop: table public\.item: the content of its 1000 rows differs"),
        ("an index", replaced(b, *INDEX), MANIFEST_SAYS + "shop: the definitions differ"),
        ("a sequence", replaced(b, b"'public.item_id_seq', 1000", b"'public.item_id_seq', 1001"),
         MANIFEST_SAYS + r"shop: sequence public\.item_id_seq: at 1001 instead of 1000"),
        ("frames swapped", swapped(b), ""),
        ("sizes shifted", shifted(b, 0, 7), ".*"),
        ("the mark's id", marked.fit(), ""),
        ("the sidecar", beside, ""),
    )
    for name, x, expected in in_time(lies):
        code, said = run("drill", "-q", "--json", "--no-evidence", "--check", "content", "--store", "file://" + store.hold(x))
        told("drill", name, code, said, expected)


ATTACKS = {"files": files, "manifest": manifest, "flips": flips, "large": flips, "cuts": cuts, "ranges": ranges, "drill": drill}


def main():
    attack, directory, other = sys.argv[1:]
    b, other = forge.Backup.read(directory), forge.Backup.read(other)
    for x in b, other:
        forge.check(x)
    if attack in ("files", "manifest", "ranges", "drill"):
        b.pack(b.text, 1000).fit()  # many frames
    store = Store()
    if verify(store.hold(b)) != (0, []):
        sys.exit(f"the intact backup does not pass: {verify(store.path)}")
    ATTACKS[attack](b, other, store)
    shutil.rmtree(store.path)


main()
