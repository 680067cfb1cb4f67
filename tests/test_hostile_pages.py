"""Pages with what hostile students put into them, opened in headless Chromium: nothing of it runs.

The feedback pages, the reports and the page about similar modules are opened as files, the formgrader's pages from a
real Jupyter server. A page of stock nbconvert shows that the looking is good for something.
"""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from own_jupyter import PATIENCE, jupyter_server
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from small_course import make_course, make_result

from autograder import folders, grade
from autograder.course import load_course
from autograder.gradebook import ensure_registered, record_class
from autograder.release import release
from autograder.report import class_report, student_feedback
from autograder.safe_html import may_link
from autograder.similarity import compare_class
from autograder.similarity_report import write_similarity

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
UNIT = load_course().unit("02_bptt")
RUN = "window.ran=1;alert(1)"
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'><script>{RUN}</script></svg>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt install chromium)"),
]

LINKS = f"""
[a](javascript:{RUN}) [b](JavaScript:{RUN}) [c](&#106;avascript&colon;{RUN}) [d](data:text/html,<script>{RUN}</script>)
[e][r] [f](evil.html) [g](http:evil.html) [h](//evil.test/x) [i](vbscript:x) [ok](https://example.edu/) [#](#top)
<javascript:{RUN}> ![j](javascript:{RUN}) ![k](http://evil.test/k.png) ![l](evil.svg)

[r]: javascript:{RUN} "title"

$\\href{{javascript:{RUN}}}{{x}}$ $\\text{{<img src=x onerror={RUN}>}}$ $$\\style{{background:url(http://evil.test/s)}}{{y}}$$

| [m](javascript:{RUN}) |
|---|
"""
MARKUP = f"""
<script>{RUN}</script><img src=x onerror="{RUN}"><svg onload="{RUN}"></svg><iframe srcdoc="<script>{RUN}</script>">
</iframe><a id=h href="javascript:{RUN}">n</a><form action="javascript:{RUN}"><input type=submit></form>
<base href="http://evil.test/">
<link rel=stylesheet href="http://evil.test/c.css"><meta http-equiv=refresh content="0;url=http://evil.test/m">
<style>@import 'http://evil.test/i.css'; body {{ background: url(http://evil.test/b.png) }}</style>
<details open ontoggle="{RUN}">o</details><math><mtext><table><mglyph><style><img src=x onerror="{RUN}">
"""
NAME = f"<img src=x onerror='{RUN}'>"


