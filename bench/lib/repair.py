"""What forward error correction would add to sending again, for a receiver of VP8: the share of the time that its picture stands still
(gaps above 200 ms), what repair weighs beside the pictures, and how old these are when they are shown.

Nothing is paced and chance is drawn from a seed: the figures are the same on every run and every machine with these libraries. Pictures
are as large as the room's VP8 encoder makes them of four people in a grid. Each line has the same budget for every way and the same
delay at the far end; `kept` is the share of the time in which the room's own estimate would be enough for the tier.

  rtx     what is asked for
  copies  as the room does
  ulpfec  XOR within each picture, as much as libwebrtc would send, beside what is asked for
  equal   XOR within each picture in the place of one copy of each packet
  window  the same, also over the packets of the picture before
"""
import floor

CASES = {"A": "1280x720@25:1200", "B": "640x360@25:400", "C": "480x270@15:150", "D": "320x180@10:64", "E": "320x180@8:30"}
TARGETS = ["tessera-repair", "tessera-clips"]
FILM_S = 20
WAYS = ("rtx", "copies", "ulpfec", "equal", "window")
WEIGHED = ("copies", "ulpfec", "window")
AGED = ("copies", "window")


def name_of(line):
    return f"{line['loss']:.0%}{'x%d' % line['burst'] if line['burst'] else ''} {line['rtt_ms']}ms"


def show(case, found):
    print(f"\ntier {case}: {found['packets_each']} packets a picture, {found['in_one']:.0%} in one, a keyframe in {found['keyframe_packets']}")
    print(f"{'loss, round trip':16} {'kept':>5}  " + " ".join(f"{way:>7}" for way in WAYS) + "  frozen, %   " + " ".join(f"{way:>7}" for way in WEIGHED) + "  overhead, %   p95, ms (copies, window)")
    for line in found["lines"]:
        ways = line["ways"]
        frozen = " ".join(f"{ways[way]['frozen'] * 100:7.2f}" for way in WAYS)
        overhead = " ".join(f"{ways[way]['overhead'] * 100:7.0f}" for way in WEIGHED)
        delay = " ".join(f"{ways[way]['delay_p95_ms']:5.0f}" for way in AGED)
        print(f"{name_of(line):16} {ways['copies']['kept']:5.0%}  {frozen}              {overhead}             {delay}")


def run(report, programs, cases, quick):
    files = floor.camera_clips(programs)
    report.shown = True
    for case in cases:
        arguments = ["-t", CASES[case], "-f", FILM_S * floor.FPS, *(["-q"] if quick else []), *files]
        found = programs.json_of("tessera-repair", *arguments, timeout=300)
        for line in found["lines"]:
            for way in WAYS:
                report.add(case, f"{name_of(line)} {way} frozen", line["ways"][way]["frozen"], "share")
            for way in WEIGHED:
                report.add(case, f"{name_of(line)} {way} overhead", line["ways"][way]["overhead"], "share")
            for way in AGED:
                report.add(case, f"{name_of(line)} {way} delay_p95", line["ways"][way]["delay_p95_ms"], "ms")
            report.add(case, f"{name_of(line)} kept", line["ways"]["copies"]["kept"], "share", better="higher")
        if not report.as_json:
            show(case, found)
