#!/bin/sh
# leaklab by itself: every leak leaves its threads behind and every fix none, as the kernel counts them.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 49

leaklab=$build/demos/leaklab

stage() { # NAME: that stage's line of the last run
	printf '%s\n' "$out" | grep -F "[$1] "
}

stages() { # the names, in order
	printf '%s\n' "$out" | sed -n 's/^\[\(.*\)\] threads=.*/\1/p' | paste -sd,
}

# --- receive, send and orphan -----------------------------------------------------------------------

for mode in leak-recv leak-send leak-orphan; do
	run "$leaklab" -mode=$mode
	is "$mode ends well with its threads alive" "$status$err" 0
	is "$mode: the stages" "$(stages)" 'start,after spawn (still blocked),after linger,end'
	like "$mode: starts with one thread" "$(stage start)" ' threads=1 .* heap_objects=0 '
	like "$mode: 2000 are blocked" "$(stage 'after spawn (still blocked)')" ' threads=2001 '
	like "$mode: they and their objects stay" "$(stage end)" ' threads=2001 .* heap_objects=2002 '
done

for mode in fix-recv fix-orphan; do
	run "$leaklab" -mode=$mode
	is "$mode ends well" "$status$err" 0
	is "$mode: the stages" "$(stages)" 'start,after spawn (still blocked),after work done,end'
	like "$mode: 2000 are blocked" "$(stage 'after spawn (still blocked)')" ' threads=2001 '
	like "$mode: none is left" "$(stage 'after work done')" ' threads=1 '
	like "$mode: nor an object" "$(stage end)" ' threads=1 .* heap_objects=0 .* timers=[0-]'
done

run "$leaklab" -mode=fix-send
is 'fix-send ends well' "$status$err" 0
is 'fix-send: the stages' "$(stages)" 'start,after spawn,after work done,end'
like 'fix-send: no thread is left' "$(stage 'after work done')" ' threads=1 .* heap_objects=2002 '
like 'fix-send: nor an object' "$(stage end)" ' threads=1 .* heap_objects=0 .* timers=[0-]'

# --- ticker -----------------------------------------------------------------------------------------

if [ -r /proc/self/timers ]; then one=1; else one=-; fi

run "$leaklab" -mode=leak-ticker -tick=1ms
is 'leak-ticker ends well with its thread alive' "$status$err" 0
is 'leak-ticker: the stages' "$(stages)" 'start,after spawn (ticking),after linger,end'
like 'leak-ticker: thread and timer stay' "$(stage end)" " threads=2 .* timers=$one\$"

run "$leaklab" -mode=fix-ticker -tick=1ms
is 'fix-ticker ends well' "$status$err" 0
is 'fix-ticker: the stages' "$(stages)" 'start,after spawn (ticking),after work done,end'
like 'fix-ticker: it ticks' "$(stage 'after spawn (ticking)')" " threads=2 .* timers=$one\$"
like 'fix-ticker: neither is left' "$(stage end)" ' threads=1 .* heap_objects=0 .* timers=[0-]$'

# --- the command line -------------------------------------------------------------------------------

run "$leaklab" --mode fix-recv --n 7 -linger 1ms
like 'two dashes, values as arguments of their own' \
	"$(stage 'after spawn (still blocked)')" ' threads=8 '
run "$leaklab" -n=10000 -linger=0
like '10,000 threads' "$status $(stage end)" '^0 .* threads=10001 '

refused() { # NAME WANTED ARGUMENT...
	refused_name=$1 refused_regex=$2
	shift 2
	run "$leaklab" "$@"
	like "$refused_name" "$status $(printf '%s\n' "$err" | wc -l)$out $err" "^2 1 .*$refused_regex"
}

refused 'an unknown flag' "unrecognized option '-colour'" -colour
refused 'an unknown mode' 'mode: "leak" is not a mode' -mode=leak
refused 'no threads' 'n: "0" is not a whole number' -n=0
refused 'a duration without a unit' 'linger: "80" is not a duration' -linger=80
refused 'an empty duration' 'tick: "" is not a duration' -tick=
refused 'no time at all between ticks' 'tick: "0" is not longer' -tick=0
refused 'an argument' 'unexpected argument "leak-recv"' leak-recv

run "$leaklab" --help
like '--help' "$status$err $out" '^0 usage: leaklab '

# --- holding on -------------------------------------------------------------------------------------

start "$leaklab" -mode=leak-send -n=5 -linger=0 -hold=100s
holds() { grep -q '^\[end\]' "$scratch/$pid.out"; }
ok '-hold: the last line is out' wait_for 10 holds
is '-hold: the threads are there' "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" 6
kill -TERM "$pid"
wait "$pid"
is '-hold: SIGTERM ends it with 0' $? 0
