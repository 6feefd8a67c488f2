"""Runs the load generator on its own core and reads what it says."""

import json
import os
import subprocess

RUN_TIMEOUT_S = 300


class LoadError(Exception):
    """The generator could not do its work; the message is for people."""


class Generator:
    def __init__(self, build_dir, cpu):
        self.program = os.path.join(build_dir, "bench", "corelane-load")
        self.cpu = cpu

    def run(self, server, protocol, **flags):
        """One run against `server`; flags as corelane-load has them, with _ for -. Returns its
        JSON.
        """
        argv = [self.program, "--port", str(server.port), "--protocol", protocol]
        argv += ["--server-pid", str(server.pid)]
        for name, value in flags.items():
            argv += ["--" + name.replace("_", "-"), str(value)]
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False,
                preexec_fn=lambda: os.sched_setaffinity(0, {self.cpu}))
        except subprocess.TimeoutExpired as error:
            raise LoadError(f"no end after {RUN_TIMEOUT_S} s: {' '.join(argv[1:])}") from error
        if done.returncode != 0:
            raise LoadError(f"{done.stderr.strip()} ({' '.join(argv[1:])})")
        return json.loads(done.stdout)
