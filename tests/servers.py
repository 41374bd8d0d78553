"""Servers for tests: MLflow's own, over HTTP, and PostgreSQL behind it. They end with their
test.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import environment


@contextmanager
def mlflow_server(folder: Path, backend: str = "", port: int = 0):
    """`mlflow server` on loopback; yields its address. Its store is a SQLite file in the
    folder unless one is given.

    Started again in the same folder and with the same port, it is the same server.
    """
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    log = folder / "server.log"
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", backend or f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    variables = environment(MLFLOW_TRACKING_URI="", MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
    with log.open("w") as said:
        server = subprocess.Popen(
            command,
            stdout=said,
            stderr=said,
            cwd=folder,
            env=variables,
            start_new_session=True,
        )
    try:
        while not answers(f"{address}/health"):
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


@contextmanager
def postgresql():
    """A fresh PostgreSQL server that listens on a socket in its own folder only; yields the
    address of its database.
    """
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    place = str(programs[-1]) if programs else None  # Debian keeps them off the PATH
    initdb = shutil.which("initdb", path=place)
    pg_ctl = shutil.which("pg_ctl", path=place)
    if not (initdb and pg_ctl):
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    root = os.getuid() == 0  # whom PostgreSQL refuses to serve
    user = ["runuser", "-u", "postgres", "--"] if root else []
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp") as folder:
        if root:
            shutil.chown(folder, "postgres")
        data = f"{folder}/data"
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"

        def run(*command):
            subprocess.run(
                [*user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL
            )

        run(initdb, "-D", data, "-U", "mlflow", "-A", "trust", "--no-sync")
        run(pg_ctl, "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql+psycopg2://mlflow@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", data, "-m", "immediate", "stop")


@contextmanager
def ray_nodes(*nodes: dict):
    """A Ray cluster of nodes that are processes of this machine, each with the resources
    given; yields Ray's own Cluster, whose first node is the head.
    """
    cluster_utils = pytest.importorskip(
        "ray.cluster_utils", reason='Ray is not installed: pip install ".[ray]"'
    )
    for tries_left in (2, 1, 0):
        cluster = cluster_utils.Cluster()
        try:
            for node in nodes:
                cluster.add_node(include_dashboard=False, **node)
            break
        except (
            Exception
        ):  # a busy machine needs longer than the half minute that Ray grants it
            cluster.shutdown()
            if not tries_left:
                raise
    try:
        yield cluster
    finally:
        cluster.shutdown()
