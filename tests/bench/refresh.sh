#!/bin/sh
# Measures Joist against the erl on PATH and stores the picture for the README: comparison.json and
# comparison.svg beside this script. COMPARE is the benchmark set's `compare`; what follows JOIST
# goes to it (default: --quick --rounds 3).
#
#     tests/bench/refresh.sh COMPARE build/release/bin/erl [--short --div 20 ...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
compare=$1
joist=$(realpath -s "$2")
shift 2
[ $# -gt 0 ] || set -- --quick --rounds 3
"$compare" --vm erl=erl --vm "joist=$joist" "$@" --json "$here/comparison.json"
# Where the programs lie says nothing, and is nobody's business.
sed -i "s|$joist|joist|g" "$here/comparison.json"
"$here/draw.py" "$here/comparison.json" --vm joist --out "$here/comparison.svg"
