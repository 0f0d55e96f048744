"""Clips of the simulated participants as plain elementary streams, for programs that read files through libavformat."""
import struct
from pathlib import Path

from report import BenchError

KEYFRAME = 1 << 31


def packets(clip):
    """What a .clip (mcu/bot/clip.h) holds, in order."""
    data = Path(clip).read_bytes()
    if data[:8] != b"TSCLIP1\0":
        raise BenchError(f"{clip} is not a clip")
    count = struct.unpack_from("<I", data, 24)[0]
    at, found = 28, []
    for _ in range(count):
        size = struct.unpack_from("<I", data, at)[0] & ~KEYFRAME
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def elementary_stream(clip, target):
    """A .clip as Annex B; pictures simply follow each other."""
    Path(target).write_bytes(b"".join(packets(clip)))
    return str(target)
