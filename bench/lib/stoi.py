"""STOI: how intelligible speech is that came over a link, from 0 to 1.

C. H. Taal, R. C. Hendriks, R. Heusdens, J. Jensen, "An Algorithm for Intelligibility Prediction of Time-Frequency Weighted Noisy
Speech", IEEE TASLP 19(7), 2011: 10 kHz, frames of 256 samples with half overlap, 512-point spectra, 15 third-octave bands from 150 Hz
on, segments of 30 frames, clipping at -15 dB, frames more than 40 dB below the loudest left out.
"""
import numpy as np

RATE = 10000
FRAME, HOP, POINTS = 256, 128, 512
BANDS, LOWEST_HZ = 15, 150
SEGMENT = 30
CLIP = 1 + 10 ** (15 / 20)
GATE_DB = 40
TINY = np.finfo(float).eps


def resample(samples, rate):
    """To 10 kHz, by cutting the spectrum; `rate` in Hz."""
    samples = np.asarray(samples, dtype=float)
    length = int(round(len(samples) * RATE / rate))
    return np.fft.irfft(np.fft.rfft(samples)[: length // 2 + 1], length) * length / max(1, len(samples))


def _window():
    return np.hanning(FRAME + 2)[1:-1]


def _frames(samples, hop=HOP):
    count = max(0, (len(samples) - FRAME) // hop + 1)
    return samples[np.arange(count)[:, None] * hop + np.arange(FRAME)[None, :]] * _window()


def _without_silence(clean, heard):
    """Both without the frames in which the clean one is silent, put together again by overlap and addition."""
    frames, others = _frames(clean), _frames(heard)
    level = 20 * np.log10(np.linalg.norm(frames, axis=1) / np.sqrt(FRAME) + TINY)
    kept = np.flatnonzero(level > level.max() - GATE_DB) if len(level) else []
    joined = np.zeros((2, (len(kept) - 1) * HOP + FRAME if len(kept) else 0))
    for place, index in enumerate(kept):
        joined[0, place * HOP : place * HOP + FRAME] += frames[index]
        joined[1, place * HOP : place * HOP + FRAME] += others[index]
    return joined


def _bands():
    """15 x 257: which bins belong to which third-octave band."""
    bins = np.linspace(0, RATE, POINTS + 1)[: POINTS // 2 + 1]
    centres = LOWEST_HZ * 2 ** (np.arange(BANDS) / 3)
    edge = lambda hz: int(np.argmin(np.abs(bins - hz)))  # noqa: E731
    matrix = np.zeros((BANDS, len(bins)))
    for band, centre in enumerate(centres):
        matrix[band, edge(centre * 2 ** (-1 / 6)) : edge(centre * 2 ** (1 / 6))] = 1
    return matrix


def bands_of(samples, hop=HOP):
    """Magnitudes of frames `hop` samples apart: bands x frames."""
    power = np.abs(np.fft.rfft(_frames(samples, hop), POINTS, axis=1)) ** 2
    return np.sqrt(_bands() @ power.T)


def stoi(clean, heard, rate):
    """Of two signals of one length that are aligned in time; None when they hold less than one segment of speech."""
    length = min(len(clean), len(heard))
    clean, heard = resample(clean[:length], rate), resample(heard[:length], rate)
    x, y = map(bands_of, _without_silence(clean, heard))
    if x.shape[1] < SEGMENT:
        return None
    index = np.arange(x.shape[1] - SEGMENT + 1)[:, None] + np.arange(SEGMENT)[None, :]
    x, y = x[:, index], y[:, index]  # band, segment, frame
    scale = np.linalg.norm(x, axis=2, keepdims=True) / (np.linalg.norm(y, axis=2, keepdims=True) + TINY)
    y = np.minimum(y * scale, x * CLIP)
    x = x - x.mean(axis=2, keepdims=True)
    y = y - y.mean(axis=2, keepdims=True)
    correlation = (x * y).sum(axis=2) / (np.linalg.norm(x, axis=2) * np.linalg.norm(y, axis=2) + TINY)
    return float(correlation.mean())
