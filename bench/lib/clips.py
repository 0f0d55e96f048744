"""Clips of the simulated participants: as plain elementary streams, for programs that read files through libavformat, and of real cameras."""
import os
import struct
import subprocess
from pathlib import Path

from report import BenchError, say

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


def of_cameras(programs, films, faces):
    """A folder for tessera-bot --clips beside its own: the first faces show these films, at a camera's rate and with the marker that tells how
    old a picture is. Made once for each build folder."""
    folder = programs.folder / "camera-clips"
    folder.mkdir(exist_ok=True)
    maker = programs.path("tessera-clipgen")
    for face, film in enumerate(films[:faces]):
        clip = folder / f"h264-{face}.clip"
        if not clip.exists() or clip.stat().st_mtime < max(os.stat(maker).st_mtime, os.stat(film).st_mtime):
            say(f"a clip of {film}")
            part = f"{clip}.part"
            done = subprocess.run([maker, "--kind", "h264", "--person", str(face), "--film", film, "--out", part], capture_output=True, text=True)
            if done.returncode != 0:
                raise BenchError(done.stderr.strip()[-300:])
            os.replace(part, clip)
    for path in programs.clips.glob("*.clip"):
        if not os.path.lexists(folder / path.name):
            (folder / path.name).symlink_to(path)
    return folder
