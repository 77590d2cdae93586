"""CUDA text run on the CPU: g++ compiles it, a block's threads are threads, and __syncthreads is a barrier.

    kernel = CpuKernel(text, "scan_forward")
    kernel((N, D), (threads,), (np.int32(3), array, ...))        # NumPy arrays, changed in place

It gives a kernel's numbers without a GPU, and a wrong index or a missing barrier shows in them; not what only CUDA's own
compiler refuses, and no speed.
"""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

COMPILER = shutil.which("g++")

BEFORE = """
#include <barrier>
#include <cmath>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>
using std::exp, std::tanh;
#define __global__
#define __device__ static
struct Index { unsigned x = 0, y = 0, z = 0; };
static thread_local Index blockIdx, threadIdx;
static Index gridDim, blockDim;
static std::barrier<> *block;
static void __syncthreads() { block->arrive_and_wait(); }
#line 1
"""

AFTER = """
template <class... A, std::size_t... I> static void call(void (*kernel)(A...), void **args, std::index_sequence<I...>)
{ kernel(*static_cast<std::remove_reference_t<A> *>(args[I])...); }
template <class... A> static void call(void (*kernel)(A...), void **args)
{ call(kernel, args, std::index_sequence_for<A...>{}); }

extern "C" void launch(unsigned x, unsigned y, unsigned threads, void **args)
{
    std::barrier<> all(threads);
    block = &all, gridDim = {x, y, 1}, blockDim = {threads, 1, 1};
    std::vector<std::thread> running;
    for (unsigned k = 0; k < threads; k++)
        running.emplace_back([=] {
            threadIdx.x = k;
            for (blockIdx.y = 0; blockIdx.y < y; blockIdx.y++)
                for (blockIdx.x = 0; blockIdx.x < x; blockIdx.x++) {
                    call(NAME, args);
                    __syncthreads();
                }
        });
    for (auto &thread : running)
        thread.join();
}
"""


class CpuKernel:
    """A kernel of a CUDA text by name, called with (grid, block, args) as a cupy.RawKernel is; args are NumPy's."""

    def __init__(self, text, name):
        self.run = built(text, name).launch

    def __call__(self, grid, block, args):
        places = [ctypes.c_void_p(arg.ctypes.data) if isinstance(arg, np.ndarray) else np.ctypeslib.as_ctypes(np.array(arg))
                  for arg in args]
        pointers = (ctypes.c_void_p * len(places))(*[ctypes.addressof(place) for place in places])
        x, y = (*grid, 1)[:2]
        self.run(x, y, block[0], pointers)


@functools.cache
def built(text, name):
    """The text as a shared library with `launch`. RuntimeError with the compiler's words where they are any."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "kernel.cpp"), Path(folder, "kernel.so")
        source.write_text(BEFORE + text + AFTER.replace("NAME", name))
        flags = ["-std=c++20", "-O1", "-Wall", "-Werror", "-Wno-unused-function", "-shared", "-fPIC", "-pthread"]
        done = subprocess.run([COMPILER, *flags, source, "-o", library], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"g++ refuses the kernel {name}:\n{done.stderr}")
        return ctypes.CDLL(str(library))
