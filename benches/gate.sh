#!/usr/bin/env bash
# Runs tollgate, conftest and `opa eval` in turn on the same plan with the same policies: same findings, then time
# and peak memory, and the ratios. `tollgate` runs the policies as conftest does (`--no-access`); `compared` also works
# out what the plan newly permits, and `builtin` judges that by the built-in rules. Needs conftest and opa in the PATH (`go install`), GNU time and jq.
#
#   cargo build --release && benches/gate.sh [ROWS] [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-10000} runs=${2:-5}
export PATH="$PATH:$HOME/go/bin"
for tool in conftest opa jq /usr/bin/time; do command -v "$tool" > /dev/null || { echo "gate.sh: $tool is missing" >&2; exit 1; }; done
tollgate=target/release/tollgate
[ -x "$tollgate" ] || { echo "gate.sh: run cargo build --release first" >&2; exit 1; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
plan=$work/plan.json
cargo xtask bench-plan --rows "$rows" --out "$plan"
echo "plan: $(stat -c %s "$plan") bytes, $rows rows; median of $runs runs"

# measure NAME COMMAND...: the medians of the seconds, of the processor's seconds and of the peak kilobytes into
# $work/NAME. On a machine that does other things as well, the processor's seconds are the figure to trust.
measure() {
    local name=$1; shift
    : > "$work/$name.times"
    for _ in $(seq "$runs"); do
        /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$@" > "$work/$name.out" 2> "$work/$name.err" || true
        tail -n 1 "$work/time" | awk '{ print $1, $2 + $3, $4 }' >> "$work/$name.times"
    done
    local middle=$(( (runs + 1) / 2 ))
    for column in 1 2 3; do cut -d' ' -f"$column" "$work/$name.times" | sort -n | sed -n "${middle}p"; done \
        | paste -sd' ' > "$work/$name"
}

for policies in benches/policies benches/policies_all; do
    echo "== $policies"
    measure compared "$tollgate" check --no-config --no-builtin-policies --policy "$policies" --format json "$plan"
    measure tollgate "$tollgate" check --no-config --no-builtin-policies --no-access --policy "$policies" --format json \
        "$plan"
    measure conftest conftest test --policy "$policies" --output json "$plan"
    measure opa opa eval --input "$plan" --data "$policies" --format json data.main
    jq -r '.findings[] | select(.rule | startswith("main.")) | .rule + "\t" + .message' "$work/tollgate.out" | sort -u > "$work/ours"
    jq -r '.[] | (.failures // []) + (.warnings // []) | .[] | (.metadata.query | ltrimstr("data.")) + "\t" + .msg' "$work/conftest.out" | sort -u > "$work/theirs"
    cmp "$work/ours" "$work/theirs" || { echo "gate.sh: the findings differ" >&2; diff "$work/ours" "$work/theirs" | head >&2; exit 1; }
    echo "same findings: $(wc -l < "$work/ours")"
    for name in tollgate compared conftest opa; do
        paste -d' ' "$work/$name" "$work/tollgate" | awk -v n="$name" '{
            printf "%-9s %7.2f s wall %7.2f s processor %8.1f MB   %5.1f x wall %5.1f x processor %5.1f x memory\n",
                n, $1, $2, $3 / 1024, $1 / ($4 > 0 ? $4 : 0.01), $2 / ($5 > 0 ? $5 : 0.01), $3 / $6 }'
    done
done

# Without a ratio: nothing else does the same.
echo "== built-in rules"
for one in "$plan" fixtures/plans/deploy-role-widened.json; do
    measure builtin "$tollgate" check --no-config --format json "$one"
    awk -v n="$(basename "$one")" '{ printf "%-28s %7.2f s wall %7.2f s processor %8.1f MB\n", n, $1, $2, $3 / 1024 }' \
        "$work/builtin"
done
