"""The same room in other hands: the ffmpeg command and GStreamer's compositor, on the same clips, tiers and encoder settings.

Each pair is the room's video path (tessera-floor-room) and one peer, one right after the other, both paced in real time; CPU of the
whole process, counted from when everything runs to before the clips end. ffmpeg: scale, xstack, split, scale down for each tier, one
filter thread. GStreamer: compositor with linear resamplers and one blend thread, tee, videorate, videoscale, x264enc. Both: one decoder
thread, x264 as mixer/venc_x264.c sets it: superfast zerolatency with one thread, baseline, average rate within the tier's buffer, no scene
cuts, no keyframes, vectors no longer than the room's, and on tiers of ten pictures and less its finer motion and smaller blocks.
The room draws names and borders, leaves gutters and runs on threads of its own; the peers do none of that. Pictures that a peer leaves out
on a busy machine are not counted, so that a busy machine flatters the peers: such pairs are said. PEER_floor_ratio is the decodes and encodes alone
beside the peer: no room can cost less than that.

What is left of each tier after encoding (N4 T4 alone, since others differ in nothing that encoders know; nothing paced) is judged for everybody on the room's own canvases, so that it is not better to
be given blurred ones, and by the same means, ffmpeg's ssim of the luma: ssim_below is how much less of ours is left than of a peer's.
"""
import math
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import floor
from programs import install
from report import BenchError, middle, say

CASES = {f"n{people}t{count}": (people, count) for people in (4, 9, 16) for count in (1, 4)}
TARGETS = [*floor.TARGETS, "tessera-quality"]
SSIM_CASE, SSIM_S, SSIM_QUICK_S = "n4t4", 10, 2
SSIM_BELOW = 0.002
GOAL = 0.78
SETTLE_S = 1.2
LETTERS = "ABCDEFGH"
THIN_KBPS, THIN_FPS = 200, 10  # as mixer/venc_x264.c has them
GST_PARTS = ["compositor", "y4mdec", "qtdemux", "h264parse", "avdec_h264", "x264enc", "videorate", "videoscale"]


def tiers(count):
    out = []
    for text in floor.TIERS.split(",")[:count]:
        size, rest = text.split("@")
        width, height = map(int, size.split("x"))
        fps, kbps = map(int, rest.split(":"))
        out.append((width, height, fps, kbps))
    return out


def cells(people, width, height):
    columns = math.ceil(math.sqrt(people))
    rows = math.ceil(people / columns)
    even = lambda part, parts, side: part * side // parts // 2 * 2
    for i in range(people):
        c, r = i % columns, i // columns
        x, y = even(c, columns, width), even(r, rows, height)
        yield x, y, even(c + 1, columns, width) - x, even(r + 1, rows, height) - y


