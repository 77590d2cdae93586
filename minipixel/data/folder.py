"""Your own pictures: a folder of PNG and JPEG files as images of integers.

A picture's split follows from its file name alone (in folders of three or four dozen pictures and more), so it stays
where it is when pictures are added, and no test picture was ever trained on.
"""

import hashlib
import unicodedata

import numpy as np

from .dataset import SPLITS, About, Dataset, check_integer

ABOUT = About("FOLDER", "any, or --size", "1 or 3", 256, "80 / 10 / 10 %",
              "the PNG and JPEG pictures of a folder, split by a hash of the file name", "yours")


OTHERS = ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif"      # pictures too, which are not read
LARGEST = 1024      # pixels of a side: of larger pictures one alone fills a machine's memory in training


def load(folder, size=None):
    """The pictures of a folder, its subfolders apart; one colour if all of them are grey, three otherwise.

    size: the square in the centre of each picture is resized to size x size; None takes the pictures as they are, and
    expects one size of them all. Within a split the order is that of the hash: any beginning of it is a fair sample.
    """
    if size is not None:
        check_integer("size", size, 1, LARGEST)
    files = {path.name: path for path in folder.iterdir() if not path.name.startswith(".")}
    paths = {name: path for name, path in files.items() if path.suffix.lower() in (".png", ".jpg", ".jpeg")}
    folders = sum(path.is_dir() for path in files.values())
    others = sum(path.suffix.lower() in OTHERS for path in files.values())
    if len(paths) < len(SPLITS):
        raise ValueError(f"{str(folder)!r} has {len(paths)} PNG or JPEG pictures, at least {len(SPLITS)} expected "
                         "(subfolders are not searched): name the folder that holds the pictures itself")
    chosen = split(paths)
    images = _same_shape({name: read(paths[name], size) for names in chosen.values() for name in names}, folder)
    grey = all((image[..., :1] == image).all() for image in images.values())
    splits = {part: np.stack([images[name][..., :1] if grey else images[name] for name in names])
              for part, names in chosen.items()}
    how = "" if size is None else f", centre squares resized to {size}x{size}"
    how += f", {others} files of other formats left out" if others else ""
    how += f", {folders} subfolders not searched" if folders else ""
    return Dataset(folder.resolve().name, **splits, levels=ABOUT.levels, source=f"a folder of pictures{how}")


def split(names):
    """{split: names}: a hash in [0, 1) below 0.8 is for training, below 0.9 for validation, the rest for test.

    Where a small folder would leave a split empty, the nearest picture moves there.
    """
    place = {name: hash_of(name) for name in names}
    order = sorted(names, key=lambda name: (place[name], name))
    test = min(max(sum(place[name] < 0.9 for name in names), 2), len(order) - 1)
    validation = min(max(sum(place[name] < 0.8 for name in names), 1), test - 1)
    return {"train": order[:validation], "validation": order[validation:test], "test": order[test:]}


def hash_of(name):
    """A fixed number in [0, 1) for a file name: the first 8 bytes of its SHA-256."""
    text = unicodedata.normalize("NFC", name)  # file systems differ in how they write an accent
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8]) / 2**64


def read(path, size=None, name=None):
    """A picture as uint8 (H, W, 3), upright as its camera meant it; what is transparent lies on white.

    path: or an open file, called `name` in errors.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=("PNG", "JPEG")) as file:
            picture = ImageOps.exif_transpose(file)
        if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip to 255 instead of scaling
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        picture = picture.convert("RGB")
    except Image.DecompressionBombError:
        raise ValueError(f"{name or str(path)!r} has more than {2 * Image.MAX_IMAGE_PIXELS // 10**6} million pixels, too many "
                         "to be read: make it smaller or remove it") from None
    except Exception as error:  # Pillow's decoders raise errors of many kinds for broken files
        reason = " ".join((str(error) or type(error).__name__).split())
        raise ValueError(f"{name or str(path)!r} is no readable PNG or JPEG picture ({reason}): mend it or remove it") from None
    if size is None and max(picture.size) > LARGEST:
        raise ValueError(f"{name or str(path)!r} is {picture.width}x{picture.height}, and pictures are taken as they are up to "
                         f"{LARGEST} pixels a side: give a size, for example --size 32")
    if size is not None:
        side, (width, height) = min(picture.size), picture.size
        left, top = (width - side) // 2, (height - side) // 2
        picture = picture.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)
    return np.array(picture)


def _same_shape(images, folder):
    first = next(iter(images))
    for name, image in images.items():
        if image.shape != images[first].shape:
            one, other = (f"{key!r} is {images[key].shape[1]}x{images[key].shape[0]}" for key in (first, name))
            raise ValueError(f"the pictures of {str(folder)!r} have different sizes ({one}, {other}): give a size, "
                             "for example --size 32")
    return images
