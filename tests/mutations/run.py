#!/usr/bin/env python3
"""Shows that the tests of the attack table need their defences: removes one at a time, and expects its test to fail.

    tests/mutations/run.py --check     every mutation still has its place in the source; nothing is built
    tests/mutations/run.py [NAME...]   runs them, or those with these names, in a scratch worktree of HEAD

The scratch worktree and its build are below MUTATION_DIR (target/mutations). Each result is written to RESULTS.md at
once, with the tree it is from; those of others stay as they were.
"""

import datetime
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent


def table():
    blocks = (HERE / "table.txt").read_text().split("\n== ")[1:]
    for block in blocks:
        head, text = block.split("\n", 1)
        name, file, test, row = (part.strip() for part in head.split("|"))
        old, new = text.split("\n----\n")
        target, test = test.split()
        yield name, file, target, test, row, old.strip("\n"), new.strip("\n")


def check():
    wrong = [name for name, file, *_, old, _ in table() if (ROOT / file).read_text().count(old) != 1]
    for name in wrong:
        print(f"mutation `{name}` does not have exactly one place in the source; mend tests/mutations/table.txt")
    sys.exit(1 if wrong else 0)


def git(*args, cwd=ROOT):
    return subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


def results():
    """The rows of RESULTS.md by the name of their mutation."""
    cells = [line.split(" | ") for line in (HERE / "RESULTS.md").read_text().splitlines() if line.startswith("| ")]
    return {row[1]: " | ".join(row) for row in cells[1:]}


def write(rows):
    names = [row[0] for row in table()]
    lines = [rows[name] for name in names if name in rows]
    noticed = sum(" | fails |" in line for line in lines)
    text = f"""# Defences removed, one at a time

Made by `tests/mutations/run.py`: of {len(names)} mutations {len(lines)} have been run, and {noticed} were noticed.
Without a mutation every test named here passes. The tree is that of `src` in which the defence was removed.

| row | defence removed | in | test | with the mutation | tree, day |
|---|---|---|---|---|---|
"""
    (HERE / "RESULTS.md").write_text(text + "\n".join(lines) + "\n")


def run(wanted):
    scratch = pathlib.Path(os.environ.get("MUTATION_DIR", ROOT / "target/mutations"))
    tree = scratch / "tree"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(scratch / "target")}
    environment.pop("TOLLGATE_EXCHANGES", None)
    chosen = [row for row in table() if not wanted or row[0] in wanted]
    if wanted - {row[0] for row in chosen}:
        sys.exit(f"no such mutation: {', '.join(sorted(wanted - {row[0] for row in chosen}))}")
    if tree.exists():
        git("worktree", "remove", "--force", str(tree))
    scratch.mkdir(parents=True, exist_ok=True)
    git("worktree", "add", "--detach", str(tree), "HEAD")
    # The tree, and not the commit: it stays the same when the commit is put on top of another one.
    judged = git("rev-parse", "--short", "HEAD:src")
    today = datetime.datetime.now(datetime.timezone.utc).date()

    def test(target, *names):
        command = ["cargo", "test", "--quiet", "--test", target, "--", "--exact", *names]
        out = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        return out.returncode, out.stdout + out.stderr

    failed = []
    try:
        for target in sorted({row[2] for row in chosen}):
            names = [row[3] for row in chosen if row[2] == target]
            code, said = test(target, *names)
            if code != 0 or f"{len(set(names))} passed" not in said:
                sys.exit(f"{target} does not pass as it is:\n{said[-3000:]}")
        for name, file, target, test_name, row, old, new in chosen:
            source = tree / file
            text = source.read_text()
            assert text.count(old) == 1, name
            source.write_text(text.replace(old, new))
            code, said = test(target, test_name)
            source.write_text(text)
            if "could not compile" in said:
                result = "does not compile"
            else:
                result = "fails" if code != 0 and "1 failed" in said else "PASSES"
            if result != "fails":
                failed.append(name)
                print(said[-1500:])
            print(f"{name}: {test_name} {result}", flush=True)
            line = f"| {row} | {name} | `{file}` | `{target}` `{test_name}` | {result} | {judged}, {today} |"
            write({**results(), name: line})
    finally:
        git("worktree", "remove", "--force", str(tree))
    sys.exit(1 if failed else 0)


check() if sys.argv[1:] == ["--check"] else run(set(sys.argv[1:]))
