"""The code of the pages runs as it stands. (Others: tests/densities/test_how_to.py, tests/recurrent/test_demonstration.py.)"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_code_of_a_page(page, here):
    blocks = (ROOT / page).read_text(encoding="utf-8").split("```python\n")[1:]
    assert blocks
    names = {}
    for block in blocks:
        exec(block.partition("```")[0], names)
    assert not list(here.iterdir())
