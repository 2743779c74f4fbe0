#!/usr/bin/env python3
"""Runs the programs of tests/patterns/ under the shim, leaking and fixed, and counts what the report says of them.

	accuracy.py [-n] [-q] [-j JOBS] [-k DIRECTORY] [NAME...]
	accuracy.py --jitter ROUNDS [-j JOBS] [NAME...]

Without NAME: all of them. Each runs once a mode, with a dump each 0.2 s. Three looks are judged: over time, at the end
and two thirds of the way there, by all dumps until then; and one dump by itself, taken with a proof by reachability when the program is
settled, whose grace time is scaled as the programs are. The same programs, built without optimisation
(below O0/ in the build), run for that one dump only; not with -q. A verdict that counts is right if each thread it accuses (or the creation stack, of timers
and unjoined threads) has one of the functions that the program's comment names; all others are wrong, and in a fixed
program every one. What is "proven" must also be one of the verdicts that the comment expects; unreachable, if it says so.

Writes docs/accuracy.md unless -n or NAME is given. Exit code 1 if a bar is missed. -k keeps dumps and reports.

--jitter hunts wrong proofs: it runs each program ROUNDS times, fixed, with a proof in every dump, at intervals and ticks that
vary. Exit code 1 if anything is proven unreachable.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LEAKWATCH_BUILD", ROOT / "build")).resolve()
LEAKWATCH = str(BUILD / "leakwatch")
GRACE_S = "1"  # one dump: instead of 60 s, for a program of some seconds
SETTLED_S = 3.0  # after 2 s no more requests come
TRIES = 2  # of a proof: its process may just be starting
BAR_TIME, BAR_ONE, BAR_LIKELY, BAR_PROVEN = 0.90, 0.60, 0.02, 0.85
LOOKS = ("time", "one", "O0")
TABLE_LOOKS = ("time", "one")
BUILDS = {"one": BUILD, "O0": BUILD / "O0"}

Program = collections.namedtuple("Program", "name kind verdicts functions unreachable")
Accusation = collections.namedtuple("Accusation", "word certainty right about")


def program_read(source):
    text = source.read_text()

    def key(name):
        return re.search(rf"^ \* {name}: (.*)$", text, re.MULTILINE).group(1).strip()

    unreachable = key("unreachable")
    proofs = {"unreachable"} if unreachable == "yes" else set()
    return Program(source.stem, key("class"), set(key("expect").split("|")) | proofs,
                   set(key("where").split("|")), unreachable)


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


def is_proof(dump):
    return "\n# proof " in dump.read_text()


def processes_of(directory):
    """The dumps of each process, oldest first, those with a proof aside: COMM-PID-START-SEQUENCE.dump"""
    processes = collections.defaultdict(list)
    for dump in sorted(directory.glob("*.dump")):
        if not is_proof(dump):
            processes[dump.name.rsplit("-", 1)[0]].append(dump)
    return processes.values()


def environment_of(directory, interval, tick, **more):
    return dict(os.environ, LEAKWATCH_DIR=str(directory), LEAKWATCH_INTERVAL=interval, LEAKWATCH_TICK=tick,
                LEAKWATCH_KEEP="100", DEBUGINFOD_URLS="", **more)


def started(program, mode, build, environment):
    return subprocess.Popen([LEAKWATCH, "run", "--", build / "tests/patterns" / program.name, mode],
                            env=environment, stdin=subprocess.DEVNULL)


def ended(program, mode, process):
    if process.wait(timeout=300):
        sys.exit(f"{program.name} {mode}: exit code {process.returncode}")


def dump_take(directory, pid, *options):
    """A dump of the process, None if there is none to be had."""
    file = directory / f"look-{pid}"
    done = subprocess.run([LEAKWATCH, "dump", *options, "-o", file, str(pid)],
                          env=dict(os.environ, LEAKWATCH_DIR=str(directory)),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return None if done.returncode else file


def looks_take(directory, process):
    """Of the program and of the children that it has, when they are settled. Without proofs where none are to be had."""
    time.sleep(SETTLED_S)
    for options in (("--prove",),) * TRIES + ((),):
        files = [dump_take(directory, socket.stem, *options) for socket in sorted(directory.glob("*.sock"))]
        if process.poll() is not None or any(files):
            break
    return [file for file in files if file]


def leaked_of(report, program):
    """Its threads that hang in waits that a proof looks at; and how many of them are proven."""
    proofs = [thread["proof"] for group in report["groups"] for thread in group["threads"]
              if thread["proof"] and functions_of(group["stack"], group["created_by"]) & program.functions]
    return len(proofs), sum(p["verdict"] == "unreachable" and not p["reasons"] for p in proofs)


def run_one(program, mode, look, keep):
    with tempfile.TemporaryDirectory(prefix="leakwatch-accuracy.") as scratch:
        directory = pathlib.Path(keep or scratch) / f"{program.name}.{mode}.{look}"
        directory.mkdir(mode=0o700, parents=True)
        process = started(program, mode, BUILDS[look], environment_of(directory, "0.2", "0.05"))
        dumps = looks_take(directory, process)
        ended(program, mode, process)
        if not any(map(is_proof, dumps)):
            print(f"no proof: {program.name} {mode} ({look})")
        return judged(program, mode, directory, look, dumps)


def judged(program, mode, directory, look, single):
    """By look: the accusations; and of all proofs the leaked threads, and how many of them are proven."""
    found = {look: [] for look in LOOKS}
    threads = collections.Counter()
    for dump in single:
        report = report_of([dump], "--grace=" + GRACE_S)
        found[look] += accusations_of(report, program, mode)
        leaked, proven = leaked_of(report, program)
        threads[f"leaked {look}"] += leaked
        threads[f"proven {look}"] += proven
    for dumps in processes_of(directory):
        for those in (dumps[:2 * len(dumps) // 3], dumps):
            if those and look == "one":
                found["time"] += accusations_of(report_of(those), program, mode)
    return found, threads


def run(program, mode, keep, quick):
    found, threads = run_one(program, mode, "one", keep)
    if quick:
        return found, threads
    bare, bare_threads = run_one(program, mode, "O0", keep)
    found["O0"] = bare["O0"]
    return found, threads + bare_threads


# --- wrong proofs, hunted ----------------------------------------------------------------------------------


def is_wrong_proof(line):
    words = line.split(" ")
    return len(words) == 4 and words[1] == "unreachable" and words[2] == "-"


def jitter(program, seed):
    """Proofs in the dumps of a run of the fixed program, and lines of them that prove what is not so."""
    dice = random.Random(f"{program.name} {seed}")
    with tempfile.TemporaryDirectory(prefix="leakwatch-accuracy.") as scratch:
        environment = environment_of(scratch, f"{dice.uniform(0.1, 0.6):.3f}", f"{dice.uniform(0.02, 0.12):.3f}",
                                     LEAKWATCH_PROVE_EVERY="1")
        build = dice.choice(sorted(BUILDS.values()))
        process = started(program, "fix", build, environment)
        try:
            ended(program, "fix", process)
        finally:
            process.kill()
        texts = [dump.read_text() for dump in pathlib.Path(scratch).glob("*.dump")]
        finished = [text for text in texts if re.search("^# proof pictures=[12] ", text, re.MULTILINE)]
        return len(finished), [line for text in texts for line in text.splitlines() if is_wrong_proof(line)]


def jitter_all(programs, rounds, jobs):
    runs, proofs, wrong = 0, collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        pending = [(program, seed, pool.submit(jitter, program, seed))
                   for seed in range(rounds) for program in programs]
        for program, seed, future in pending:
            count, lines = future.result()
            runs += 1
            proofs[program.name] += count
            wrong += len(lines)
            if lines:
                print(f"WRONG: {program.name}, round {seed}: {lines[0]}", flush=True)
    print(f"{proofs.total()} proofs in {runs} runs of the fixed programs, {wrong} waits wrongly proven unreachable")
    print("programs by the number of their proofs: from " +
          " to ".join(f"{count} ({name})" for name, count in (proofs.most_common()[-1], proofs.most_common()[0])))
    return 1 if wrong or not all(proofs.values()) else 0


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
        found = [sum(is_found(results[name], look) for name in those) for look in TABLE_LOOKS]
        false = [sum(len(false_of(results[name], look)) for name in those) for look in TABLE_LOOKS]
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
                 [[*verdict, *(counter[(*verdict, look)] for look in TABLE_LOOKS for counter in (right, wrong))]
                  for verdict in verdicts])


def threads_words(threads, look):
    leaked = threads[f"leaked {look}"]
    return f"{threads[f'proven {look}']} of {leaked}" if leaked else "-"


def by_program(programs, results, threads):
    return table(["program", "class", "over time", "in one dump", "unreachable", "proven at -O2", "proven at -O0"],
                 [[f"`{p.name}`", p.kind, words(results[p.name]["leak"]["time"]),
                   words(results[p.name]["leak"]["one"]), p.unreachable,
                   *(threads_words(threads[p.name], look) for look in BUILDS)] for p in programs])


def proven_of(programs, results, look):
    """Programs of which threads are proven unreachable, of those that say that they are."""
    those = [program for program in programs if program.unreachable == "yes"]
    return sum(any(a.right and (a.word, a.certainty) == ("unreachable", "proven")
                   for a in results[program.name]["leak"][look]) for program in those), len(those)


def wrong_proofs(results):
    return sum(a.word == "unreachable" and a.certainty == "proven" and not a.right
               for result in results.values() for found in result.values()
               for accusations in found.values() for a in accusations)


def bars(programs, results, quick=False):
    """What is wanted, what is, and whether that is enough."""
    count = len(programs)
    proven_bars = []
    for look in BUILDS:
        if quick and look != "one":
            continue
        part, whole = proven_of(programs, results, look)
        proven_bars.append([f"at least 85 % of the unreachable proven, at -{look.replace('one', 'O2')}",
                            percent(part, whole), part >= BAR_PROVEN * whole])
    wrong = wrong_proofs(results)
    found = {look: sum(is_found(results[program.name], look) for program in programs) for look in LOOKS}
    proven, all_proven = certainty_share(results, "proven")
    likely, all_likely = certainty_share(results, "likely")
    return [
        ["no wrong `proven`", percent(proven, all_proven), proven == 0],
        ["at most 2 % wrong `likely`", percent(likely, all_likely), likely <= BAR_LIKELY * all_likely],
        ["at least 90 % found over time", percent(found["time"], count), found["time"] >= BAR_TIME * count],
        ["at least 60 % found in one dump", percent(found["one"], count), found["one"] >= BAR_ONE * count],
        *proven_bars,
        ["nothing wrongly proven unreachable", wrong, not wrong],
    ]


def page(programs, results, threads):
    text = (ROOT / "tests/accuracy/page.md").read_text()
    checks = table(["bar", "measured", "met"],
                   [[bar, measured, "yes" if met else "no"] for bar, measured, met in bars(programs, results)])
    return text.format(bars=checks, classes=by_class(programs, results), verdicts=by_verdict(results),
                       programs=by_program(programs, results, threads))


def print_errors(programs, results):
    for program in programs:
        result = results[program.name]
        for look in TABLE_LOOKS:
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
    options.add_argument("-q", action="store_true", help="as built only, not without optimisation as well")
    options.add_argument("-j", type=int, default=4, metavar="JOBS", help="programs at a time (4)")
    options.add_argument("-k", metavar="DIRECTORY", help="keep the dumps there")
    options.add_argument("names", nargs="*", metavar="NAME")
    options.add_argument("--jitter", type=int, metavar="ROUNDS", help="hunt wrong proofs")
    arguments = options.parse_args()
    sources = sorted((ROOT / "tests/patterns").glob("*.c*"), key=lambda source: source.stem)
    programs = [program for program in map(program_read, sources)
                if not arguments.names or program.name in arguments.names]
    if arguments.jitter:
        return jitter_all(programs, arguments.jitter, arguments.j)
    results = {program.name: {} for program in programs}
    threads = {}
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        runs = [(program, mode, pool.submit(run, program, mode, arguments.k, arguments.q))
                for program in programs for mode in ("leak", "fix")]
        for program, mode, future in runs:
            results[program.name][mode], counts = future.result()
            if mode == "leak":
                threads[program.name] = counts
    print_errors(programs, results)
    checks = bars(programs, results, arguments.q)
    for bar, measured, met in checks:
        print(f"{'met   ' if met else 'MISSED'} {bar}: {measured}")
    if not arguments.n and not arguments.q and not arguments.names:
        (ROOT / "docs/accuracy.md").write_text(page(programs, results, threads))
    return 0 if all(met for _, _, met in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
