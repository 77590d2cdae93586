"""What people type by mistake: one line that says what is wrong, exit code 2, nothing written."""

import shlex
import sys

import pytest

START = "train pixelcnn --data digits"

WORDS = {
    # commands
    "": ["required", "COMMAND"],
    "trian": ["trian", "train"],
    "--frobnicate": ["--help"],
    "models please": ["unrecognized arguments: please"],
    "data --out x": ["--out"],
    # train: what and on what
    "train": ["no MODEL"],
    "train pixelcnn": ["no --data"],
    "train --data digits": ["no MODEL"],
    "train pixelcnn --data ''": ["no --data"],
    "train pixelcnn --data": ["--data", "expected one argument"],
    "train pixelcnn pixelcnn --data digits": ["unrecognized"],
    "train pixelcn --data digits": ["unknown model 'pixelcn'", "did you mean pixelcnn"],
    "train PixelRNN --data digits": ["unknown model 'PixelRNN'", "pixelcnn"],
    "train pixelcnn --data digit": ["unknown data 'digit'", "digits"],
    "train pixelcnn --data minst": ["unknown data 'minst'", "mnist"],
    "train pixelcnn --data /no/such/folder": ["unknown data", "folder of pictures"],
    f"{START} --epo 3": ["unrecognized arguments: --epo"],
    # train: how long
    f"{START} --epochs 0": ["epochs", "at least 1", "got 0"],
    f"{START} --epochs -1": ["epochs", "got -1"],
    f"{START} --epochs 1.5": ["--epochs", "'1.5'"],
    f"{START} --epochs ten": ["--epochs", "'ten'"],
    f"{START} --minutes 0": ["minutes", "above 0"],
    f"{START} --minutes -2": ["minutes", "got -2"],
    f"{START} --minutes nan": ["minutes", "got nan"],
    f"{START} --minutes inf": ["minutes", "got inf"],
    f"{START} --minutes soon": ["--minutes", "'soon'"],
    f"{START} --epochs 1 --minutes 1": ["--minutes", "not allowed with", "--epochs"],
    # train: levels and size
    f"{START} --levels 1": ["levels", "2 to 17", "got 1"],
    f"{START} --levels 0": ["levels", "got 0"],
    f"{START} --levels -4": ["levels", "got -4"],
    f"{START} --levels 18": ["levels", "got 18"],
    f"{START} --levels 257": ["levels", "got 257"],
    f"{START} --levels two": ["--levels", "'two'"],
    f"{START} --size 8": ["size is for folders", "got size 8"],
    f"{START} --size big": ["--size", "'big'"],
    # train: options of the model
    f"{START} --set": ["--set", "at least one argument"],
    f"{START} --set layers": ["NAME=VALUE", "'layers'"],
    f"{START} --set layers=": ["NAME=VALUE", "'layers='"],
    f"{START} --set =3": ["unknown setting ''"],
    f"{START} --set lyers=3": ["unknown setting 'lyers'", "layers"],
    f"{START} --set epochs=3": ["unknown setting 'epochs'"],
    f"{START} --set summary=true": ["unknown setting 'summary'"],
    "train pixelcnn-basic --data digits --set residual=true": ["unknown setting 'residual'"],
    f"{START} --set layers=abc": ["layers", "whole number", "'abc'"],
    f"{START} --set layers=-1": ["layers", "got -1"],
    f"{START} --set layers=1.5": ["layers", "got 1.5"],
    f"{START} --set layers=true": ["layers", "got True"],
    f"{START} --set h=0": ["option h", "1..4096", "got 0"],
    f"{START} --set h=-4": ["option h", "got -4"],
    f"{START} --set h=1000000000000000": ["option h", "1..4096"],
    f"{START} --set out=0": ["option out", "got 0"],
    f"{START} --set residual=maybe": ["residual", "true or false", "'maybe'"],
    f"{START} --set skip=1": ["skip", "true or false", "got 1"],
    # train: settings of the training
    f"{START} --set batch=0": ["batch", "at least 1", "got 0"],
    f"{START} --set batch=-16": ["batch", "got -16"],
    f"{START} --set batch=1.5": ["batch", "got 1.5"],
    f"{START} --set batch=many": ["batch", "'many'"],
    f"{START} --set rate=0": ["rate", "above 0", "got 0"],
    f"{START} --set rate=-1": ["rate", "got -1"],
    f"{START} --set rate=nan": ["rate", "got nan"],
    f"{START} --set rate=inf": ["rate", "got inf"],
    f"{START} --set rate=fast": ["rate", "'fast'"],
    f"{START} --set optimiser=adm": ["unknown optimiser 'adm'", "adam"],
    f"{START} --set optimiser=3": ["unknown optimiser 3", "sgd"],
    f"{START} --set decay=cosin": ["unknown decay 'cosin'", "cosine"],
    f"{START} --set clip=-1": ["clip", "at least 0", "got -1"],
    f"{START} --set clip=nan": ["clip", "got nan"],
    f"{START} --set average=1": ["average", "below 1", "got 1"],
    f"{START} --set average=-0.1": ["average", "got -0.1"],
    f"{START} --set average=abc": ["average", "'abc'"],
    # train: the rest
    f"{START} --seed -1": ["--seed", "at least 0", "'-1'"],
    f"{START} --seed 1.5": ["--seed", "'1.5'"],
    f"{START} --device tpu": ["--device", "'tpu'"],
    f"{START} --threads 0": ["threads", "1..1024", "got 0"],
    f"{START} --threads 99999": ["threads", "1..1024", "got 99999"],
    f"{START} --threads -1": ["threads", "got -1"],
    f"{START} --threads two": ["--threads", "'two'"],
    f"{START} --out run": ["run folder run exists", "--resume run"],
    f"{START} --out run/config.json": ["exists"],
    # train: resuming
    "train --resume": ["--resume", "expected one argument"],
    "train --resume nowhere": ["unknown run 'nowhere'"],
    "train --resume empty": ["empty is not a run folder", "config.json"],
    "train --resume run --epochs 9": ["knows the rest", "--epochs"],
    "train --resume run --minutes 9": ["--minutes"],
    "train --resume run --data digits": ["--data"],
    "train --resume run --seed 0": ["--seed"],
    "train --resume run --set rate=1": ["--set"],
    "train --resume run --out other": ["--out"],
    "train pixelcnn --resume run": ["MODEL"],
    # eval
    "eval": ["required", "RUN"],
    "eval nowhere": ["unknown run 'nowhere'"],
    "eval pixelcnn": ["unknown run 'pixelcnn'"],
    "eval ''": ["is not a run folder"],
    "eval empty": ["empty is not a run folder"],
    "eval run/config.json": ["is not a run folder"],
    "eval run --split tset": ["--split", "'tset'"],
    "eval run --data nothing": ["unknown data 'nothing'"],
    "eval run --threads 0": ["threads", "got 0"],
    "eval run --levels 4": ["--levels"],
    # sample
    "sample nowhere": ["unknown run 'nowhere'"],
    "sample run -n 0": ["at least 1", "got 0"],
    "sample run -n -3": ["at least 1", "got -3"],
    "sample run -n 1.5": ["-n", "'1.5'"],
    "sample run -n 1000000000000000": ["allocate"],
    "sample run --temperature 0": ["temperature", "at least 0.001", "got 0"],
    "sample run --temperature -1": ["temperature", "got -1"],
    "sample run --temperature nan": ["temperature", "got nan"],
    "sample run --temperature inf": ["temperature", "got inf"],
    "sample run --temperature hot": ["--temperature", "'hot'"],
    "sample run --seed -1": ["--seed", "'-1'"],
    "sample run --threads 0": ["threads", "got 0"],
    "sample run --out samples.jpg": ["--out", ".png", "'samples.jpg'"],
    "sample run --out samples": ["--out", ".png"],
    "sample run --out ''": ["--out", ".png"],
    "sample run --out no/such.png": ["--out", "folder that exists"],
    "sample run --out folder.png": ["--out", "'folder.png'"],
    # complete
    "complete run --keep 2": ["--keep", "0 to 1", "got 2"],
    "complete run --keep -0.1": ["--keep", "got -0.1"],
    "complete run --keep nan": ["--keep", "got nan"],
    "complete run --keep half": ["--keep", "'half'"],
    "complete run -n 0": ["-n", "at least 1", "got 0"],
    "complete run -n -3": ["-n", "got -3"],
    "complete run --temperature 0": ["temperature", "got 0"],
    "complete run --data nothing": ["unknown data 'nothing'"],
    "complete run --out picture.gif": ["--out", ".png"],
    "complete nowhere": ["unknown run 'nowhere'"],
    # audit
    "audit": ["required"],
    "audit nowhere": ["unknown run 'nowhere'"],
    "audit mine.py": ["FILE.py:FUNCTION", "mine.py and no function"],
    "audit empty": ["is not a run folder"],
    "audit pixelcnn --shape 8x8": ["--shape", "HEIGHTxWIDTHxCOLOURS", "'8x8'"],
    "audit pixelcnn --shape 8x8x1x1": ["--shape", "'8x8x1x1'"],
    "audit pixelcnn --shape 0x8x1": ["--shape", "'0x8x1'"],
    "audit pixelcnn --shape=-1x8x1": ["--shape", "'-1x8x1'"],
    "audit pixelcnn --shape 8.5x8x1": ["--shape", "'8.5x8x1'"],
    "audit pixelcnn --shape HxWxC": ["--shape", "'HxWxC'"],
    "audit pixelcnn --shape ''": ["--shape", "''"],
    "audit pixelcnn --shape 999999999x999999999x1": ["--shape", "4,096"],
    "audit pixelcnn --shape 3x3x200": ["200 colours"],
    "audit pixelcnn --levels 0": ["levels", "got 0"],
    "audit pixelcnn --levels 1": ["levels", "got 1"],
    "audit pixelcnn --levels 257": ["levels", "got 257"],
    "audit pixelcnn --seed -1": ["--seed"],
    "audit pixelcnn --out map.txt": ["--out", ".png"],
    "audit run --shape 8x8x3": ["1 colours and 17 levels, got --shape 8x8x3"],
    "audit run --levels 4": ["17 levels", "--levels 4"],
    # check
    "check": ["required"],
    "check nothing.ipynb": ["nothing.ipynb"],
    "check empty": ["empty"],
    "check run/config.json": ["config.json"],
}


@pytest.mark.parametrize("words", WORDS, ids=[words or "nothing" for words in WORDS])
def test_words_that_make_no_sense(words, refused, run, here):
    (here / "empty").mkdir()
    (here / "folder.png").mkdir()
    refused(shlex.split(words), *WORDS[words])


@pytest.mark.parametrize("words", ["models", "train pixelcnn", "eval nowhere"])
def test_with_json_the_mistake_is_said_in_the_same_way(words, minipixel, here):
    end = minipixel(*words.split(), "--json", "--frobnicate")
    assert (end.code, end.out) == (2, "") and end.err.startswith("minipixel: ") and end.err.count("\n") == 1


@pytest.mark.parametrize("words", [START, "eval run", "sample run", "complete run", "train --resume run"])
def test_a_gpu_without_cupy(words, refused, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    (run / "results.json").unlink()
    refused([*words.split(), "--device", "gpu"], "device 'gpu' needs CuPy", "pip install")


def test_no_memory(refused, run, monkeypatch):
    def nothing_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr("minipixel.commands.judged.compare", nothing_left)
    refused(["eval", "run"], "not enough memory")
