"""baresip as a caller: headless, plays a tone from a file, keeps what it hears in a file, presses keys through a terminal."""
import glob
import os
import pty
import subprocess
import wave

import numpy

from peer import scratch

CODECS = {"g711": ("PCMU/8000/1", 8000, 1), "g722": ("G722/16000/1", 16000, 1), "opus": ("opus/48000/2", 48000, 2)}


def write_tone(path, hz, rate, channels, seconds=40):
    n = numpy.arange(rate * seconds)
    pcm = (9000 * numpy.sin(2 * numpy.pi * hz * n / rate)).astype("<i2")
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(numpy.repeat(pcm, channels).tobytes())


class Baresip:
    def __init__(self, ip, port, codec, tone_hz, secure=True):
        name, rate, channels = CODECS[codec]
        self.folder, self.rate = scratch(f"baresip-{codec}"), rate
        for old in glob.glob(self.folder + "/dump*"):
            os.unlink(old)
        write_tone(self.folder + "/tone.wav", tone_hz, rate, channels)
        with open(self.folder + "/config", "w", encoding="utf-8") as f:
            f.write(f"sip_listen {ip}:{port}\nnet_interface {ip}\nrtp_ports 24000-24090\njitter_buffer_delay 5-10\n"
                    f"audio_source aufile,{self.folder}/tone.wav\naudio_player aubridge,x\naudio_alert aubridge,y\nausrc_srate {rate}\n"
                    f"auplay_srate {rate}\nausrc_channels {channels}\nauplay_channels {channels}\nsnd_path {self.folder}\n"
                    f"module_path /usr/lib/baresip/modules\nmodule stdio.so\nmodule {codec}.so\nmodule aufile.so\nmodule aubridge.so\n"
                    "module sndfile.so\nmodule srtp.so\nmodule uuid.so\nmodule_app account.so\nmodule_app contact.so\nmodule_app menu.so\n")
        with open(self.folder + "/accounts", "w", encoding="utf-8") as f:
            f.write(f"<sip:+15557005555@{ip}:{port}>;regint=0;audio_codecs={name}{';mediaenc=srtp-mand' if secure else ''}\n")
        open(self.folder + "/contacts", "w", encoding="utf-8").close()

    def dial(self, uri, seconds=30):
        self.terminal, inside = pty.openpty()
        self.log = open(self.folder + "/log", "w", encoding="utf-8")
        self.process = subprocess.Popen(["baresip", "-4", "-f", self.folder, "-e", "d" + uri, "-t", str(seconds)], stdin=inside,
                                        stdout=self.log, stderr=self.log)
        os.close(inside)

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def words(self):
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def hang_up(self):
        """Ends it, and returns what it heard: numbers at self.rate."""
        try:
            os.write(self.terminal, b"b")
            self.process.wait(3)
        except (OSError, subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(5)
        self.log.close()
        os.close(self.terminal)
        with wave.open(glob.glob(self.folder + "/dump*dec.wav")[0]) as w:
            pcm = numpy.frombuffer(w.readframes(w.getnframes()), "<i2").astype(float)
            return pcm[:: w.getnchannels()]
