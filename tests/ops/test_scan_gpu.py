"""The scan's CUDA text, run on the CPU by cuda_on_cpu.py, against the scan's array calls. Whole networks: test_device.py."""

from math import prod

import numpy as np
import nvrtc
import pytest
from cuda_on_cpu import COMPILER, CpuKernel
from cupy_standin import launches, standin

from minipixel.backend import to_numpy
from minipixel.ops import scan_gpu
from minipixel.ops.cells import LSTM
from minipixel.ops.scan import scan_backward, scan_forward
from minipixel.ops.spatial_cells import SPATIAL_LSTM
from minipixel.order import DIAGONALS, QUADRANT, ROWS, Frame, walk

SCANS = {"rows": (ROWS, LSTM), "diagonals": (DIAGONALS, LSTM), "quadrant": (QUADRANT, SPATIAL_LSTM)}
CUBE = Frame((1, 1, 1), ((-1, 0, 0), (0, -1, 0), (0, 0, -1)), ((0, 0, -1),), edge=2, directions=((1, 1, 1), (-1, 1, -1)),
             shifts=None)


def both(frame, cell, shape, xp, h=3, N=2, initial="hc", dtype=np.float64, beside=()):
    """{what: array} of a scan by its array calls, and on the device."""
    rng, D, F, P, C = np.random.default_rng(0), len(frame.directions), cell.gates * h, prod(shape), 2
    h0, c0 = (rng.standard_normal((D, h)).astype(dtype) if state in initial else None for state in "hc")
    given = {"X": rng.standard_normal((D, 2 - len(beside), P, N, C)).astype(dtype),
             "K_is": rng.standard_normal((D, 2, C, F)).astype(dtype),
             "b": rng.standard_normal((D, F)).astype(dtype),
             "K_ss": (rng.standard_normal((D, len(frame.reads), h, F)) / 2).astype(dtype),
             "h0": h0, "c0": c0, "peepholes": None, "walk": walk(frame, shape), "cell": cell, "beside": beside}
    dy = rng.standard_normal((D, h, P, N)).astype(dtype)

    def run(up):
        h, cache = scan_forward(**{name: up(value) for name, value in given.items()})
        return {"h": to_numpy(h)} | {name: to_numpy(grad) for name, grad in scan_backward(up(dy), cache).items()}
    return run(lambda value: value), run(lambda value: xp.asarray(value) if isinstance(value, np.ndarray) else value)


