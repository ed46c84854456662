#!/usr/bin/env python3
"""What a hostile owner of a dump or a store sends. For 40-hostile-dumps.sh.

hostile.py listen DIR          accept on 127.0.0.1, the port in DIR/port, a line in DIR/seen for each connection
hostile.py s3 DIR MODE         the same, as an S3 server that answers as MODE says
hostile.py zstd KIND > FILE    a file that zstd may take long for, or much memory
hostile.py reseal MANIFEST     its own sha256, made anew
"""

import hashlib
import http.server
import os
import re
import struct
import sys

MAGIC = b"\x28\xb5\x2f\xfd"
BLOCK = 128 * 1024


def announce(directory, port):
    with open(directory + "/port.new", "w") as f:
        f.write(str(port))
    os.rename(directory + "/port.new", directory + "/port")


def seen(directory, what):
    with open(directory + "/seen", "a") as f:
        f.write(what + "\n")


def listen(directory):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as s:
        announce(directory, s.getsockname()[1])
        while True:
            s.accept()[0].close()
            seen(directory, "connection")


def block(kind, size, last):
    """The header of a zstd block: 0 is raw, 1 one byte that is repeated."""
    return struct.pack("<I", size << 3 | kind << 1 | last)[:3]


def repeated(byte, size, window=0x48, content=None):
    """One frame of that byte, 4 bytes for each 128 KiB; of a window of 2^19, and without its content's size."""
    head = bytes([0x00, window]) if content is None else b"\xc0" + bytes([window]) + struct.pack("<Q", content)
    full, rest = divmod(size, BLOCK)
    blocks = (block(1, BLOCK, 0) + byte) * full + block(1, rest, 1) + byte
    return MAGIC + head + blocks


def raw(data):
    return MAGIC + b"\x00\x48" + block(0, len(data), 1) + data


def copies(begin, end, size, count):
    return (raw(begin) + repeated(b"a", size) + raw(end)) * count


GIB = int(float(os.environ.get("HOSTILE_GIB", 1)) * (1 << 30))
ZSTD = {
    # What the size of a statement, of a row, and of the gap between two may be.
    "spaces": lambda: repeated(b" ", GIB),
    "zeros": lambda: repeated(b"\0", GIB // 4),
    "statement": lambda: raw(b"SELECT '") + repeated(b"x", 2 * GIB),
    "row": lambda: raw(b"CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n") + repeated(b"x", 2 * GIB),
    "names": lambda: raw(b"CREATE DATABASE x;\n") + copies(b"COPY public.t (", b") FROM stdin;\n\\.\n", 7 << 20, 90),
    "nested": lambda: raw(repeated(b" ", GIB)),
    "window": lambda: repeated(b" ", GIB, window=0xF8),
    "window_27": lambda: repeated(b" ", GIB, window=0x88),
    "content_is_less": lambda: repeated(b" ", GIB, content=5),
    "content_is_more": lambda: repeated(b" ", 5, content=1 << 62),
    "skippable_of_4_gib": lambda: struct.pack("<II", 0x184D2A50, 0xFFFFFFFF) + b"x" * 1000,
    "empty_frames": lambda: (MAGIC + b"\x20\x00\x01\x00\x00") * 1000000,
    "dictionary": lambda: MAGIC + b"\x03\x48\xff\xff\xff\xff" + block(1, 5, 1) + b" ",
    "seek_table": lambda: raw(b"SELECT 1;\n") + struct.pack("<IIIBI", 0x184D2A5E, 9, 0xFFFFFFFF, 0, 0x8F92EAB1),
    "reserved_block": lambda: MAGIC + b"\x00\x48" + block(3, 5, 1) + b"xxxxx",
}


def reseal(path):
    with open(path, "rb") as f:
        text = f.read()
    at = text.rindex(b",\n \"manifest_sha256\"")
    with open(path, "wb") as f:
        f.write(text[:at] + b",\n \"manifest_sha256\": \"" + hashlib.sha256(text[:at]).hexdigest().encode() + b"\"\n}\n")


def listing(keys, more="", head=""):
    contents = "".join(
        "<Contents><Key>%s</Key><LastModified>2026-11-20T00:00:00Z</LastModified><ETag>x</ETag>"
        "<Size>1000</Size></Contents>" % key
        for key in keys
    )
    return (head + "<ListBucketResult>" + more + contents + "</ListBucketResult>").encode()


LAUGHS = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">%s]>" % "".join(
    "<!ENTITY %s \"%s\">" % (b, ("&%s;" % a) * 10) for a, b in zip("abcdefghij", "bcdefghijk")
)
AGAIN = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>"
ENCODED = "<EncodingType>url</EncodingType>"
LISTINGS = {
    "laughs": lambda n: listing(["&k;.sql.zst"], head=LAUGHS),
    "external_entity": lambda n: listing(["&x;"], head="<!DOCTYPE x [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"),
    "deep": lambda n: b"<a>" * 100000,
    "endless": lambda n: listing(["a.sql.zst"], AGAIN),
    "endless_keys": lambda n: listing(["%d-%d-%s" % (n, i, "k" * 5000) for i in range(1000)], AGAIN),
    "dots": lambda n: listing(["../../x.sql.zst"]),
    "dots_encoded": lambda n: listing(["a/%2e%2e/%2e%2e/x.sql.zst"], ENCODED),
    "line_break": lambda n: listing(["a%0d%0aX-Injected:%201.sql.zst"], ENCODED),
    "escape": lambda n: listing(["%1b]0;title%07.sql.zst"], ENCODED),
    "huge_key": lambda n: listing(["k" * (100 << 20) + ".sql.zst"]),
    "huge_body": None,
}


class S3(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode = directory = ""
    count = 0

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        seen(self.directory, self.path)
        if "list-type=2" in self.path and self.mode in LISTINGS:
            S3.count += 1
            if self.mode != "huge_body":
                return self.answer(200, LISTINGS[self.mode](S3.count))
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b" " * (1 << 20))
        if "list-type=2" in self.path:
            return self.answer(200, listing(["a.sql.zst"]))
        if self.mode == "range_of_another":
            return self.answer(206, b"x" * 1000, Content_Range="bytes 5000-5999/10000", ETag="x")
        if self.mode == "range_too_long":
            return self.answer(206, b"x" * 100000, Content_Range="bytes 0-99999/100000", ETag="x")
        if self.mode == "whole_for_range":
            return self.answer(200, b"x" * 5, ETag="x")
        return self.answer(404, b"")

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass


def main(verb, *arguments):
    if verb == "listen":
        listen(*arguments)
    elif verb == "s3":
        S3.directory, S3.mode = arguments
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), S3)
        announce(S3.directory, server.server_address[1])
        server.serve_forever()
    elif verb == "zstd":
        sys.stdout.buffer.write(ZSTD[arguments[0]]())
    elif verb == "kinds":
        print("\n".join({"zstd": ZSTD, "s3": LISTINGS}[arguments[0]]))
    elif verb == "reseal":
        reseal(arguments[0])


main(*sys.argv[1:])
