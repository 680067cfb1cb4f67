"""Markdown from students as HTML: what runs is out, what they mean stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbconvert.filters import markdown2html

from autograder.course import load_course
from autograder.graded_notebook import cells_given, without_tags
from autograder.safe_html import clean_html, formula_html, harmless_markdown, markdown_html, may_link, may_show

#: Addresses that lead where no student's text may.
ASTRAY = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)", "\x01javascript:x",
    "vbscript:x", "data:text/html,x", "data:image/svg+xml;base64,AA==", "file:///etc/passwd", "blob:x", "about:blank",
    "evil.html", "./evil.html", "../evil.html", "/evil.html", "//evil", "\\\\evil", "http:evil.html", "http:/evil.html",
    "https:", "http://", "http:\\\\evil", "?next=1", "ftp://x", "view-source:x", "ms-word:x", "intent://x", "mailto:",
    "http://localhost:8888/formgrader/manage_students/x", "http://user:secret@evil/", "http://a\nb", "",
]  # fmt: skip
HONEST = ["https://example.edu/a?b=c#d", "HTTP://example.edu", "mailto:ada@example.edu", "#where", "#"]
TEXTS = [
    "[x]({})", "[x](<{}>)", "![x]({})", "[x][r]\n\n[r]: {}", "[r]\n\n[r]: {}", "[x][]\n\n[x]: <{}>", '[x]({} "title")',
    "- [x]({})", "> [x]({})", "| a |\n|---|\n| [x]({}) |", "# [x]({})", "**[x]({})**", "[![i](a.png)]({})", "[`x`]({})",
]  # fmt: skip


def links(page: str) -> list[str]:
    """Where the links and pictures of a page lead."""
    soup = BeautifulSoup(page, "html.parser")
    return [str(tag[name]) for name in ("href", "src", "action", "data") for tag in soup.select(f"[{name}]")]


def leads_on(url: str) -> bool:
    return may_link(url) or may_show(url)


@pytest.mark.parametrize("url", ASTRAY)
def test_a_link_that_leads_astray_is_text(url) -> None:
    """In every form that Markdown has for links, written plainly or as entities, in our pages and in nbgrader's own."""
    for form in TEXTS:
        for written in (url, "".join(f"&#{ord(c)};" if c.isalpha() or c == ":" else c for c in url)):
            text = form.format(written)
            assert all(map(leads_on, links(markdown_html(text)))), text
            assert all(map(leads_on, links(markdown2html(harmless_markdown(without_tags(text)))))), text


@pytest.mark.parametrize("url", HONEST)
def test_an_honest_link_stays(url) -> None:
    """Web pages, mail addresses and places on the page; elsewhere nothing is said of where one came from."""
    assert harmless_markdown(f"[x]({url})") == f"[x]({url})"
    page = markdown_html(f"[x]({url})")
    assert links(page) == [url if not url.startswith("#") else f"#text-{url[1:]}"]
    assert "noopener noreferrer" in page


def test_places_on_a_page_are_found() -> None:
    """A heading's name and a link to it change together, so that neither is one of the page's own."""
    page = markdown_html("# My result\n\n[see](#My-result)")
    assert 'id="text-My-result"' in page and 'href="#text-My-result"' in page


def test_pictures_come_from_the_page_or_from_beside_it() -> None:
    """Nobody else learns that a page was opened, and a drawing cannot bring a script."""
    for url in ("plot.png", "pictures/my%20plot.JPG".replace("%20", "_"), "data:image/png;base64,AAAA"):
        assert links(markdown_html(f"![x]({url})")) == [url]
    for url in ("http://evil/x.png", "//evil/x.png", "/x.png", "../x.png", "x.svg", "x.png?a", "data:image/svg+xml,x"):
        assert links(markdown_html(f"![x]({url})")) == []
    attached = {"a.png": {"image/png": "AAAA"}}
    assert links(markdown_html("![x](attachment:a.png)", attached)) == ["data:image/png;base64,AAAA"]
    assert links(markdown_html("![x](attachment:b.png)", attached)) == []


