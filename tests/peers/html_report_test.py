#!/usr/bin/env python3
"""The HTML reports of corelane-bench in a real browser, headless Chromium: nothing on its console,
every chart drawn, no figure that is none, nothing fetched, and pages when it is printed. Prints TAP.

usage: html_report_test.py CORELANE_SERVER CORELANE_BENCH
"""

import contextlib
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import report_documents as documents  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

TIMEOUT_S = 60
BROWSERS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
RUN_CHARTS = {"percentiles", "latency-over-time", "heat-map", "throughput"}
# What must be drawn of each kind, with the least number of marks of data in each chart.
CHARTS = {
    "run": RUN_CHARTS, "failing": RUN_CHARTS, "closed": RUN_CHARTS,
    "bare": {"latency-over-time", "throughput"},
    "sweep": {"throughput-latency", "percentiles"},
    "find-max": {"goal", "search"},
    "compare": {"ratios", "percentiles"},
    "repeat": {"rounds", "percentiles"},
}
DATA_CLASSES = {"line", "dot", "cross", "band", "interval", "median", "heat", "block", "whisker"}
# A build with sanitizers says of itself that it has "address,undefined".
NO_FIGURE = re.compile(r"\b(NaN|(?<!,)undefined|null|Infinity|\[object)\b")
# Run in the page: opens the first of what is folded, then looks for names that touch and for what sticks out.
AUDIT = """
for (const details of document.querySelectorAll('details:first-of-type')) details.open = true;
setTimeout(() => {
  const inner = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const charts = document.querySelectorAll('figure svg');
  for (const chart of charts) {
    const name = chart.closest('figure').dataset.chart;
    const card = chart.closest('figure').getBoundingClientRect();
    const texts = [...chart.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([text, box], i) => {
      if (box.left < card.left || box.right > card.right) console.error(`${name}: ${text} sticks out`);
      for (const [other, place] of texts.slice(i + 1)) {
        if (inner(box, place)) console.error(`${name}: ${text} touches ${other}`);
      }
    });
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) console.error('the page is wider than its window');
  console.log(`audited ${charts.length} charts`);
}, 500);
"""
VOID = {"meta", "link", "img", "br", "input"}


class Page(html.parser.HTMLParser):
    """What a browser has made of a page: its text, and the marks of each chart."""

    def __init__(self, dom):
        super().__init__()
        self.open = []
        self.text = []
        self.charts = {}
        self.attributes = []
        self.chart = None
        self.feed(dom)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "figure":
            self.chart = self.charts.setdefault(named["data-chart"], [])
        classes = set(named.get("class", "").split())
        if self.chart is not None and tag in ("path", "circle", "rect", "line") and classes & DATA_CLASSES:
            self.chart.append(named)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        if tag == "figure":
            self.chart = None

    def handle_data(self, data):
        if not {"script", "style", "title", "noscript"} & set(self.open):
            self.text.append(data)


def browse(address, *flags):
    """(standard output, console lines) of the browser."""
    with tempfile.TemporaryDirectory(prefix="corelane-browser-") as profile:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [BROWSER, *sandbox, "--headless", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0",
             "--window-size=1000,900", *flags, address],
            capture_output=True, timeout=TIMEOUT_S, check=True)
    errors = done.stderr.decode(errors="replace").splitlines()
    return done.stdout.decode(), [line for line in errors if ":CONSOLE" in line]


def numbers_of(mark):
    """All coordinates of a mark."""
    names = ["d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height"]
    text = " ".join(mark[name] for name in names if name in mark)
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


