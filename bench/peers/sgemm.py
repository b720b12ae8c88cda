"""Products of square float32 matrices by NumPy's BLAS, a process of one thread a core; prints GFLOP and seconds as one JSON line.

usage: sgemm.py SIDE PROCESSES TIMES
"""
import json
import multiprocessing
import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy  # noqa: E402


def work(side, times, start, end):
    a, b = (numpy.random.default_rng(seed).standard_normal((side, side), dtype=numpy.float32) for seed in (0, 1))
    a @ b
    start.wait()
    for _ in range(times):
        a @ b
    end.wait()


def main(side, processes, times):
    start, end = multiprocessing.Barrier(processes + 1), multiprocessing.Barrier(processes + 1)
    workers = [multiprocessing.Process(target=work, args=(side, times, start, end)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    start.wait()
    begun = time.perf_counter()
    end.wait()
    seconds = time.perf_counter() - begun
    for worker in workers:
        worker.join()
    print(json.dumps({"count": 2e-9 * side**3 * times * processes, "seconds": seconds, "versions": f"NumPy {numpy.__version__}"}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
