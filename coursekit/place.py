"""Finds the module that belongs to a notebook, wherever the notebook's kernel was started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER_VARIABLE = "UNROLLED_FOLDER"  # names the module's folder, where the kernel starts somewhere else


class ModuleMissing(Exception):
    """The module is nowhere to be found; shown in a notebook as its sentences, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def find_module(name: str, folder: str | Path | None = None) -> None:
    """Make sure that ``import name`` finds the file that belongs to this notebook; go to its folder if that is another.

    Looks into ``folder`` or, by default, into the working directory, the folder that UNROLLED_FOLDER names, and the
    notebook's own folder, if the editor tells. Says where it went, and nothing if the file is beside the notebook.

    Raises:
        ModuleMissing: it is in none of them; says what to do.
    """
    places = [Path(folder).expanduser()] if folder is not None else [Path.cwd(), *_other_places()]
    for place in places:
        if (place / f"{name}.py").is_file():
            if place.resolve() != Path.cwd().resolve():
                os.chdir(place)
                print(f"{name}.py is taken from {place.resolve()}.")
            if str(place.resolve()) not in sys.path and "" not in sys.path:
                sys.path.insert(0, str(place.resolve()))
            return
    raise ModuleMissing(missing_words(f"{name}.py", places))


def missing_words(file: str, places: list[Path]) -> str:
    """What to do about a module that is in none of some folders."""
    looked = " or ".join(str(place.resolve()) for place in places)
    name = file.removesuffix(".py")
    return (
        f"There is no {file} in {looked}. It came together with this notebook: put it into the notebook's folder, or "
        f"say where it is, in a cell that you run first: %env {FOLDER_VARIABLE}=/path/to/its/folder (on Colab, for "
        f'example, /content/drive/MyDrive/unrolled), or find_module("{name}", folder="/path/to/its/folder"). Then run '
        "this cell again."
    )


def _other_places() -> list[Path]:
    """Where the module may be if not in the working directory."""
    named = os.environ.get(FOLDER_VARIABLE)
    notebooks = [os.environ.get("JPY_SESSION_NAME")]  # Jupyter's server
    if "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
        notebooks.append(shell.user_ns.get("__vsc_ipynb_file__") if shell is not None else None)  # VS Code
    places = [Path(named).expanduser()] if named else []
    return places + [Path(notebook).parent for notebook in notebooks if isinstance(notebook, str)]