@pytest.mark.parametrize(
    "markup",
    [
        "<script>ran()</script>",
        "<img src=x onerror=ran()>",
        "<svg onload=ran()>",
        "<iframe src=javascript:ran()>",
        "<a href=javascript:ran()>x</a>",
        "<form action=javascript:ran()><button>x</button></form>",
        "<base href=//evil>",
        "<meta http-equiv=refresh content=0;url=//evil>",
        "<link rel=stylesheet href=//evil>",
        "<object data=x.swf>",
        "<style>@import '//evil'</style>",
        "<p style='background:url(//evil)'>x</p>",
        "<math><a xlink:href=javascript:x>",
        "<details open ontoggle=ran()>",
        "<p onclick=ran()>x</p>",
        "<video src=//evil>",
        "<svg><script>ran()</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=ran()>",
        "<noscript><p title='</noscript><img src onerror=ran()>'>",
        "<template><script>ran()</script></template>",
        "<input type=image src=//evil formaction=javascript:ran()>",
    ],
)
def test_no_tag_runs_or_fetches(markup) -> None:
    """Cleaned HTML has no script, no handler, no address; also if somebody writes it into a cell."""
    for page in (clean_html(markup), markdown_html(markup), markdown_html(f"a {markup} b")):
        soup = BeautifulSoup(page, "html.parser")
        assert not soup.select("script, iframe, form, base, meta, link, object, style, svg, video")
        names = {name for tag in soup.find_all(True) for name in tag.attrs}
        assert not [name for name in names if name.startswith("on") or "href" in name or name in ("src", "action")]
        assert "evil" not in str([tag.attrs for tag in soup.find_all(True)])


def test_our_hints_look_as_ever() -> None:
    """Colours and the line at their side."""
    line = "border-left:4px solid #a3320b;padding:4px 12px"
    hint = f'<div class="unrolled-hint" style="{line}"><b style="color:#a3320b">✗</b></div>'
    assert clean_html(hint) == hint


# ── formulas ──────────────────────────────────────────────────────────────────────────────────────────


def test_every_formula_of_the_course_is_shown() -> None:
    """All that students are given becomes MathML."""
    count = 0
    for unit in load_course().units:
        for cell in cells_given(Path("notebooks") / unit.id / f"{unit.id}.ipynb"):
            if cell["cell_type"] == "markdown":
                page = markdown_html(cell["source"])
                assert not re.search(r"<code>\$[^<]*\$</code>", page), page
                count += page.count("<math")
    assert count > 900


def test_dollars_in_code_are_dollars() -> None:
    """Inline, in a block, and on one line with a formula."""
    page = markdown_html("`$a$` and $a$\n\n```\n$b$\n```\n\n    $c$\n")
    assert page.count("<math") == 1
    assert "<code>$a$</code>" in page and "$b$" in page and "$c$" in page


def test_a_formula_that_cannot_be_read_is_shown_as_typed() -> None:
    """Nobody's answer disappears."""
    for tex in ("h_t_s", r"\foo x", r"a & b", "x" * 10_000, "{" * 3000):
        page = markdown_html(f"before ${tex}$ after")
        assert BeautifulSoup(page, "html.parser").get_text().replace("\xa0", " ").strip() == f"before ${tex}$ after"


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:ran()}{x}", r"\style{background:url(//evil)}{x}", r'\color{red" onclick="ran()}{x}',
        r"\text{<img src=x onerror=ran()>}", r"\class{container navbar-fixed-top}{x}", r"\cssId{notebook}{x}",
        r"\unicode{<script>ran()</script>}", r"\require{html}\href{//evil}{x}", r"</math><script>ran()</script>",
    ],
)  # fmt: skip
def test_no_formula_runs(tex) -> None:
    """TeX can name links, styles and classes; none of them gets through."""
    for page in (formula_html(tex), formula_html(tex, block=True), markdown_html(f"$${tex}$$")):
        soup = BeautifulSoup(page, "html.parser")
        assert not soup.find_all(["script", "img", "a"])
        names = {name for tag in soup.find_all(True) for name in tag.attrs}
        assert not [name for name in names if name.startswith("on") or name in ("href", "id")]
        assert "evil" not in str([tag.attrs for tag in soup.find_all(True)])
        assert "navbar" not in str([tag.attrs for tag in soup.find_all(True)])


# ── what texts cost ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "piece",
    ["[", "$", "$a", "**a", "`", "`a", "\\begin{a}", ">", "- ", "\\\\(", "![a](", "[a](", "<a ", "_a", "~~a", "$$a"],
)
def test_no_text_takes_long(piece) -> None:
    """Parsers take minutes for some: what is too long or has too many formulas is shown as it was typed."""
    markdown_html(piece * (29_000 // len(piece)))
    assert markdown_html(piece * 100_000).startswith("<pre>")
    assert harmless_markdown("[a](b)" + piece * 100_000).startswith("    [a]")