def hostile(notebook: dict[str, Any]) -> None:
    """Whatever a notebook can bring, in cells of all kinds."""
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": MARKUP, "text/plain": "x"}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": SVG}},
        {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": RUN}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": LINKS + MARKUP}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/latex": f"$\\href{{javascript:{RUN}}}{{x}}$"}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/vnd.mermaid": f'graph TD; a["{MARKUP}"]'}},
        {"output_type": "display_data", "data": {"image/png": f'AAAA" onerror="{RUN}'},
         "metadata": {"image/png": {"alt": f'" onload="{RUN}', "width": f'1 onload={RUN}'}}},
        {"output_type": "display_data", "metadata": {},
         "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}}},
        {"output_type": "display_data", "metadata": {"text/html": {"isolated": True}}, "data": {"text/html": MARKUP}},
        {"output_type": "stream", "name": "stdout", "text": f"\x1b]8;;javascript:{RUN}\x07x\x1b]8;;\x07 {MARKUP}"},
        {"output_type": "error", "ename": MARKUP, "evalue": MARKUP, "traceback": [MARKUP, f"\x1b[31m{MARKUP}"]},
    ]  # fmt: skip
    odd = {"tags": [f'x" onclick="{RUN}'], "name": NAME, "nbgrader": {"grade_id": f'q"><script>{RUN}</script>'}}
    svg = {"a.svg": {"image/svg+xml": base64.b64encode(SVG.encode()).decode()}}
    notebook["cells"][1:1] = [
        {"cell_type": "markdown", "id": "links", "metadata": odd, "source": LINKS},
        {"cell_type": "markdown", "id": "markup", "metadata": {}, "source": MARKUP},
        {"cell_type": "markdown", "id": "svg", "metadata": {}, "source": "![s](attachment:a.svg)", "attachments": svg},
        {"cell_type": "raw", "id": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": MARKUP},
        {"cell_type": "code", "id": "c", "metadata": odd, "source": MARKUP, "outputs": outputs, "execution_count": 1},
    ]  # fmt: skip
    notebook["metadata"]["title"] = MARKUP
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"x": MARKUP}}}}
    answer = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "q_why_sum")
    answer["source"] = LINKS + MARKUP


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Ada's work is as grading leaves it; Bob's graded notebook is as he handed it in, as by another tool."""
    root = make_course(tmp_path_factory.mktemp("hostile") / "course")
    release([UNIT.id], root=root)
    released = root / folders.RELEASED / UNIT.id / f"{UNIT.id}.ipynb"
    url = f"sqlite:///{root / 'gradebook.db'}"
    for student in ("ada", "bob"):
        folder = root / folders.SUBMITTED / student / UNIT.id
        folder.mkdir(parents=True)
        notebook = json.loads(released.read_text(encoding="utf-8"))
        hostile(notebook)
        (folder / f"{UNIT.id}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        right = (root / folders.SOURCES / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")
        (folder / UNIT.module_file).write_text(f"{right}\nMARKUP = '''{MARKUP}'''\n", encoding="utf-8")
        (folder / "evil.html").write_text(f"<script>{RUN}</script>", encoding="utf-8")
        (folder / "evil.svg").write_text(SVG, encoding="utf-8")
    ensure_registered(UNIT, root, url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_SALT", "a salt for tests")
        patch.setattr(grade, "grade_submission", lambda *_, **__: result("ada"))
        assert all(entry.ok for entry in record_class(UNIT.id, root=root, feedback=False))
        graded = root / folders.AUTOGRADED / "bob" / UNIT.id / f"{UNIT.id}.ipynb"
        as_handed_in = json.loads(
            (root / folders.SUBMITTED / "bob" / UNIT.id / graded.name).read_text(encoding="utf-8")
        )
        graded.chmod(0o644)
        graded.write_text(json.dumps(as_handed_in), encoding="utf-8")
        with sqlite3.connect(root / "gradebook.db") as database:
            database.execute("update student set first_name = ?, last_name = ?", (NAME, NAME))
            database.execute("update comment set manual_comment = ?", (LINKS + MARKUP,))
        for student in ("ada", "bob"):
            from autograder.gradebook import _generate_feedback, load_config

            assert not _generate_feedback(UNIT, student, load_config(root))
    yield root


def result(student: str) -> Any:
    """A result whose every text is hostile."""
    made = make_result(UNIT, 0.5, student=student, message=LINKS + MARKUP)
    for exercise in made.exercises:
        exercise.message, exercise.mistake_title, exercise.hint = MARKUP, MARKUP, LINKS
        exercise.remarks = [MARKUP]
    made.attempts, made.output = [MARKUP], MARKUP
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # No sandbox: it does not start as root or in a container, and nothing in these pages may run.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield started
        started.close()


#: What readers click on, the formgrader's own bar and buttons left out.
CLICKED = "a:not(nav a), input[type=submit], details"
#: Clicks; the honest links are not followed.
CLICK = """([where, n]) => {
    const found = document.querySelectorAll(where)[n];
    const honest = /^(https?:..[^./]|mailto:)/.test(found?.getAttribute("href"));
    if (honest) found.addEventListener("click", event => event.preventDefault());
    found?.click();
}"""


class Watched:
    """A page, and what happens in it."""

    def __init__(self, browser: Browser, server: str = "") -> None:
        self.page: Page = browser.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.set_default_navigation_timeout(PATIENCE)
        self.happened: list[str] = []
        self._server = server
        self.page.on("dialog", self._dialog)
        self.page.context.on("page", lambda page: self.happened.append(f"a window: {page.url}"))
        self.page.route("**/*", self._request)

    def _dialog(self, dialog: Any) -> None:
        self.happened.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, route: Any) -> None:
        url = route.request.url
        if url.startswith(("file:", "data:")) or (self._server and url.startswith(self._server)):
            route.continue_()
        else:
            self.happened.append(f"a request: {url}")
            route.abort()

    def open(self, address: str) -> None:
        """Open an address and do what a reader does: look, and click on every link and form of the text."""
        self.page.goto(address, wait_until="load")
        where = self.page.url
        for number in range(self.page.locator(CLICKED).count()):
            try:
                self.page.evaluate(CLICK, [CLICKED, number])
                self.page.wait_for_timeout(20)
                moved = self.page.url.partition("#")[0] != where.partition("#")[0]
            except Error:  # the page went away meanwhile
                moved = True
            if moved:
                self.happened.append(f"went to {self.page.url}")
                self.page.wait_for_timeout(200)
                self.page.goto(address, wait_until="load")
        self.page.wait_for_timeout(300)  # for what a picture that is not there, or a frame, would have done
        if self.page.evaluate("() => window.ran"):
            self.happened.append("a script ran")

    def links(self) -> list[str]:
        """Where the links in the text lead, as written."""
        found: list[str] = self.page.evaluate(
            "() => [...document.querySelectorAll('#notebook [href]')].map(e => e.getAttribute('href'))"
        )
        return found


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A page for files."""
    found = Watched(browser)
    yield found
    found.page.close()


