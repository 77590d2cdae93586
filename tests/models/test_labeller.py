"""The labeller: its gradient, its network against the oracle, its nats, and its doors."""

from functools import partial

import numpy as np
import oracle_md
import pytest
from laws import close, close_all
from md_subjects import labelled, labeller

from minipixel import build, complete, sample
from minipixel.models import LABELLERS, options_of
from minipixel.workers import processes

CELLS = {"mdlstm": oracle_md.mdlstm_cell, "mdlstm-stable": partial(oracle_md.mdlstm_cell, stable=True),
         "mdrnn": oracle_md.mdrnn_cell}


def drawn(**options):
    """A labeller whose biases and peepholes are not zero."""
    model = labeller(**options)
    rng = np.random.default_rng(6)
    for value in model.params.values():
        value += 0.3 * rng.standard_normal(value.shape)
    return model


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_the_whole_network(cell, colours):
    """Along random directions through all parameters: the loss moves as the gradients say."""
    model, (x, labels) = drawn(cell=cell, layers=2, colours=colours), labelled(colours=colours)
    rng = np.random.default_rng(0)
    _, grads = model.loss_and_grads(x, labels)
    assert list(grads) == list(model.params)
    for _ in range(3):
        direction = {name: rng.standard_normal(value.shape) for name, value in model.params.items()}
        before = {name: value.copy() for name, value in model.params.items()}

        def moved(t, direction=direction, before=before):
            for name in before:
                model.params[name] = before[name] + t * direction[name]
            return model.nll(x, labels).mean()

        numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5
        moved(0)
        assert sum((grads[name] * direction[name]).sum() for name in grads) == pytest.approx(numeric, rel=1e-7)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("block", "colours"), [(1, 1), (2, 1), (2, 3)])
def test_predictions_are_the_oracles(cell, block, colours):
    """Blocks, two recurrences from all corners, one output layer, and a softmax over the classes of each pixel."""
    model, (x, _) = drawn(cell=cell, layers=2, block=block, colours=colours), labelled(2, colours=colours)
    p = model.params
    y = np.zeros((2, 4 // block, 6 // block, block * block, colours))
    for i, j in np.ndindex(4, 6):
        y[:, i // block, j // block, i % block * block + j % block] = 2 * x[:, i, j] / 4 - 1
    y = y.reshape(*y.shape[:3], -1)
    for layer in ("body.0", "body.1"):
        params = {name.removeprefix(f"{layer}."): value for name, value in p.items() if name.startswith(layer)}
        y = oracle_md.layer(params, y, CELLS[cell])
    logits = (y @ p["logits.K"][0] + p["logits.b"]).reshape(2, 4 // block, 6 // block, block * block, 4)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    found = model.predict(x)
    for i, j in np.ndindex(4, 6):
        close(found[:, i, j], log_p[:, i // block, j // block, i % block * block + j % block])


def test_nats_are_the_predictions_at_the_labels():
    model, (x, labels) = drawn(), labelled(5)
    log_p = model.predict(x)
    assert log_p.shape == (5, 4, 6, 4)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=-1), 1, rtol=1e-12)
    expected = [-sum(log_p[n, i, j, labels[n, i, j]] for i, j in np.ndindex(4, 6)) for n in range(5)]
    close(model.nll(x, labels), np.array(expected))
    assert model.loss_and_grads(x, labels)[0] == pytest.approx(np.mean(expected), rel=1e-12)


def test_threads_processes_and_labels_of_any_integer_type_give_the_same_bits():
    x, labels = labelled(7)
    results = []
    for threads in (1, 2):
        model = labeller(dtype=np.float32)
        model.threads = threads
        with processes(model):
            results.append(model.loss_and_grads(x, labels))
        results.append(model.loss_and_grads(x.astype(np.int64), labels.astype(np.int64)))
    for loss, grads in results[1:]:
        assert loss == results[0][0]
        close_all(grads, results[0][1], 0)


def test_clipping_is_an_option_of_the_model():
    """Off, gradients are exact (the tests above); on, with a delta beyond 1, they are not."""
    x, labels = labelled(1)
    exact, clipped = (drawn(clip_deltas=clip, seed=1) for clip in (False, True))
    for model in (exact, clipped):
        model.params["logits.K"] *= 100
    name = "body.0.b"
    assert not np.allclose(exact.loss_and_grads(x, labels)[1][name], clipped.loss_and_grads(x, labels)[1][name])


def test_cost_counts_a_cell_once_for_all_pixels_of_its_block():
    one, two = (build("mdlstm", height=8, width=8, levels=256, block=block, h=4).cost() for block in (1, 2))
    weights = sum(value.size for name, value in build("mdlstm", height=8, width=8, block=1, h=4).params.items()
                  if not name.endswith("b"))
    assert one["multiply_adds_per_pixel"] == weights
    assert two["kept_per_pixel"] < one["kept_per_pixel"]


@pytest.mark.parametrize(("labels", "message"), [
    (np.zeros((3, 4, 5), int), r"integer labels of shape \(3, 4, 6\), got int64 of shape \(3, 4, 5\)"),
    (np.zeros((3, 4, 6)), r"integer labels of shape \(3, 4, 6\), got float64"),
    (np.full((3, 4, 6), 4), r"labels 0\.\.3, got values from 4 to 4"),
    (np.full((3, 4, 6), -1), r"labels 0\.\.3, got values from -1 to -1")])
def test_wrong_labels_are_refused(labels, message):
    model, (x, _) = labeller(), labelled()
    for call in (model.nll, model.loss_and_grads):
        with pytest.raises(ValueError, match=message):
            call(x, labels)


def test_images_that_are_not_in_whole_blocks_are_refused():
    x, _ = labelled(height=5)
    with pytest.raises(ValueError, match="whole blocks of 2, got 5 x 6: block=1 takes all sizes"):
        labeller().predict(x)
    assert labeller(block=1).predict(x).shape == (3, 5, 6, 4)


def test_it_is_no_generative_model():
    model = labeller()
    for call in (lambda: sample(model, 2), lambda: complete(model, labelled()[0], np.zeros((4, 6, 1), bool))):
        with pytest.raises(ValueError, match="labels pixels .* no generative model"):
            call()


@pytest.mark.parametrize(("option", "value", "message"), [
    ("cell", "gru", "unknown value of option cell 'gru'"), ("block", 0, "option block expects"), ("hidden", 3, "did you mean"),
    ("classes", 1.5, "option classes expects a whole number"), ("clip_deltas", 1, "true or false")])
def test_wrong_options_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        labeller(**{option: value})
    assert set(options_of("mdlstm")) == {"layers", "h", "block", "classes", "cell", "clip_deltas"} and "mdlstm" in LABELLERS


def test_an_mdrnn_has_no_deltas_of_a_memory_to_clip():
    with pytest.raises(ValueError, match="clip_deltas is for the cells mdlstm and mdlstm-stable, got it for mdrnn"):
        labeller(cell="mdrnn", clip_deltas=True)
