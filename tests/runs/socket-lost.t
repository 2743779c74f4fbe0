#!/bin/sh
# A cleaner of /tmp removes the socket, or the whole directory: the process can be reached again within a tick.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/watch.sh
. "$(dirname "$0")/../watch.sh"
needs jq
plan 4

export LEAKWATCH_TICK=0.05
start "$leakwatch" run --interval=0 -- "$build/tests/hosts/parked" 3
ok 'it can be reached' wait_for 20 dump "$pid"
rm "$LEAKWATCH_DIR/$pid.sock"
ok 'again after its socket was removed' wait_for 20 dump "$pid"
rm -r "$LEAKWATCH_DIR"
ok 'again after its directory was removed' wait_for 20 dump "$pid"
stop "$pid"
is 'it ends as it would have' "$status" 143
