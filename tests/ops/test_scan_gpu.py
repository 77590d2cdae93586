"""The scan's CUDA text, run on the CPU by cuda_on_cpu.py, against the scan's array calls. Whole networks: test_device.py."""

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
from minipixel.order import DIAGONALS, QUADRANT, ROWS, walk

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++) to run the text of a CUDA kernel")

SCANS = {"rows": (ROWS, LSTM), "diagonals": (DIAGONALS, LSTM), "quadrant": (QUADRANT, SPATIAL_LSTM)}


def both(frame, cell, shape, xp, h=3, N=2, initial=True):
    """{what: array} of a scan by its array calls, and on the device."""
    rng, D, F, P = np.random.default_rng(0), len(frame.directions), cell.gates * h, shape[0] * shape[1]
    h0, c0 = (rng.standard_normal((D, h)) if initial and frame.edge is not None else None for _ in range(2))
    given = {"a": rng.standard_normal((D, F, P, N)), "K_ss": rng.standard_normal((D, len(frame.reads), h, F)) / 2,
             "h0": h0, "c0": c0, "peepholes": None, "walk": walk(frame, shape), "cell": cell}
    dy = rng.standard_normal((D, h, P, N))

    def run(up):
        h, cache = scan_forward(**{name: up(value) for name, value in given.items()})
        return {"h": to_numpy(h)} | {name: to_numpy(grad) for name, grad in scan_backward(up(dy), cache).items()}
    return run(lambda value: value), run(lambda value: xp.asarray(value) if isinstance(value, np.ndarray) else value)


@pytest.mark.parametrize("kind", ["rows", "diagonals", "quadrant"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (4, 1), (1, 5)])
@pytest.mark.parametrize("initial", [True, False])
def test_the_text_gives_the_array_calls_numbers(kind, shape, initial):
    with standin() as xp:
        expected, found = both(*SCANS[kind], shape, xp, initial=initial)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_block_of_fewer_threads_than_cells_goes_round(monkeypatch):
    monkeypatch.setattr(scan_gpu, "THREADS", 32)
    with standin() as xp:
        expected, found = both(DIAGONALS, LSTM, (5, 6), xp, h=9)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_scan_is_two_launches_of_kernels_however_many_ticks_there_are():
    counts = []
    with standin() as xp:
        for size in (3, 6):
            before = launches()
            both(DIAGONALS, LSTM, (size, size), xp)
            counts.append(launches() - before)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("which", [1, 3, 4])
def test_a_missing_barrier_is_found(which, monkeypatch):
    """One in each tick of the forward, two in the backward's: without it some cell reads what is not written yet."""
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
        with pytest.raises(TypeError, match="NumPy scalars, got <class 'int'>"):
            kernel((2,), (4,), (7, np.float64(1.5), x))
