"""The causal neighbourhood: which offsets are in it, and in which order."""

from minipixel.densities.neighbourhood import causal as right_causal


def judge_causal(causal):
    for size in (3, 5, 7):
        answer, right = causal(size), list(right_causal(size))
        if says := mistake(answer, right, size // 2):
            return f"causal({size}): {says}"
    return ""


def mistake(answer, right, reach):
    """What is wrong with the offsets of one window, in words; "" if nothing is."""
    if not (isinstance(answer, (list, tuple)) and all(isinstance(tap, tuple) and len(tap) == 2 for tap in answer)):
        return f"is {answer!r}, expected a list of tuples (di, dj)"
    taps = list(answer)
    if taps and sorted(taps) == sorted((di + reach, dj + reach) for di, dj in right):
        return "these are places in the window; an offset is counted from the pixel, which stands at (0, 0)"
    extra, missing = [tap for tap in taps if tap not in right], [tap for tap in right if tap not in taps]
    if (0, 0) in extra:
        return "(0, 0) is the pixel itself: a density that reads its own value has nothing left to predict"
    if later := [tap for tap in extra if tap > (0, 0) and max(map(abs, tap)) <= reach]:
        di, dj = later[0]
        return f"{(di, dj)} is later: {'a row below' if di else 'to the right in the same row'}"
    if extra:
        return f"{extra[0]} lies outside of the window, which reaches {reach} rows and columns from the pixel"
    if missing and all(di < 0 < dj for di, dj in missing):
        return f"{missing[0]} is missing: all of the rows above is earlier, to the right as well"
    if missing:
        return f"{missing[0]} is missing: it is earlier, and inside the window"
    if len(taps) > len(right):
        return "offsets come twice"
    first = next((k for k, (tap, due) in enumerate(zip(taps, right)) if tap != due), None)
    return "" if first is None else ("the order is row by row, from left to right: "
                                     f"place {first} is that of {right[first]}, yours has {taps[first]} there")
