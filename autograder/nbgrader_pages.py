"""What ``nbgrader_config.py`` plugs into the pages that nbgrader makes of a notebook: the formgrader's and feedback.

Their templates put Markdown, outputs and names into the page as they are, and ask a server elsewhere for MathJax, so
nbconvert's ``sanitize_html`` is no help. Here

* :class:`HarmlessNotebook` leaves of a notebook what cannot run, whoever has made it,
* :func:`markdown2html` makes HTML of Markdown with :mod:`autograder.safe_html`, formulas included, and
* :func:`guarded_head` takes MathJax out and puts a Content-Security-Policy in: no script but nbgrader's own runs.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from autograder.graded_notebook import tidy_attachments, tidy_outputs
from autograder.safe_html import PAGE_POLICY, clean_html, markdown_html

TEMPLATE = str(Path(__file__).with_name("templates") / "nbgrader" / "page.html.j2")
PREPROCESSORS = ["autograder.nbgrader_pages.HarmlessNotebook"]
FILTERS = {
    "markdown2html": "autograder.nbgrader_pages.markdown2html",
    "clean_html": "autograder.safe_html.clean_html",
    "guarded_head": "autograder.nbgrader_pages.guarded_head",
}
#: What the page says of a student, which nbgrader puts in without escaping it.
_SAID = ("last_name", "first_name", "student", "notebook_path", "filename")
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>\s*", re.DOTALL | re.IGNORECASE)
_FONT = re.compile(r"@font-face\s*\{[^}]*\}")  # Bootstrap's, in files that are not beside a feedback page
_STYLE = """<style>
math { font-size: 1.08em; } math[display="block"] { margin: 0.6em 0; }
mtd[columnalign="right"] { text-align: right; } mtd[columnalign="left"] { text-align: left; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.text_cell_render td, .text_cell_render th { padding: 0.2em 0.9em 0.2em 0; vertical-align: top; }
.text_cell_render table { margin: 0.8em 0; }
</style>"""


class HarmlessNotebook(Preprocessor):
    """Text, code, pictures and our own hints stay; tags, scripts, widgets and other tools' metadata go."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Changes both in place; nbconvert hands over copies."""
        nb.metadata.pop("widgets", None)
        for cell in nb.cells:
            cell.metadata = NotebookNode({"nbgrader": cell.metadata["nbgrader"]} if "nbgrader" in cell.metadata else {})
            if isinstance(name := cell.metadata.get("nbgrader", {}).get("grade_id"), str):
                cell.metadata.nbgrader.grade_id = html.escape(name)
            tidy_attachments(cell)
            if cell.cell_type == "code":
                cell.outputs = [_harmless_output(output) for output in cell.outputs]
        for name in _SAID:
            if isinstance(resources.get(name), str):
                resources[name] = html.escape(resources[name])
        return nb, resources


def _harmless_output(output: NotebookNode) -> NotebookNode:
    """An output as grading would leave it; with its HTML, if it has some, cleaned: our hints are HTML."""
    markup = output.get("data", {}).get("text/html")
    kept = tidy_outputs([output]) or [{"output_type": "display_data", "data": {}, "metadata": {}}]
    harmless = NotebookNode(kept[0])
    if isinstance(markup, str):
        harmless.data = NotebookNode({"text/html": clean_html(markup)} | dict(harmless.get("data", {})))
    if output.output_type == "execute_result":
        harmless |= {"output_type": "execute_result", "execution_count": output.get("execution_count")}
    if "data" in harmless:
        harmless.data, harmless.metadata = NotebookNode(harmless.data), NotebookNode()
    return harmless


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """A cell's text, or a comment on it, as HTML."""
    return markdown_html(source, context.get("cell", {}).get("attachments"))


@lru_cache(maxsize=8)
def guarded_head(head: str) -> str:
    """A page's head without MathJax, and with a policy that the browser keeps to.

    Args:
        head: what comes before the page's body. If no script is left in it, none may run in the page; else it is the
            formgrader's, whose own scripts stand in the head, before the policy, and in the few lines that
            :func:`_own_scripts` knows.
    """
    head = _SCRIPT.sub(lambda script: "" if "mathjax" in script[0].lower() else script[0], head)
    if not _SCRIPT.search(head):
        head = _FONT.sub("", head.replace("<head>", f"<head>\n{_meta(PAGE_POLICY)}", 1))
        return head.replace("</head>", f"{_STYLE}\n</head>", 1)
    policy = (
        f"default-src 'none'; script-src {_own_scripts()}; connect-src 'self'; img-src 'self' data:; "
        "style-src 'self' 'unsafe-inline'; font-src 'self' data:; base-uri 'none'; form-action 'self'"
    )
    return head.replace("</head>", f"{_meta(policy)}\n{_STYLE}\n</head>", 1)


def _meta(policy: str) -> str:
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'


@lru_cache(maxsize=1)
def _own_scripts() -> str:
    """Hashes of the scripts in the body of the formgrader's page, from nbgrader's own template."""
    import nbgrader.server_extensions.formgrader as formgrader

    template = Path(formgrader.__file__).with_name("templates") / "formgrade" / "formgrade_macros.html.j2"
    text = template.read_text(encoding="utf-8")
    scripts = [script for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL) if script.strip()]
    handlers = re.findall(r'\son\w+="([^"]*)"', text)
    fixed = [script for script in scripts + handlers if "{{" not in script]
    return " ".join(["'unsafe-hashes'", *(f"'sha256-{_hash(script)}'" for script in fixed)])


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
