#!/usr/bin/env bash
# Runs the GitHub action with act and the GitLab template with gitlab-ci-local, each on one plan for every decision.
# Usage: run.sh github|gitlab TOLLGATE. Needs act, or gitlab-ci-local and rsync, on PATH; touches nothing outside a
# temporary folder.
set -euo pipefail
forge=$1
tollgate=$(realpath "$2")
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A home of its own, and nothing of the CI system that runs this script.
export HOME="$work/home" XDG_CACHE_HOME="$work/home/cache" XDG_CONFIG_HOME="$work/home/config" XDG_DATA_HOME="$work/home/data"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
for name in $(compgen -e | grep -E '^(GITHUB_|CI_|GITLAB_|TOLLGATE_|RUNNER_)' || true); do unset "$name"; done
mkdir -p "$HOME" "$work/repo/plans"
cd "$work/repo"
git init -q -b main
git config user.name test
git config user.email test@example.org
cp "$source/fixtures/plans/deploy-role-respelled.json" plans/allow.json
cp "$source/fixtures/plans/deploy-role-widened.json" plans/approval.json
head -c 500 plans/approval.json >plans/error.json
cp -R "$source/fixtures/pipelines/policy" policy
case $forge in
  github)
    cp "$source/action.yml" .
    mkdir -p .github/workflows
    cp "$source/fixtures/pipelines/github.yml" .github/workflows/gate.yml
    ;;
  gitlab)
    cp -R "$source/templates" templates
    cp "$source/fixtures/pipelines/gitlab.yml" .gitlab-ci.yml
    cp "$tollgate" tollgate
    echo /tollgate >.gitignore
    ;;
esac
git add -A
git commit -q -m "Add the pipeline"
git clone -q --bare . "$work/origin.git"
git remote add origin "$work/origin.git"
git fetch -q origin
git checkout -q -b feature

# run LOG EXPECTED...: one pipeline; every expected text is in its log.
run() {
  local log=$1 expected
  shift
  case $forge in
    github)
      act pull_request -e "$work/event.json" -P ubuntu-latest=-self-hosted --env TOLLGATE="$tollgate" \
        --container-daemon-socket - >"$log" 2>&1 || { cat "$log"; exit 1; }
      ;;
    gitlab)
      for job in allow approval block error; do
        local status=0
        gitlab-ci-local --force-shell-executor \
          --variable CI_PIPELINE_SOURCE=merge_request_event --variable CI_DEFAULT_BRANCH=main "$job" \
          >"$log.$job" 2>&1 || status=$?
        cat "$log.$job" >>"$log"
        local artifacts=.gitlab-ci-local/artifacts/$job
        for file in tollgate.json tollgate-codequality.json tollgate-junit.xml; do
          [ -s "$artifacts/$file" ] || { echo "no artifact $file of $job"; cat "$log"; exit 1; }
        done
        printf '%s=%s/%s\n' "$job" "$(sed -n 's/^  "decision": "\(.*\)",$/\1/p' "$artifacts/tollgate.json")" \
          "$([ "$status" = 0 ] && echo success || echo failure)" >>"$log"
      done
      ;;
  esac
  for expected in "$@"; do
    grep -qF -- "$expected" "$log" || { echo "missing in the log: $expected"; cat "$log"; exit 1; }
  done
}

printf '{"pull_request": {"head": {"ref": "feature"}, "base": {"ref": "main"}}, "repository": {"default_branch": "main"}}' \
  >"$work/event.json"
run "$work/clean" allow=allow/success approval=needs_approval/failure block=block/failure error=error/failure
[ "$forge" = gitlab ] || run "$work/quoted" hostile=error/failure verdict=none sarif=block.sarif

# The pull request's own branch tries to loosen the gate: what counts is the default branch, and the try is a finding.
printf '[rules.no-access-changes]\nlevel = "warn"\n' >tollgate.toml
git add -A
git commit -q -m "Loosen the gate"
run "$work/loose" allow=needs_approval/failure block=block/failure
echo "ok: $forge"
