"""What the pages for people show is what happens."""

import io
import re
from contextlib import redirect_stdout

from conftest import ROOT, TESTS


def test_the_example_in_python_prints_what_its_page_says():
    page = (ROOT / "docs" / "python.md").read_text()
    code, said = re.search(
        r"```python\n(.*?)```\n\nprints\n\n```\n(.*?)```\n", page, re.DOTALL
    ).groups()
    with redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    assert printed.getvalue() == said


def test_the_trainer_that_the_readme_shows_is_the_one_that_is_tested():
    readme = (ROOT / "README.md").read_text()
    assert (TESTS / "example_trainer.py").read_text().strip() in readme
