"""What a trained model is judged by: likelihoods of a generative model, errors of a labeller. The two have the same form.

    kind  = kind_of(model's name)
    found = kind.judge(model, data, split)       a Judgement
    kind.table(found.figures)                    as text
    kind.draw(model, data, seed, path)           the picture of a finished run
"""

from dataclasses import dataclass, field

import numpy as np

from minipixel import plots
from minipixel.audit import likelihood
from minipixel.commands.result import figures_table, table, with_error
from minipixel.models import LABELLERS
from minipixel.models.density import Density
from minipixel.sampling import sample
from minipixel.training import labelling
from minipixel.training.evaluation import compare, level_title, paired

SAMPLES, SIDE = 25, 64     # pictures that end a training, and their pixels a side at most: larger ones take too long


@dataclass
class Judgement:
    """figures: the table's rows by name; baselines: {name: nats} for the curve; values: what --json has besides."""

    figures: dict
    text: str = ""
    alarms: list = field(default_factory=list)
    baselines: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)


class Likelihoods:
    """Nats and bits beside two baselines, and whether they can be believed; the picture is of samples."""

    picture = "samples.png"
    table = staticmethod(figures_table)

    @staticmethod
    def judge(model, data, split="test", frame=None, ensemble=False):
        figures = compare(model, data, split, progress=True, frame=frame, ensemble=ensemble)
        title = level_title(model) if isinstance(model, Density) else model.title
        check = likelihood(figures[title]["nats"], getattr(data, split), data.levels, figures[title]["nats_error"],
                           uniform=model.uniform_bits(*data.shape[:2]))
        bound = f"{title}: the figure below is of a bound\n" if model.bound and title == model.title else ""
        baselines = {name: figure["nats"] for name, figure in figures.items() if name not in (model.title, title)}
        return Judgement(figures, f"{bound}{check}", check.alarms, baselines,
                         {"lzma_bits_per_dim": check.lzma, "alarms": check.alarms})

    @staticmethod
    def paired(model, other, data, split="test", frame=None, ensemble=False):
        groups = data.groups and data.groups[split]
        return paired(model, other, getattr(data, split), frame, ensemble, progress=True, groups=groups)

    @staticmethod
    def told(gain):
        """What `paired` found, as a line."""
        sign = -1 if gain["nats"] < 0 else 1

        def interval(unit, digits):
            low, high = sorted(sign * gain[f"{unit}_{end}"] for end in ("from", "to"))
            return f"{sign * gain[unit]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

        where = f" in {gain['groups']:,} groups" if "groups" in gain else ""
        where += f", without {gain['frame']} pixels along each border" if gain["frame"] else ""
        bounds = {(True, True): "; of both upper bounds", (True, False): "; of this run an upper bound",
                  (False, True): "; of the other an upper bound"}.get(tuple(gain["upper_bounds"]), "")
        return (f"{'better' if sign > 0 else 'worse'} by {interval('nats', 2)} nats/image, {interval('bits_per_dim', 4)} "
                f"bits/dim; 95 % intervals over {gain['images']:,} images{where}{bounds}")

    @staticmethod
    def draw(model, data, seed, path):
        size = {"height": min(model.height, SIDE), "width": min(model.width, SIDE)}
        samples = sample(model, SAMPLES, rng=seed, progress=True, **size)
        if not isinstance(model, Density):
            plots.samples_grid(samples, model.levels, path)
            return
        some = np.sort(np.random.default_rng(seed).permutation(len(data.test))[:SAMPLES])
        real = data.test[some, :size["height"], :size["width"]]
        plots.beside({f"{len(real)} test images": real, f"{SAMPLES} samples": samples}, model.levels, path)
        filters = model.filters()
        if filters is not None:
            plots.features(filters, f"features of {model.name}", path.with_name("features.png"))


class Labels:
    """Errors of pixels and images beside a baseline and the paper's; the picture is of labelled test images."""

    picture = "labels.png"

    @staticmethod
    def table(figures):
        def percent(figure, name):
            error = figure.get(f"{name}_error")
            return with_error(100 * figure[name], error and 100 * error, 2)

        return table([{"model": name, "image error %": percent(figure, "image_error"),
                       "pixel error %": percent(figure, "pixel_error")} for name, figure in figures.items()],
                     ("model", "image error %", "pixel error %"))

    @staticmethod
    def judge(model, data, split="test", frame=None, ensemble=False):
        if frame is not None or ensemble:
            raise ValueError(f"a frame and an ensemble are of densities, got {model.name}")
        figures = labelling.compare(model, data, split, progress=True)
        return Judgement(figures, f"{figures[model.name]['nats']:.2f} nats per image (all pixels' labels)")

    @staticmethod
    def paired(model, other, data, split="test", frame=None, ensemble=False):
        raise ValueError(f"--against is of models that draw images, got {model.name}, which labels pixels")

    @staticmethod
    def draw(model, data, seed, path):
        chosen = np.sort(np.random.default_rng(seed).permutation(len(data.test))[:SAMPLES])
        x, targets = (part[chosen] for part in data.examples("test"))
        plots.labelled(x, targets, model.predict(x).argmax(axis=-1), model.levels, path)


def kind_of(name):
    """How the model called `name` is judged."""
    return Labels if name in LABELLERS else Likelihoods
