"""Whatever a file holds, it is read or refused in one line."""

import io
import random

import pandas as pd
import pytest

from tracking.errors import StoreError
from tracking.tables.curves import Measured, read_csv
from tracking.tables.reading import Asked, Reading

ROUNDS = 150  # of each file
BASE = {
    "csv": b"n,loss,architecture\n1000,0.5,cnn\n2000,0.4,cnn\n4000,0.3,cnn\n",
    "european": "n;error;modèle\n1.000;35,2 %;réseau\n2.000;20,1 %;réseau\n".encode("latin-1"),
    "utf-16": "n\terror\tseed\n1000\t0.3\t0\n2000\t0.2\t1\n".encode("utf-16"),
    "measures": b"n_train,test_acc,val/loss,epoch,lr\n100,0.5,1,1,0.1\n200,0.6,0.9,2,0.01\n",
}
PIECES = (
    *(bytes([byte]) for byte in b",;\t\"'\n\r\0=+-@%#.eE()[] "),
    b"nan", b"inf", b"1e309", b"-0", b"0x1", b"1,000", b"1.000", b"99 %", b"\xff\xfe", b"\xe9",
    b"n", b"loss", b"seed", b"epoch", b"\xb2", b"\xd9\xa3", b"sep=;\n", b"None", b"1_0",
)  # fmt: skip


def excel() -> bytes:
    content = io.BytesIO()
    pd.DataFrame({"n": [1, 2, "x"], "loss": [0.5, None, True]}).to_excel(content, index=False)
    return content.getvalue()


def mutated(content: bytes, chance: random.Random) -> bytes:
    """With a few pieces put in, taken out or moved."""
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            content = content[:at] + chance.choice(PIECES) + content[at:]
        elif kind == 1:
            content = content[:at] + content[at + chance.randint(1, 9) :]
        elif kind == 2:
            content = content[at:] + content[:at]
        else:
            content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    return content


def read(content: bytes, chance: random.Random) -> Measured:
    """As somebody reads it who answers a few questions at random."""
    reading = Reading()
    for _ in range(4):
        try:
            return read_csv(io.BytesIO(content), reading, "mine.csv")
        except Asked as asked:
            if not asked.answers:
                raise
            reading = reading.answered(chance.choice(asked.answers))
    return read_csv(io.BytesIO(content), reading, "mine.csv")


@pytest.mark.parametrize("kind", [*BASE, "excel"])
def test_a_file_of_any_content_is_read_or_refused_in_one_line(kind):
    chance = random.Random(kind)
    base = BASE.get(kind) or excel()
    for _ in range(ROUNDS if kind in BASE else ROUNDS // 5):
        content = mutated(base, chance)
        try:
            found = read(content, chance)
        except StoreError as refusal:
            assert "\n" not in str(refusal), content
            assert len(str(refusal)) < 2000, content
        else:
            assert found.table["n"].ge(1).all(), content
            assert found.measures, content
