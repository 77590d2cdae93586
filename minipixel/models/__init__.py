"""The models by name, and `build`, the one way to make one."""

import difflib
import inspect

import numpy as np

from minipixel.layers.heads import head_for
from minipixel.memory import Drawn
from minipixel.models.base import Model
from minipixel.models.density import Density
from minipixel.models.labeller import Labeller
from minipixel.models.mcgsm import mcgsm
from minipixel.models.mdlstm import mdlstm
from minipixel.models.multi_scale import multi_scale
from minipixel.models.pixelcnn import pixelcnn
from minipixel.models.pixelcnn_basic import pixelcnn_basic
from minipixel.models.pixelrnn import diagonal_bilstm, row_lstm
from minipixel.models.scales import MultiScale
from minipixel.models.spatial_lstm import spatial_lstm

LARGEST = 4096          # of an option's size
MOST_THREADS = 1024     # nor start processes without end
MODELS = {"pixelcnn": pixelcnn, "pixelcnn-basic": pixelcnn_basic, "row-lstm": row_lstm, "diagonal-bilstm": diagonal_bilstm,
          "multi-scale": multi_scale, "spatial-lstm": spatial_lstm, "mcgsm": mcgsm}
KINDS = {"multi-scale": MultiScale, "mcgsm": Density}       # of the models that are more than a network and a head
LABELLERS = {"mdlstm": mdlstm}                  # these give each pixel a class and no image a probability
CHOICES = {"context": ("paper", "full"), "recurrence": ("diagonal", "row"), "head": ("softmax", "mcgsm"),
           "cell": ("mdlstm", "mdlstm-stable", "mdrnn")}        # the options that are words


def options_of(name):
    """{option: default} of a model; ValueError when there is no such model."""
    known = MODELS | LABELLERS
    if name not in known:
        raise ValueError(unknown("model", name, known))
    parameters = inspect.signature(known[name]).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}


def build(name, *, height, width, colours=1, levels=2, rng=0, dtype="float32", device="cpu", threads=None, **options):
    """A model with fresh weights: a Model of MODELS, or a Labeller of LABELLERS.

    name: a row of `minipixel models`; height, width: the sampler's defaults; colours: 1, or 3 in the order R, G, B (or
    any number of channels, each after those before it);
    levels: 2..256; rng: an int or a Generator; dtype: float32, or float64 for checks; options: the model's own.
    ValueError names what is unknown or out of range, and what was expected.
    """
    defaults = options_of(name)
    for option, value in options.items():
        if option not in defaults:
            raise ValueError(unknown(f"option of {name}", option, defaults))
        check_option(option, value, defaults[option])
    for what, value in (("height", height), ("width", width), ("colours", colours)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"{what} expects a whole number of at least 1, got {value!r}")
    if not is_whole(levels) or not 2 <= levels <= 256:
        raise ValueError(f"levels expects a whole number 2..256, got {levels!r}")
    if threads is not None and (not is_whole(threads) or not 1 <= threads <= MOST_THREADS):
        raise ValueError(f"threads expects a whole number 1..{MOST_THREADS}, got {threads!r}")
    if dtype not in ("float32", "float64", np.float32, np.float64):
        raise ValueError(f"dtype expects float32 or float64, got {dtype}")
    options = {**defaults, **options}
    sizes = {"height": height, "width": width, "colours": colours, "levels": levels, "dtype": dtype, "threads": threads}
    drawn = {"rng": Drawn(np.random.default_rng(rng)), "dtype": dtype}      # a slip of the finger shall not fill the memory
    if name in LABELLERS:
        return Labeller(name, options, LABELLERS[name](colours, **drawn, **options), **sizes).to(device)
    net = MODELS[name](colours, head_for(colours, levels).units, **drawn, **options)
    kind = Density if options.get("head") == "mcgsm" else KINDS.get(name, Model)
    return kind(name, options, net, **sizes).to(device)


def check_option(option, value, default):
    """Options are switches (True or False), words, or sizes (whole numbers, at least 1; layers may be 0)."""
    if option in CHOICES:
        if value not in CHOICES[option]:
            raise ValueError(unknown(f"value of option {option}", value, CHOICES[option]))
        return
    if isinstance(default, bool):
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"option {option} expects true or false, got {value!r}")
        return
    lowest = 0 if option.endswith("layers") else 1
    if not is_whole(value) or not lowest <= value <= LARGEST:
        raise ValueError(f"option {option} expects a whole number {lowest}..{LARGEST}, got {value!r}")


def is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def unknown(what, name, known):
    """The sentence for a name that is not there, with the nearest ones that are."""
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4) or list(known)
    return f"unknown {what} {name!r}: did you mean {' or '.join(near)}?"
