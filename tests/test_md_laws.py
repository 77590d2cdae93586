"""The laws for what has several dimensions or sees the whole map: all but those of causality and of steps, which it has not."""

import laws
import pytest
from md_subjects import LAYERS, PAIRS

FOR_ALL = (laws.gradient, laws.equation, laws.torch, laws.alone, laws.pure, laws.dtype, laws.layout)

TABLE = [pytest.param(law, subject, id=f"{law.__name__}: {kind} {name}")
         for kind, subjects in (("pair", PAIRS), ("layer", LAYERS)) for name, subject in subjects.items() for law in FOR_ALL]


@pytest.mark.parametrize(("law", "subject"), TABLE)
def test_law(law, subject):
    law(subject)


@pytest.mark.parametrize("name", ["mdrnn-2", "mdlstm-2", "mdlstm-stable-2"])
def test_a_wrong_shape_is_refused(name):
    laws.message(LAYERS[name])
