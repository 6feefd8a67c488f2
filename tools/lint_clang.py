#!/usr/bin/env python3
"""clang-format and clang-tidy over all C++ sources.

usage: lint_clang.py format [--fix] [FILE...]      is everything formatted? --fix formats it
       lint_clang.py tidy BUILD [FILE...]          clang-tidy with the compile commands of BUILD

clang-tidy takes seconds a file, so a file that was found clean is not looked at again until it, a
header of the house that it includes, its compile command, .clang-tidy or clang-tidy itself changes.
~/.cache/corelane-tidy (build/tidy-cache where there is no home) remembers the clean ones, by a hash
of all that. FILE narrows either command to some files (paths below the root of the project).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CPP_FOLDERS = ["include", "src", "tools", "tests", "bench"]
INCLUDE = re.compile(rb'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
# What meson tells the compiler and clang-tidy must not hear: warnings are the compiler's business,
# and the two compilers do not know each other's.
DROPPED_ARGUMENT = re.compile(r"^-(?:W(?!l,|p,)|fdiagnostics|M[DQF]?$|g\d?$|D_GLIBCXX_ASSERTIONS)")
TIDY_TIMEOUT_S = 300
# How long the cache remembers a file that nobody asked about.
CACHE_DAYS_MAX = 30
# C++20 that GCC compiles and clang 14 does not know yet: capturing a structured binding. clang-tidy
# goes on behind it.
TOLERATED = re.compile(
    r"error: (?:reference to local binding '|'\w+' in capture list does not name a variable)"
    r".*\[clang-diagnostic-error\]$")
DIAGNOSTIC = re.compile(r"^\S.*?(?::\d+:\d+)?: (?:error|warning): |^(?:error|warning): ")


def find_tool(name):
    """clang-format-14 where there is one: another version formats differently."""
    for candidate in (f"{name}-14", name):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = pathlib.Path(folder) / candidate
            if path.is_file() and os.access(path, os.X_OK):
                return str(path)
    sys.exit(f"lint: {name}-14 is not installed; tools/dev test installs it")


def run(command, **options):
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        cwd=ROOT, check=False, **options)


# --- clang-format ---------------------------------------------------------------------------------


def cpp_files(wanted):
    files = [
        path.relative_to(ROOT).as_posix()
        for folder in CPP_FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".h", ".cc")
    ]
    return [name for name in files if not wanted or name in wanted]


def format_files(fix, wanted):
    files = cpp_files(wanted)
    if not files:
        sys.exit("lint: there is nothing to format")
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    done = run([find_tool("clang-format"), "--style=file", *mode, *files])
    if done.returncode != 0:
        first_places = {}
        for file, place in re.findall(r"^([^:\n]+):(\d+):\d+: error: ", done.stdout, re.MULTILINE):
            first_places.setdefault(file, place)
        for file, place in first_places.items():
            print(f"{file}:{place}: is not formatted from here on")
        print("lint: `tools/dev format` puts this right" if first_places else done.stdout)
    return done.returncode != 0


# --- clang-tidy -----------------------------------------------------------------------------------


class HouseIncludes:
    """Which files of the project a source includes, directly or not. Reads each file once."""

    def __init__(self):
        self.direct_of = {}

    def resolve(self, including, header):
        for folder in (including.parent, ROOT / "src", ROOT / "include", ROOT):
            path = folder / header
            if path.is_file():
                return path.resolve()
        return None

    def direct(self, path):
        if path not in self.direct_of:
            headers = INCLUDE.findall(path.read_bytes())
            found = (self.resolve(path, header.decode()) for header in headers)
            self.direct_of[path] = sorted({header for header in found if header})
        return self.direct_of[path]

    def closure(self, path):
        reached, waiting = {path}, [path]
        while waiting:
            for header in self.direct(waiting.pop()):
                if header not in reached:
                    reached.add(header)
                    waiting.append(header)
        return sorted(reached)


def tidy_command(tidy, entry, path):
    """The clang-tidy call for one entry of the compile commands, without what only GCC knows."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    words = words[1:] if "ccache" in words[0] else words
    kept, skip = [], False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MQ", "-c"):
            skip = word != "-c"
        elif not DROPPED_ARGUMENT.match(word) and word != entry["file"]:
            kept.append(word)
    return [tidy, "--quiet", str(path), "--", *kept, "-w", "-ferror-limit=0"]


