#!/bin/sh
# Shows that the targets find bugs: fuzz/planted.sh [target ...]. For each target a copy of the repository gets the bug
# of fuzz/planted/<target>.patch, and the target runs on it from its seeds until it fails; longer than LIMIT seconds
# (300) counts as not found. Says whether the seeds alone found it, or only fuzzing did.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
limit=${LIMIT:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RUSTC_BOOTSTRAP=1
# Apart from the ordinary runs, whose artifacts would have the same names.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/target}/planted"
[ $# -gt 0 ] || set -- $(cd "$here/planted" && ls | sed 's/\.patch$//')
mkdir "$work/repo"
(cd "$here/.." && tar cf - --exclude=./fuzz/target --exclude=fuzz/corpus --exclude=fuzz/artifacts \
    Cargo.toml rust-toolchain.toml crates xtask tests bench fuzz) | tar xf - -C "$work/repo"
cd "$work/repo/fuzz"
run() { cargo fuzz run -s none "$target" "$@" >"$work/log" 2>&1; }
missed=0
for target in "$@"; do
    patch -s -p1 -d "$work/repo" <"$here/planted/$target.patch"
    cargo fuzz build -s none "$target" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    mkdir "$work/corpus"
    dictionary=
    [ ! -f "seeds/$target.dict" ] || dictionary="-dict=seeds/$target.dict"
    by=fuzzing
    run "seeds/$target" -- -runs=0 || by="its seeds alone"
    began=$(date +%s)
    if run "$work/corpus" "seeds/$target" -- -max_total_time="$limit" -timeout=10 -max_len=2048 \
        -print_final_stats=1 $dictionary; then
        echo "$target: NOT found in $limit s"
        missed=1
    else
        inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
        why=$(grep -am1 -A1 'panicked at' "$work/log" | tail -1)
        echo "$target: found by $by in $(($(date +%s) - began)) s, ${inputs:-0} inputs: $why"
    fi
    rm -rf "$work/corpus"
    # Applying and taking back both renew the file's time, so that cargo builds it anew.
    patch -s -R -p1 -d "$work/repo" <"$here/planted/$target.patch"
done
exit $missed
