"""Runs a command and prints its peak resident memory in MiB, its seconds and its exit code: python3 peak.py LOG COMMAND..."""
import resource
import subprocess
import sys
import time

start = time.monotonic()
with open(sys.argv[1], "wb") as log:
    code = subprocess.run(sys.argv[2:], stdout=log, stderr=log).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, round(time.monotonic() - start, 1), code)