def tidy_configs(path):
    """The .clang-tidy files that count for `path`."""
    folders = [folder for folder in path.parents if folder == ROOT or ROOT in folder.parents]
    return [folder / ".clang-tidy" for folder in folders if (folder / ".clang-tidy").is_file()]


def cache_key(command, path, includes, version):
    digest = hashlib.sha256(version.encode())
    for config in tidy_configs(path):
        digest.update(config.read_bytes())
    digest.update("\0".join(command).replace(str(ROOT), "").encode())
    for file in includes.closure(path):
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def tidy_jobs(build, wanted):
    """(name, call, cache key, folder to run in) of each source of the build."""
    tidy = find_tool("clang-tidy")
    version = run([tidy, "--version"]).stdout
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    includes, seen, jobs = HouseIncludes(), set(), []
    for entry in entries:
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        # The same source may be built into several programs; a source that the build no longer has
        # may be gone.
        if path in seen or ROOT not in path.parents or not path.is_file():
            continue
        seen.add(path)
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] in CPP_FOLDERS and (not wanted or name in wanted):
            command = tidy_command(tidy, entry, path)
            key = cache_key(command, path, includes, version)
            jobs.append((name, command, key, entry["directory"]))
    return jobs


def tidy_one(job):
    """What clang-tidy has to say about one file; "" when it is clean."""
    name, command, _, directory = job
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            cwd=directory, timeout=TIDY_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{name}: clang-tidy took more than {TIDY_TIMEOUT_S} s\n"
    if done.returncode == 0:
        return ""
    findings, tolerated = without_tolerated(done.stdout)
    if tolerated and not findings:
        return ""
    return findings or done.stderr or f"{name}: clang-tidy exited with {done.returncode}\n"


def without_tolerated(output):
    """The output without what TOLERATED covers, notes and source lines included; and whether there
    was any."""
    kept, keeping, tolerated = [], True, False
    for line in output.splitlines(keepends=True):
        if DIAGNOSTIC.match(line):
            keeping = not TOLERATED.search(line.rstrip())
            tolerated = tolerated or not keeping
        if keeping:
            kept.append(line)
    return "".join(kept), tolerated


def open_cache():
    """The folder with one empty file for each file found clean, old ones dropped."""
    home = pathlib.Path(os.environ.get("HOME", "/nonexistent"))
    writable = home.is_dir() and os.access(home, os.W_OK)
    cache = home / ".cache" / "corelane-tidy" if writable else ROOT / "build" / "tidy-cache"
    cache.mkdir(parents=True, exist_ok=True)
    for entry in cache.iterdir():
        if time.time() - entry.stat().st_mtime > CACHE_DAYS_MAX * 24 * 3600:
            entry.unlink(missing_ok=True)
    return cache


def tidy_files(build, wanted):
    jobs = tidy_jobs(build, wanted)
    if not jobs:
        sys.exit(f"lint: {build} compiles none of these sources")
    cache = open_cache()
    waiting = [job for job in jobs if not (cache / job[2]).exists()]
    for job in jobs:
        if job not in waiting:
            (cache / job[2]).touch()
    said = set()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (job, output) in enumerate(zip(waiting, pool.map(tidy_one, waiting)), 1):
            if sys.stderr.isatty():
                print(f"\r[{number}/{len(waiting)}] {job[0]:60.60}", end="\n" if output else "",
                      file=sys.stderr, flush=True)
            if not output:
                (cache / job[2]).touch()
                continue
            failed += 1
            if output not in said:
                said.add(output)
                print(output.replace(f"{ROOT}/", "").replace("../../", ""), end="", flush=True)
    print(f"clang-tidy: {len(jobs)} files, {len(jobs) - len(waiting)} known to be clean, "
          f"{failed} with findings")
    return failed > 0


def main():
    parser = argparse.ArgumentParser(description="Runs clang-format or clang-tidy on the sources.")
    commands = parser.add_subparsers(dest="command", required=True)
    formatting = commands.add_parser("format")
    formatting.add_argument("--fix", action="store_true")
    formatting.add_argument("files", nargs="*")
    tidying = commands.add_parser("tidy")
    tidying.add_argument("build", type=pathlib.Path)
    tidying.add_argument("files", nargs="*")
    options = parser.parse_args()
    if options.command == "format":
        return format_files(options.fix, options.files)
    return tidy_files(options.build.resolve(), options.files)


if __name__ == "__main__":
    sys.exit(main())
