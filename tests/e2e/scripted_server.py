#!/usr/bin/env python3
"""A RESP server that knows no data: a GET misses, everything else is OK. For tests of programs that
start servers and measure them.

usage: scripted_server.py PORT DIARY [--delay-ms=N] [--burn-ms=N] [--error] [--commands=N]
                          [--stall-at=N] [--stall-ms=N] [--note=TEXT]

  DIARY       a file to which a line is added at the start: process, cores, note
  --delay-ms  how long each command takes
  --burn-ms   how much CPU time each command takes
  --error     every command is an error
  --commands  it ends after so many
  --stall-at  it stands still at this command, once
  --stall-ms  for so long
"""

import argparse
import asyncio
import os
import time


def commands_in(received):
    """How many whole commands there are at the front, whether each is a GET, and what is left."""
    kinds = []
    at = 0
    while True:
        end, kind = command_end(received, at)
        if end < 0:
            return kinds, received[at:]
        kinds.append(kind)
        at = end


def command_end(received, at):
    line_end = received.find(b"\r\n", at)
    if line_end < 0:
        return -1, False
    words = int(received[at + 1:line_end])
    at = line_end + 2
    is_get = False
    for index in range(words):
        line_end = received.find(b"\r\n", at)
        if line_end < 0:
            return -1, False
        length = int(received[at + 1:line_end])
        if len(received) < line_end + 2 + length + 2:
            return -1, False
        if index == 0:
            is_get = received[line_end + 2:line_end + 2 + length].upper() == b"GET"
        at = line_end + 2 + length + 2
    return at, is_get


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("diary")
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--burn-ms", type=float, default=0)
    parser.add_argument("--error", action="store_true")
    parser.add_argument("--commands", type=int, default=0)
    parser.add_argument("--stall-at", type=int, default=0)
    parser.add_argument("--stall-ms", type=float, default=0)
    parser.add_argument("--note", default="")
    arguments = parser.parse_args()

    left = arguments.commands
    until_stall = arguments.stall_at

    async def serve(reader, writer):
        nonlocal left, until_stall
        received = b""
        while fresh := await reader.read(1 << 16):
            kinds, received = commands_in(received + fresh)
            for is_get in kinds:
                left -= 1
                if left == 0:
                    os._exit(0)
                until_stall -= 1
                if until_stall == 0:
                    time.sleep(arguments.stall_ms / 1000)
                # Not asyncio's: one command at a time, as a server with one thread has it.
                time.sleep(arguments.delay_ms / 1000)
                burn(arguments.burn_ms / 1000)
                if arguments.error:
                    writer.write(b"-ERR scripted\r\n")
                else:
                    writer.write(b"$-1\r\n" if is_get else b"+OK\r\n")
            await writer.drain()
        writer.close()

    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    with open(arguments.diary, "a", encoding="utf-8") as diary:
        diary.write(f"{os.getpid()} {cores} {arguments.note}\n")
    server = await asyncio.start_server(serve, "127.0.0.1", arguments.port)
    async with server:
        await server.serve_forever()


asyncio.run(main())
