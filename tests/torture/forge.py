"""What docs/FORMAT.md says, written a second time: takes a backup apart, and puts one together again.

    b = Backup.read(directory, key)   # its pieces, as they are stored
    check(b)                          # everything in it is as FORMAT.md says, or AssertionError
    b.plains[1] = ...                 # a lie
    b.pack().fit().reroll()           # what a liar recomputes: frames; seek table, sizes and digests; the roll
    b.write(directory)                # the manifest gets its own sha256 in any case

Nothing here is taken from lib/. The one thing that it does not know how to compute is a database's
`schema`, which is pgmuster's own; nor does it read texts whose names have line ends in them.
"""
import copy
import ctypes
import functools
import hashlib
import json
import os
import re
import subprocess

FRAME_BYTES = 4 << 20
SEEK_MAGIC, MARK_MAGIC, SEEK_FOOTER = 0x184D2A5E, 0x184D2A57, 0x8F92EAB1


def le32(n):
    return n.to_bytes(4, "little")


def at32(data, at=0):
    return int.from_bytes(data[at : at + 4], "little")


def skippable(magic, content):
    return le32(magic) + le32(len(content)) + content


def seek_table(entries, count=None, descriptor=0):
    """entries: (stored, plain) of each frame."""
    body = b"".join(le32(stored) + le32(plain) for stored, plain in entries)
    count = len(entries) if count is None else count
    return skippable(SEEK_MAGIC, body + le32(count) + bytes([descriptor]) + le32(SEEK_FOOTER))


def frame_end(data, at):
    """Where the frame ends that begins there (RFC 8878, 3.1.1 and 3.1.2)."""
    if at32(data, at) & ~15 == 0x184D2A50:
        return at + 8 + at32(data, at + 4)
    assert at32(data, at) == 0xFD2FB528, f"no frame at byte {at}"
    head = data[at + 4]
    single, checksum = head >> 5 & 1, head >> 2 & 1
    size = (single, 2, 4, 8)[head >> 6]
    assert size > 0 and checksum == 1, "a frame without its content size or without its checksum"
    at += 5 + (1 - single) + (0, 1, 2, 4)[head & 3] + size
    last = 0
    while not last:
        block = int.from_bytes(data[at : at + 3], "little")
        last, kind, length = block & 1, block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == 1 else length)
    return at + 4


