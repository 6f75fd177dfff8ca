#!/bin/sh
# Runs one fuzz target for some seconds: fuzz/run.sh <target> [seconds] [further libFuzzer options].
# The seeds are read, the generated corpus stays in fuzz/corpus (not committed). Needs cargo-fuzz and a C++ compiler.
set -eu
cd "$(dirname "$0")"
target=$1
seconds=${2:-60}
[ $# -lt 2 ] || shift
shift
mkdir -p "corpus/$target"
dictionary=
[ ! -f "seeds/$target.dict" ] || dictionary="-dict=seeds/$target.dict"
# The flags that instrument are unstable options of the stable compiler. No sanitizer: the crates forbid `unsafe`, so that
# one would only slow them down.
export RUSTC_BOOTSTRAP=1
exec cargo fuzz run -s none "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $dictionary "$@"
