#!/usr/bin/env python3
"""Bad inputs from tables: each has to end with the exit code and the message that stand there, quickly, and to leave
nothing behind. Usage: attacks_test.py RINGSIM SOURCE_ROOT TABLE.toml... [--mend]
--mend writes into the tables what the program says now; whoever does that reads all of it (README.md)."""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib

import inputs

# Nothing takes long; a sanitized program on a busy machine takes longer than others.
TIMEOUT = 60
# What other libraries would say.
FOREIGN = re.compile(
    r"json\.exception|parse error|syntax error|std::|basic_string|\bsto[ifdul]+\b|bad_alloc|vector::|terminate"
    r"|filesystem error|nlohmann|CLI11|Could not|required|\bexpected\b|excludes|Expected|TEXT|\bINT\b|FLOAT|Traceback"
)


def kinds_of_input(kind, text, document):
    """The bytes of the file that a case attacks with."""
    if kind == "text":
        return text.encode()
    if kind == "bytes":
        return text.encode("latin-1")
    if kind == "edit":
        return inputs.edited(document, text).encode()
    if kind == "replace":
        return inputs.replaced(document, text).encode()
    if kind == "safetensors":
        return inputs.safetensors(text)
    if kind == "npy":
        return inputs.npy(text)
    raise ValueError(f"unknown kind {kind}")


def snapshot(folder):
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")
    }


class Attack:
    def __init__(self, table, group, case):
        self.table, self.group = table, group
        self.input, self.wanted, self.wanted_code = (*case, 2)[:3]

    def run(self, program, prepared):
        """What is wrong with what the program does, or None; sets `said` and `code`."""
        group = self.group
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for source in group.get("with", []):
                if (prepared / source).is_dir():
                    shutil.copytree(prepared / source, folder / source)
                else:
                    shutil.copy2(prepared / source, folder / source)
            words = group["command"]
            if group["kind"] == "words":
                words = words.replace("{}", self.input)
            else:
                path = folder / group["file"]
                document = path.read_text() if group["kind"] in ("edit", "replace") else None
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(kinds_of_input(group["kind"], self.input, document))
            before = snapshot(folder)
            command = [part.replace("$ROOT", str(inputs.ROOT)) for part in shlex.split(words)]
            try:
                done = subprocess.run(
                    [program, *command],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=TIMEOUT,
                    env={**os.environ, "COLUMNS": "1000"},
                )
            except subprocess.TimeoutExpired:
                self.code, self.said = None, "nothing"
                return f"went on for {TIMEOUT} s"
            self.code = done.returncode
            self.said = (
                done.stderr.decode(errors="backslashreplace").removesuffix("\n").replace(str(inputs.ROOT), "$ROOT")
            )
            if self.code < 0:
                return f"ended by signal {-self.code}"
            if self.code not in (1, 2):
                return f"ended with {self.code}"
            if done.stdout:
                return f"printed {done.stdout[:200]!r}"
            left = {name for name, state in snapshot(folder).items() if before.get(name) != state}
            left |= before.keys() - snapshot(folder).keys()
            if left and not group.get("leaves"):
                return f"left or changed {sorted(left)}"
            if not self.said or self.said.count("\n") > group.get("lines", 1) - 1:
                return f"said {self.said!r}"
            foreign = FOREIGN.search(self.said)
            if foreign and not group.get("quotes"):
                return f"said what is another library's: {self.said}"
        return None

    def check(self, program, prepared):
        wrong = self.run(program, prepared)
        if wrong is None and (self.code, self.said) != (self.wanted_code, self.wanted):
            wrong = f"ended with {self.code} and said {self.said!r}; {self.wanted!r} was wanted"
        return wrong


def toml_string(text):
    return json.dumps(text, ensure_ascii=True).replace("\\u007f", "\\u007F").replace("\x7f", "\\u007F")


def written(table, attacks):
    """The table as TOML, with what was said."""
    lines = [f"about = {toml_string(table['about'])}"]
    for group in table["group"]:
        lines += ["", "[[group]]"]
        for key, value in group.items():
            if key != "cases":
                shown = json.dumps(value) if not isinstance(value, str) else toml_string(value)
                lines.append(f"{key} = {shown}")
        lines.append("cases = [")
        for attack in attacks:
            if attack.group is group:
                code = "" if attack.code == 2 else f", {attack.code}"
                lines.append(f"  [{toml_string(attack.input)},")
                lines.append(f"   {toml_string(attack.said)}{code}],")
        lines.append("]")
    return "\n".join(lines) + "\n"


def main():
    mend = "--mend" in sys.argv
    program, root, *paths = [argument for argument in sys.argv[1:] if argument != "--mend"]
    program = str(pathlib.Path(program).resolve())
    inputs.ROOT = pathlib.Path(root).resolve()
    bad = total = 0
    with tempfile.TemporaryDirectory() as name:
        prepared = pathlib.Path(name)
        inputs.prepare(program, prepared)
        for path in map(pathlib.Path, paths):
            table = tomllib.loads(path.read_text())
            attacks = [Attack(table, group, case) for group in table["group"] for case in group["cases"]]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                check = Attack.run if mend else Attack.check
                for attack, wrong in zip(attacks, pool.map(lambda one: check(one, program, prepared), attacks)):
                    if wrong:
                        bad += 1
                        print(f"{path.name}: {attack.group['what']}: {attack.input!r}: {wrong}", file=sys.stderr)
            total += len(attacks)
            if mend:
                path.write_text(written(table, attacks))
    print(f"{total} bad inputs, {bad} of them taken wrongly")
    return 1 if bad or total == 0 else 0


sys.exit(main())
