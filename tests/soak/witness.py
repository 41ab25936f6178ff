"""Tells when the system underneath has held up this machine: a virtual one does not run
while its host has other things to do.

    with Witness() as witness: ...
    witness.held(from_us, to_us)   # microseconds of that time, by the monotonic clock

A process for each processor sleeps for a moment at a time before all others and notes where it
comes back late. Where that priority is not allowed, nothing counts as held up."""

import bisect
import multiprocessing
import os
import time

SLEEP_S = 0.0002
LATE_NS = 500_000


def watch(processor, ready, stop, answer):
    """Sends the gaps, as pairs of nanoseconds; None: this priority is not allowed."""
    try:
        os.sched_setaffinity(0, {processor})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        ready.set()
        answer.send(None)
        return
    gaps = []
    before = time.monotonic_ns()
    ready.set()
    while not stop.is_set():
        time.sleep(SLEEP_S)
        now = time.monotonic_ns()
        if now - before > LATE_NS:
            gaps.append((before + int(SLEEP_S * 1e9), now))
        before = now
    answer.send(gaps)


def merged(gaps):
    """Without overlaps, in order."""
    result = []
    for start, end in sorted(gaps):
        if result and start <= result[-1][1]:
            result[-1][1] = max(result[-1][1], end)
        else:
            result.append([start, end])
    return result


class Witness:
    def __enter__(self):
        self.stop = multiprocessing.Event()
        self.watchers = []
        for processor in os.sched_getaffinity(0):
            ready = multiprocessing.Event()
            receiver, sender = multiprocessing.Pipe(False)
            process = multiprocessing.Process(target=watch,
                                              args=(processor, ready, self.stop, sender))
            process.start()
            ready.wait()
            self.watchers.append((process, receiver))
        self.gaps = []
        return self

    def __exit__(self, *_):
        self.stop.set()
        for process, receiver in self.watchers:
            self.gaps += receiver.recv() or []
            process.join()
        self.gaps = merged(self.gaps)

    def held(self, start_us, end_us):
        """Of that time."""
        start, end = start_us * 1000, end_us * 1000
        place = bisect.bisect(self.gaps, [start])
        total = 0
        for gap_start, gap_end in self.gaps[max(place - 1, 0):]:
            if gap_start >= end:
                break
            total += max(0, min(end, gap_end) - max(start, gap_start))
        return total // 1000
