"""libopus for figures: coding speech, losing packets, decoding what is left."""
import ctypes
import ctypes.util

import numpy as np

RATE = 48000
_VOIP, _SET_BITRATE, _SET_EXPECTED_LOSS = 2048, 4002, 4014


def _library():
    name = ctypes.util.find_library("opus")
    if name is None:
        raise OSError("libopus is missing")
    lib = ctypes.CDLL(name)
    lib.opus_encoder_create.restype = lib.opus_decoder_create.restype = ctypes.c_void_p
    lib.opus_encoder_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    return lib


def encode(pcm, bitrate, frame_ms, expected_loss=0):
    """float in -1..1 at 48 kHz -> packets. expected_loss: in percent; the more, the less a frame leans on those before it."""
    lib, error = _library(), ctypes.c_int()
    encoder = ctypes.c_void_p(lib.opus_encoder_create(RATE, 1, _VOIP, ctypes.byref(error)))
    lib.opus_encoder_ctl(encoder, _SET_BITRATE, bitrate)
    lib.opus_encoder_ctl(encoder, _SET_EXPECTED_LOSS, expected_loss)
    samples = RATE * frame_ms // 1000
    out, buffer = [], ctypes.create_string_buffer(1500)
    ints = np.clip(np.asarray(pcm) * 32767, -32768, 32767).astype(np.int16)
    for at in range(0, len(ints) - samples + 1, samples):
        block = np.ascontiguousarray(ints[at : at + samples])
        size = lib.opus_encode(encoder, block.ctypes.data_as(ctypes.c_void_p), samples, buffer, 1500)
        out.append(buffer.raw[:size])
    lib.opus_encoder_destroy(encoder)
    return out


def decode(packets, frame_ms):
    """None for a lost packet: concealed."""
    lib, error = _library(), ctypes.c_int()
    decoder = ctypes.c_void_p(lib.opus_decoder_create(RATE, 1, ctypes.byref(error)))
    samples = RATE * frame_ms // 1000
    out = np.zeros(len(packets) * samples, np.int16)
    for i, packet in enumerate(packets):
        block = np.zeros(samples, np.int16)
        lib.opus_decode(decoder, packet, len(packet) if packet else 0, block.ctypes.data_as(ctypes.c_void_p), samples, 0)
        out[i * samples : (i + 1) * samples] = block
    lib.opus_decoder_destroy(decoder)
    return out / 32768.0


def without(packets, lost, distances=()):
    """What a receiver has: packet n itself, or its copy in n + d for a d of `distances` (RED); None where all are lost."""
    return [p if not lost[n] or any(n + d < len(packets) and not lost[n + d] for d in distances) else None for n, p in enumerate(packets)]
