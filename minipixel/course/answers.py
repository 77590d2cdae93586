"""What every judge asks of an answer, whatever the exercise: the form of a pair, and numbers that agree.

The usual mistakes are recognised by doing them on purpose: an answer that agrees with a wrong version has made just that
mistake. What is left goes to `gradcheck`, which knows the general ones.
"""

from contextlib import contextmanager

import numpy as np

from minipixel import gradcheck

SMALL = 1e-9
ROUNDED = 1e-5      # what numbers of 32 bits may be off, of the largest


def close(a, b):
    """Do two arrays, or two tuples of arrays, agree in shape and in every number?"""
    if isinstance(b, tuple):
        return isinstance(a, tuple) and len(a) == len(b) and all(map(close, a, b))
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool((np.abs(a - b) <= SMALL).all())


@contextmanager
def noted(note):
    """An exception that leaves the block says with which arguments it came."""
    try:
        yield
    except Exception as error:
        error.add_note(note)
        raise


@contextmanager
def hinted(hint):
    """An error about shapes that leaves the block says what fits."""
    try:
        yield
    except ValueError as error:
        if about_shapes(error):
            error.add_note(hint)
        raise


def about_shapes(error):
    return any(word in str(error) for word in ("shape", "dimension", "size"))


def sizes(given):
    """The shapes of the arrays among the arguments, in words."""
    return ", ".join(f"{name} {value.shape}" for name, value in given.items() if isinstance(value, np.ndarray))


def called(function, given):
    """What function(**given) returns, and the complaint if it has written into its arguments, else ""."""
    before = {name: value.copy() for name, value in given.items() if isinstance(value, np.ndarray)}
    returned = function(**given)
    if all(np.array_equal(value, given[name]) for name, value in before.items()):
        return returned, ""
    return returned, f"{function.__name__} changes its arguments: it may write only into arrays that it made"


def array_mistake(y, right, what="y"):
    """Why y cannot be compared with the array that is right, in words; "" if it can. (Nothing that is right is not finite.)"""
    if not isinstance(y, np.ndarray):
        return f"{what} must be an array, got {type(y).__name__}"
    if y.shape != right.shape:
        return f"{what} has shape {y.shape}, expected {right.shape}"
    if y.dtype.kind not in "fiub":
        return f"{what} must hold numbers, got {y.dtype}"
    bad = int((~np.isfinite(y)).sum())
    return f"{what} has NaN or inf in {bad} of {y.size} entries" if bad else ""


def numbers_differ(y, right, what=""):
    """How many numbers are wrong, which is the first, and is it rounding: for mistakes that nothing else explains."""
    off = np.abs(y - right)
    wrong = ~(off <= SMALL)
    first = tuple(map(int, np.argwhere(wrong)[0]))
    rounded = off.max() <= ROUNDED * max(1, np.abs(right).max())
    return (f"{wrong.sum()} of {wrong.size} numbers{what} are wrong, first at {first}: {y[first]:.6g} where "
            f"{right[first]:.6g} is right"
            + (f"; by {off.max():.1e} at most, as if rounded: is one of your arrays float32, or was a small number added?"
               if rounded else ""))


def judged_forward(function, given, right, mistakes):
    """What is wrong with y of `y, cache = function(**given)`, y an array or a tuple of arrays as `right`; "" if nothing is.

    mistakes: pairs (words, what y would be with that mistake).
    """
    with noted(sizes(given)):
        returned, complaint = called(function, given)
    if not (isinstance(returned, tuple) and len(returned) == 2):
        return f"{function.__name__} must return y, cache, got {type(returned).__name__}"
    y, several = returned[0], isinstance(right, tuple)
    if several and not (isinstance(y, tuple) and len(y) == len(right)):
        return f"{function.__name__} must return a tuple of {len(right)} arrays, and a cache"
    for number, (one, good) in enumerate(zip(y, right) if several else [(y, right)]):
        complaint = complaint or array_mistake(one, good, f"output {number}" if several else "y")
    if complaint or close(y, right):
        return complaint
    for words, wrong in mistakes:
        if close(y, wrong):
            return words
    pairs = list(zip(y, right)) if several else [(y, right)]
    number = next(number for number, pair in enumerate(pairs) if not close(*pair))
    return numbers_differ(*pairs[number], f" of output {number}" if several else "")


