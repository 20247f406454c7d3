"""A small DAQ program: reads event frames from a socket and counts how often each line fires.

    python examples/daq_client.py 5000                # listens; then, in another terminal:
    lowmult readout --emit tcp://127.0.0.1:5000

With ``--connect`` it connects to ``lowmult readout --emit tcp-listen://127.0.0.1:5000`` instead.
It needs nothing but Python. The layout is that of docs/reference/event_format.md; everything that
a frame promises is checked by ``lowmult receive``.
"""

import argparse
import collections
import socket
import struct
import sys

MAGIC, END = 0x0146314C, 0x0145314C
SHORTEST, LONGEST = 18, 524306
HEADER = struct.Struct("<IIIQI")


def connection(host: str, port: int, connect: bool) -> socket.socket:
    """Return a connection to the emulator."""
    if connect:
        return socket.create_connection((host, port))
    with socket.create_server((host, port)) as server:
        print(f"listening on port {server.getsockname()[1]}", flush=True)
        return server.accept()[0]


def frames(stream):
    """Give the frames of a stream, each as bytes."""
    at = 0
    while head := stream.read(8):
        if len(head) < 8:
            sys.exit(f"byte {at}: the stream ends inside a frame")
        magic, length = struct.unpack("<II", head)
        if magic != MAGIC or not SHORTEST <= length <= LONGEST:
            sys.exit(f"byte {at}: no frame starts here (0x{magic:08x}, length {length})")
        frame = head + stream.read(4 * length - 8)
        if len(frame) < 4 * length or struct.unpack("<I", frame[-4:])[0] != END:
            sys.exit(f"byte {at}: the frame does not end after {length} words")
        at += 4 * length
        yield frame


def main() -> None:
    """Count the frames, their bytes and the lines that fired."""
    parser = argparse.ArgumentParser(description="count the lines of an emulated stream")
    parser.add_argument("port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--connect", action="store_true", help="connect, do not listen")
    options = parser.parse_args()
    count, size, fired = 0, 0, collections.Counter()
    with connection(options.host, options.port, options.connect) as receiver:
        for frame in frames(receiver.makefile("rb")):
            _, _, tag, _, _ = HEADER.unpack_from(frame)
            if tag != count & 0xFFFFFFFF:
                sys.exit(f"tag {tag} follows {count} frames")
            count, size = count + 1, size + len(frame)
            lines = int.from_bytes(frame[24:64], "little")
            while lines:
                fired[(lines & -lines).bit_length() - 1] += 1
                lines &= lines - 1
    print(f"{count} frames, {size} bytes")
    for line, n in sorted(fired.items()):
        print(f"line {line}: {n}")


if __name__ == "__main__":
    main()
