"""Clips of the simulated participants as plain elementary streams, for programs that read files through libavformat."""
import struct
from pathlib import Path

from report import BenchError

KEYFRAME = 1 << 31


def elementary_stream(clip, target):
    """A .clip (mcu/bot/clip.h) as Annex B; pictures simply follow each other."""
    data = Path(clip).read_bytes()
    if data[:8] != b"TSCLIP1\0":
        raise BenchError(f"{clip} is not a clip")
    count = struct.unpack_from("<I", data, 24)[0]
    at, pictures = 28, []
    for _ in range(count):
        size = struct.unpack_from("<I", data, at)[0] & ~KEYFRAME
        pictures.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    Path(target).write_bytes(b"".join(pictures))
    return str(target)
