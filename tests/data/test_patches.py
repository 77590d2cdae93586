import numpy as np
import pytest

from minipixel.data.patches import grey, patches, tiles, without_mean

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 11, 14, 3), dtype=np.uint8)


def test_tiles_lie_side_by_side():
    found = tiles(IMAGES, 4)
    assert found.shape == (3 * 2 * 3, 4, 4, 3)
    for n in range(3):
        for i in range(2):
            for j in range(3):
                np.testing.assert_array_equal(found[n * 6 + i * 3 + j], IMAGES[n, 4 * i:4 * i + 4, 4 * j:4 * j + 4])


def test_patches_come_from_the_images_and_from_everywhere():
    numbers = np.arange(2 * 5 * 6).reshape(2, 5, 6, 1)
    found = patches(numbers, 3, 2000, 1)
    assert found.shape == (2000, 3, 3, 1)
    steps = np.arange(3) + 6 * np.arange(3)[:, None]
    np.testing.assert_array_equal(found[..., 0], found[:, :1, :1, 0] + steps)
    corners, counts = np.unique(found[:, 0, 0, 0], return_counts=True)
    assert len(corners) == 2 * 3 * 4 and counts.min() > 2000 / 24 / 2
    np.testing.assert_array_equal(patches(numbers, 3, 2000, 1), found)


def test_a_patch_as_large_as_the_image():
    assert np.array_equal(patches(IMAGES[:1, :11, :11], 11, 2, 0), IMAGES[[0, 0], :11, :11])


@pytest.mark.parametrize("cut", [lambda: tiles(IMAGES, 12), lambda: patches(IMAGES, 12, 5, 0)])
def test_what_does_not_fit_is_refused(cut):
    with pytest.raises(ValueError, match="12x12 do not fit into images of 11x14"):
        cut()


def test_grey():
    colours = np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]], np.uint8).reshape(1, 1, 5, 3)
    assert grey(colours).ravel().tolist() == [255, 76, 150, 29, 7] and grey(colours).dtype == np.uint8


def test_without_mean():
    squares = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), dtype=np.uint8)
    found = without_mean(squares, 1)
    assert found.shape == (50, 63)
    last = -found.sum(axis=1, keepdims=True)               # the pixel left out, since all 64 sum to zero
    whole = np.c_[found, last]
    noise = 256 * (whole - whole[:, :1]) - (squares.reshape(50, 64).astype(float) - squares.reshape(50, 64)[:, :1])
    assert noise.min() > -1 and noise.max() < 1 and np.abs(noise).max() > 0.9
    np.testing.assert_array_equal(without_mean(squares, 1), found)
    with pytest.raises(ValueError, match=r"grey patches \(n, H, W, 1\), got \(3, 11, 14, 3\)"):
        without_mean(IMAGES, 0)
