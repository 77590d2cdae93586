"""The loop: batches in an order that only seed and epoch decide, one update each, reports, checkpoints, resuming."""

import math
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np

from minipixel.backend import to_numpy
from minipixel.models.saved import build_from
from minipixel.training.evaluation import evaluate
from minipixel.training.optimisers import OPTIMISERS, clip_norm
from minipixel.training.recipe import Recipe

REPORT_STEPS = 1000        # a report at the end of each epoch, and within long epochs every so many steps
REPORT_IMAGES = 500        # validation images of a report
SAVE_SECONDS = 60          # the most that a kill can cost


class Stopped(Exception):
    """The user asked to stop; everything is saved."""


class Diverged(ValueError):
    """The loss or a gradient is NaN or inf; the last good weights are saved."""


class Trainer:
    """A training of `model` on `data` in a run folder: `run()` goes on from the last checkpoint to the end."""

    def __init__(self, run, data, device="cpu", threads=None):
        self.run, self.data = run, data
        self.recipe = Recipe(**run.config["recipe"])
        self.seed = run.config["seed"]
        self.model = build_from(run.config, device=device, threads=threads)
        self.averaged = build_from(run.config, device=device, threads=threads)
        self.optimiser = OPTIMISERS[self.recipe.optimiser](self.model.params)
        self.progress = {"step": 0, "seconds": 0.0, "nats": 0.0, "nats_steps": 0}
        self.rows = run.restore(self.model, self.averaged.params, self.optimiser, self.progress)
        self.steps_per_epoch = math.ceil(len(data.train) / self.recipe.batch)
        self.order_epoch = None
        report = np.random.default_rng([self.seed, 1]).permutation(len(data.validation))[:REPORT_IMAGES]
        self.report_images = data.validation[np.sort(report)]

    @property
    def done(self):
        """How much of the training is behind us, 0 to 1."""
        if self.recipe.epochs:
            return self.progress["step"] / (self.recipe.epochs * self.steps_per_epoch)
        return self.progress["seconds"] / (60 * self.recipe.minutes)

    def fit(self, bar):
        """Train to the end; Stopped after Ctrl-C and Diverged after NaN, both with the state saved."""
        with interrupt_flag() as interrupted:
            started = saved = time.monotonic()
            before = self.progress["seconds"]
            while self.done < 1:
                self.step()
                now = time.monotonic()
                self.progress["seconds"] = before + now - started
                if self.report_due():
                    self.report()
                if now - saved > SAVE_SECONDS:
                    self.save()
                    saved = time.monotonic()
                bar(self)
                if interrupted.is_set():
                    self.save()
                    raise Stopped(f"stopped at step {self.progress['step']}, everything is saved: "
                                  f"go on with minipixel train --resume {self.run.folder}")
        self.save()

    def step(self):
        """One batch, one update; the weights change only when loss and gradients are finite."""
        step = int(self.progress["step"])
        x = self.batch(step)
        loss, grads = self.model.loss_and_grads(x)
        self.require_finite(loss, grads, step)
        clip_norm(grads, self.recipe.clip)
        rate = self.recipe.rate_at(self.done)
        self.optimiser.update(self.model.params, grads, rate, step + 1)
        keep = self.recipe.average_at(step + 1)
        for name, value in self.averaged.params.items():
            value += (1 - keep) * (self.model.params[name] - value)
        self.progress["step"] += 1
        self.progress["nats"] += loss
        self.progress["nats_steps"] += 1

    def batch(self, step):
        """Batch number `step`: every epoch has its own order, which seed and epoch decide."""
        epoch, k = divmod(step, self.steps_per_epoch)
        if self.order_epoch != epoch:
            self.order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.data.train))
            self.order_epoch = epoch
        return self.data.train[self.order[k * self.recipe.batch:(k + 1) * self.recipe.batch]]

    def report_due(self):
        step = int(self.progress["step"])
        return step % self.steps_per_epoch == 0 or step % self.steps_per_epoch % REPORT_STEPS == 0 or self.done >= 1

    def report(self):
        """A row of the log: mean training nats since the last row, validation nats of the averaged weights."""
        step = int(self.progress["step"])
        self.rows.append({
            "step": step, "epoch": step / self.steps_per_epoch, "seconds": self.progress["seconds"],
            "rate": self.recipe.rate_at(self.done), "train_nats": self.progress["nats"] / self.progress["nats_steps"],
            "validation_nats": float(evaluate(self.averaged, self.report_images).mean())})
        self.progress["nats"] = self.progress["nats_steps"] = 0
        self.run.write_log(self.rows)

    def save(self):
        self.run.save(self.model, self.averaged.params, self.optimiser, self.progress, self.rows)

    def require_finite(self, loss, grads, step):
        # One read of the device for all gradients.
        finite = np.isfinite(to_numpy(self.model.xp.stack([g.sum() for g in grads.values()])))
        if math.isfinite(loss) and finite.all():
            return
        self.save()
        bad = [name for name, good in zip(grads, finite) if not good]
        where = f"first in the gradient of {bad[-1]}" if bad else "in the loss"
        raise Diverged(f"training met NaN or inf at step {step}, {where} (loss {loss}); the last good weights are kept in "
                       f"{self.run.folder}: try a smaller rate (--set rate={self.recipe.rate / 4:g}) or clipping (--set clip=1)")


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
