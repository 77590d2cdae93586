"""Shards in processes: the same bits as in threads, the parameters of the moment, mistakes, and no process left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from subjects import Model

from minipixel.workers import processes

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")
SUBJECT = Model("pixelcnn", 3, 3)
ROOT = Path(__file__).parents[1]


def images():
    return SUBJECT.images(7, 30, 30)  # a shard takes three of them


def fresh(threads, seed=0):
    return SUBJECT.model(np.float32, seed, threads=threads)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_same_bits_for_any_number(count):
    x, model = images(), fresh(count)
    loss, grads = model.loss_and_grads(x)
    nats, log_p = model.nll(x), model.predict(x)
    with processes(model):
        assert (model.workers is None) == (count == 1)
        again, found = model.loss_and_grads(x)
        np.testing.assert_array_equal(model.nll(x), nats)
        np.testing.assert_array_equal(model.predict(x), log_p)
        np.testing.assert_array_equal(model.nll(x[:1]), nats[:1])
    assert model.workers is None
    assert again == loss and list(found) == list(grads)
    for name, grad in grads.items():
        np.testing.assert_array_equal(found[name], grad)


def test_parameters_changed_in_place_and_models_alike():
    """Each call is made with the parameters that its model has at that moment, and changes nobody's."""
    x, model, other = images(), fresh(3), fresh(3, seed=1)
    with processes(model, other):
        for _ in range(2):
            for each in (model, other):
                each.params["input.K"] *= 1.5
                before = {name: value.copy() for name, value in each.params.items()}
                inside, each.workers = each.nll(x), None
                np.testing.assert_array_equal(inside, each.nll(x))
                each.workers = (other if each is model else model).workers
                for name, value in before.items():
                    np.testing.assert_array_equal(each.params[name], value)


@pytest.mark.parametrize("where", [0, 6])
def test_a_mistake_in_any_process_is_raised_and_the_next_call_is_answered(where, monkeypatch):
    x, model = images(), fresh(3)
    right = model.nll(x)
    scale = type(model).scale

    def refuse(self, x):
        if (x == 2).all():
            raise ZeroDivisionError("planted")
        return scale(self, x)

    monkeypatch.setattr(type(model), "scale", refuse)
    bad = x.copy()
    bad[where - where % 3:][:3] = 2
    with processes(model):
        with pytest.raises(ZeroDivisionError, match="planted"):
            model.nll(bad)
        np.testing.assert_array_equal(model.nll(x), right)


def test_a_process_that_is_killed_is_an_error_of_one_line():
    model = fresh(2)
    with processes(model):
        os.kill(model.workers.processes[0].pid, signal.SIGKILL)
        model.workers.processes[0].join()
        with pytest.raises(OSError, match="worker process"):
            model.nll(images())


def running(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_no_process_outlives_the_one_that_asks():
    """After a kill -9 the pipes are closed by the system, and the forked processes end by themselves."""
    code = ("import time, minipixel; from minipixel.workers import processes\n"
            "model = minipixel.build('pixelcnn', height=4, width=4, layers=1, h=2, threads=4)\n"
            "with processes(model):\n"
            "    print(*[p.pid for p in model.workers.processes], flush=True)\n"
            "    time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 3 and all(map(running, pids))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(map(running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(running, pids))


def test_another_thread_keeps_to_threads():
    """The processes belong to the thread that has them: another one's calls go their own way, and both are right."""
    model, x = fresh(2), images()
    nats, found = model.nll(x), []
    with processes(model):
        def ask():
            with processes(model):
                found.append((model.nll(x[::-1]), model.workers.thread == threading.get_ident()))
        thread = threading.Thread(target=ask)
        thread.start()
        same = [model.nll(x) for _ in range(3)]
        thread.join()
    np.testing.assert_array_equal(found[0][0], nats[::-1])
    assert not found[0][1] and all(np.array_equal(one, nats) for one in same)


def test_a_process_of_a_pool_forks_none():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        nats = pool.apply(asked_inside)
    np.testing.assert_array_equal(nats, fresh(2).nll(images()))


def asked_inside():
    model = fresh(2)
    with processes(model):
        return model.nll(images())


def test_what_is_given_up_is_not_waited_for():
    """An exception, Ctrl-C's for one, while the other process is at work for minutes."""
    model = fresh(2)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), processes(model):
        model.workers.pipes[0].send((list(model.saved.values()), [(slow,)]))
        raise KeyboardInterrupt
    assert time.monotonic() - started < 30


def slow(model):
    time.sleep(60)


def test_threads_that_fork_and_threads_that_compute():
    """A child is forked with no lock that another thread holds, and keeps no other thread's pipe open."""
    code = (
        "import threading, numpy as np, minipixel\n"
        "from minipixel.workers import processes\n"
        "models = [minipixel.build('pixelcnn', height=3, width=3, layers=1, h=4, threads=2, rng=0) for _ in range(4)]\n"
        "x, ended = np.zeros((200, 3, 3, 1), int), threading.Event()\n"
        "def compute():\n"
        "    while not ended.is_set(): models[3].nll(x)\n"
        "def fork(model):\n"
        "    for _ in range(25):\n"
        "        with processes(model): model.nll(x)\n"
        "others = threading.Thread(target=compute)\n"
        "forking = [threading.Thread(target=fork, args=(model,)) for model in models[:3]]\n"
        "for one in (others, *forking): one.start()\n"
        "for one in forking: one.join()\n"
        "ended.set(); others.join(); print('ended')\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, cwd=ROOT)
    assert done.stdout == "ended\n", done.stderr
