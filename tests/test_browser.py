"""JupyterLab as a student uses it: write a function in the editor, run its check cell, break it again.

Headless Chromium does what a person does with mouse and keyboard. Every wait is for something
that a person would see too: a line of code, a prompt with a number, a tab without its dot.
Set UNROLLED_SCREENSHOTS to a folder to keep the screenshots.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_jupyter import PATIENCE, jupyter_server
from playwright.sync_api import Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "notebooks" / "01_vanilla_rnn"
NOTEBOOK, MODULE = "01_vanilla_rnn.ipynb", "vanilla_rnn.py"
RIGHT = "return np.tanh(x @ Wx + prev_h @ Wh + b)"
WRONG = "return np.tanh(x @ Wx + prev_h @ Wh)"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt install chromium)"),
]

#: JupyterLab's own settings: no question about news, and every cell in the page, also far below.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture
def course_folder(tmp_path: Path) -> Path:
    """A copy of unit 1 as a student gets it."""
    folder = tmp_path / "course"
    shutil.copytree(UNIT, folder)
    return folder


@pytest.fixture
def lab(tmp_path: Path, course_folder: Path) -> Iterator[str]:
    """The address of a JupyterLab in that folder; '{}' stands for the file to open."""
    home = tmp_path / "home"
    for name, values in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    token = secrets.token_hex(16)
    with jupyter_server("jupyterlab", course_folder, home, f"/api/status?token={token}", token=token) as address:
        yield f"{address}/lab/tree/{{}}?token={token}"


@pytest.fixture
def page() -> Iterator[Page]:
    """A tall window of headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # No sandbox: it does not start as root or in a container, and only our own pages are opened.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        tab = browser.new_page(viewport={"width": 1500, "height": 1100})
        tab.set_default_timeout(PATIENCE)
        yield tab
        browser.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where the pictures go."""
    folder = Path(os.environ.get("UNROLLED_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def open_beside(page: Page, name: str) -> None:
    """Open a file by a double click in the file browser."""
    page.locator(".jp-DirListing-item", has_text=re.compile(rf"^{re.escape(name)}")).dblclick()


def show(page: Page, name: str) -> None:
    """Bring a tab to the front."""
    page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=name).click()


def rewrite_line(page: Page, old: str, new: str) -> None:
    """In the editor, put the first line that holds ``old`` to ``new``, indented as it was, and save."""
    page.locator(".jp-FileEditor .cm-line", has_text=old).first.click()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Home")  # to where the line's text begins
    page.keyboard.type(new)
    page.keyboard.press("Control+s")
    tab = page.locator("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current", has_text=MODULE)
    expect(tab).to_be_visible()
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))


def code_cell(page: Page, text: str) -> Locator:
    """The first code cell whose source holds ``text``."""
    source = page.locator(".jp-InputArea-editor", has_text=text)
    return page.locator(".jp-Notebook .jp-CodeCell", has=source).first


def run(page: Page, cell: Locator) -> Locator:
    """Run a cell with Ctrl+Enter, wait until its prompt has a new number, and return its output."""
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before, timeout=PATIENCE)  # [*]: or the next number
    expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=PATIENCE)
    return cell.locator(".jp-Cell-outputWrapper")


def test_a_student_fills_in_a_function_and_the_check_cell_answers(
    lab: str, page: Page, course_folder: Path, screenshots: Path
) -> None:
    """The check cell of a function passes when it is right and fails, naming what is off, when it is broken again."""
    page.goto(lab.format(NOTEBOOK))
    check_cell = code_cell(page, 'check("rnn_cell")')
    expect(check_cell).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".jp-Notebook-ExecutionIndicator").first).to_have_attribute(
        "data-status", "idle", timeout=PATIENCE
    )
    open_beside(page, MODULE)
    rewrite_line(page, "raise NotImplementedError", RIGHT)
    assert RIGHT in (course_folder / MODULE).read_text(encoding="utf-8")

    show(page, NOTEBOOK)
    run(page, code_cell(page, "from autograder import check"))
    output = run(page, check_cell)
    expect(output).to_contain_text("rnn_cell: passed")
    expect(output).not_to_contain_text("not right yet")
    output.scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "check_passes.png")

    show(page, MODULE)
    rewrite_line(page, RIGHT, WRONG)
    assert RIGHT not in (course_folder / MODULE).read_text(encoding="utf-8")

    show(page, NOTEBOOK)
    output = run(page, check_cell)
    expect(output).to_contain_text("rnn_cell is not right yet: wrong values")
    expect(output).to_contain_text("This looks like a known mistake")
    expect(output).not_to_contain_text("passed")
    output.scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "check_fails.png")
