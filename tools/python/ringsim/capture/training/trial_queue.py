"""A list of trials that several processes work off, one or more per GPU. A trial is claimed by creating a file, and
done when its result file is there: a later call with the same output goes on where this one stopped."""

import json
import os
import subprocess
import sys
import time


def expand(plan):
    """The trials of a plan in order: [{"name", "group", "best_of", ...settings}]. A group has `settings`, `variants` (a
    name and settings each) and `seeds`; `best_of` names a group whose settings with the best accuracy are taken."""
    trials = []
    for group in plan["groups"]:
        for name, variant in group.get("variants", {"": {}}).items():
            for seed in group.get("seeds", [1]):
                settings = {**plan.get("settings", {}), **group.get("settings", {}), **variant, "seed": seed}
                full = "-".join([group["name"]] + ([name] if name else []) + [f"seed{seed}"])
                trials.append({"name": full, "group": group["name"], "best_of": group.get("best_of"), **settings})
    return trials


def result_path(output, name):
    return output / "results" / f"{name}.json"


def take_known(output, lines):
    """Writes the results of earlier calls, a line of JSON each, where they are not yet."""
    for line in lines.splitlines():
        path = result_path(output, json.loads(line)["name"])
        if not path.exists():
            path.write_text(line + "\n")


def best_settings(output, trials, group, keys):
    """The settings (of these keys) with the best accuracy in a group, the mean over their seeds; None while a trial is
    missing."""
    found = {}
    for trial in trials:
        if trial["group"] != group:
            continue
        path = result_path(output, trial["name"])
        if not path.exists():
            return None
        result = json.loads(path.read_text())
        settings = {key: trial[key] for key in keys if key in trial}
        found.setdefault(json.dumps(settings), []).append(result.get("accuracy") or 0.0)
    return json.loads(max(found, key=lambda settings: sum(found[settings]) / len(found[settings])))


def claim(output, trials, keys, fits=lambda trial: True):
    """The next trial that nobody has and that fits, with its settings; None where all are taken, "wait" where one waits
    for a group."""
    waits = False
    for trial in trials:
        if result_path(output, trial["name"]).exists() or not fits(trial):
            continue
        best = {}
        if trial["best_of"]:
            best = best_settings(output, trials, trial["best_of"], keys)
            if best is None:
                waits = True
                continue
        try:
            os.close(os.open(output / "claims" / trial["name"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return {**best, **trial}
    return "wait" if waits else None


def work(output, plan, deadline, make_trial, version, release):
    """Runs trials until none is left or the deadline is near; `release` is called after each one."""
    trials, seconds = expand(plan), {}
    keys = plan.get("searched", ["lr", "momentum"])

    def kind(trial):
        return tuple(trial.get(key) for key in ("model", "scheme", "ranks", "epochs", "split"))

    def fits(trial):
        return time.time() + 0.9 * seconds.get(kind(trial), 0) < deadline

    while True:
        trial = claim(output, trials, keys, fits)
        if trial is None or time.time() > deadline:
            return
        if trial == "wait":
            time.sleep(0.5)
            continue
        epochs = trial.get("epochs", 10)
        begun = time.time()
        settings = {key: value for key, value in trial.items() if key not in ("name", "group", "best_of")}
        name = trial["name"]
        try:
            running = make_trial(settings)
            running.dump_folder = output / "gradients" / name
            result = running.run(deadline)
        except Exception:
            os.remove(output / "claims" / name)  # another worker, or this one started again, may have it
            raise
        if running.trace and result["finished"]:
            running.trace.write(output / "traces" / name, version, f"tools/capture/train.py, trial {name}")
        del running
        release()
        result.update(name=name, group=trial["group"], total_seconds=time.time() - begun)
        accuracy, ratio = result["accuracy"], result["ratio"].get("wire_after_warmup", 0)
        print(
            f"{name}: {accuracy} ratio {ratio:.1f}, {1e3 * result['seconds_per_step']:.1f} ms a step, "
            f"{result['total_seconds']:.1f} s, {epochs} epochs, {result['stage_seconds']}",
            flush=True,
        )
        diverged = accuracy is not None and not result["finished"] and time.time() <= deadline
        if result["finished"] or diverged:
            path = result_path(output, name)
            path.with_suffix(".part").write_text(json.dumps(result) + "\n")
            path.with_suffix(".part").rename(path)
        seconds[kind(trial)] = max(seconds.get(kind(trial), 0), result["total_seconds"])


def start_workers(script, arguments, gpus, per_gpu, deadline, output):
    """One process per worker, started again (with fewer streams) where it failed, up to three times."""

    def start(number, streams):
        variables = {**os.environ, "CUDA_VISIBLE_DEVICES": str(number % gpus)}
        log = open(output / f"worker-{number}.log", "a")
        command = [sys.executable, script, *arguments, "--worker", str(number), "--streams", str(streams)]
        return subprocess.Popen(command, env=variables, stdout=log, stderr=subprocess.STDOUT)

    streams = [4, 1, 0, 0]
    workers = [[start(number, streams[0]), 0] for number in range(gpus * per_gpu)]
    while time.time() < deadline + 30 and any(process.poll() is None for process, _ in workers):
        time.sleep(1)
        for number, (process, failures) in enumerate(workers):
            if process.poll() in (None, 0) or failures == len(streams) - 1:
                continue
            print(f"worker {number} failed, see its log", flush=True)
            workers[number] = [start(number, streams[failures + 1]), failures + 1]
    for process, _ in workers:
        if process.poll() is None:
            process.kill()
