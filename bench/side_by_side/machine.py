"""What the figures were measured on, and how quiet it was."""

import os
import platform
import subprocess


def _first_line(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else ""


def _field(path, name):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith(name):
                    return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    except OSError:
        pass
    return ""


def file_system_of(path):
    """The type of the file system that holds `path`, as in /proc/mounts."""
    best, kind = "", "unknown"
    path = os.path.realpath(path)
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, mount, this_kind = line.split()[:3]
            inside = path == mount or path.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best):
                best, kind = mount, this_kind
    return kind


def cpu_times():
    """(all, stolen) in clock ticks since boot, over all cores."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(word) for word in stat.readline().split()[1:]]
    return sum(fields[:8]), fields[7]


def describe(root, data_dir):
    memory_kib = int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0])
    revision = _first_line(["git", "-C", root, "rev-parse", "--short=12", "HEAD"])
    changed = _first_line(["git", "-C", root, "status", "--porcelain", "--untracked-files=no"])
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "virtual": "hypervisor" in _field("/proc/cpuinfo", "flags").split(),
        "memory_gib": round(memory_kib / 2**20, 1),
        "kernel": platform.release(),
        "system": _field("/etc/os-release", "PRETTY_NAME"),
        "data_file_system": file_system_of(data_dir),
        "compiler": _first_line(["c++", "--version"]),
        "redis": _first_line(["redis-server", "--version"]) or "not installed",
        "memcached": _first_line(["memcached", "--version"]) or "not installed",
        "corelane_revision": revision + (" with local changes" if changed else ""),
        "load_average_at_start": round(os.getloadavg()[0], 2),
    }