def or_square(judged, given, square, alike):
    """judged(given); where its shapes do not fit, what is wrong with `square`, in which sizes are equal so that they do.

    A product with a transposed matrix fails where sizes differ, and can be named where they do not. alike: what is equal there,
    in words.
    """
    try:
        return judged(given)
    except ValueError as error:
        if not about_shapes(error) or not (says := judged(square)):
            raise
        return f"shapes do not fit ({error}); where {alike} they do, and then:\n{says}"


def judged_backward(forward, backward, given, mistakes, axes=None, reference=None):
    """What the gradient check finds wrong with a backward, "" if nothing; known mistakes are named first.

    axes: how axes are called, see `gradcheck.check`; reference: a forward whose cache is what the exercise says.
    mistakes(dy, cache) yields (words, {name: the gradient as if that mistake had been made}).
    """
    with noted(sizes(given)):
        result, says = checked(forward, backward, given, reference, axes)
        if result or says:
            return says
        wrong = {name for name, error in result.errors.items() if error > result.tolerance}
        say_first(result, named_mistakes(forward, backward, given, wrong, mistakes))
    return str(result)


def checked(forward, backward, given, reference, axes=None):
    """The result of the gradient check, and a sentence where the student's own forward is at fault for it, else ""."""
    try:
        result = gradcheck.check(forward, backward, given, axes=axes)
    except Exception as error:
        if says := cache_at_fault(forward, backward, given, reference):
            return None, f"{says} ({type(error).__name__}: {error})"
        raise
    return result, "" if result else cache_at_fault(forward, backward, given, reference)


def cache_at_fault(forward, backward, given, reference):
    """A sentence where the backward is right with the cache of another forward, the reference; else ""."""
    if reference is None or forward is reference:
        return ""
    try:
        right = bool(gradcheck.check(reference, backward, given))
    except Exception:
        right = False
    return right * (f"your {backward.__name__} is right with the cache that the exercise names; what your {forward.__name__} "
                    "has put into it is something else: has an array been changed after, or under, its name?")


def named_mistakes(forward, backward, given, wrong, mistakes):
    """{name of a wrong gradient: which mistake explains it}."""
    y, cache = forward(**given)
    rng = np.random.default_rng(0)
    dy = tuple(rng.standard_normal(one.shape) for one in y) if isinstance(y, tuple) else rng.standard_normal(y.shape)
    grads, found = backward(dy, cache), {}
    # Where all is zero, a single mistake that leaves one of them at zero explains nothing.
    if isinstance(grads, dict) and any(np.any(one) for one in grads.values()):
        explained = [(words, {name for name in wrong & set(spoiled) & set(grads) if close(grads[name], spoiled[name])})
                     for words, spoiled in mistakes(dy, cache)]
        for words, names in sorted(explained, key=lambda one: len(one[1])):  # what explains most has the last word
            found |= dict.fromkeys(names, words)
    return {name: found[name] for name in given if name in found}


def say_first(result, found):
    """Put {name: sentence} at the head of a gradient check's diagnosis, in place of what it says of these arrays itself."""
    names = {f"d{name}" for name in found}
    general = [sentence for sentence in result.diagnosis if not set(sentence.partition(":")[0].split(", ")) <= names]
    gathered = {}
    for name, sentence in found.items():
        gathered.setdefault(sentence, []).append(f"d{name}")
    result.diagnosis[:] = [f"{', '.join(names)}: {sentence}." for sentence, names in gathered.items()] + general