def zstd(*arguments, data):
    return subprocess.run(["zstd", "-q", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


@functools.cache
def pack(plain):
    return zstd("-c", "-3", "--check", f"--stream-size={len(plain)}", data=plain)


def cut(text, size):
    """Into pieces that end after the last line end that fits."""
    at = 0
    while at < len(text):
        end = at + size
        if end < len(text):
            end = text.rfind(b"\n", at, end) + 1 or end
        yield text[at:end]
        at = end


class _Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxhash.XXH3_128bits.restype = _Hash128
_xxhash.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def xxh3(data):
    h = _xxhash.XXH3_128bits(data, len(data))
    return h.high << 64 | h.low


def fingerprint(items):
    return f"{sum(map(xxh3, items)) % (1 << 128):032x}"


_IDENT = rb'(?:"(?:[^"]|"")*"|[^\s".(]+)'
_COPY = re.compile(rb"COPY (%s)\.(%s) (?:\((.*)\) )?FROM stdin;\n" % (_IDENT, _IDENT))
_SETVAL = re.compile(rb"SELECT pg_catalog\.setval\('(%s)\.(%s)', (-?\d+), (true|false)\);\n" % (_IDENT, _IDENT))
_LO = re.compile(rb"SELECT pg_catalog\.(lo_open|lowrite|lo_close)\((?:'(\d+)'|\d+)(?:, '\\x([0-9a-f]*)')?")
_HEADER = re.compile(rb'-- Database "(.*)" dump\n')
_ENTRY = re.compile(rb"-- (Data for )?Name: .*; Type: (.*); Schema: .*; Owner: .*\n")
_SETTING = re.compile(rb"SET default_table(space|_access_method) = ")


def name_of(ident):
    return ident[1:-1].replace(b'""', b'"') if ident.startswith(b'"') else ident


def texts(**fields):
    """What is not UTF-8 stands in hexadecimal, under another name."""
    named = {}
    for name, raw in fields.items():
        try:
            named[name] = raw.decode()
        except UnicodeDecodeError:
            named[name + "_hex"] = raw.hex()
    return named


def statements(text):
    """Of the globals: whatever is no comment and no command of psql."""
    statement = b""
    for line in text.splitlines(keepends=True):
        if statement or not line.startswith((b"--", b"\\", b"\n")):
            statement += line
        if statement.endswith(b";\n"):
            yield statement[:-1]
            statement = b""


def read_roll(text):
    """What the manifest's roll says of a text, for what FORMAT.md defines to the byte."""
    roll = {"globals": {"at": text.index(b"--\n-- PostgreSQL database cluster dump\n")}, "databases": []}
    database = table = oid = setting = None
    at = 0
    for line in text.splitlines(keepends=True):
        end = at + len(line)
        if table:
            if line == b"\\.\n":
                table["end"] = end
                table["fingerprint"] = fingerprint(rows)
                table["rows"], table["bytes"] = len(rows), sum(len(r) + 1 for r in rows)
                table = None
            else:
                rows.append(line[:-1])
        elif (m := _HEADER.fullmatch(line)) and text[at - 3 : at] == b"--\n":
            (database or roll["globals"])["end"] = at - 3
            database = {**texts(name=m[1]), "at": at - 3, "tables": [], "sequences": []}
            database["large_objects"] = {"count": 0, "bytes": 0, "contents": []}
            roll["databases"].append(database)
            setting = None
        elif line == b"-- PostgreSQL database cluster dump complete\n":
            (database or roll["globals"])["end"] = at - 3
        elif database and (m := _COPY.fullmatch(line)):
            table = {**texts(schema=name_of(m[1]), name=name_of(m[2]), columns=m[3] or b""), "at": at}
            rows = []
            database["tables"].append(table)
        elif database and (m := _SETVAL.fullmatch(line)):
            database["sequences"].append(
                {**texts(schema=name_of(m[1]), name=name_of(m[2])), "value": int(m[3]), "called": m[4] == b"true"}
            )
        elif database and (m := _LO.match(line)):
            objects = database["large_objects"]
            if m[1] == b"lo_open":
                oid = m[2] + b":"
            elif m[1] == b"lowrite":
                oid += m[3]
                objects["bytes"] += len(m[3]) // 2
            else:
                objects["count"] += 1
                objects["contents"].append(oid)
        if table or not database:
            pass
        elif (m := _ENTRY.fullmatch(line)) and text[at - 3 : at] == b"--\n":
            begins = at - 3 if setting is None else setting
            if m[1] or m[2] == b"SEQUENCE SET":
                database.setdefault("data_at", begins)
                database.pop("post_at", None)
            elif "data_at" in database:
                database.setdefault("post_at", begins)
            setting = None
        elif _SETTING.match(line):
            setting = at if setting is None else setting
        elif line != b"\n" and not line.startswith(b"--"):
            setting = None
        at = end
    roll["globals"]["fingerprint"] = fingerprint(statements(text[: roll["globals"]["end"]]))
    for database in roll["databases"]:
        for place in "data_at", "post_at":
            database.setdefault(place, database["end"])
        objects = database["large_objects"]
        objects["fingerprint"] = fingerprint(objects.pop("contents"))
    return roll


class Backup:
    @classmethod
    def read(cls, directory, key="full.sql.zst"):
        b = cls()
        b.key = key
        with open(os.path.join(directory, key), "rb") as f:
            data = f.read()
        with open(os.path.join(directory, key + ".sha256"), "rb") as f:
            b.sidecar = f.read()
        with open(os.path.join(directory, key + ".manifest.json"), "rb") as f:
            b.sealed = f.read()
        b.manifest = json.loads(b.sealed)
        pieces = []
        at = 0
        while at < len(data):
            pieces.append(data[at : frame_end(data, at)])
            at += len(pieces[-1])
        b.mark, b.frames, b.seek = pieces[0], pieces[1:-1], pieces[-1]
        b.plains = [zstd("-dc", data=f) for f in b.frames]
        return b

    def copy(self):
        return copy.deepcopy(self)

    @property
    def dump(self):
        return self.mark + b"".join(self.frames) + self.seek

    @property
    def text(self):
        return b"".join(self.plains)

    def entries(self):
        return [(len(self.mark), 0)] + [(len(f), len(p)) for f, p in zip(self.frames, self.plains)]

    def pack(self, text=None, size=None):
        """Frames anew: of a text, or of the plains that were edited."""
        if text is not None:
            self.plains = list(cut(text, size or FRAME_BYTES))
        self.frames = [pack(p) for p in self.plains]
        return self

    def fit(self, seek=True):
        """Seek table, sizes, digests: they fit the frames again."""
        if seek:
            self.seek = seek_table(self.entries())
        self.fit_object()
        self.manifest["object"].update(plain_bytes=len(self.text), frames=1 + len(self.frames))
        return self

    def fit_object(self):
        digest = hashlib.sha256(self.dump).hexdigest()
        self.sidecar = f"{digest}  {os.path.basename(self.key)}\n".encode()
        self.manifest["object"].update(bytes=len(self.dump), sha256=digest)
        return self

    def reroll(self):
        roll = read_roll(self.text)
        self.manifest["roll"]["globals"].update(roll["globals"])
        for mine, new in zip(self.manifest["roll"]["databases"], roll["databases"]):
            mine.update(new)
        return self

    def seal(self, text=None):
        """The manifest's bytes, of this JSON text without its last field."""
        if text is None:
            rest = {k: v for k, v in self.manifest.items() if k != "manifest_sha256"}
            text = json.dumps(rest, indent=1, ensure_ascii=False)
        body = text[: -len("\n}")].encode()
        return body + b',\n "manifest_sha256": "%s"\n}\n' % hashlib.sha256(body).hexdigest().encode()

    def write(self, directory, sealed=None):
        for suffix, data in ("", self.dump), (".sha256", self.sidecar), (".manifest.json", sealed or self.seal()):
            with open(os.path.join(directory, self.key + suffix), "wb") as f:
                f.write(data)


def check(b):
    """A backup is what FORMAT.md says, to the byte."""
    m, o = b.manifest, b.manifest["object"]
    assert b.mark == skippable(MARK_MAGIC, f"pgmuster 1 {m['id']}\n".encode()), "mark"
    assert re.fullmatch("[0-9a-f]{32}", m["id"]), "id"
    for i, plain in enumerate(b.plains):
        assert len(plain) <= FRAME_BYTES and (plain.endswith(b"\n") or len(plain) == FRAME_BYTES), f"frame {i}"
    assert b.seek == seek_table(b.entries()), "seek table"
    assert o == {
        "bytes": len(b.dump),
        "sha256": hashlib.sha256(b.dump).hexdigest(),
        "plain_bytes": len(b.text),
        "frames": 1 + len(b.frames),
    }, "object"
    assert b.sidecar == f"{o['sha256']}  {os.path.basename(b.key)}\n".encode(), "sidecar"
    assert b.sealed == b.seal(), "manifest_sha256"
    assert (m["format"], m["version"], m["key"]) == ("pgmuster-manifest", 1, b.key), "head"
    again = b.copy().reroll().manifest["roll"]
    for mine, new in zip(m["roll"]["databases"], again["databases"]):
        for field in new:
            assert mine[field] == new[field], f"{new}: {field}: {mine[field]}"
    assert m["roll"]["globals"] == again["globals"], "globals"
    assert len(m["roll"]["databases"]) == len(read_roll(b.text)["databases"]), "databases"