def test_a_page_without_guard_would_run_it(course: Path, watched: Watched, tmp_path: Path) -> None:
    """nbconvert's own page of the same notebook: what is looked for below happens."""
    notebook = nbformat.read(course / folders.SUBMITTED / "bob" / UNIT.id / f"{UNIT.id}.ipynb", as_version=4)
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    watched.open((tmp_path / "page.html").as_uri())
    assert any(word.startswith("a dialog") for word in watched.happened)
    assert any("evil.test" in word for word in watched.happened)


@pytest.mark.parametrize("student", ["ada", "bob"])
def test_nothing_runs_in_feedback(student: str, course: Path, watched: Watched) -> None:
    """No script, dialog, request or strange address, whatever is clicked; honest links are there."""
    page = course / folders.FEEDBACK / student / UNIT.id / f"{UNIT.id}.html"
    watched.open(page.as_uri())
    assert not watched.happened
    links = watched.links()
    assert "https://example.edu/" in links or student == "ada"  # her links stand in texts with bad ones
    assert all(map(may_link, links))
    assert watched.page.locator("math").count() >= 1
    assert watched.page.locator("text=[r]: javascript").count() + watched.page.locator("text=javascript:").count() > 0


@pytest.mark.parametrize("kind", ["class", "student", "similarity"])
def test_nothing_runs_in_reports(kind: str, course: Path, watched: Watched, tmp_path: Path) -> None:
    """Names, messages, output and modules are text."""
    page = tmp_path / "page.html"
    if kind == "class":
        class_report([result("ada"), result(NAME.replace("/", "|"))], load_course(), page)
    elif kind == "student":
        student_feedback(result(NAME.replace("/", "|")), load_course(), page)
    else:
        write_similarity(compare_class(UNIT, course, (), 10), load_course(), page)
    assert "onerror" in page.read_text(encoding="utf-8")
    watched.open(page.as_uri())
    assert not watched.happened
    assert watched.page.locator("script, img, iframe, form, base").count() == 0


@pytest.mark.parametrize("kind", ["feedback", "report"])
def test_the_policy_alone_holds(kind: str, course: Path, watched: Watched, tmp_path: Path) -> None:
    """If markup got into a page all the same, the browser would not run it."""
    page = tmp_path / "page.html"
    if kind == "report":
        class_report([result("ada")], load_course(), page)
    else:
        shutil.copy(course / folders.FEEDBACK / "ada" / UNIT.id / f"{UNIT.id}.html", page)
    text = page.read_text(encoding="utf-8")
    harm = MARKUP[: MARKUP.index("<meta")] + MARKUP[MARKUP.index("<style>") :]  # a page can send itself elsewhere
    page.write_text(text.replace("</body>", f"{harm}</body>"), encoding="utf-8")
    watched.open(page.as_uri())
    assert not [word for word in watched.happened if not word.startswith("went to")]


