"""A real visit: what the room process costs beside the codecs that it cannot avoid, how late the picture is, how fast one is in it.

Everybody sends clips of real cameras where there are any (floor.bot_clips), at 24.9 pictures a second, so that the phase between them and the
room's clock goes once round in ten seconds: latency does not depend on when somebody came. The floors play 25.

The floors: the same decodes and encodes with nothing between (tessera-floor), as many Opus decodes and encodes as the room did
(tessera-floor-audio), and as many packets through libnice and SRTP (tessera-floor-transport), all paced in real time. floor_wire_ms is what
their system calls and SRTP alone would cost in bursts, which no visit sends (tessera-floor-wire).

cpu_ratio: all three floors run beside a visit, and the room's CPU is taken in the very same windows. Who works while others do pays for
caches and memory that are shared, the more the less is his; so both share the machine with each other and with the participants. The
beside_* figures are of these windows. cpu_ratio_alone holds the room of a visit that has the machine to itself and its participants
against floors that have it quite to themselves, before and after; so are all other figures. A figure of a window in which the room had no
time for its pictures (beside_encoded_share) has no goal. Nor have latencies of a machine that was more than LOAD_MOST busy (machine_load, of all
cores, participants included).

n16t4 is whether sixteen are kept up with on this machine, with the participants on the same cores, four of whom decode what they see; one speaks
at a time, and audio_share is what all of the room's sound takes beside one encode for each of them.
"""
import time

import floor
import process
from programs import Started
from report import BenchError, middle, percentile, say
from server import Room, Server

CASES = {"n4t4": 4, "n9t4": 9, "n16t4": 16}
FULL = "n16t4"
TARGETS = ["tessera-launcher", "tessera", "tessera-room", "tessera-bot", "tessera-clipgen", "tessera-clips", "tessera-floor-audio", "tessera-floor-wire", "tessera-floor-transport", *floor.TARGETS]
TIERS = ["A", "B", "C", "D"]
FAST_TIERS = ["A", "B"]  # 25 pictures a second
LATENCY_GOAL = {50: 35, 95: 60}
CPU_GOAL = {"n4t4": 1.10, "n9t4": 1.15}
LOAD_MOST = 0.75  # of all cores, while latency is measured
AUDIO_GOAL = 0.27  # of an encode for everybody, while one speaks
SENT = ("--fps", "24.9")
KEPT_UP = 0.98  # of the pictures that were due, beside the floors
SETTLE_BESIDE_S = 2  # until tessera-floor-transport, the last to begin, counts; for so much longer the others go on
RTP_HEADER = 20  # bytes beside the payload that a peer counts: fixed header and extensions


def run(report, programs, cases, quick):
    window_s, settle_s, rounds = (6, 2, 1) if quick else (24, 5, 2)
    for case in cases:
        if case == FULL:
            full_house(report, programs, case, window_s, settle_s)
            continue
        floors = []
        visits = []
        for _ in range(rounds):
            floors.append(floor.video(programs, CASES[case], quick))
            visits.append(one_visit(programs, CASES[case], window_s, settle_s, (3, 1) if quick else (6, 3)))
        floors.append(floor.video(programs, CASES[case], quick))
        add_rows(report, case, visits, floors, programs, quick)


def one_visit(programs, people, window_s, settle_s, beside):
    """`beside`: seconds of a window beside the floors, and how many of them."""
    say(f"a visit of {people}: starting")
    tiers = [TIERS[i % len(TIERS)] for i in range(people)]
    with Server(programs) as server:
        room = Room(server, "Bench", tiers)
        room.start_bots(settle_s + window_s + 60, *SENT, clips=floor.bot_clips(programs))
        room.wait_live(30)
        time.sleep(settle_s)
        pid = max(server.room_processes(), key=process.cpu_s)
        say(f"a visit of {people}: measuring for {window_s} s")
        found = window(server, room, pid, people, window_s)
        found["rss_mib"], _ = process.memory_mib(pid)
        found["bots"] = room.stop_bots()
        # The next room: its processes share pages with the first one's.
        room = Room(server, "Next", tiers)
        room.start_bots(60 + beside[1] * (beside[0] + 20), *SENT, clips=floor.bot_clips(programs))
        room.wait_live(30)
        time.sleep(max(settle_s, 6))  # what coming in needed for a moment has gone back
        next_pid = max((p for p in server.room_processes() if p != pid), key=process.cpu_s)
        _, found["rss_next_mib"] = process.memory_mib(next_pid)
        say(f"a visit of {people}: beside its floors")
        found["beside"] = [beside_floors(programs, server, room, next_pid, found, beside[0]) for _ in range(beside[1])]
        found["next_bots"] = room.stop_bots()
        return found


