"""Makes small files that claim much, for bench/hostile_memory.sh: python3 hostile_inputs.py FOLDER."""
import io
import json
import os
import struct
import sys
import zipfile
import zlib

MB = 1 << 20
SIDE = 8000


def pickle_of(size, rank):
    """A state dict whose tensors share one shape: half of the bytes in the shape where it is long, the rest in references to it."""
    shape = b"(" + b"K\x01" * rank + b"t"
    out = bytearray(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x000")
    out += b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ\x01\x00\x00\x00tQJ\x00\x00\x00\x00"
    out += shape + shape + b"\x89ccollections\nOrderedDict\n)Rtq\x010}("
    number = 0
    while len(out) < size:
        name = str(number).encode()
        out += b"U" + bytes([len(name)]) + name + b"h\x00h\x01R"
        number += 1
    return bytes(out + b"u.")


def checkpoint(path, size, rank):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle_of(size, rank))
        file.writestr("archive/version", "3\n")
        file.writestr("archive/data/0", b"\0\0\0\0")


def bloated(size):
    """A member that unpacks to so many bytes and begins like a picture."""
    return b"\x89PNG\r\n\x1a\n" + bytes(size - 8)


def overlapping(path, members):
    """A zip whose entries all stand for the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.png", bloated(60 * MB))
    whole = stream.getvalue()
    start = whole.index(b"PK\x01\x02")
    entry = whole[start:whole.index(b"PK\x05\x06")]
    directory = b"".join(entry[:28] + struct.pack("<H", 9) + entry[30:46] + b"%05d.png" % number + entry[51:] for number in range(members))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, members, members, len(directory), start, 0)
    open(path, "wb").write(whole[:start] + directory + end)


def apart(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for number in range(members):
            file.writestr(f"{number:05}.png", bloated(60 * MB))


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def scans(path, count):
    """A grey progressive JPEG: every scan after the first is a few runs of blocks without coefficients."""
    blocks = (SIDE // 8) ** 2
    out = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHB", 8, SIDE, SIDE, 1) + b"\1\x11\0")
    out += segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0")
    # Symbol 0xE0 of the run table: 2^14 blocks and 14 bits more.
    runs, bits = [], ""
    while blocks > 0:
        run = min(blocks, (1 << 15) - 1)
        runs.append(max(run, 1 << 14))
        blocks -= runs[-1]
    for run in runs:
        bits += "0" + format(run - (1 << 14), "014b")
    data = int(bits + "1" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big").replace(b"\xff", b"\xff\0")
    out += segment(0xDA, b"\1\1\0\0\0\0") + bytes(((SIDE // 8) ** 2 + 7) // 8)
    for number in range(count):
        out += segment(0xDA, b"\1\1\0" + bytes([1 + number % 63, 1 + number % 63, 0])) + data
    open(path, "wb").write(out + b"\xff\xd9")


def png(path, width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""))


def gif(path, side):
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2L\1\0;"
    open(path, "wb").write(head + b"!\xf9\4\0\0\0\0\0" + frame)


def header(path, text):
    open(path, "wb").write(struct.pack("<Q", len(text)) + text)


def main(folder):
    def at(name):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        return os.path.join(folder, name)

    for size in (0.1, 1, 8):
        checkpoint(at(f"inspect/shapes-{size}MB.pth"), int(size * MB) - 200, int(size * MB) // 8)
        checkpoint(at(f"inspect/views-{size}MB.pth"), int(size * MB) - 200, 4)
    header(at("inspect/text-95MB.safetensors"), json.dumps({"__metadata__": {"text": "x" * 95_000_000}}).encode())
    entries = ",".join('"t%07d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % number for number in range(95_000_000 // 60))
    header(at("inspect/tensors-95MB.safetensors"), ("{" + entries + "}").encode())
    overlapping(at("crawl/overlapping-40.zip"), 40)
    overlapping(at("crawl/overlapping-2000.zip"), 2000)
    apart(at("crawl/members-40.zip"), 40)
    for number in range(40):
        for kind, start in (("sparse", b""), ("sparse-jpeg", b"\xff\xd8\xff\xe0"), ("sparse-png", b"\x89PNG\r\n\x1a\n")):
            with open(at(f"crawl/{kind}-40/{number:02}.jpg"), "wb") as file:
                file.write(start)
                file.truncate(60 * MB)
    for number in range(8):
        scans(at(f"crawl/scans-300/{number}.jpg"), 300)
        scans(at(f"crawl/scans-5/{number}.jpg"), 5)
        for name, width, height in (("overflow", 0x7FFFFFFF, 0x7FFFFFFF), ("rows", 1, 0x7FFFFFFF), ("square", 50_000, 50_000), ("allowed", 9_999, 9_999)):
            png(at(f"crawl/png/{name}-{number}.png"), width, height)
        for side in (10_000, 65_535):
            gif(at(f"crawl/gif/{side}-{number}.gif"), side)


main(sys.argv[1])
