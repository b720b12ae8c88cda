"""Fails unless two folders hold the same files byte for byte, but for wall-clock figures.

usage: same_files.py EXPECTED ACTUAL
Left out: TensorBoard event files (each record holds its time, and a resumed run starts a file of its own), and in JSON
files the members named below, and in README.md the lines that name seconds or images a second.
"""
import json
import os
import sys

CLOCK = {"seconds", "images_per_second", "wall_seconds"}


def without_clock(value):
    if isinstance(value, dict):
        return {name: without_clock(member) for name, member in value.items() if name not in CLOCK and name != "resume"}
    return [without_clock(member) for member in value] if isinstance(value, list) else value


def content(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".json"):
        return json.dumps(without_clock(json.loads(data))).encode()
    if os.path.basename(path) == "README.md":
        return b"\n".join(line for line in data.splitlines() if b"seconds" not in line and b"images/s" not in line)
    return data


def files(folder):
    found = (os.path.relpath(os.path.join(root, name), folder) for root, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if "tfevents" not in path)


def main(expected, actual):
    if files(expected) != files(actual):
        sys.exit(f"other files: {sorted(set(files(expected)) ^ set(files(actual)))}")
    other = [path for path in files(expected) if content(os.path.join(expected, path)) != content(os.path.join(actual, path))]
    if other or not files(expected):
        sys.exit(f"other content: {other}")


if __name__ == "__main__":
    main(*sys.argv[1:])
