"""NVIDIA's run-time compiler, which needs no GPU: does it take the text of a kernel?

    compiled(text, "sm_90")     the machine code; RuntimeError with the compiler's words where it refuses
"""

import ctypes
import functools
from importlib.metadata import PackageNotFoundError, files


@functools.cache
def library():
    """The library of the package nvidia-cuda-nvrtc; None where it is not installed."""
    try:
        found = [file for file in files("nvidia-cuda-nvrtc") if file.name.startswith("libnvrtc.so")]
    except PackageNotFoundError:
        return None
    return ctypes.CDLL(str(found[0].locate()))


def compiled(text, architecture):
    nvrtc, program, size = library(), ctypes.c_void_p(), ctypes.c_size_t()
    options = (ctypes.c_char_p * 1)(f"--gpu-architecture={architecture}".encode())
    require(nvrtc, nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernel.cu", 0, None, None))
    try:
        if nvrtc.nvrtcCompileProgram(program, 1, options):
            nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
            words = ctypes.create_string_buffer(size.value)
            nvrtc.nvrtcGetProgramLog(program, words)
            raise RuntimeError(f"NVRTC refuses the text for {architecture}:\n{words.value.decode()}")
        require(nvrtc, nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)))
        code = ctypes.create_string_buffer(size.value)
        require(nvrtc, nvrtc.nvrtcGetCUBIN(program, code))
        return code.raw
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def require(nvrtc, status):
    if status:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise RuntimeError(f"NVRTC: {nvrtc.nvrtcGetErrorString(status).decode()}")
