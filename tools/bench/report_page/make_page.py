#!/usr/bin/env python3
"""Puts the page of the HTML reports into a C++ source, so that corelane-bench carries it.

usage: make_page.py OUTPUT.cc PAGE.html PAGE.css SCRIPT.js...

The page has three places to fill, each a line of its own: @STYLE@ and @SCRIPT@ are filled here,
@DATA@ when a report is written. The scripts become one, in the given order, and see each other's
functions and nobody else's.
"""

import sys

# Compilers take string literals of 64 KiB and more, but the standard promises no more than this.
LITERAL_BYTES = 60_000
DELIMITER = "report-page"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def literals(text):
    pieces = [text[at:at + LITERAL_BYTES] for at in range(0, len(text), LITERAL_BYTES)]
    return "\n".join(f'R"{DELIMITER}({piece}){DELIMITER}"' for piece in pieces)


def function(name, text):
    assert f"){DELIMITER}" not in text, "the text ends its own literal"
    return f"std::string_view {name}() {{\n  return {literals(text)};\n}}\n"


def main():
    output, page_path, style_path, *script_paths = sys.argv[1:]
    scripts = "\n".join(read(path) for path in script_paths)
    assert "</script" not in scripts and "<!--" not in scripts, "this would end the script early"
    page = read(page_path)
    page = page.replace("@STYLE@", read(style_path))
    page = page.replace("@SCRIPT@", f"(() => {{\n'use strict';\n{scripts}\nshowReport();\n}})();")
    before, after = page.split("@DATA@")
    with open(output, "w", encoding="utf-8") as file:
        file.write('#include "bench/report_page.h"\n\nnamespace corelane::tools {\n\n')
        file.write(function("ReportPageBeforeData", before) + "\n")
        file.write(function("ReportPageAfterData", after) + "\n")
        file.write("}  // namespace corelane::tools\n")


main()
