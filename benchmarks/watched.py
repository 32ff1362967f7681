"""A worker whose main thread is watched by cProfile; it writes what it saw when it ends.

python -m benchmarks.watched FILE
"""

import cProfile
import sys
import time

import run

if __name__ == "__main__":
    profile = cProfile.Profile(time.thread_time)  # so that waiting is free
    profile.runcall(run.main, ["worker"])
    profile.dump_stats(sys.argv[1])
