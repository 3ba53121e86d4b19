"""The page in a real Chromium, on a fixture that raises, withholds and ages what a real server rarely does."""

import pytest
import rendered

FILES = sorted(path.name for path in (rendered.WEB / "tests").glob("*.test.js") if path.name not in rendered.OF_A_SERVER)


@pytest.mark.parametrize("name", FILES)
def test_the_page_keeps_its_promises_on_the_fixture(name):
    assert rendered.tests(name) > 0
