"""Fails unless two score tables of the same images say the same: a fast answer that is another answer is no speed.

usage: agree.py TOOL.csv PEER.csv   (both decode JPEG with their own libraries, so pixels may differ by a grey level)
"""
import csv
import os
import sys


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return {os.path.basename(row["path"]): row for row in csv.DictReader(file) if row.get("status", "ok") == "ok"}


def main(tool_file, peer_file):
    tool, peer = rows(tool_file), rows(peer_file)
    if tool.keys() != peer.keys() or not tool:
        sys.exit(f"not the same images: {len(tool)} in {tool_file}, {len(peer)} in {peer_file}")
    same = sum(tool[name]["prediction"] == peer[name]["prediction"] for name in tool) / len(tool)
    worst = max(abs(float(tool[name]["entropy"]) - float(peer[name]["entropy"])) for name in tool)
    print(f"{len(tool)} images: same prediction {same:.2%}, largest difference of entropy {worst:.4f} nats")
    if same < 0.98 or worst > 0.05:
        sys.exit("the two do not compute the same")


if __name__ == "__main__":
    main(*sys.argv[1:])
