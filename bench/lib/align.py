"""What was said while something was heard: speech that goes round and round, against what came of it over a link.

How late it is changes for a listener behind a queue, whose playout buffer stretches and squeezes what it has. Band envelopes are compared, as STOI does,
since squeezed speech has another waveform; the way through the seconds is the one that fits best on the whole (Viterbi).
"""
import numpy as np

from stoi import RATE, bands_of

HOP = 100  # samples of RATE
CHUNK, CONTEXT = 50, 100  # hops that are placed together; that are looked at for it
STEP = 15  # hops by which one chunk may be later or sooner than the one before
STILL = 0.002  # of the best match, for each hop of that


def _envelopes(samples):
    """Frames of 256 samples around each hop, compressed, without their mean: bands x hops."""
    power = bands_of(np.pad(samples, (128 - HOP // 2, 256)), HOP)[:, : len(samples) // HOP]
    compressed = np.sqrt(power)
    return compressed - compressed.mean(axis=1, keepdims=True)


def _likeliest(scores):
    """The column of each row, at most STEP from the one before, round the end, whose sum is the largest."""
    still = STILL * scores.max()
    best, came = scores[0], []
    for row in scores[1:]:
        from_each = np.array([np.roll(best, -k) - still * abs(k) for k in range(-STEP, STEP + 1)])
        came.append(from_each.argmax(axis=0) - STEP)
        best = from_each.max(axis=0) + row
    path = [int(np.argmax(best))]
    for move in reversed(came):
        path.append((path[-1] + int(move[path[-1]])) % scores.shape[1])
    return path[::-1]


def _matches(loop, heard):
    """How well each chunk fits with each lateness: chunks x hops of the loop."""
    said, got = _envelopes(loop), _envelopes(heard)
    spectrum = np.fft.rfft(said, axis=1)
    scores = []
    for at in range(0, len(heard) // HOP, CHUNK):
        begin = max(0, at - (CONTEXT - CHUNK) // 2)
        piece = got[:, begin : at + CHUNK + (CONTEXT - CHUNK) // 2]
        match = np.fft.irfft((spectrum * np.conj(np.fft.rfft(piece, said.shape[1], axis=1))).sum(axis=0), said.shape[1])
        scores.append(np.roll(match / (np.linalg.norm(piece) + 1e-9), -begin))
    return np.array(scores)


def _exactly(loop, chunk, near):
    """The sample within a hop of `near` at which the waveform fits best."""
    places = near + np.arange(-HOP, HOP + 1)
    around = loop[(near - HOP + np.arange(len(chunk) + 2 * HOP)) % len(loop)]
    return int(places[np.argmax(np.correlate(around, chunk, "valid"))]) if np.any(chunk) else near


def _places(loop, heard, scores):
    """Each chunk of `heard`, and the sample of the loop at which it begins."""
    for i, late in enumerate(_likeliest(scores)):
        chunk = heard[i * CHUNK * HOP : (i + 1) * CHUNK * HOP]
        yield chunk, _exactly(loop, chunk, (late + i * CHUNK) * HOP)


def follow(loop, heard):
    """For each sample of `heard` the one of `loop` that was said then; both at RATE, the loop a whole number of hops. As long as `heard`, but
    for less than a hop."""
    assert len(loop) % HOP == 0
    places = _places(loop, heard, _matches(loop, heard))
    return np.concatenate([loop[(begin + np.arange(len(chunk))) % len(loop)] for chunk, begin in places])


def lateness(loop, heard, said, most):
    """How long after it was said each chunk was heard, in samples; `said`: the sample of the loop that was being said as `heard` began;
    `most`: no later than that, for words that come twice in the loop."""
    scores = _matches(loop, heard)
    first = (said - most) // HOP  # of the columns that are left: the least late is the last
    column = (np.arange(scores.shape[1]) - first) % scores.shape[1]
    scores[:, column > most // HOP] = -1e9
    return [int((said + i * CHUNK * HOP - begin) % len(loop)) for i, (_, begin) in enumerate(_places(loop, heard, scores))]
