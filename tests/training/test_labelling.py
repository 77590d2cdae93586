"""Errors of labels: votes, figures, baselines; and a labelled training that is resumed bit for bit."""

import numpy as np
import pytest
from md_subjects import labelled, labeller
from small_run import arrays, same

from minipixel.data import Dataset
from minipixel.training.labelling import compare, figure, label, votes
from minipixel.training.loop import Trainer
from minipixel.training.run import Run


def test_the_vote_is_of_the_foreground_and_never_background():
    labels = np.array([[[1, 1, 1, 0], [0, 2, 2, 3]], [[3, 3, 3, 3], [3, 3, 3, 3]]])
    ink = np.array([[[0, 0, 1, 1], [1, 1, 1, 1]], [[1, 1, 1, 1], [1, 1, 1, 1]]], bool)
    assert votes(labels, ink, background=3).tolist() == [0, 0]
    assert votes(labels[:1], np.ones_like(ink[:1]), background=3).tolist() == [1]


def test_errors_of_pixels_and_images():
    targets = np.array([[[0, 3], [0, 0]], [[1, 1], [3, 3]], [[2, 3], [3, 3]]])
    labels = np.array([[[0, 3], [0, 1]], [[2, 1], [2, 3]], [[2, 3], [3, 3]]])
    found = figure(labels, targets, np.array([0, 1, 2]), background=3)
    assert found["pixel_error"] == pytest.approx((1 / 4 + 2 / 4) / 3)
    assert found["pixel_error_error"] == pytest.approx(np.std([1 / 4, 2 / 4, 0], ddof=1) / 3**0.5)
    assert found["image_error"] == 0            # the second: a 1 and a 2 vote in its ink, and the lower counts
    wrong = figure(labels, targets, np.array([0, 2, 0]), background=3)
    assert wrong["image_error"] == pytest.approx(2 / 3)
    assert figure(labels[:1], targets[:1], np.array([0]), 3)["image_error_error"] is None


def data(n=11):
    x, labels = labelled(n)
    digits = labels.max(axis=(1, 2)) % 3
    splits = {"train": slice(0, n - 4), "validation": slice(n - 4, n - 2), "test": slice(n - 2, n)}
    return Dataset("noise", *[x[s] for s in splits.values()], 5, "drawn", {k: digits[s] for k, s in splits.items()}, None,
                   {k: labels[s] for k, s in splits.items()}, 4)


def test_what_the_model_says_of_a_split():
    model, (x, labels) = labeller(), labelled(5)
    nats, given = label(model, x, labels)
    np.testing.assert_allclose(nats, model.nll(x, labels), rtol=1e-12)
    np.testing.assert_array_equal(given, model.predict(x).argmax(axis=-1))


def test_the_table_has_a_baseline_that_knows_the_ink_and_one_digit():
    noise = data()
    table = compare(labeller(), noise)
    assert len(table) == 2 and "mdlstm" in table          # the paper's row belongs to MNIST
    digit = np.bincount(noise.targets["train"].ravel())[:3].argmax()
    expected = (noise.targets["test"] != 3) & (noise.targets["test"] != digit)
    assert table[f"all ink is a {digit}"]["pixel_error"] == pytest.approx(expected.mean())


def trainer(folder, epochs=3):
    if not folder.exists():
        recipe = {"epochs": epochs, "batch": 3}
        options = {"layers": 1, "h": 2, "classes": 4, "cell": "mdlstm-stable"}
        Run.create({"model": "mdlstm", "options": options, "height": 4, "width": 6, "colours": 1, "levels": 5, "data": "noise",
                    "seed": 5, "recipe": recipe}, folder)
    return Trainer(Run(folder), data())


class Killed(Exception):
    """The process ends here, for all that the loop knows."""


def test_a_killed_labelled_training_is_resumed_bit_for_bit(tmp_path):
    whole = trainer(tmp_path / "whole")
    whole.fit(lambda trainer: None)

    def killed(trainer):
        if trainer.progress["step"] == 4:
            trainer.save()
        if trainer.progress["step"] == 6:
            raise Killed

    with pytest.raises(Killed):
        trainer(tmp_path / "killed").fit(killed)
    trainer(tmp_path / "killed").fit(lambda trainer: None)
    for file in ("weights.npz", "average.npz"):
        same(arrays(tmp_path / "whole" / file), arrays(tmp_path / "killed" / file))
