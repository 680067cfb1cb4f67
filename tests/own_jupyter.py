"""A Jupyter server of the tests' own, which reads and writes nothing of the person who runs them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from patience import APPEARS, wait_until

PATIENCE = 1000 * APPEARS  # milliseconds, as Playwright counts
#: Variables that say where a server keeps its own files -> folder below its home.
PLACES = {
    "HOME": "",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}


def answers(url: str) -> bool:
    """Whether there is a page at this address."""
    try:
        with urllib.request.urlopen(url, timeout=60):
            return True
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def jupyter_server(program: str, folder: Path, home: Path, page: str, *words: str, token: str = "") -> Iterator[str]:
    """A server while the block runs.

    Args:
        program: the module that is run: "jupyterlab" or "jupyter_server".
        folder: what it serves. home: an existing folder for its own files.
        page: what has to be there before it counts as started, below its address.
        words: further words of the command line.
        token: asked for by it; empty for none.

    Yields:
        its address, without a slash at the end.
    """
    port = free_port()
    options = {"ip": "127.0.0.1", "port": port, "port_retries": 0, "root_dir": folder, "open_browser": False}
    command = [sys.executable, "-m", program, "--allow-root", f"--IdentityProvider.token={token}", *words]
    command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
    own = {name: str(home / place) for name, place in PLACES.items()}
    log_path, address = home / "server.log", f"http://127.0.0.1:{port}"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: server.poll() is not None or answers(f"{address}{page}"))
            if server.poll() is not None or not answers(f"{address}{page}"):
                pytest.fail(f"{program} did not start:\n{log_path.read_text(errors='replace')[-3000:]}")
            yield address
        finally:
            server.terminate()
            try:
                server.wait(APPEARS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
