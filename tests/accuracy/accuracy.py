#!/usr/bin/env python3
"""Runs the programs of tests/patterns/ under the shim, leaking and fixed, and counts what the report says of them.

	accuracy.py [-n] [-j JOBS] [-k DIRECTORY] [NAME...]

Without NAME: all of them. Each runs once a mode, with a dump each 0.2 s. Three looks are judged: over time, at the end
and two thirds of the way there, by all dumps until then; and the last dump by itself, whose grace time is scaled
as the programs are. A verdict that counts is right if each thread it accuses (or the creation stack, of timers
and unjoined threads) has one of the functions that the program's comment names; all others are wrong, and in a fixed
program every one. What is "proven" must also be one of the verdicts that the comment expects.

Writes docs/accuracy.md unless -n or NAME is given. Exit code 1 if a bar is missed. -k keeps dumps and reports.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LEAKWATCH_BUILD", ROOT / "build")).resolve()
LEAKWATCH = str(BUILD / "leakwatch")
GRACE_S = "1"  # one dump: instead of 60 s, for a program of 3 s
PROOF = b"--- leakwatch proof ---"
BAR_TIME, BAR_ONE, BAR_LIKELY = 0.90, 0.60, 0.02
LOOKS = ("time", "one")

Program = collections.namedtuple("Program", "name kind verdicts functions unreachable")
Accusation = collections.namedtuple("Accusation", "word certainty right about")


def program_read(source):
    text = source.read_text()

    def key(name):
        return re.search(rf"^ \* {name}: (.*)$", text, re.MULTILINE).group(1).strip()

    return Program(source.stem, key("class"), set(key("expect").split("|")),
                   set(key("where").split("|")), key("unreachable"))


# --- what a report accuses -----------------------------------------------------------------------------


def functions_of(*stacks):
    return {frame["function"] for stack in stacks for frame in stack or [] if frame["function"]}


def thread_functions(report):
    """id -> functions of the thread's stack and of its creation"""
    return {thread["id"]: functions_of(group["stack"], group["created_by"])
            for group in report["groups"] for thread in group["threads"]}


def places_of(report, finding):
    """One set of functions for each thing that a finding is about."""
    if finding["subject"] == "threads":
        by_id = thread_functions(report)
        return [by_id.get(thread, set()) for thread in finding["threads"]]
    places = []
    for item in report[finding["subject"]]:
        if item["verdict"] == finding["verdict"] and item["count"] == finding["count"]:
            start = item.get("start_routine")
            places.append(functions_of(item["created_by"], [start] if start else []))
    return places


def accusations_of(report, program, mode):
    for finding in report["verdicts"]:
        if finding["certainty"] == "none":
            continue
        places = places_of(report, finding)
        right = mode == "leak" and bool(places) and all(
            place & program.functions for place in places)
        if finding["certainty"] == "proven":
            right = right and finding["verdict"] in program.verdicts
        about = sorted(set().union(*places) - {"start_thread", "clone3", "main"})
        yield Accusation(finding["verdict"], finding["certainty"], right, ", ".join(about)[:200])


# --- runs --------------------------------------------------------------------------------------------------