def buffer_kbit(kbps):
    """The room's: little on the tiers of thin lines, where a large keyframe stands for long."""
    return max(kbps * 3 // 10, 15) if kbps <= THIN_KBPS else kbps


def x264_options(height, fps):
    """What neither program has an option of its own for."""
    options = ["scenecut=0", "aq-strength=0.6", f"mvrange={128 if height > 360 else 64}"]
    return options + (["subme=2", "partitions=p8x8,i8x8,i4x4"] if fps <= THIN_FPS else [])


def ffmpeg_encoder(tier):
    _, height, fps, kbps = tier
    settings = ["-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-profile:v", "baseline", "-threads", "1", "-b:v", f"{kbps}k", "-maxrate", f"{kbps}k"]
    return [*settings, "-bufsize", f"{buffer_kbit(kbps)}k", "-x264-params", ":".join(["keyint=infinite", *x264_options(height, fps)]), "-f", "h264"]


def gstreamer_encoder(tier):
    _, height, fps, kbps = tier
    settings = ["x264enc", "tune=zerolatency", "speed-preset=superfast", f"bitrate={kbps}", f"vbv-buf-capacity={1000 * buffer_kbit(kbps) // kbps}", "threads=1"]
    return [*settings, "key-int-max=1073741824", "option-string=" + ":".join(x264_options(height, fps)), "!", "video/x-h264,profile=constrained-baseline,stream-format=byte-stream"]


def ffmpeg_command(people, count, files):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-filter_complex_threads", "1"]
    for i in range(people):
        command += ["-re", "-threads", "1", "-i", files[i % len(files)]]
    all_tiers = tiers(count)
    width, height, _, _ = all_tiers[0]
    graph, tiles, places = [], "", []
    for i, (x, y, w, h) in enumerate(cells(people, width, height)):
        graph.append(f"[{i}:v]scale={w}:{h}:flags=bilinear[s{i}]")
        tiles += f"[s{i}]"
        places.append(f"{x}_{y}")
    graph.append(f"{tiles}xstack=inputs={people}:layout={'|'.join(places)}[c]")
    graph.append(f"[c]split={count}" + "".join(f"[k{t}]" for t in range(count)))
    for t, (w, h, fps, _) in enumerate(all_tiers):
        graph.append(f"[k{t}]null[o{t}]" if t == 0 else f"[k{t}]fps={fps},scale={w}:{h}:flags=bilinear[o{t}]")
    command += ["-filter_complex", ";".join(graph)]
    for t, tier in enumerate(all_tiers):
        command += ["-map", f"[o{t}]", *ffmpeg_encoder(tier), "/dev/null"]
    return command


def gstreamer_command(people, count, files):
    all_tiers = tiers(count)
    width, height, fps, _ = all_tiers[0]
    command = ["gst-launch-1.0", "-q", "compositor", "name=c", "background=black", "max-threads=1"]
    linear = "GstVideoConverter,GstVideoConverter.resampler-method=(GstVideoResamplerMethod)linear"
    for i, (x, y, w, h) in enumerate(cells(people, width, height)):
        command += [f"sink_{i}::xpos={x}", f"sink_{i}::ypos={y}", f"sink_{i}::width={w}", f"sink_{i}::height={h}", f"sink_{i}::converter-config={linear}"]
    command += ["!", f"video/x-raw,format=I420,width={width},height={height},framerate={fps}/1", "!", "tee", "name=t"]
    for tier in all_tiers:
        w, h, rate, _ = tier
        command += ["t.", "!", "queue", "max-size-buffers=4", "!", "videorate", "!", "videoscale", "method=bilinear", "n-threads=1", "!", f"video/x-raw,width={w},height={h},framerate={rate}/1"]
        command += ["!", *gstreamer_encoder(tier), "!", "fakesink", "sync=false"]
    for i in range(people):
        command += ["filesrc", f"location={files[i % len(files)]}", "!", "qtdemux", "!", "h264parse", "!", "identity", "sync=true"]
        command += ["!", "avdec_h264", "max-threads=1", "!", "queue", "max-size-buffers=4", "!", f"c.sink_{i}"]
    return command


def encode_command(peer, canvases, coded, tier):
    """What a peer makes of canvases in a file."""
    if peer == "ffmpeg":
        return ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", canvases, *ffmpeg_encoder(tier), coded]
    return ["gst-launch-1.0", "-q", "filesrc", f"location={canvases}", "!", "y4mdec", "!", *gstreamer_encoder(tier), "!", "filesink", f"location={coded}"]


PEERS = {"ffmpeg": ffmpeg_command, "gstreamer": gstreamer_command}


def available():
    """The peers that this machine has."""
    install("peers")
    found = [name for name in PEERS if shutil.which("ffmpeg" if name == "ffmpeg" else "gst-launch-1.0")]
    if "gstreamer" in found and any(subprocess.run(["gst-inspect-1.0", "--exists", part]).returncode for part in GST_PARTS):
        found.remove("gstreamer")
    for name in PEERS:
        if name not in found:
            say(f"{name} is not here with all that it needs")
    if not found:
        raise BenchError("there is nobody to be held against")
    return found


def cpu_s(pid):
    """Of all threads of a process, also those that have ended; None when it has ended itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peer_ms(name, people, count, files, seconds):
    """CPU ms a second while the clips run."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(PEERS[name](people, count, files), stdout=subprocess.DEVNULL, stderr=complaints)
        readings = []
        try:
            time.sleep(SETTLE_S)
            ends = time.monotonic() + seconds
            while process.poll() is None:
                readings.append((time.monotonic(), cpu_s(process.pid)))
                if readings[-1][0] >= ends:
                    break
                time.sleep(min(0.2, max(0.01, ends - time.monotonic())))
        finally:
            process.kill()
            process.wait()
        complaints.seek(0)
        readings = [r for r in readings if r[1] is not None]
        if len(readings) < 2 or readings[-1][0] - readings[0][0] < 0.8 * seconds:
            raise BenchError(f"{name} ended early: {complaints.read().decode(errors='replace').strip()[-300:]}")
    return (readings[-1][1] - readings[0][1]) / (readings[-1][0] - readings[0][0]) * 1e3


def room_ms(programs, people, count, files, seconds):
    """CPU ms a second of the room's video path; what it left out for want of time is added as its share of the whole."""
    room = programs.json_of("tessera-floor-room", "-n", people, "-T", count, "-f", round(seconds * floor.FPS), "-w", floor.WARM_UP, *files)
    return room["total_ms"] / max(0.2, min(1, room["encoded_share"])), room["encoded_share"] >= floor.KEPT_UP


def floor_ms(programs, people, count, files, seconds):
    """What the same decodes and encodes take by themselves, whoever does them."""
    wanted = ",".join(floor.TIERS.split(",")[:count])
    return programs.json_of("tessera-floor", "-n", people, "-t", wanted, "-f", round(seconds * floor.FPS), "-w", floor.WARM_UP, "-r", *files)["total_ms"]


def luma_ssim(coded, canvases):
    """The same for everybody."""
    command = ["ffmpeg", "-v", "info", "-nostdin", "-i", coded, "-i", canvases, "-lavfi", "[0:v]setpts=N[a];[1:v]setpts=N[b];[a][b]ssim=shortest=1", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = re.search(r"SSIM Y:([0-9.]+)", done.stderr)
    if not found:
        raise BenchError(f"ffmpeg gives no SSIM: {done.stderr.strip()[-200:]}")
    return float(found.group(1))


def add_ssim(report, programs, present, files, seconds):
    people, count = CASES[SSIM_CASE]
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as folder:
        say(f"{SSIM_CASE}: what is left of the pictures")
        programs.json_of("tessera-quality", "-n", people, "-T", count, "-f", seconds * floor.FPS, "-w", 0, "-o", folder, *files)
        for tier, letter in zip(tiers(count), LETTERS):
            canvases = f"{folder}/{letter}.y4m"
            ours = luma_ssim(f"{folder}/{letter}.h264", canvases)
            report.add(SSIM_CASE, f"ssim_{letter}", ours, "share", better="higher")
            for peer in present:
                coded = f"{folder}/{peer}.h264"
                done = subprocess.run(encode_command(peer, canvases, coded, tier), capture_output=True, text=True, timeout=300)
                if done.returncode != 0:
                    raise BenchError(f"{peer} failed: {done.stderr.strip()[-300:]}")
                report.add(SSIM_CASE, f"ssim_{letter}_below_{peer}", luma_ssim(coded, canvases) - ours, "share", goal=SSIM_BELOW)


def as_files(programs):
    """The clips in files that both peers read: MP4 as they are, our own put into MP4."""
    found = floor.camera_clips(programs)
    if not found[0].endswith(".h264"):
        return found
    folder = floor._folder("mp4")
    for path in found:
        target = folder / (Path(path).stem + ".mp4")
        if not target.exists():
            joined = folder / (Path(path).stem + ".h264")
            joined.write_bytes(Path(path).read_bytes() * 12)  # a short clip again and again: long enough to be measured
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-r", str(floor.FPS), "-f", "h264", "-i", str(joined), "-c", "copy", str(target)], check=True)
    return sorted(str(p) for p in folder.glob("*.mp4"))


def run(report, programs, cases, quick):
    present = available()
    files = as_files(programs)
    seconds, rounds = (1.2, 1) if quick else (8, 5)
    for case in cases:
        people, count = CASES[case]
        ratios, ours, theirs, busy = {p: [] for p in present}, [], {p: [] for p in present}, 0
        floors, shares = [], {p: [] for p in present}
        for turn in range(rounds):
            say(f"{case}: {turn + 1} of {rounds}")
            floors.append(floor_ms(programs, people, count, files, seconds))
            for peer in present if turn % 2 == 0 else present[::-1]:
                mine, kept_up = room_ms(programs, people, count, files, seconds)
                other = peer_ms(peer, people, count, files, seconds)
                busy += not kept_up
                ours.append(mine)
                theirs[peer].append(other)
                ratios[peer].append(mine / other)
                shares[peer].append(floors[-1] / other)
        if busy:
            say(f"{case}: in {busy} of {rounds * len(present)} pairs the machine was too busy for the room")
        for peer in present:
            report.add(case, f"{peer}_ratio", middle(ratios[peer]), "ratio", goal=GOAL)
            report.add(case, f"{peer}_floor_ratio", middle(shares[peer]), "ratio")
            report.add(case, f"{peer}_ms", middle(theirs[peer]), "ms/s")
        report.add(case, "room_ms", middle(ours), "ms/s")
        report.add(case, "floor_ms", middle(floors), "ms/s")
    if SSIM_CASE in cases and shutil.which("ffmpeg"):
        add_ssim(report, programs, present, files, SSIM_QUICK_S if quick else SSIM_S)
