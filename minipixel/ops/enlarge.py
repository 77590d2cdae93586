"""A map of twice the height and width: the transposed convolution 2 x 2 of stride 2, as a pair.

With stride 2 the four places that a pixel is enlarged to are its own alone: the pair is one product and a rearrangement.
"""

from minipixel.backend import array_module


def enlarge_forward(x, K, b):
    """y_(2i + a, 2j + e) = b + x_ij K_ae,  a, e in {0, 1}        PixelRNN, section 3.6 (its deconvolutional upsampling)

    x (N, h, w, C), K (2, 2, C, F), b (F,)  ->  y (N, 2h, 2w, F)
    """
    xp = array_module(x)
    N, height, width, C = x.shape
    F = K.shape[3]
    X = xp.ascontiguousarray(x).reshape(-1, C)
    apart = xp.matmul(X, K.reshape(4, C, F)).reshape(2, 2, N, height, width, F)
    y = xp.ascontiguousarray(apart.transpose(2, 3, 0, 4, 1, 5)).reshape(N, 2 * height, 2 * width, F)
    y += b
    cache = X, K, x.shape
    return y, cache


def enlarge_backward(dy, cache):
    """dK_ae = sum_ij x_ij^T dy_(2i + a, 2j + e),   db = sum dy,   dx_ij = sum_ae dy_(2i + a, 2j + e) K_ae^T"""
    X, K, (N, height, width, C) = cache
    xp = array_module(X)
    F = K.shape[3]
    dapart = dy.reshape(N, height, 2, width, 2, F).transpose(2, 4, 0, 1, 3, 5)
    dapart = xp.ascontiguousarray(dapart).reshape(4, -1, F)
    dK = xp.matmul(X.T, dapart)
    dx = xp.matmul(dapart, K.reshape(4, C, F).transpose(0, 2, 1)).sum(axis=0)
    return {"x": dx.reshape(N, height, width, C), "K": dK.reshape(K.shape), "b": dapart.sum(axis=(0, 1))}