@pytest.mark.parametrize("kind", SCANS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (4, 1), (1, 5)])
@pytest.mark.parametrize("initial", ["hc", "h", "c", ""])
def test_the_text_gives_the_array_calls_numbers(kind, shape, initial):
    with standin() as xp:
        expected, found = both(*SCANS[kind], shape, xp, initial=initial)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_walk_whose_reads_are_no_slices():
    with standin() as xp:
        expected, found = both(CUBE, LSTM, (2, 3, 4), xp)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_cells_beside_are_left_to_the_array_calls():
    """Nobody asks a GPU for them (ops/recurrence.py); who does gets right numbers."""
    with standin() as xp:
        expected, found = both(ROWS, LSTM, (3, 4), xp, beside=((0, -1),))
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_in_float32():
    with standin() as xp:
        expected, _ = both(DIAGONALS, LSTM, (3, 4), xp)
        _, found = both(DIAGONALS, LSTM, (3, 4), xp, dtype=np.float32)
    for name, value in found.items():
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_weights_and_gradients_of_another_dtype_are_converted():
    """A kernel reads bare pointers, and would take them for what they are not."""
    rng, cells, found = np.random.default_rng(1), walk(DIAGONALS, (2, 3)), {}
    with standin() as xp:
        shapes = (2, 1, 6, 2, 4), (2, 1, 4, 12), (2, 12), (2, 2, 3, 12), (2, 3, 6, 2)
        X, K_is, b, K_ss, dy = (xp.asarray(rng.standard_normal(shape)) for shape in shapes)
        for dtype in (np.float32, np.float64):
            h, cache = scan_forward(X.astype(dtype), K_is, b, K_ss, None, None, None, cells, LSTM)
            found[dtype] = {name: to_numpy(value) for name, value in {"h": h, **scan_backward(dy, cache)}.items()}
    for name, value in found[np.float32].items():
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, found[np.float64][name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_a_block_of_fewer_threads_than_cells_goes_round(monkeypatch):
    monkeypatch.setattr(scan_gpu, "THREADS", 32)
    with standin() as xp:
        expected, found = both(DIAGONALS, LSTM, (5, 6), xp, h=9)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_scan_launches_as_much_however_many_ticks_there_are():
    counts = []
    with standin() as xp:
        for size in (3, 6):
            before = launches()
            both(DIAGONALS, LSTM, (size, size), xp)
            counts.append(launches() - before)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("which", range(5))
def test_a_missing_barrier_is_found(which, monkeypatch):
    """After the rows that are no cells, and in each tick: without it some cell reads what is not written yet."""
    barrier = "__syncthreads();"
    before, *after = scan_gpu.KERNELS.split(barrier)
    assert len(after) == 5
    monkeypatch.setattr(scan_gpu, "KERNELS", before + "".join(barrier * (k != which) + text for k, text in enumerate(after)))
    with standin() as xp:
        expected, found = both(DIAGONALS, LSTM, (6, 6), xp, h=8)
    assert any(not np.allclose(value, expected[name]) for name, value in found.items())


@pytest.mark.parametrize(("right", "wrong"), [
    ("c = f * c_prev[0] + i * g;", "c = f * c_prev[0] - i * g;"),
    ("da[2] = dc * g * i * (1 - i);", "da[2] = dc * g * i;"),
    ("dc_prev[0] = dc * f;", "dc_prev[0] = dc;"),
])
def test_a_wrong_cell_is_found(right, wrong):
    assert right in LSTM.cuda
    with standin() as xp:
        expected, found = both(DIAGONALS, LSTM._replace(cuda=LSTM.cuda.replace(right, wrong)), (3, 3), xp)
    assert any(not np.allclose(value, expected[name]) for name, value in found.items())


@pytest.mark.skipif(nvrtc.library() is None, reason="CUDA's compiler is not here: pip install nvidia-cuda-nvrtc")
@pytest.mark.parametrize("kind", SCANS)
@pytest.mark.parametrize(("dtype", "architecture"), [("float32", "sm_80"), ("float32", "sm_90"), ("float64", "sm_90")])
def test_cudas_own_compiler_takes_the_text(kind, dtype, architecture):
    frame, cell = SCANS[kind]
    memory = tuple(map(frame.reads.index, frame.remembers))
    text = scan_gpu.text(cell, dtype, 16, len(frame.reads), memory)
    assert b"scan_forward" in (code := nvrtc.compiled(text, architecture)) and b"scan_backward" in code
    with pytest.raises(RuntimeError, match="tanhh"):
        nvrtc.compiled(text.replace("tanh(c)", "tanhh(c)").replace("tanh(c *", "tanhh(c *"), architecture)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++) to run the text of a CUDA kernel")
def test_the_compiler_says_what_is_wrong_with_a_text():
    with pytest.raises(RuntimeError, match="kernel double_it:(.|\n)*undeclared_name"):
        CpuKernel('extern "C" __global__ void double_it(double *x) { x[0] = undeclared_name; }', "double_it")


def test_a_kernel_takes_contiguous_arrays_and_numpys_scalars():
    text = 'extern "C" __global__ void shift(int n, double by, double *x)\n' \
           "{ int k = blockIdx.x * blockDim.x + threadIdx.x; if (k < n) x[k] += by; }"
    with standin() as xp:
        x, kernel = xp.zeros(7), xp.RawKernel(text, "shift")
        kernel((2,), (4,), (np.int32(7), np.float64(1.5), x))
        assert xp.asnumpy(x).tolist() == [1.5] * 7
        with pytest.raises(ValueError, match="contiguous"):
            kernel((2,), (4,), (np.int32(3), np.float64(1.5), x[::2]))
        with pytest.raises(TypeError, match="one kind of float, got float32 and float64"):
            kernel((2,), (4,), (np.int32(7), x, x.astype(np.float32)))
        with pytest.raises(TypeError, match="NumPy scalars, got <class 'int'>"):
            kernel((2,), (4,), (7, np.float64(1.5), x))
