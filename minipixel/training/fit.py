"""Fitting a density whose only parameters are its head's: L-BFGS over pixels drawn once, round by round."""

import math
from functools import cached_property

from minipixel.densities.neighbourhood import framed
from minipixel.models.density import Density
from minipixel.training.loop import Diverged, Trainer

ROUND = 100         # iterations between two checkpoints


class Interrupted(Exception):
    """Ctrl-C within a round."""


class Fit(Trainer):
    """L-BFGS on `samples` pixels of the training images, ended by as many of the validation images.

    An iteration looks at every pixel that was drawn: it is what an epoch is elsewhere. After ROUND of them there is a
    checkpoint, and the next round begins with the best parameters of this one and without its memory of curvature. A round that
    was cut off is done again, so a resumed fit ends with the bits of one that nobody disturbed. The fit ends after a
    round that brought nothing for the validation pixels.
    """

    settings = "optimiser", "samples", "edges"
    way = "by L-BFGS"

    def __init__(self, run, data, device="cpu", threads=None):
        super().__init__(run, data, device, threads)
        require_fit(self.model, self.recipe)
        self.steps_per_epoch, self.within, self.ended = 1, 0, False

    @property
    def frame(self):
        return frame_of(self.model, self.recipe)

    @property
    def done(self):
        if self.recipe.epochs:
            return 1.0 if self.ended else (self.progress["step"] + self.within) / self.recipe.epochs
        return 1.0 if self.ended else super().done

    @cached_property
    def samples(self):
        """x, y of training pixels, and (x, y) of validation pixels"""
        train, validation = (self.model.pixels(images, self.recipe.samples, self.seed, self.frame)
                             for images in (self.data.train, self.data.validation))
        return *train, validation

    def begin(self):
        self.initialise(samples=self.recipe.samples, frame=self.frame)
        self.save()

    def keep(self):
        """What the model has now is the best so far."""
        for name, value in self.averaged.saved.items():
            value[...] = self.model.saved[name]
        self.save()

    def step(self):
        """One round."""
        left = self.recipe.epochs - int(self.progress["step"]) if self.recipe.epochs else ROUND
        try:
            history = self.model.refit(*self.samples, iterations=min(ROUND, left), tell=self.tell)
        except Interrupted:
            history = None
        self.within, self.progress["seconds"] = 0, self.elapsed()
        best = history and min(history, key=lambda entry: entry["validation"])
        if best and not math.isfinite(best["validation"]):
            raise Diverged(f"the fit met NaN or inf; {self.run.folder} keeps the good weights of step {self.saved_step}")
        row = best and self.row(best, history[-1]["step"])
        if row is None or (self.rows and not row["validation_nats"] < self.rows[-1]["validation_nats"]):
            for name, value in self.model.params.items():
                value[...] = self.averaged.params[name]
            self.ended = row is not None
            return
        self.progress["step"] = row["step"]
        self.rows.append(row)
        self.keep()

    def row(self, best, iterations):
        """A row of the log: what an image would cost if all its pixels cost as much as those that were drawn."""
        step = int(self.progress["step"]) + iterations
        height, width, _ = self.data.shape
        return {"step": step, "epoch": step, "seconds": self.progress["seconds"], "rate": 0.0,
                "train_nats": self.model.image_nats(best["train"], height * width),
                "validation_nats": self.model.image_nats(best["validation"], height * width)}

    def tell(self, entry):
        """Called within a round. Is the time up?"""
        self.within, self.progress["seconds"] = entry["step"], self.elapsed()
        if self.interrupted.is_set():
            raise Interrupted
        self.bar(self)
        return bool(self.recipe.minutes) and super().done >= 1

    def report_due(self):
        return False

    def memory(self):
        """Pixels of both splits, in float64, and the responsibilities of the pieces in flight."""
        return 2 * 8 * self.recipe.samples * self.model.head.units + 8 * 2**22


def frame_of(model, recipe):
    """The frame of pixels that are not trained on: none, or those whose neighbourhood a border cuts."""
    return 0 if recipe.edges else model.reach


def require_fit(model, recipe):
    """ValueError when the model cannot be fitted by this recipe."""
    if not isinstance(model, Density) or model.network.params:
        raise ValueError("optimiser lbfgs fits densities that have no parameters but those of their mixture (mcgsm), "
                         f"got {model.name}")
    require_room(model, recipe)


def require_room(model, recipe):
    """ValueError when no pixel of the model's images could be trained on."""
    model.require_neighbours(model.height, model.width)
    framed(model.height, model.width, frame_of(model, recipe))
