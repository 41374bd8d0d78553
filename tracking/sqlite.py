"""A tracking store in a SQLite file: made at one go, looked at before use, read in peace."""

import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH as ARTIFACTS
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tracking.errors import StoreError, one_line
from tracking.text import Text, template

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PREFIX = "sqlite:///"
SCHEME = re.compile(r"sqlite(\+pysqlite)?:///", re.IGNORECASE)
NEEDED = {"alembic_version", "experiments", "runs", "params", "metrics", "tags"}
READ_ONLY = "readonly database"  # SQLite's words where it would have to write
PATIENCE = 5.0  # seconds that a look waits for a lock
READ_WHOLE = 50e6  # bytes of a file, up to which all of its pages are looked at
STILL = 5.0  # seconds after which a half-made file is taken for one that nobody makes
OLD = 600.0  # seconds after which what a killed launch was making is thrown away
# Kept between two looks: a file that was whole is not looked at again while it is the same.
_whole: dict[Path, tuple[int, int]] = {}


def database(uri: str) -> Path | None:
    """The file of sqlite:///FILE?options; None for another kind of store."""
    if not SCHEME.match(uri):
        return None
    try:
        path = make_url(uri).database
    except ArgumentError:
        return None
    if not path or path == ":memory:":
        return None
    if path.startswith("file:"):
        path = unquote(path.removeprefix("file:").partition("?")[0])
    return Path(path)


def address(database: str, prefix: str = PREFIX) -> str:
    """What SQLAlchemy reads as this database: from 2.1 on it takes %20 for a space."""
    plain = f"{prefix}{database}"
    if make_url(plain).database == database:
        return plain
    return prefix + database.replace("%", "%25")


def is_new(file: Path) -> bool:
    """Whether nothing has been written to it yet."""
    return not file.exists() or (file.is_file() and file.stat().st_size == 0)


def for_reading(file: Path) -> str:
    """An address under which MLflow cannot write to the file.

    With its driver named: of a plain sqlite:///file:… MLflow would make a folder `file:`.
    """
    named = address(f"file:{quote(str(file.resolve()))}", "sqlite+pysqlite:///")
    return f"{named}?mode=ro&uri=true"


# --- a look before use -----------------------------------------------------------------------


def check(file: Path, uri: str) -> None:
    """Raises StoreError, in one line, for a file that MLflow could not work with.

    MLflow itself would make its tables in a database of somebody else's, and try for minutes
    to open a broken one. Raises sqlite3.OperationalError for one that stays locked.

    uri: what the file is called in an error.
    """
    try:
        _undo_half_a_write(file)
        known = file.stat()
        stamp = known.st_mtime_ns, known.st_size
        if _whole.get(file) == stamp:
            return
        tables, version = _look(file)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        raise _broken(uri, error) from None
    except (sqlite3.DatabaseError, OSError) as error:
        raise _broken(uri, error) from None
    if not tables >= NEEDED:
        other = template(
            "'{uri}' is a SQLite file, but no tracking store; see MLFLOW_TRACKING_URI"
        )
        raise StoreError(Text(other, uri=uri))
    if not version:
        raise _broken(uri, ValueError("it has no schema version"))
    _whole[file] = stamp


def _undo_half_a_write(file: Path) -> None:
    """Have SQLite take back what a program was writing when it was killed.

    It does so for the first who opens the file, unless that may only read: to such a one the
    file stays closed. What was committed before is as it was.
    """
    if not Path(f"{file}-journal").exists():
        return
    try:
        with _opened(file) as connection:
            _tables(connection)
    except sqlite3.OperationalError as error:
        if READ_ONLY not in str(error):
            raise
        with _opened(file, "rw") as connection:
            _tables(connection)


