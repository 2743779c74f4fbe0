#!/bin/sh
# calls.sh - what the shim adds to each intercepted call, in pairs within one process.
set -eu
# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"

printf '\n### Intercepted calls\n\n%s. Medians of 3,001 pairs of batches, in turn.\n\n' "$(machine)"
printf '| call | without, ns | with, ns | added, ns | ratio |\n|---|---|---|---|---|\n'
$preloaded "$build/tests/bench/calls"
