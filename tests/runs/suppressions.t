#!/bin/sh
# Rules for what nobody wants to hear of: read by run, report and diff alike; refused by file and line; and told of
# when they are of no use.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
plan 31

cd "$(dirname "$0")/../golden" || exit 1
rules=$scratch/rules
rules() { printf '%s\n' "$@" >"$rules"; }

in_golden() { # DIRECTORY COMMAND...: with all its dumps, if none is named
	cd "$1" || exit 1
	shift
	[ $# -gt 1 ] || set -- "$@" dump*
	run "$leakwatch" "$@" --symbols=symbols.table --suppressions="$rules"
	cd ..
}

# --- report -----------------------------------------------------------------------------------------

rules 'name:nobody'
in_golden verdict-growing report
like 'report: a verdict' "$status $out" '^# 12 threads: growing'
is 'a rule that matched nothing is told of' "$err" "leakwatch: report: $rules:1: the rule matched nothing"
for rule in 'thread:^queue_take$' 'created_by:leak_cons' 'module:^stuck$' 'name:^stuck'; do
	rules "$rule"
	in_golden verdict-growing report
	unlike "report, $rule: no verdict" "$out" ': growing'
	is "report, $rule: and nothing to tell" "$status$err" 0
done
in_golden verdict-growing report --all dump.1 dump.2 dump.3 dump.4 dump.5 dump.6
like '--all: which line holds it back' "$out" "Line 1 of $rules holds them back"
in_golden verdict-timer-leak report
unlike 'names are of threads' "$err$out" 'holds them back'
rules 'timer:^leak_timers$'
in_golden verdict-timer-leak report
unlike 'timers too' "$out" ': timer leak'
rules 'created_by:^unjoined$'
in_golden verdict-unjoined report
unlike 'finished threads too' "$out" ': unjoined'
rules 'name:nobody expires:2020-01-01'
in_golden verdict-growing report
is 'an expired rule is told of' "$status $err" "0 leakwatch: report: $rules:1: the rule has expired"

# --- diff -------------------------------------------------------------------------------------------

rules 'thread:^chan_recv$' 'name:nobody'
in_golden several-dumps diff dump.2 dump.1
unlike 'diff: the group is left out' "$out" 'chan_recv'
like 'diff: others are not' "$out" '^new: 1 thread sleeping'
is 'diff: a rule that matched nothing is told of' "$err" "leakwatch: diff: $rules:2: the rule matched nothing"

# --- bad rules --------------------------------------------------------------------------------------

refused() { # WHAT LINE...: the last is the bad one
	refused_what=$1
	shift
	rules "$@"
	for command in 'report several-dumps/dump.1' 'diff several-dumps/dump.1 several-dumps/dump.2' \
		'run --fail-on=leak -- true'; do
		# shellcheck disable=SC2086 # words
		run "$leakwatch" ${command%% *} --suppressions="$rules" ${command#* }
		is "${command%% *} refuses $refused_what" "$status $out$err" \
			"2 leakwatch: ${command%% *}: $rules:$#: $refused_why"
	done
}

refused_why='not a rule: it begins with none of thread:, created_by:, timer:, module:, name:, scope:'
refused 'another word' '# a remark' 'name:x' 'thraed:y'
refused_why='a rule without a pattern'
refused 'no pattern' 'name:'
refused_why='expires: is not followed by a date such as 2027-01-31'
refused 'no date' 'name:x expires:2027-13-01'
run "$leakwatch" report --suppressions="$rules.none" several-dumps/dump.1
like 'no such file' "$status $err" "^2 leakwatch: report: $rules.none: cannot open it: No such file"
rules 'name:x'
run "$leakwatch" run --fail-on=leak --suppressions="$rules" --suppressions="$rules" -- true
like 'one file only' "$status $err" "^2 leakwatch: run: $rules: it is the second file of rules"
run "$leakwatch" run --suppressions="$rules" -- true
like 'run: only for what is judged' "$status $err" '^2 leakwatch: run: --suppressions goes with --fail-on'

# --- built-in rules ---------------------------------------------------------------------------------

run "$leakwatch" run --fail-on=leak -- "$build/tests/hosts/helpers"
is "libc's helper threads are no leaks" "$status$err" 0