# ── the formgrader ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def formgrader(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Jupyter server in the course's folder, with nbgrader's formgrader; no token is asked for."""
    extension = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
    home = tmp_path_factory.mktemp("home")
    with jupyter_server("jupyter_server", course, home, "/formgrader/gradebook", extension) as address:
        yield address


@pytest.fixture
def inside(browser: Browser, formgrader: str) -> Iterator[Watched]:
    """A page for the formgrader."""
    found = Watched(browser, formgrader)
    yield found
    found.page.close()


def submission_page(course: Path, student: str) -> str:
    """The formgrader's path for a student's notebook."""
    query = """select n.id from submitted_notebook n join submitted_assignment a on a.id = n.assignment_id
               where a.student_id = ?"""
    with sqlite3.connect(course / "gradebook.db") as database:
        return f"/formgrader/submissions/{database.execute(query, (student,)).fetchone()[0]}/"


@pytest.mark.parametrize("student", ["ada", "bob"])
def test_nothing_runs_in_the_formgrader(student: str, course: Path, formgrader: str, inside: Watched) -> None:
    """The page on which a person gives points, with that person's rights."""
    inside.open(formgrader + submission_page(course, student))
    assert not inside.happened
    assert all(may_link(link) for link in inside.links())
    assert inside.page.locator("#notebook math").count() >= 1
    assert inside.page.locator("nav img, #notebook script, #notebook iframe").count() == 0


@pytest.mark.parametrize(
    "place",
    [
        "gradebook",
        f"gradebook/{UNIT.id}",
        f"gradebook/{UNIT.id}/{UNIT.id}",
        "manage_students",
        "manage_students/ada",
        f"manage_submissions/{UNIT.id}",
    ],
)
def test_names_do_not_run_in_the_formgraders_lists(place: str, formgrader: str, inside: Watched) -> None:
    """Nor in its tables of students and submissions."""
    inside.page.goto(f"{formgrader}/formgrader/{place}", wait_until="networkidle")
    inside.page.wait_for_timeout(300)
    assert not inside.happened and not inside.page.evaluate("() => window.ran")


def test_the_policy_alone_holds_in_the_formgrader(course: Path, formgrader: str, inside: Watched) -> None:
    """If markup got into the page all the same, the browser would not run it."""
    address = formgrader + submission_page(course, "ada")
    with urllib.request.urlopen(address) as answer:
        page = answer.read().decode()
    harm = MARKUP[: MARKUP.index("<meta")] + MARKUP[MARKUP.index("<style>") :]
    changed = page.replace('id="notebook-container">', f'id="notebook-container">{harm}', 1)
    assert changed != page
    inside.page.route(address, lambda route: route.fulfill(body=changed, content_type="text/html"))
    inside.open(address)
    assert not [word for word in inside.happened if not word.startswith("went to")]


def test_the_formgrader_still_works(course: Path, formgrader: str, inside: Watched) -> None:
    """Its own scripts run: a name is shown, points and a comment are saved."""
    inside.page.goto(formgrader + submission_page(course, "ada"), wait_until="load")
    inside.page.locator(".glyphicon-eye-open").click()
    expect(inside.page.locator("a.name-shown")).to_be_visible()
    expect(inside.page.locator("a.name-shown")).to_contain_text("onerror")
    cell = inside.page.locator(".nbgrader_cell", has=inside.page.locator("#q_why_sum"))
    with inside.page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT"):
        cell.locator(".full-credit").click()
    expect(inside.page.locator("#q_why_sum")).to_have_value("3")
    comment = inside.page.locator("#q_why_sum-comment")
    comment.fill("well said")
    with inside.page.expect_response(lambda answer: "/api/comment/" in answer.url and answer.request.method == "PUT"):
        comment.press("Tab")
    saved = []
    for table, column in (("grade", "manual_score"), ("comment", "manual_comment")):
        query = f"""select g.{column} from {table} g join base_cell b on b.id = g.cell_id
            join submitted_notebook n on n.id = g.notebook_id join submitted_assignment a on a.id = n.assignment_id
            where b.name = 'q_why_sum' and a.student_id = 'ada'"""
        with sqlite3.connect(course / "gradebook.db") as database:
            saved += database.execute(query).fetchall()
    assert saved == [(3.0,), ("well said",)]
    assert not inside.happened
