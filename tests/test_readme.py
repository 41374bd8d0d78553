"""What the README shows is what happens."""

import io
import re
from contextlib import redirect_stdout

from conftest import ROOT


def test_the_example_in_python_prints_what_the_readme_says():
    section = (
        (ROOT / "README.md").read_text().partition("## In Python")[2].partition("\n## ")[0]
    )
    code, said = re.fullmatch(
        r"\s*```python\n(.*?)```\n\nprints\n\n```\n(.*?)```\s*", section, re.DOTALL
    ).groups()
    with redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    assert printed.getvalue() == said
