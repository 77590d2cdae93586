"""The loop: batches in an order that only seed and epoch decide, one update each, reports, checkpoints, resuming."""

import math
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np

from minipixel.backend import to_numpy
from minipixel.models.saved import build_from, take
from minipixel.training.evaluation import evaluate
from minipixel.training.optimisers import OPTIMISERS, Optimiser, average, clip_norm, flat
from minipixel.workers import processes

REPORT_STEPS = 1000        # a report at the end of each epoch, and within long epochs every so many steps
REPORT_IMAGES = 500        # validation images of a report
SAVE_SECONDS = 60          # the most that a kill can cost


class Stopped(KeyboardInterrupt):
    """The user asked to stop; everything is saved."""


class Diverged(ValueError):
    """The loss or a gradient is NaN or inf; the run folder keeps the last checkpoint, whose loss was finite."""


class Trainer:
    """A training of `model` on `data` in a run folder: `fit()` goes on from the last checkpoint to the end."""

    counters = ("step", "seconds", "nats", "nats_steps")        # of the progress
    settings = "batch", "optimiser", "rate", "decay", "clip", "average", "stages"       # of the recipe, that it reads
    way = "by steps on whole images"

    def __init__(self, run, data, device="cpu", threads=None):
        self.run, self.data = run, data
        self.recipe = run.recipe
        self.seed = run.config["seed"]
        self.model = build_from(run.config, run.folder, device=device, threads=threads)
        self.averaged = build_from(run.config, run.folder, device=device, threads=threads)
        self.optimiser = OPTIMISERS.get(self.recipe.optimiser, Optimiser)(self.model.params)
        self.progress = dict.fromkeys(self.counters, 0)
        self.rows = run.restore(self.model, self.averaged.saved, self.optimiser, self.progress)
        self.saved_step, self.saved_at = int(self.progress["step"]), time.monotonic()
        self.steps_per_epoch = math.ceil(len(data.train) / self.recipe.batch)
        self.order_epoch = None
        report = np.random.default_rng([self.seed, 1]).permutation(len(data.validation))[:REPORT_IMAGES]
        self.report_examples = [part[np.sort(report)] for part in self.examples("validation")]

    @property
    def done(self):
        """How much of the training is behind us, 0 to 1."""
        if self.recipe.epochs:
            return self.progress["step"] / (self.recipe.epochs * self.steps_per_epoch)
        return self.progress["seconds"] / (60 * self.recipe.minutes)

    @property
    def epochs(self):
        """Passes over the training images so far."""
        return self.progress["step"] / self.steps_per_epoch

    def fit(self, bar):
        """Train to the end; Stopped after Ctrl-C, with everything saved; Diverged after NaN, with nothing saved over."""
        with interrupt_flag() as self.interrupted, processes(self.model, self.averaged):
            self.bar, self.started = bar, time.monotonic() - self.progress["seconds"]
            if self.progress["step"] == 0:
                self.begin()
            while self.done < 1 and not self.interrupted.is_set():
                self.step()
                self.progress["seconds"] = self.elapsed()
                if self.report_due():
                    self.report()
                bar(self)
            self.save()
            if self.interrupted.is_set():
                kept = "everything is saved" if self.saved_step else "there is nothing to save yet"
                raise Stopped(f"stopped at step {self.saved_step}, {kept}: "
                              f"go on with minipixel train --resume {self.run.folder}")

    def elapsed(self):
        """Seconds of training, over all resumes."""
        return time.monotonic() - self.started

    def memory(self):
        """Bytes that a training needs at most, about: weights, gradients, averages, slots and four vectors of an update; of
        every pixel in flight, the numbers kept and as many on their way back."""
        cost, (height, width, _) = self.model.cost(), self.data.shape
        copies, images = 7 + len(self.optimiser.kinds), min(self.recipe.batch, len(self.data.train))
        return self.model.dtype.itemsize * (copies * cost["parameters"]
                                            + 2 * images * height * width * cost["kept_per_pixel"])

    def begin(self):
        """Before the first step."""
        self.initialise()
        self.save()

    def initialise(self, **options):
        """The weights of the run that this one starts from, and what comes from data; in the model and in its average."""
        start = self.run.config.get("start")
        taken = take(self.model, start) if start else set()
        if taken < set(self.model.saved):
            self.model.initialise(self.data.train, rng=self.seed, taken=taken, **options)
        for name, value in self.averaged.saved.items():
            value[...] = self.model.saved[name]

    def step(self):
        """One batch, one update. A checkpoint that is due is made in between: only then are the weights known to be good."""
        step = int(self.progress["step"])
        batch = self.batch(step)
        loss, grads = self.model.loss_and_grads(*batch)
        self.require_finite(loss, grads, batch[0])
        self.save_if_due()
        clip_norm(grads, self.recipe.clip)
        rate = self.recipe.rate_at(self.done)
        self.optimiser.update(self.model.params, grads, rate, step + 1)
        average(self.averaged.params, self.model.params, self.recipe.average_at(step + 1))
        self.progress["step"] += 1
        self.progress["nats"] += loss
        self.progress["nats_steps"] += 1

    def batch(self, step):
        """Batch number `step`, (images,) or (images, labels): every epoch has its own order, which seed and epoch decide."""
        epoch, k = divmod(step, self.steps_per_epoch)
        if self.order_epoch != epoch:
            self.order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.data.train))
            self.order_epoch = epoch
        chosen = self.order[k * self.recipe.batch:(k + 1) * self.recipe.batch]
        return self.model.drawn([part[chosen] for part in self.examples("train")], [self.seed, 2, step])

    def examples(self, split):
        """What the model learns from: images, or images and the labels of their pixels."""
        return self.data.examples(split)[:self.model.parts]

    def report_due(self):
        step = int(self.progress["step"])
        return step % self.steps_per_epoch == 0 or step % self.steps_per_epoch % REPORT_STEPS == 0 or self.done >= 1

    def report(self):
        """A row of the log: mean training nats since the last row, validation nats of the averaged weights."""
        step = int(self.progress["step"])
        validation = float(evaluate(self.averaged, *self.report_examples).mean())
        if not math.isfinite(validation):
            raise self.diverged("in the validation images")
        self.rows.append({
            "step": step, "epoch": step / self.steps_per_epoch, "seconds": self.progress["seconds"],
            "rate": self.recipe.rate_at(self.done), "train_nats": self.progress["nats"] / self.progress["nats_steps"],
            "validation_nats": validation})
        self.progress["nats"] = self.progress["nats_steps"] = 0
        self.run.write_log(self.rows)

    def save(self):
        self.run.save(self.model, self.averaged.saved, self.optimiser, self.progress, self.rows)
        self.saved_step, self.saved_at = int(self.progress["step"]), time.monotonic()

    def save_if_due(self):
        if time.monotonic() - self.saved_at > SAVE_SECONDS:
            self.save()

    def require_finite(self, loss, grads, x):
        if math.isfinite(loss) and math.isfinite(float(to_numpy(flat(grads).sum()))):     # one read of the device
            return
        layer = self.model.first_not_finite(x)
        bad = [name for name, g in grads.items() if not math.isfinite(float(to_numpy(g.sum())))]
        where = f"output of layer {layer}" if layer else f"gradient of {bad[-1]}" if bad else "loss"
        raise self.diverged(f"first in the {where} (loss {loss})")

    def diverged(self, where):
        return Diverged(f"training met NaN or inf at step {int(self.progress['step'])}, {where}; {self.run.folder} keeps the "
                        f"good weights of step {self.saved_step}: train anew at a smaller rate (--set "
                        f"rate={self.recipe.rate / 4:g}) or with clipping (--set clip=1)")


@contextmanager
def interrupt_flag():
    """Ctrl-C sets a flag that is read between two steps, so that no update is cut in half."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = signal.signal(signal.SIGINT, lambda *_: flag.set())
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