class HtmlReport(unittest.TestCase):
    """Each test makes a page and looks at it."""

    @classmethod
    def setUpClass(cls):
        if BROWSER is None:
            raise unittest.SkipTest("there is no Chromium (package chromium-headless-shell)")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="corelane-report-"))
        cls.pages = {}
        cls.kinds = documents.all_kinds()
        for name, document in cls.kinds.items():
            with open(cls.path(f"{name}.json"), "w", encoding="utf-8") as file:
                json.dump(document, file)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    def report(self, *names):
        """Joins the documents of these names into a page; gives its path."""
        page = self.path(f"{'-'.join(names)[:60]}.html")
        done = subprocess.run(
            [BENCH, "report", *(self.path(f"{name}.json") for name in names), "--html", page],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        return page

    def drawn(self, name):
        """The page of one document, looked at once."""
        if name not in self.pages:
            self.pages[name] = self.look_at(self.report(name))
        return self.pages[name]

    def look_at(self, path):
        dom, console = browse(f"file://{path}", "--dump-dom")
        self.assertEqual(console, [])
        page = Page(dom)
        text = " ".join(page.text)
        self.assertIsNone(NO_FIGURE.search(text), text)
        for tag, name, value in page.attributes:
            self.assertIsNone(NO_FIGURE.search(value), f"{tag} {name}={value}")
            if name in ("src", "href", "action", "data"):
                self.assertRegex(value, r"^(#|data:,$)", tag)
        for name, marks in page.charts.items():
            self.assertTrue(marks, name)
            for mark in marks:
                numbers = numbers_of(mark)
                self.assertTrue(numbers, f"{name}: {mark}")
                self.assertTrue(all(-50 <= number < 1100 for number in numbers), f"{name}: {mark}")
        return page, text

    def test_every_kind_is_drawn(self):
        for name in self.kinds:
            with self.subTest(name):
                page, _ = self.drawn(name)
                self.assertEqual(set(page.charts), CHARTS[name])

    def test_as_many_marks_as_data(self):
        page, text = self.drawn("run")
        run = self.kinds["run"]
        cells = sum(len(window["heat"]) for window in run["windows"])
        self.assertEqual(len(page.charts["heat-map"]), cells)
        dots = [mark for mark in page.charts["latency-over-time"] if "cx" in mark]
        self.assertEqual(len(dots), 3 * len(run["windows"]))
        whiskers = [mark for mark in page.charts["percentiles"] if "whisker" in mark["class"]]
        self.assertEqual(len(whiskers), len(run["confidence_95"]))
        for shown in ["VALID", run["command"], "Some CPU @ 2.10GHz", "loopback, p50", "checked"]:
            self.assertIn(shown, text)

    def test_the_points_of_experiments(self):
        sweep, _ = self.drawn("sweep")
        dots = [mark["class"] for mark in sweep.charts["throughput-latency"] if "cx" in mark]
        self.assertEqual(len(dots), 3 * 8)
        self.assertEqual(sum("hollow" in classes for classes in dots), 3 * 2)
        search, text = self.drawn("find-max")
        crosses = [mark for mark in search.charts["goal"] if "cross" in mark["class"]]
        self.assertEqual(len(crosses), 3)
        self.assertIn("goal: 1\u00a0ms", text)
        compare, _ = self.drawn("compare")
        rounds = [mark for mark in compare.charts["ratios"] if "round" in mark["class"]]
        self.assertEqual(len(rounds), 4 * 8)

    def test_text_stays_text(self):
        page, text = self.drawn("failing")
        self.assertIn(documents.HOSTILE, text)
        self.assertNotIn("img", [tag for tag, _, _ in page.attributes])

    def test_several_in_one(self):
        page, text = self.look_at(self.report(*self.kinds))
        self.assertEqual(set(page.charts), {"joined"}.union(*CHARTS.values()))
        self.assertIn("8 results", text)
        targets = {value for _, name, value in page.attributes if name == "id"}
        links = {value[1:] for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
        self.assertEqual(len(links), 8)
        self.assertLessEqual(links, targets)

    def audited(self, *flags, width):
        """What AUDIT complains of on a page with every kind, in a frame of this width: a window may
        not be as narrow as a telephone."""
        with open(self.report(*self.kinds), encoding="utf-8") as file:
            page = file.read()
        with open(self.path("audited.html"), "w", encoding="utf-8") as file:
            file.write(page.replace("</body>", f"<script>{AUDIT}</script></body>"))
        frame = self.path("frame.html")
        with open(frame, "w", encoding="utf-8") as file:
            file.write(f"<!doctype html><iframe src='audited.html' width={width} height=900></iframe>")
        _, console = browse(f"file://{frame}", "--dump-dom", "--virtual-time-budget=5000", *flags)
        told = [line.partition('"')[2].rpartition('", source')[0] for line in console]
        self.assertEqual(told[-1:], ["audited 39 charts"], console)
        return told[:-1]

    def test_no_label_touches_another(self):
        self.assertEqual(self.audited(width=1000), [])

    def test_narrow_and_dark(self):
        self.assertEqual(self.audited("--blink-settings=preferredColorScheme=0", width=400), [])

    def test_this_browser_tells_of_errors(self):
        page = self.path("broken.html")
        with open(self.report("bare"), encoding="utf-8") as file:
            text = file.read()
        for harm in ["<script>console.warn('a warning')</script>", "<script>nothing.there</script>",
                     "<img src='https://127.0.0.1:1/'>"]:
            with open(page, "w", encoding="utf-8") as file:
                file.write(text.replace("</main>", f"</main>{harm}"))
            _, console = browse(f"file://{page}", "--dump-dom")
            self.assertEqual(len(console), 1, f"{harm}: {console}")

    def test_it_prints(self):
        pdf = self.path("run.pdf")
        _, console = browse(f"file://{self.report('run')}", f"--print-to-pdf={pdf}")
        self.assertEqual(console, [])
        with open(pdf, "rb") as file:
            pages = len(re.findall(rb"/Type\s*/Page\b", file.read()))
        self.assertTrue(2 <= pages <= 6, f"{pages} pages")

    def test_a_run_of_our_own(self):
        page = self.path("own.html")
        with servers.corelane(SERVER, ["--shards=1", "--fsync=off"]) as server:
            subprocess.run(
                [BENCH, "run", "--target", f"resp://127.0.0.1:{server.port}", "--keys=100",
                 "--prefill", "--rate=2000", "--warmup=0", "--duration=2s", "--html", page,
                 "--json", self.path("own.json")],
                capture_output=True, timeout=TIMEOUT_S, check=True)
        drawn, _ = self.look_at(page)
        self.assertEqual(set(drawn.charts), RUN_CHARTS)
        again, _ = self.look_at(self.report("own"))
        self.assertEqual(again.charts, drawn.charts)

    def test_what_is_no_document_is_refused(self):
        page = self.path("none.html")
        for name, text, code in [("bad.json", "{}", 2), ("none.json", None, 1), (".", None, 1)]:
            if text is not None:
                with open(self.path(name), "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run(
                [BENCH, "report", self.path("run.json"), self.path(name), "--html", page],
                capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(self.path(name), done.stderr)
            self.assertFalse(os.path.exists(page))


if __name__ == "__main__":
    SERVER, BENCH = map(os.path.abspath, sys.argv[1:3])
    BROWSER = next(filter(None, map(servers.program, BROWSERS)), None)
    tap.main()