def _look(file: Path) -> tuple[set[str], str]:
    """The tables of a file, and the version of MLflow's schema; "" for none."""
    with _opened(file) as connection:
        if file.stat().st_size <= READ_WHOLE:
            (said,) = connection.execute("pragma quick_check(1)").fetchone()
            if said != "ok":
                raise sqlite3.DatabaseError(said)
        tables = _tables(connection)
        version = ""
        if tables >= NEEDED:
            # an answer needs their pages: a file that was cut off has none
            connection.execute("select max(experiment_id) from experiments").fetchone()
            connection.execute("select count(*) from (select 1 from runs limit 1)").fetchone()
            row = connection.execute("select version_num from alembic_version").fetchone()
            version = row[0] if row else ""
    return tables, version


@contextmanager
def _opened(file: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """A connection that only reads, unless the mode is rw."""
    address = f"file:{quote(str(file.resolve()))}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE)) as connection:
        yield connection


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("select name from sqlite_master where type = 'table'")
    return {name for (name,) in rows}


def _broken(uri: str, error: Exception) -> StoreError:
    damaged = template(
        "tracking store '{uri}' cannot be opened ({reason}); see MLFLOW_TRACKING_URI"
    )
    return StoreError(Text(damaged, uri=uri, reason=one_line(error)))


# --- a new one -------------------------------------------------------------------------------


def make(file: Path) -> None:
    """Make a whole store where none is, so that no other process ever sees half of it.

    MLflow makes its 60 tables one after another, for seconds: a kill or another launch in
    between would leave a file that nobody can open. So they are made under another name.
    A half-made file that holds nothing is replaced.
    """
    if not is_new(file) and not _is_left_half_made(file):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    _sweep(file)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        made = Path(folder) / file.name
        _make_tables(made)
        with _alone_in(file.parent):
            _put(made, file)


def _make_tables(file: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # half a second

    store = SqlAlchemyStore(address(str(file)), ARTIFACTS)
    store.engine.dispose()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time; the lock ends with its process, however that ends."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put(made: Path, file: Path) -> None:
    """Give the file its name, unless another launch was faster."""
    if file.exists() and (is_new(file) or _is_empty(file)):
        made.replace(file)
        return
    try:
        os.link(made, file)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not file.exists():
            made.rename(file)


def _sweep(file: Path) -> None:
    """Throw away what launches that were killed were making."""
    for folder in file.parent.glob(f".{file.name}-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > OLD:
                for left in folder.iterdir():
                    left.unlink()
                folder.rmdir()


def _is_left_half_made(file: Path) -> bool:
    """Whether some process began to make the tables here, holds nothing yet, and is gone."""
    if not _is_empty(file):
        return False
    before = None
    deadline = time.monotonic() + STILL
    while time.monotonic() < deadline:
        now = file.stat().st_mtime_ns
        if now != before:
            before = now
            deadline = time.monotonic() + STILL
        time.sleep(0.2)
        if not _is_empty(file):
            return False
    return True


def _is_empty(file: Path) -> bool:
    """Whether a file is no whole store, and none of its tables holds anything.

    MLflow itself writes one experiment, and the version of its schema.
    """
    own = {"alembic_version": 9, "experiments": 1, "workspaces": 1}
    with suppress(sqlite3.Error, OSError), _opened(file) as connection:
        tables = _tables(connection)
        if tables and not tables & {"experiments", "alembic_version"}:
            return False  # somebody else's
        counts = {
            name: connection.execute(f'select count(*) from "{name}"').fetchone()[0]
            for name in tables
            if not name.startswith("sqlite_")
        }
        holds = any(count > own.get(name, 0) for name, count in counts.items())
        return not holds and not _is_whole(connection, tables)
    return False


def _is_whole(connection: sqlite3.Connection, tables: set[str]) -> bool:
    """Whether it has every table and the version that MLflow makes."""
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.db.utils import _get_latest_schema_revision

    if not tables >= set(Base.metadata.tables):
        return False
    row = connection.execute("select version_num from alembic_version").fetchone()
    return bool(row) and row[0] == _get_latest_schema_revision()
