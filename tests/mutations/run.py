#!/usr/bin/env python3
"""Shows that the tests of the attack table need their defences: removes one at a time, and expects its test to fail.

    tests/mutations/run.py --check     every mutation still has its place in the source; nothing is built
    tests/mutations/run.py             runs them in a scratch worktree and writes RESULTS.md

The scratch worktree and its build are below MUTATION_DIR (target/mutations).
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


def run():
    scratch = pathlib.Path(os.environ.get("MUTATION_DIR", ROOT / "target/mutations"))
    tree = scratch / "tree"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(scratch / "target")}
    environment.pop("TOLLGATE_EXCHANGES", None)
    if tree.exists():
        git("worktree", "remove", "--force", str(tree))
    scratch.mkdir(parents=True, exist_ok=True)
    git("worktree", "add", "--detach", str(tree), "HEAD")
    # The tree, and not the commit: it stays the same when the commit is put on top of another one.
    judged = git("rev-parse", "--short", "HEAD:src")

    def test(target, *names):
        command = ["cargo", "test", "--quiet", "--test", target, "--", "--exact", *names]
        out = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        return out.returncode, out.stdout + out.stderr

    lines, failed = [], []
    try:
        rows = list(table())
        for target in sorted({row[2] for row in rows}):
            names = [row[3] for row in rows if row[2] == target]
            code, said = test(target, *names)
            if code != 0 or f"{len(set(names))} passed" not in said:
                sys.exit(f"{target} does not pass as it is:\n{said[-3000:]}")
        for name, file, target, test_name, row, old, new in rows:
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
            lines.append(f"| {row} | {name} | `{file}` | `{target}` `{test_name}` | {result} |")
    finally:
        git("worktree", "remove", "--force", str(tree))
    today = datetime.datetime.now(datetime.timezone.utc).date()
    text = f"""# Defences removed, one at a time

Made by `tests/mutations/run.py` on {today}, from the tree {judged} of src: {len(lines)} mutations, {len(lines) - len(failed)} noticed.
Without a mutation every test named here passes.

| row | defence removed | in | test | with the mutation |
|---|---|---|---|---|
"""
    (HERE / "RESULTS.md").write_text(text + "\n".join(lines) + "\n")
    sys.exit(1 if failed else 0)


check() if sys.argv[1:] == ["--check"] else run()
