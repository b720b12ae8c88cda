"""Fails unless a manifest lists exactly the expected addresses, in order, each with its expected status and reason; prints the counts.

usage: crawl_expected.py EXPECTED.csv MANIFEST.csv
"""
import collections
import csv
import itertools
import sys


def main(expected, manifest):
    counts, wrong = collections.Counter(), []
    with open(expected, newline="") as left, open(manifest, newline="") as right:
        for want, got in itertools.zip_longest(csv.DictReader(left), csv.DictReader(right), fillvalue={}):
            want, got = (want.get("url"), want.get("status"), want.get("reason")), (got.get("source"), got.get("status"), got.get("reason"))
            counts[want[1:]] += 1
            if want != got:
                wrong.append((want, got))
    print("| status | reason | URLs |\n|---|---|---|")
    for (status, reason), count in sorted(counts.items(), key=str):
        print(f"| {status} | {reason} | {count:,} |")
    if wrong:
        print(*(f"{want}: got {got}" for want, got in wrong[:20]), sep="\n")
        kinds = collections.Counter(f"{want[1]}/{want[2]} became {got[1]}/{got[2]}" for want, got in wrong)
        print(*(f"{kind}: {count}" for kind, count in kinds.most_common()), sep="\n")
        sys.exit(f"{len(wrong)} of {sum(counts.values())} are not as expected")


if __name__ == "__main__":
    main(*sys.argv[1:])
