"""Builds the example programs twice over: runs those that meson has built, then installs the libraries into an empty
directory, compiles the same sources against that with what pkg-config says, and runs them.

usage: install_test.py BUILD_FOLDER SERVER EXAMPLE_CLIENT EXAMPLE_STORE COMPILER [FLAGS...]
Speaks TAP, a test a line.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

SERVER_START_TIMEOUT_S = 60
HERE = pathlib.Path(__file__).resolve().parent


class Server:
    """A corelane-server without a log on a free port, for the time of a `with`."""

    def __init__(self, program, directory):
        command = [program, "--listen=auto://127.0.0.1:0", "--shards=1", "--fsync=off",
                   f"--data-dir={directory}/data"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = None
        for line in self.process.stdout:
            if line.startswith("listening "):
                self.port = line.rsplit(":", 1)[1].strip()
            if line.strip() == "ready":
                return
        raise RuntimeError("the server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(SERVER_START_TIMEOUT_S)


def run(command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} gave {result.returncode}:\n{result.stdout}")
    return result.stdout


def greets(program, argument):
    output = subprocess.run([program, argument], stdout=subprocess.PIPE, text=True, check=False)
    if output.returncode != 0 or output.stdout != "hello world\n":
        raise RuntimeError(f"{program} gave {output.returncode} and printed {output.stdout!r}")


def install(build, destination):
    run(["meson", "install", "-C", build, "--no-rebuild", "--tags", "devel", "--destdir",
         destination])
    files = list(pathlib.Path(destination).rglob("corelane-client.pc"))
    if len(files) != 1:
        raise RuntimeError(f"{len(files)} files corelane-client.pc were installed")
    return files[0].parent


def compile_installed(name, package, pc_directory, compiler, target):
    # The package was configured for its final prefix and lies under another; the system's packages stay where they are.
    installed = run(["pkg-config", "--variable=prefix", package],
                    env={**os.environ, "PKG_CONFIG_PATH": str(pc_directory)}).strip()
    flags = run(["pkg-config", "--cflags", "--libs", package],
                env={**os.environ, "PKG_CONFIG_PATH": str(pc_directory)}).split()
    root = str(pc_directory)[: str(pc_directory).index(installed)]
    flags = [flag.replace(installed, root + installed, 1) if flag[:2] in ("-I", "-L") else flag
             for flag in flags]
    flags += [f"-I{root}{installed}/include"]
    run([*compiler, str(HERE / name), "-o", target, *flags])


def main():
    build, server_program, example_client, example_store, *compiler = sys.argv[1:]
    print("1..4")
    with tempfile.TemporaryDirectory() as scratch:
        pc_directory = None

        def installed(name, package, argument):
            nonlocal pc_directory
            pc_directory = pc_directory or install(build, f"{scratch}/root")
            target = f"{scratch}/{package}-example"
            compile_installed(name, package, pc_directory, compiler, target)
            greets(target, argument)

        with Server(server_program, scratch) as server:
            tests = [
                ("the client example", lambda: greets(example_client, server.port)),
                ("the store example", lambda: greets(example_store, f"{scratch}/store")),
                ("the installed client library",
                 lambda: installed("example_client.cc", "corelane-client", server.port)),
                ("the installed store",
                 lambda: installed("example_store.cc", "corelane-store", f"{scratch}/store2")),
            ]
            failed = 0
            for number, (name, test) in enumerate(tests, 1):
                try:
                    test()
                    print(f"ok {number} - {name}")
                except (RuntimeError, ValueError, OSError) as error:
                    failed += 1
                    print(f"not ok {number} - {name}")
                    print("\n".join("# " + line for line in str(error).splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