def full_house(report, programs, case, window_s, settle_s):
    people = CASES[case]
    say(f"a visit of {people}: starting")
    with Server(programs) as server:
        room = Room(server, "Bench", [TIERS[i % len(TIERS)] for i in range(people)])
        room.start_bots(settle_s + window_s + 90, *SENT, "--turns", "--decode", str(len(TIERS)), clips=floor.bot_clips(programs))
        room.wait_live(60)
        time.sleep(settle_s)
        say(f"a visit of {people}: measuring for {window_s} s")
        found = window(server, room, max(server.room_processes(), key=process.cpu_s), people, window_s)
        room.stop_bots()
    report.add(case, "encoded_share", encoded_share([found]), "share", better="higher", goal=floor.HOLDS)
    add_clock_rows(report, case, [found])
    report.add(case, "cpu_ms", cpu_ms(found), "ms/s")
    split = stages(found)
    for name, value in split.items():
        report.add(case, f"cpu_{name}_ms", value, "ms/s")
    each = programs.json_of(*audio_command(programs, found, 3))
    report.add(case, "audio_share", split["audio"] / (people * each["encode_ms"]), "ratio", goal=AUDIO_GOAL)


def window(server, room, pid, people, seconds):
    encodes = server.metric("tessera_audio_encodes_total")
    before, cpu_before, start = room.inspect(), process.cpu_s(pid), time.monotonic()
    busy, all_s = process.machine_s()
    time.sleep(seconds)
    busy_after, all_after = process.machine_s()
    after, cpu_after, end = room.inspect(), process.cpu_s(pid), time.monotonic()
    found = {"load": (busy_after - busy) / (all_after - all_s)}
    found |= {"seconds": end - start, "cpu_s": cpu_after - cpu_before, "before": before, "after": after, "people": people}
    found["audio_encodes"] = (server.metric("tessera_audio_encodes_total") - encodes) / found["seconds"] / 50
    return found


def beside_floors(programs, server, room, pid, visit, seconds):
    """The room and its floors in one window; the floors do what `visit` did."""
    with floor.start_video(programs, visit["people"], seconds + SETTLE_BESIDE_S) as video:
        if not video.wait_line("counting"):
            video.json()  # says why
            raise BenchError("tessera-floor ended early")
        with Started(programs, *audio_command(programs, visit, seconds + SETTLE_BESIDE_S)) as audio, Started(programs, *transport_command(visit, seconds)) as transport:
            time.sleep(SETTLE_BESIDE_S)
            found = window(server, room, pid, visit["people"], seconds)
            found["video"] = video.json()
            found["floor_ms"] = {"video": found["video"]["total_ms"], "audio": audio_ms(audio.json(), found), "transport": transport.json()["total_ms"]}
    return found


def grown(visit, *path):
    """How much a figure of the inspection grew in the window, a second."""
    ends = []
    for side in ("before", "after"):
        value = visit[side]
        for name in path:
            value = value[name]
        ends.append(value)
    return (ends[1] - ends[0]) / visit["seconds"]


def packets(visit, direction):
    """(packets a second, mean RTP bytes) of everybody together."""
    count = size = 0
    for person in visit["after"]["participants"]:
        was = next((p for p in visit["before"]["participants"] if p["seat"] == person["seat"]), None)
        for kind in ("audio", "video"):
            now, then = person[direction][kind], was[direction][kind] if was else {"packets": 0, "bytes": 0}
            count += now["packets"] - then["packets"]
            size += now["bytes"] - then["bytes"]
    return count / visit["seconds"], size / max(count, 1) + RTP_HEADER


def stages(visit):
    """CPU milliseconds a second by stage; transport is what no media thread counts."""
    video = {name: grown(visit, "video", "cpu_s", name) * 1e3 for name in visit["after"]["video"]["cpu_s"]}
    split = {name: video.pop(name) for name in ("decode", "scale", "compose", "encode")}
    split["compose"] += video.pop("label", 0)
    split["audio"] = sum(grown(visit, "audio", "cpu_s", name) for name in visit["after"]["audio"]["cpu_s"]) * 1e3
    split["transport"] = cpu_ms(visit) - sum(split.values())
    return split


def cpu_ms(visit):
    return visit["cpu_s"] / visit["seconds"] * 1e3


def audio_command(programs, visit, seconds):
    encoders = max(1, round(visit["audio_encodes"]))
    return ["tessera-floor-audio", "-n", visit["people"], "-e", encoders, "-s", seconds, *programs.clip_files("speech-*.clip")]


def audio_ms(each, visit):
    """As many decodes and encodes as the room did."""
    return visit["people"] * each["decode_ms"] + visit["audio_encodes"] * each["encode_ms"]


def audio_floor_ms(programs, visit, quick):
    return audio_ms(programs.json_of(*audio_command(programs, visit, 3 if quick else 10)), visit)


def wire_floor_ms(programs, visit):
    (count_in, bytes_in), (count_out, bytes_out) = packets(visit, "in"), packets(visit, "out")
    each = programs.json_of("tessera-floor-wire", "-i", max(16, min(1400, round(bytes_in))), "-o", max(16, min(1400, round(bytes_out))))
    return (count_in * each["in_us"] + count_out * each["out_us"]) / 1e3


def transport_command(visit, seconds):
    """As many packets of each peer, in and out, when they are due."""
    (count_in, bytes_in), (count_out, bytes_out) = packets(visit, "in"), packets(visit, "out")
    people = visit["people"]
    command = ["tessera-floor-transport", "-n", people, "-s", seconds]
    for letter, count, size in (("i", count_in, bytes_in), ("o", count_out, bytes_out)):
        command += [f"-{letter}", max(16, min(1400, round(size))), f"-{letter.upper()}", max(1, round(count / people))]
    return command


