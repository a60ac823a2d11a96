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

# measure NAME COMMAND...: the median of the seconds and of the peak kilobytes into $work/NAME.
measure() {
    local name=$1; shift
    : > "$work/$name.times"
    for _ in $(seq "$runs"); do
        /usr/bin/time -f '%e %M' -o "$work/time" "$@" > "$work/$name.out" 2> "$work/$name.err" || true
        tail -n 1 "$work/time" >> "$work/$name.times"
    done
    local middle=$(( (runs + 1) / 2 ))
    echo "$(cut -d' ' -f1 "$work/$name.times" | sort -n | sed -n "${middle}p") $(cut -d' ' -f2 "$work/$name.times" | sort -n | sed -n "${middle}p")" > "$work/$name"
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
        read -r seconds kilobytes < "$work/$name"
        read -r our_seconds our_kilobytes < "$work/tollgate"
        awk -v n="$name" -v s="$seconds" -v k="$kilobytes" -v os="$our_seconds" -v ok="$our_kilobytes" \
            'BEGIN { printf "%-9s %7.2f s %8.1f MB   %6.1f x time %6.1f x memory\n", n, s, k / 1024, s / (os > 0 ? os : 0.01), k / ok }'
    done
done

# Without a ratio: nothing else does the same.
echo "== built-in rules"
for one in "$plan" fixtures/plans/deploy-role-widened.json; do
    measure builtin "$tollgate" check --no-config --format json "$one"
    read -r seconds kilobytes < "$work/builtin"
    awk -v n="$(basename "$one")" -v s="$seconds" -v k="$kilobytes" 'BEGIN { printf "%-28s %7.3f s %8.1f MB\n", n, s, k / 1024 }'
done
