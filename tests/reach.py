"""Who can be reached: boolean propagation through the structure of a network, for every place of the input at once.

Layers are told by kind: ("A", k) and ("B", k) masked convolutions, ("rows", 3) a Row LSTM, ("diagonals", 1) a Diagonal
BiLSTM, ("quadrant", 1) a Spatial LSTM without its window, k being the size of the input-to-state kernel. The rules are the
papers' words in tests/oracle.py, not `minipixel.order`.

Sources: PixelRNN (van den Oord et al. 2016), sections 3.1, 3.2, 3.4; Theis and Bethge 2015, section 2.
"""

import numpy as np
from oracle import READS, live

ABOVE = ((-1, -1), (-1, 0), (-1, 1))        # the 3 x 1 kernel of the Row LSTM, over the row above
BESIDE_AND_ABOVE = ((0, -1), (-1, 0))       # the 2 x 1 kernel over the skewed column before: its rows i and i - 1


def moved(seen, di, dj):
    """The map (places, H, W, colours) moved down by di and right by dj, nothing coming in."""
    out, (H, W) = np.zeros_like(seen), seen.shape[1:3]
    if abs(di) < H and abs(dj) < W:
        out[:, max(0, di):H + min(0, di), max(0, dj):W + min(0, dj)] = seen[:, max(0, -di):H - max(0, di),
                                                                            max(0, -dj):W - max(0, dj)]
    return out


def convolved(seen, kind, taps):
    """A masked convolution: the centre by the colours of the mask, all other places freely."""
    out, names = np.zeros_like(seen), "RGB"[:seen.shape[-1]]
    for di, dj in taps:
        source = moved(seen, -di, -dj)
        for c_out, name in enumerate(names):
            readable = [c for c, other in enumerate(names) if (di, dj) != (0, 0) or other in READS[kind][name]]
            out[..., c_out] |= source[..., readable].any(axis=-1)
    return out


def scanned(seen, reads):
    """A recurrence: each state keeps what its own input gave, and reads states of any colour at the places `reads`."""
    state, (H, W) = seen.copy(), seen.shape[1:3]
    for i, j in sorted(np.ndindex(H, W), key=lambda cell: (sum(cell), cell)):
        for di, dj in reads:
            if 0 <= i + di < H and 0 <= j + dj < W:
                state[:, i, j] |= state[:, i + di, j + dj].any(axis=-1, keepdims=True)
    return state


def by_rows(seen, k=3):
    return scanned(convolved(seen, "B", [(di, dj) for di, dj in live("B", k, seen.shape[-1]) if di == 0]), ABOVE)


def lowered(right):
    return moved(right, 1, 0)


def by_diagonals(seen, k=1, reads=BESIDE_AND_ABOVE, lower=lowered):
    """The scan from the left, and the mirrored one, moved down by one row, added to it."""
    given = convolved(seen, "B", live("B", k, seen.shape[-1]))
    return scanned(given, reads) | lower(scanned(given[:, :, ::-1], reads)[:, :, ::-1])


def quadrant(seen, k=1):
    """The scan from the left alone, with its own pixel as input."""
    return scanned(convolved(seen, "B", live("B", k, seen.shape[-1])), BESIDE_AND_ABOVE)


SCANS = {"rows": by_rows, "diagonals": by_diagonals, "quadrant": quadrant}


def reach(height, width, colours, layers, places=None, column=0):
    """The outputs to which a way leads from each place (row, column, colour): bool (places, height, width, colours).

    places: all, in the raster's order, if None. column=1: the network runs on one more column on the right.
    """
    places = list(np.ndindex(height, width, colours)) if places is None else places
    seen = np.zeros((len(places), height, width + column, colours), bool)
    for n, place in enumerate(places):
        seen[(n, *place)] = True
    for kind, k in layers:
        seen = SCANS[kind](seen, k) if kind in SCANS else convolved(seen, kind, live(kind, k, colours))
    return seen[:, :, :width]


def unseen(height, width, layers, column=0):
    """Of one colour, the pairs (earlier pixel, later pixel) between which no way leads: bool (pixels, pixels).

    The other way round nothing may be seen: that is asserted.
    """
    seen = reach(height, width, 1, layers, column=column).reshape(height * width, -1)
    past = np.triu(np.ones(seen.shape, bool), 1)
    assert not (seen & ~past).any(), "the future is seen"
    return past & ~seen


def unseen_share(height, width, layers, column=0):
    """The share of them in all pairs."""
    pairs = height * width * (height * width - 1) / 2
    return unseen(height, width, layers, column).sum() / pairs