def transport_floor_ms(programs, visit, quick):
    return programs.json_of(*transport_command(visit, 3 if quick else 8))["total_ms"]


def bot_figures(reports, name):
    """The last value that each participant reported under `name`; a bot says -1 for what did not happen."""
    last = {r["seat"]: r[name] for r in reports if "seat" in r and r.get(name, -1) >= 0}
    return list(last.values())


def encoded(visit):
    """Pictures by tier in the window."""
    ends = ([tier["encoded"] for tier in visit[side]["video"]["tiers"]] for side in ("after", "before"))
    return [after - before for after, before in zip(*ends)]


def encoded_share(visits):
    """Of the tier that had the smallest share of its pictures, in all windows together: in a short one, one picture more or less is much."""
    pictures = [sum(tier) for tier in zip(*(encoded(v) for v in visits))]
    return min(floor.encoded_shares(pictures, sum(v["seconds"] for v in visits)))


def whole_cost_ms(visit, floors):
    """With the pictures that were left out because the machine was too busy."""
    return cpu_ms(visit) + middle([floor.left_out_ms(f, encoded(visit), visit["seconds"]) for f in floors])


def add_clock_rows(report, case, windows):
    """What the clock and the encoders did, and how busy the machine was."""
    missed = [grown(w, "video", "missed_ticks") / floor.FPS for w in windows]
    report.add(case, "missed_share", sum(missed) / len(missed), "share", goal=floor.MISSED)
    report.add(case, "encoders", max(w["after"]["video"]["live_encoders"] for w in windows), "count", goal=len(TIERS))
    report.add(case, "encoded_unused", sum(sum(encoded(w)[len(TIERS):]) for w in windows), "pictures", goal=0)
    report.add(case, "machine_load", max(w["load"] for w in windows), "share", goal=LOAD_MOST if case == "n4t4" else None)


def add_beside_rows(report, case, windows):
    share = encoded_share(windows)
    ratios = [whole_cost_ms(w, [w["video"]]) / sum(w["floor_ms"].values()) for w in windows]
    report.add(case, "cpu_ratio", middle(ratios), "ratio", goal=CPU_GOAL[case] if share >= KEPT_UP else None)
    report.add(case, "beside_cpu_ms", middle([cpu_ms(w) for w in windows]), "ms/s")
    for name in ("video", "audio", "transport"):
        report.add(case, f"beside_floor_{name}_ms", middle([w["floor_ms"][name] for w in windows]), "ms/s")
    report.add(case, "beside_encoded_share", share, "share", better="higher")


def add_rows(report, case, visits, floors, programs, quick):
    floor_ms = {
        "video": middle([f["total_ms"] for f in floors]),
        "audio": middle([audio_floor_ms(programs, v, quick) for v in visits]),
        "transport": middle([transport_floor_ms(programs, v, quick) for v in visits]),
    }
    cost = middle([whole_cost_ms(v, floors) for v in visits])
    add_beside_rows(report, case, [w for v in visits for w in v["beside"]])
    report.add(case, "cpu_ratio_alone", cost / sum(floor_ms.values()), "ratio")
    report.add(case, "cpu_ms", middle([cpu_ms(v) for v in visits]), "ms/s")
    report.add(case, "encoded_share", min(encoded_share([v]) for v in visits), "share", better="higher")
    add_clock_rows(report, case, visits)
    split = [stages(v) for v in visits]
    for name in ("decode", "scale", "compose", "encode", "audio", "transport"):
        report.add(case, f"cpu_{name}_ms", middle([s[name] for s in split]), "ms/s")
    for name, value in floor_ms.items():
        report.add(case, f"floor_{name}_ms", value, "ms/s")
    report.add(case, "floor_wire_ms", middle([wire_floor_ms(programs, v) for v in visits]), "ms/s")
    # From a source's picture complete on the wire to the first packet of the composite that shows it; slow tiers add their own period.
    calm = max(v["load"] for v in visits) <= LOAD_MOST
    watched = [r for v in visits for r in v["bots"] if r.get("type") == "final" and r.get("tier") in FAST_TIERS]
    for share in (50, 95):
        goal = LATENCY_GOAL[share] if case == "n4t4" and calm else None
        report.add(case, f"latency_p{share}_ms", middle(bot_figures(watched, f"latency_p{share}_ms")), "ms", goal=goal)
    report.add(case, "rss_mib", max(v["rss_mib"] for v in visits), "MiB", goal=110 if case == "n4t4" else None)
    report.add(case, "rss_next_mib", max(v["rss_next_mib"] for v in visits), "MiB", goal=60 if case == "n4t4" else None)
    # From the first message to the first picture on the screen.
    joins = [ms for v in visits for ms in bot_figures(v["bots"] + v["next_bots"], "first_picture_ms")]
    for share in (50, 95):
        report.add(case, f"join_p{share}_ms", percentile(joins, share), "ms")
