"""tools/dev: what it does before it builds anything.

The functions of the script are called with the system's commands played by others.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

import tap

# dpkg-query knows one package; whatever needs root is printed instead of done.
PLAYED = """
dpkg-query() { printf 'installed g++\\nnot-installed meson\\n'; return 1; }
as_root() { if [[ $1 == tee ]]; then cat >/dev/null; fi; echo "root: $*" >&2; }
"""


def source_and_run(script, **options):
    return subprocess.run(
        ["bash", "-c", f'source "$1"; {PLAYED}\n{script}', "test", ROOT / "tools/dev"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)


class Commands(unittest.TestCase):
    def run_dev(self, *arguments, script=ROOT / "tools/dev", cwd="/"):
        return subprocess.run([script, *arguments], cwd=cwd, capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)

    def test_help(self):
        done = self.run_dev("help")
        self.assertEqual(done.returncode, 0)
        for command in "serve build test asan tsan bench lint format clean".split():
            self.assertIn(f"\n  {command} ", done.stdout)

    def test_no_command_helps(self):
        self.assertIn("usage:", self.run_dev().stdout)

    def test_unknown_command(self):
        done = self.run_dev("tset")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such command: tset", done.stderr)

    def test_clean_in_a_path_with_blanks(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "a path with  blanks"
            (root / "tools").mkdir(parents=True)
            script = shutil.copy(ROOT / "tools/dev", root / "tools")
            for name in ("release", "mine"):
                (root / "build" / name).mkdir(parents=True)
            self.assertEqual(self.run_dev("clean", script=script).returncode, 0)
            self.assertFalse((root / "build" / "release").exists())
            self.assertTrue((root / "build" / "mine").exists())


class Packages(unittest.TestCase):
    def test_only_the_missing_ones(self):
        done = source_and_run("missing_packages meson g++ ccache")
        self.assertEqual(done.stdout.split(), ["ccache", "meson"])

    def test_nothing_missing_touches_nothing(self):
        done = source_and_run("install_packages g++")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def order_of(self, done):
        """What root was asked to do, in order, as one word each."""
        words = []
        for line in (done.stdout + done.stderr).splitlines():
            if line.startswith("root: "):
                for word in (" update", " install", "tee /usr/sbin/policy-rc.d", "rm -f"):
                    if word in line:
                        words.append(word.split()[0])
        return words

    def test_services_are_held_while_installing(self):
        done = source_and_run("install_packages g++ meson 2>&1")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.order_of(done), ["tee", "update", "install", "rm"])
        self.assertNotIn("g++", done.stdout)

    def test_a_failed_install_says_so_and_releases_the_services(self):
        failing = 'as_root() { if [[ $1 == tee ]]; then cat >/dev/null; fi; echo "root: $*" >&2; ' \
                  '[[ "$*" != *" install "* ]]; }'
        done = source_and_run(f"{failing}; install_packages meson 2>&1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get could not install: meson", done.stdout)
        self.assertEqual(self.order_of(done)[-2:], ["install", "rm"])

    def test_without_root(self):
        done = source_and_run("as_root() { return 1; }; install_packages meson")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("run this as root", done.stderr)


class NodeClients(unittest.TestCase):
    """npm is played by a script that makes the folder that npm would make, or fails."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for part in ("tools", "tests/peers", "bin"):
            (self.root / part).mkdir(parents=True)
        shutil.copy(ROOT / "tools/dev", self.root / "tools")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / "tests/peers" / name, self.root / "tests/peers")

    def fetch(self, npm):
        program = self.root / "bin/npm"
        program.write_text(f"#!/bin/sh\necho run >>{self.root}/runs\n{npm}\n", encoding="utf-8")
        program.chmod(0o755)
        return subprocess.run(
            ["bash", "-c", 'PATH="$1/bin:$PATH"; source "$1/tools/dev"; fetch_node_clients', "test",
             self.root], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def runs(self):
        return (self.root / "runs").read_text(encoding="utf-8").count("run")

    def test_they_are_fetched_once_for_a_lock_file(self):
        npm = f"mkdir {self.root}/build/node-clients/node_modules"
        for _ in range(2):
            self.assertEqual(self.fetch(npm).returncode, 0)
        self.assertEqual(self.runs(), 1)
        with open(self.root / "tests/peers/package-lock.json", "a", encoding="utf-8") as lock:
            lock.write("\n")
        self.fetch(npm)
        self.assertEqual(self.runs(), 2)

    def test_without_a_network_the_tests_go_on(self):
        done = self.fetch("exit 1")
        self.assertEqual(done.returncode, 0)
        self.assertIn("their tests are skipped", done.stderr)
        self.assertEqual(self.fetch("exit 1").returncode, 0)
        self.assertEqual(self.runs(), 2)


class Progress(unittest.TestCase):
    def test_progress_is_thinned_and_errors_are_not(self):
        lines = "[1/3] Compiling a\\nFAILED: a\\nerror: x\\n[2/3] Compiling b\\n"
        done = source_and_run(f"printf '{lines}' | thin_progress 60")
        self.assertEqual(done.stdout, "FAILED: a\nerror: x\n")

    def test_a_long_build_says_how_far_it_is(self):
        done = source_and_run("printf '[1/3] Compiling a\\n' | thin_progress 0")
        self.assertEqual(done.stdout, "building [1/3]\n")


if __name__ == "__main__":
    tap.main()
