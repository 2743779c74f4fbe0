#!/usr/bin/python3
"""Compares the stacks of a dump with gdb's, thread by thread, from the outermost frame in.

	gdb-compare.py BEFORE.dump NOW.dump NOW.json GDB.txt

Two dumps tell which threads are parked: those that are in the same wait, by the number of their waits and by their stack,
in both. NOW.json is `leakwatch report --json NOW.dump`; GDB.txt is what gdb-stacks.py printed right after the second dump.

Of each thread, the addresses have to be equal, every one of them, after the innermost frames are taken off that lie in
the shim and below it (libc's own way into the wait), which a dump does not have. And so have the functions of each address,
inlined ones included, wherever gdb knows one. Names that differ in underscores, GI_, _impl and a symbol's version
are aliases of one place, and so are two underscores and a dot: gdb takes some names of C for names of Ada. Of names of C++
the function's own is compared: debuggers write namespaces, parameters and template arguments in ways of their own.

Prints the share of equal threads, and each exception by its cause. Exits with 0 if every parked thread is equal and there is
one, with 1 if not.

Frames that gdb adds for tail calls are passed over: their functions have left the stack, and nothing of them is on it.
"""
import json
import re
import sys

SHIM = "libleakwatch.so"


class Thread:
    def __init__(self, tid, name, waits, source, addresses):
        self.tid, self.name, self.waits, self.source, self.addresses = tid, name, waits, source, addresses


def dump_groups(lines):
    """Group number -> (source, addresses)."""
    groups, addresses = {}, []
    for line in lines:
        if re.match(r"\d+ @ ", line):
            addresses = [int(word, 16) for word in line.split()[2:]]
        elif line.startswith("# group="):
            pairs = dict(word.split("=", 1) for word in line.split()[1:])
            groups[pairs["group"]] = (pairs["source"], addresses)
            addresses = []
    return groups


def dump_threads(path):
    """Thread id -> Thread."""
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    groups = dump_groups(lines)
    at = lines.index("--- leakwatch threads ---")
    columns, threads = lines[at + 1].split()[1:], {}
    for line in lines[at + 2:]:
        if not line:
            break
        row = dict(zip(columns, line.split(" ")))
        threads[int(row["tid"])] = Thread(int(row["tid"]), row["name"], row["waits"], *groups[row["group"]])
    return threads


def report_names(path):
    """Thread id -> one list of names for each address, both innermost first."""
    with open(path, encoding="utf-8") as file:
        report, names = json.load(file), {}
    for group in report["groups"]:
        places, functions = [], []
        for frame in group["stack"]:
            functions.append(frame["function"])
            if not frame["inlined"]:
                places.append(functions)
                functions = []
        for thread in group["threads"]:
            names[thread["tid"]] = places
    return names


def gdb_stacks(path):
    """Thread id -> [(address, object, names)], innermost first."""
    stacks, names, exact = {}, [], False
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("frame "):
                continue
            _, tid, address, kind, place, name = line.rstrip("\n").split(" ", 5)
            if kind == "tail":
                continue
            names.append(name)
            if kind == "inline":
                continue
            # The addresses of a handler's return code and of what it interrupted are exact: a dump has them plus one.
            here = int(address, 16) + (kind == "signal" or exact)
            exact = kind == "signal"
            stacks.setdefault(int(tid), []).append((here, place, names))
            names = []
    return stacks


def frames_comparable(thread, frames):
    """gdb's frames without those that a dump does not have."""
    shim = [i for i, frame in enumerate(frames) if frame[1] == SHIM]
    if thread.source == "slot" and shim:
        return frames[shim[-1] + 1:]
    return [frame for frame in frames if frame[1] != SHIM]


def base(name):
    """The function's own name: without namespaces, parameters, template arguments and type of result."""
    name, before = name.replace("operator()", "operator_call"), None
    while name != before:
        before, name = name, re.sub(r"<[^<>]*>|\([^()]*\)|\[abi:[^\]]*\]| const$", "", name)
    return name.split(" ")[-1].split("::")[-1]


def alias(name):
    if name and re.search(r"::|\(", name):
        name = base(name)
    return re.sub(r"^_*(GI_+)?|_impl$", "", name.split("@")[0]).replace("__", ".") if name else "??"


def names_difference(ours, frames):
    for place, (address, _, theirs) in zip(reversed(ours), reversed(frames)):
        if theirs != ["??"] and [alias(name) for name in place] != [alias(name) for name in theirs]:
            return f"at {address:#x} we say {place}, gdb {theirs}"
    return None


def difference(thread, places, frames):
    """The cause why the thread's stacks are not equal, or None."""
    theirs = [frame[0] for frame in frames]
    if thread.source == "proc" and theirs:
        theirs[0] += 1
    ours = thread.addresses
    if ours != theirs:
        equal = 0
        while equal < min(len(ours), len(theirs)) and ours[-1 - equal] == theirs[-1 - equal]:
            equal += 1
        return f"{equal} of {len(theirs)} addresses equal, we have {len(ours)}: " + " ".join(map(hex, ours))
    if len(places) != len(frames):
        return f"the report has {len(places)} places, gdb {len(frames)}"
    return names_difference(places, frames)


def is_kernels(frames):
    """A worker of io_uring: it has no stack, and is no thread of the program's."""
    return [frame[0] for frame in frames] == [0]


def is_watcher(frames):
    """The shim's own thread: nothing but libc outside of it."""
    return any(frame[1] == SHIM for frame in frames) and len({frame[1] for frame in frames}) <= 2


def main(before_path, now_path, report_path, gdb_path):
    before, now = dump_threads(before_path), dump_threads(now_path)
    names, stacks = report_names(report_path), gdb_stacks(gdb_path)
    parked = equal = moving = moving_equal = unnamed = frame_count = 0
    exceptions = []
    for tid, thread in now.items():
        then = before.get(tid)
        stays = then and then.waits == thread.waits and then.addresses == thread.addresses
        frames = frames_comparable(thread, stacks.get(tid, []))
        cause = difference(thread, names.get(tid, []), frames) if tid in stacks else "gdb does not have it"
        frame_count += len(frames)
        unnamed += sum(frame[2] == ["??"] for frame in frames)
        parked, equal = parked + bool(stays), equal + bool(stays and not cause)
        moving, moving_equal = moving + (not stays), moving_equal + (not stays and not cause)
        if cause:
            exceptions.append(f"{'parked' if stays else 'moving'} thread {tid} ({thread.name}): {cause}")
    for tid in stacks.keys() - now.keys():
        if not is_watcher(stacks[tid]) and not is_kernels(stacks[tid]):
            exceptions.append(f"thread {tid}: the dump does not have it")
            parked += 1
    print(f"parked threads: {equal} of {parked} equal; others, on the move: {moving_equal} of {moving}")
    print(f"frames compared by address: {frame_count}, of which gdb knows no name: {unnamed}")
    print("\n".join(exceptions) or "no exceptions")
    return 0 if parked and equal == parked else 1


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
