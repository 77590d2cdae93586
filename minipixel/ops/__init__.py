"""Pure pairs: each operation is a forward and, directly under it, its backward.

    y, cache = op_forward(x, ...)
    grads    = op_backward(dy, cache)        # a dict with the forward's own argument names

Nothing is kept between the two but the cache; a backward writes only into arrays that it made.
"""