def report_of(dumps, *options):
    done = subprocess.run([LEAKWATCH, "report", "--json", *options, *map(str, dumps)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"leakwatch report: {done.stderr.decode()}")
    return json.loads(done.stdout)


def processes_of(directory):
    """The dumps of each process, oldest first: COMM-PID-START-SEQUENCE.dump"""
    processes = collections.defaultdict(list)
    for dump in sorted(directory.glob("*.dump")):
        processes[dump.name.rsplit("-", 1)[0]].append(dump)
    return processes.values()


def proven(dumps):
    """Those with a proof by reachability; all, if there are none."""
    return [dump for dump in dumps if PROOF in dump.read_bytes()] or dumps


def run(program, mode, keep):
    with tempfile.TemporaryDirectory(prefix="leakwatch-accuracy.") as scratch:
        directory = pathlib.Path(keep or scratch) / f"{program.name}.{mode}"
        directory.mkdir(mode=0o700, parents=True)
        environment = dict(os.environ, LEAKWATCH_DIR=str(directory), LEAKWATCH_INTERVAL="0.2",
                           LEAKWATCH_TICK="0.05", LEAKWATCH_KEEP="100", LEAKWATCH_PROVE_EVERY="3",
                           DEBUGINFOD_URLS="")
        done = subprocess.run([LEAKWATCH, "run", "--", BUILD / "tests/patterns" / program.name, mode],
                              env=environment, stdin=subprocess.DEVNULL, timeout=60, check=False)
        if done.returncode:
            sys.exit(f"{program.name} {mode}: exit code {done.returncode}")
        found = {look: [] for look in LOOKS}
        for dumps in processes_of(directory):
            looks = (("time", dumps[:2 * len(dumps) // 3], ()), ("time", dumps, ()),
                     ("one", proven(dumps)[-1:], ("--grace=" + GRACE_S,)))
            for look, those, options in looks:
                if those:
                    found[look] += accusations_of(report_of(those, *options), program, mode)
        return found


# --- counts --------------------------------------------------------------------------------------------------


def is_found(result, look):
    return any(accusation.right for accusation in result["leak"][look])


def certainty_share(results, certainty):
    all_of = [accusation for result in results.values() for found in result.values()
              for accusations in found.values() for accusation in accusations
              if accusation.certainty == certainty]
    return sum(not accusation.right for accusation in all_of), len(all_of)


def false_of(result, look):
    return [accusation for mode in ("leak", "fix") for accusation in result[mode][look]
            if not accusation.right]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def percent(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "0 of 0"


def words(accusations):
    return ", ".join(sorted({f"{a.word} ({a.certainty})" for a in accusations if a.right})) or "missed"


def by_class(programs, results):
    rows = []
    for kind in sorted({program.kind for program in programs}) + [None]:
        those = [program.name for program in programs if kind in (None, program.kind)]
        found = [sum(is_found(results[name], look) for name in those) for look in LOOKS]
        false = [sum(len(false_of(results[name], look)) for name in those) for look in LOOKS]
        rows.append([kind or "**all**", len(those), *(percent(part, len(those)) for part in found), *false])
    return table(["class", "programs", "found over time", "found in one dump",
                  "false over time", "false in one dump"], rows)


def by_verdict(results):
    right, wrong = collections.Counter(), collections.Counter()
    for result in results.values():
        for found in result.values():
            for look, accusations in found.items():
                for a in accusations:
                    (right if a.right else wrong)[(a.word, a.certainty, look)] += 1
    verdicts = sorted({key[:2] for key in (*right, *wrong)})
    return table(["verdict", "certainty", "right over time", "wrong over time",
                  "right in one dump", "wrong in one dump"],
                 [[*verdict, *(counter[(*verdict, look)] for look in LOOKS for counter in (right, wrong))]
                  for verdict in verdicts])


def by_program(programs, results):
    return table(["program", "class", "over time", "in one dump", "unreachable"],
                 [[f"`{p.name}`", p.kind, words(results[p.name]["leak"]["time"]),
                   words(results[p.name]["leak"]["one"]), p.unreachable] for p in programs])


def bars(programs, results):
    """What is wanted, what is, and whether that is enough."""
    count = len(programs)
    found = {look: sum(is_found(results[program.name], look) for program in programs) for look in LOOKS}
    proven, all_proven = certainty_share(results, "proven")
    likely, all_likely = certainty_share(results, "likely")
    return [
        ["no wrong `proven`", percent(proven, all_proven), proven == 0],
        ["at most 2 % wrong `likely`", percent(likely, all_likely), likely <= BAR_LIKELY * all_likely],
        ["at least 90 % found over time", percent(found["time"], count), found["time"] >= BAR_TIME * count],
        ["at least 60 % found in one dump", percent(found["one"], count), found["one"] >= BAR_ONE * count],
    ]


def hidden(programs, results):
    """What one dump misses and a proof by reachability could add."""
    missed = [program for program in programs if not is_found(results[program.name], "one")]
    return percent(sum(program.unreachable == "yes" for program in missed), len(programs))


def page(programs, results):
    text = (ROOT / "tests/accuracy/page.md").read_text()
    checks = table(["bar", "measured", "met"],
                   [[bar, measured, "yes" if met else "no"] for bar, measured, met in bars(programs, results)])
    return text.format(bars=checks, classes=by_class(programs, results), verdicts=by_verdict(results),
                       programs=by_program(programs, results),
                       hidden=hidden(programs, results))


def print_errors(programs, results):
    for program in programs:
        result = results[program.name]
        for look in LOOKS:
            if not is_found(result, look):
                print(f"missed ({look}): {program.name}")
        for mode in ("leak", "fix"):
            for look in LOOKS:
                for a in result[mode][look]:
                    if not a.right:
                        print(f"FALSE ({look}): {program.name} {mode}: {a.word} ({a.certainty}): {a.about}")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("-n", action="store_true", help="do not write docs/accuracy.md")
    options.add_argument("-j", type=int, default=4, metavar="JOBS", help="programs at a time (4)")
    options.add_argument("-k", metavar="DIRECTORY", help="keep the dumps there")
    options.add_argument("names", nargs="*", metavar="NAME")
    arguments = options.parse_args()
    sources = sorted((ROOT / "tests/patterns").glob("*.c*"), key=lambda source: source.stem)
    programs = [program for program in map(program_read, sources)
                if not arguments.names or program.name in arguments.names]
    results = {program.name: {} for program in programs}
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        runs = [(program, mode, pool.submit(run, program, mode, arguments.k))
                for program in programs for mode in ("leak", "fix")]
        for program, mode, future in runs:
            results[program.name][mode] = future.result()
    print_errors(programs, results)
    checks = bars(programs, results)
    for bar, measured, met in checks:
        print(f"{'met   ' if met else 'MISSED'} {bar}: {measured}")
    if not arguments.n and not arguments.names:
        (ROOT / "docs/accuracy.md").write_text(page(programs, results))
    return 0 if all(met for _, _, met in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
