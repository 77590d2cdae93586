"""Stages: a recurrent density is trained on patches that grow, at rates that fall, and its mixture is fitted after each stage.

The recipe of RIDE (Theis and Bethge 2015): patches of 8, 10, .. 22 pixels, an epoch each, by gradient steps on all parameters;
after each the mixture alone by L-BFGS, the recurrences held; validation, and an end with the best parameters once it is not
better. The paper's steps are SGD with momentum 0.9, batches of 50 and a rate that begins at 1.
"""

import math

import numpy as np

from minipixel.models.density import Density
from minipixel.training.evaluation import evaluate
from minipixel.training.fit import Interrupted, frame_of, require_room
from minipixel.training.loop import Trainer
from minipixel.training.optimisers import clip_norm

# Pixels of a side of a stage's patches, and its rate as a part of the recipe's.
STAGES = ((8, 1.0), (10, 0.5), (12, 0.1), (14, 0.05), (16, 0.01), (18, 0.005), (20, 0.001), (22, 0.0005))


class Staged(Trainer):
    """The first `stages` of STAGES. An epoch of a stage reads as many patches as cover the training images.

    Of minutes each stage has its share, for its steps and for the fit at its end, whose length is that of the one before; but
    the steps have as long as the fit at least. A stage after which there is no time for another fit is the last.

    A step's patches and noise depend on seed, stage and step alone. Gradients are those of the mean nats of a pixel, so
    that a rate means the same for every patch. Checkpoints fall between steps; a fit of the mixture that was cut off is done
    again.
    """

    counters = (*Trainer.counters, "stage", "within", "began", "fitting")     # began, fitting: seconds
    settings = "batch", "optimiser", "rate", "clip", "samples", "edges", "stages", "refit"
    way = "in stages"

    def __init__(self, run, data, device="cpu", threads=None):
        super().__init__(run, data, device, threads)
        require_stages(self.model, self.recipe)
        self.frame = frame_of(self.model, self.recipe)

    def patch(self, stage):
        """Height and width of a stage's patches, with the frame that is read and not judged."""
        side = STAGES[stage][0] + 2 * self.frame
        return tuple(min(side, size) for size in self.data.shape[:2])

    def epoch_steps(self, stage):
        """Steps of an epoch of a stage."""
        # How many patches stand side by side; a patch that is the whole image stands alone.
        tiles = math.prod(1 if side == size else size // (side - 2 * self.frame)
                          for side, size in zip(self.patch(stage), self.data.shape))
        return math.ceil(len(self.data.train) * tiles / self.recipe.batch)

    @property
    def epochs(self):
        return self.rows[-1]["epoch"] if self.rows else 0

    @property
    def part(self):
        """How much of this stage is done, 0 to 1."""
        if self.recipe.epochs:
            return self.progress["within"] / (self.recipe.epochs * self.epoch_steps(int(self.progress["stage"])))
        began, fitting = self.progress["began"], self.progress["fitting"]
        share = (60 * self.recipe.minutes - began) / (self.recipe.stages - self.progress["stage"])
        return (self.progress["seconds"] - began) / max(share - fitting, fitting, 1e-9)

    @property
    def done(self):
        stage, stages = self.progress["stage"], self.recipe.stages
        if stage >= stages:
            return 1.0
        return min(0.999, super().done) if self.recipe.minutes else (stage + min(0.999, self.part)) / stages

    def step(self):
        """One update; or the end of a stage."""
        if self.part >= 1:
            self.end_stage()
            return
        stage, within = int(self.progress["stage"]), int(self.progress["within"])
        patch = self.patch(stage)
        x = self.patches(patch, np.random.default_rng([self.seed, 3, stage, within]))
        example = self.model.drawn([x], [self.seed, 2, int(self.progress["step"])])
        loss, grads = self.model.loss_and_grads(*example, frame=self.frame)
        self.require_finite(loss, grads, x)
        self.save_if_due()
        pixels = math.prod(side - 2 * self.frame for side in patch)
        for grad in grads.values():
            grad /= pixels
        clip_norm(grads, self.recipe.clip)
        self.optimiser.update(self.model.params, grads, self.recipe.rate * STAGES[stage][1], within + 1)
        self.progress["step"] += 1
        self.progress["within"] += 1
        self.progress["nats"] += loss / pixels
        self.progress["nats_steps"] += 1

    def patches(self, patch, rng):
        """A batch of patches at random places of random images."""
        (H, W), x = patch, self.data.train
        images = rng.integers(len(x), size=self.recipe.batch)
        rows = rng.integers(x.shape[1] - H + 1, size=self.recipe.batch)
        columns = rng.integers(x.shape[2] - W + 1, size=self.recipe.batch)
        return np.stack([x[n, i:i + H, j:j + W] for n, i, j in zip(images, rows, columns)])

    def end_stage(self):
        """Fit the mixture, validate; go on from here, or end with what was best."""
        stage, ended = int(self.progress["stage"]), self.elapsed()
        try:
            self.refit(stage)
        except Interrupted:
            return
        # What an image would cost if all its pixels cost as much as those inside the frame.
        whole = math.prod(self.data.shape[:2])
        inside = math.prod(size - 2 * self.frame for size in self.data.shape[:2])
        validation = float(evaluate(self.model, *self.report_examples, frame=self.frame).mean()) * whole / inside
        if not math.isfinite(validation):
            raise self.diverged("in the validation images")
        if self.rows and not validation < self.rows[-1]["validation_nats"]:
            for name, value in self.model.params.items():
                value[...] = self.averaged.params[name]
            self.progress["stage"] = self.recipe.stages
        else:
            steps = self.progress["nats_steps"]
            nats = self.progress["nats"] / steps if steps else math.nan
            epoch = self.epochs + self.progress["within"] / self.epoch_steps(stage)
            self.rows.append({"step": int(self.progress["step"]), "epoch": epoch, "seconds": self.elapsed(),
                              "rate": self.recipe.rate * STAGES[stage][1], "train_nats": whole * nats,
                              "validation_nats": validation})
            self.progress["stage"] += 1
            for name, value in self.averaged.saved.items():
                value[...] = self.model.saved[name]
        self.progress["within"] = self.progress["nats"] = self.progress["nats_steps"] = 0
        self.progress["seconds"] = self.progress["began"] = now = self.elapsed()
        self.progress["fitting"] = now - ended
        if self.recipe.minutes and now + self.progress["fitting"] >= 60 * self.recipe.minutes:
            self.progress["stage"] = self.recipe.stages
        for slot in self.optimiser.slots.values():
            slot[...] = 0
        self.save()

    def refit(self, stage):
        """L-BFGS on the mixture, for pixels of whole images."""
        train, validation = (self.model.pixels(x, self.recipe.samples, (self.seed, stage), self.frame)
                             for x in (self.data.train, self.data.validation))
        if self.recipe.refit:
            self.model.refit(*train, validation, iterations=self.recipe.refit, tell=self.tell)

    def tell(self, entry):
        """Called within a fit."""
        if self.interrupted.is_set():
            raise Interrupted
        self.bar(self)

    def report_due(self):
        return False

    def begin(self):
        self.initialise(samples=self.recipe.samples, frame=self.frame)
        self.progress["seconds"] = self.progress["began"] = self.progress["fitting"] = self.elapsed()
        self.save()


def require_stages(model, recipe):
    """ValueError when the model cannot be trained in stages."""
    if not isinstance(model, Density) or not model.network.params:
        head = f" with head={model.options['head']}" if "head" in model.options else ""
        raise ValueError(f"stages train recurrent densities (spatial-lstm with head=mcgsm), got {model.name}{head}")
    if recipe.stages > len(STAGES):
        raise ValueError(f"stages expects a whole number 0..{len(STAGES)}, got {recipe.stages}")
    require_room(model, recipe)
