#!/usr/bin/env python3
"""Holds the sources to the rules of the house: layers, banned calls, locks, lengths, headers.

usage: lint.py [--root DIR] [--tap]

Prints `file:line: rule: what is wrong` for each finding and exits with 1 if there is any. With
--tap it prints one TAP line a rule, for meson. The rules' data is in lint_tables.py. Each rule is a
function from a Source to its findings, and tests/lint/ shows each of them catching a bad source.
"""

import argparse
import fnmatch
import functools
import pathlib
import re
import sys

import lint_tables as tables

ALLOW = re.compile(r"lint:allow\(([\w-]+)\)\s+\S+")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f'])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def blank(match):
    """Keeps the lines and the quotes of what it blanks, so that line numbers stay true."""
    text = match.group(0)
    kept = re.sub(r"[^\n]", " ", text)
    if text[0] in "\"'R" and len(text) >= 2:
        kept = '"' + kept[1:-1] + '"'
    return kept


class Source:
    """One file: its path below the root, its lines, and for C++ the same lines without comments and
    literals."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        self.is_cpp = path.endswith((".h", ".cc"))
        self.code = COMMENT_OR_LITERAL.sub(blank, text).splitlines() if self.is_cpp else []
        # The text of an #include looks like a string; give it back.
        for number, line in enumerate(self.code):
            if line.lstrip().startswith("#") and INCLUDE.match(self.lines[number]):
                self.code[number] = self.lines[number]

    def folder(self):
        """"wal" for src/wal/segment.cc; "" outside src/."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "src" and len(parts) > 2 else ""

    def includes(self):
        for number, line in enumerate(self.code, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(2), found.group(1) == "<"

    def allows(self, rule, number):
        around = self.lines[max(0, number - 2):number]
        return any(found.group(1) == rule for line in around for found in ALLOW.finditer(line))


# --- Layers ---------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def reach(folder):
    """All folders that `folder` may include: itself, its row, and what those may include."""
    reached = {folder}
    for lower in tables.LAYERS.get(folder, []):
        reached |= reach(lower)
    return frozenset(reached)


def public_header_problem(source, header):
    """What is wrong with including <corelane/header> from there; "" if nothing is."""
    top, folder = source.path.split("/")[0], source.folder()
    if header in tables.PUBLIC_HEADERS_FOR_ALL or top in [*tables.ABOVE_ALL_LAYERS, "include"]:
        return ""
    if folder in tables.LAYERS:
        if any(home in reach(folder) for home in tables.PUBLIC_HEADERS.get(header, [])):
            return ""
    return f"src/{folder} may not include the public header {header}"


def check_layers(source):
    """Includes point down the table of layers only."""
    if source.folder() and source.folder() not in tables.LAYERS:
        yield 1, f"src/{source.folder()} is not in the table of layers"
        return
    top = source.path.split("/")[0]
    for number, header, _ in source.includes():
        folder, _, rest = header.partition("/")
        if folder == "corelane":
            problem = public_header_problem(source, rest)
            if problem:
                yield number, problem
        elif folder in tables.LAYERS and rest:
            if top == "include":
                yield number, f"a public header may not include src/{folder}"
            elif source.folder() and folder not in reach(source.folder()):
                lower = ", ".join(sorted(reach(source.folder()) - {source.folder()})) or "nothing"
                yield number, f"src/{source.folder()} may not include src/{folder}, only {lower}"


def check_meson_layers(source):
    """The dependencies that a folder's meson.build names are those the table allows it."""
    if not re.fullmatch(r"src/\w+/meson\.build", source.path):
        return
    for number, line in enumerate(source.lines, 1):
        for name in re.findall(r"\b(\w+)_dep\b", line.partition("#")[0]):
            if name in tables.LAYERS and name not in reach(source.folder()):
                yield number, f"src/{source.folder()} may not depend on {name}_dep"


def check_header_homes(source):
    """Some library headers are for one place only."""
    for number, header, is_system in source.includes():
        for pattern, homes in tables.HEADERS_WITH_A_HOME.items():
            # "format" is the standard header only in angle brackets.
            if "/" not in pattern and not is_system:
                continue
            if fnmatch.fnmatch(header, pattern) and not matches(source.path, homes):
                yield number, f"<{header}> belongs to {', '.join(homes) or 'nowhere here'}"


# --- Text -----------------------------------------------------------------------------------------


def check_banned(source):
    """Calls with a better replacement, and locks outside their files. Each row of BANNED is a rule
    of its own name."""
    for rule, pattern, instead, allowed in tables.BANNED:
        only_in = tables.BANNED_ONLY_IN.get(rule)
        if not (matches(source.path, only_in) if only_in else not matches(source.path, allowed)):
            continue
        for number, line in enumerate(source.code, 1):
            if INCLUDE.match(line):
                continue
            if re.search(pattern, line) and not source.allows(rule, number):
                yield number, f"[{rule}] {instead}"


def check_preprocessor(source):
    """No #if outside a file that the build picks, no macros but the house's own."""
    for number, line in enumerate(source.code, 1):
        directive = re.match(r"\s*#\s*(\w+)", line)
        if not directive:
            continue
        word = directive.group(1)
        if word in ("if", "ifdef", "ifndef", "elif", "else"):
            if not matches(source.path, tables.PREPROCESSOR_FILES):
                if not source.allows("preprocessor", number):
                    yield number, f"#{word}: let the build pick the file instead"
        elif word in ("define", "undef") and not matches(source.path, tables.MACRO_FILES):
            if not source.allows("preprocessor", number):
                yield number, f"#{word}: a constant, a function or a template does the same"


def check_headers(source):
    """A header is included once, and opens with what the thing is."""
    if not source.path.endswith(".h"):
        return
    text = [(number, line.strip()) for number, line in enumerate(source.lines, 1) if line.strip()]
    opening = [line for _, line in text[:2]]
    if not any(line == "#pragma once" for line in source.lines):
        yield 1, "#pragma once is missing"
    if not opening or not any(line.startswith("//") for line in opening):
        yield 1, "a header opens with a comment: what it is, who owns it, which thread, what holds"


def check_lengths(source):
    """Files of 600 lines and lines of 100 columns at most."""
    if len(source.lines) > tables.FILE_LINES_MAX and not source.path.endswith((".md", ".txt")):
        yield len(source.lines), f"over {tables.FILE_LINES_MAX} lines: this is two files"
    # clang-format minds the columns of C++ but leaves a long comment or string alone.
    if source.is_cpp:
        for number, line in enumerate(source.lines, 1):
            if len(line) > tables.LINE_COLUMNS_MAX:
                if not INCLUDE.match(line) and not source.allows("lengths", number):
                    yield number, f"over {tables.LINE_COLUMNS_MAX} columns"


def check_leftovers(source):
    """Nothing unfinished, no path of one machine, no stray blanks."""
    words = re.compile(r"\b(?:" + "|".join(tables.UNFINISHED_WORDS) + r")\b")
    for number, line in enumerate(source.lines, 1):
        if words.search(line):
            yield number, "finish it, or open an issue for it"
        for path in tables.MACHINE_PATHS:
            # A path that goes on before it is not absolute.
            if re.search(r"(?<![\w.$}-])" + re.escape(path), line):
                yield number, f"{path} is a path of one machine"
        if line != line.rstrip() and not source.path.endswith(".md"):
            yield number, "blanks at the end of the line"
    if source.text and not source.text.endswith("\n"):
        yield len(source.lines), "no newline at the end of the file"


RULES = {
    "layers": check_layers,
    "meson-layers": check_meson_layers,
    "header-homes": check_header_homes,
    "banned": check_banned,
    "preprocessor": check_preprocessor,
    "headers": check_headers,
    "lengths": check_lengths,
    "leftovers": check_leftovers,
}


def sources_below(root):
    for top in tables.CHECKED_FOLDERS:
        for path in sorted((root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            wanted = path.suffix in tables.CHECKED_SUFFIXES or (not path.suffix and path.is_file())
            if wanted and path.is_file() and not matches(name, tables.UNCHECKED):
                if "__pycache__" not in name:
                    yield Source(name, path.read_text(encoding="utf-8"))
    for path in sorted(root.glob("*")):
        if path.suffix in tables.CHECKED_SUFFIXES and path.is_file():
            yield Source(path.name, path.read_text(encoding="utf-8"))


def findings(rule, sources):
    return [
        f"{source.path}:{number}: {rule}: {problem}"
        for source in sources
        for number, problem in RULES[rule](source)
    ]


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Checks the rules of the house.")
    parser.add_argument("--root", type=pathlib.Path, default=here.parent)
    parser.add_argument("--tap", action="store_true", help="one TAP line a rule")
    options = parser.parse_args()
    sources = list(sources_below(options.root))
    if not sources:
        sys.exit(f"lint: no sources below {options.root}")
    if options.tap:
        print(f"1..{len(RULES)}")
    failed = 0
    for index, rule in enumerate(RULES, 1):
        found = findings(rule, sources)
        failed += bool(found)
        prefix = "# " if options.tap else ""
        for line in found:
            print(prefix + line)
        if options.tap:
            print(f"{'not ok' if found else 'ok'} {index} - {rule}")
    # A TAP program that ran to its end says so with 0, whatever its subtests found.
    return 1 if failed and not options.tap else 0


if __name__ == "__main__":
    sys.exit(main())
