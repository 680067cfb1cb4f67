"""HTML from what students write, for pages that others open: text, code, formulas, pictures and honest links.

Two guards, one behind the other. What is recorded of a submission holds no tag and no link that leads anywhere but to
a web page or a mailbox (:func:`harmless_markdown`), so that pages which nbgrader makes by itself are safe, too. And
where Markdown becomes HTML under our configuration, a sanitiser with an allow-list has the last word
(:func:`markdown_html`). Formulas become MathML there, which browsers show without a script or a network.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

#: Content-Security-Policy of a page without a script: the browser runs none in it and fetches nothing.
PAGE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
KEPT = 2000  # cells that are kept rendered: those of some units
# What is longer, or has more formulas, is shown as it was typed: there are texts that parsers take minutes for.
MAX_MARKDOWN = 30_000  # characters
MAX_HTML = 300_000  # characters, pictures not counted
MAX_FORMULA = 4000  # characters
MAX_FORMULAS = 300  # in one cell

#: A link leads to a web page, a mailbox or a place on the same page. ``http:x`` and ``//x`` would be files beside the
#: page, which students hand in; the formgrader's own addresses do things when they are opened.
_LINK = re.compile(r"(?i)https?://[^\s\\/?#:@\x00-\x1f][^\s\\\x00-\x1f]*|mailto:[^\s\\\x00-\x1f]+|#[^\s\x00-\x1f]*")
#: A picture is in the page, or a file beside it that holds no script.
_PICTURE = re.compile(
    r"(?i)data:image/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=]+|(?:[^\s\\/:?#%.&][^\s\\/:?#%&]*/)*"
    r"[^\s\\/:?#%.&][^\s\\/:?#%&]*\.(?:png|jpe?g|gif|webp)"
)
_PICTURE_INSIDE = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")
_CLASS = re.compile(
    r"highlight|anchor-link|unrolled-hint|task-list-item(?:-checkbox)?|language-[\w+#.-]+|[a-z]{1,2}[0-9a-z]?"
)
_TEXT_TAGS = set(
    "a b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img input ins kbd li ol p pre s small span "
    "strong sub sup table tbody td tfoot th thead tr tt u ul var".split()
)
_MATH_TAGS = set(
    "math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace "
    "msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none".split()
)
_MATH_ATTRIBUTES = set(
    "accent accentunder align columnalign columnlines columnspacing depth display displaystyle fence form frame height "
    "largeop linethickness lspace mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowlines "
    "rowspacing rspace scriptlevel separator stretchy symmetric voffset width".split()
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "input": {"type", "disabled", "checked"},
    "li": {"value"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "*": {"class", "id", "style"},
    **{tag: _MATH_ATTRIBUTES for tag in _MATH_TAGS},
}
_STYLES = {"border-left", "color", "padding", "text-align"}
_FORMULA = re.compile(r"\$|\\\\[(\[]|\\begin\{")
#: Environments that latex2mathml does not know, and what it calls them.
_SAME_AS = {
    "aligned": "align*",
    "alignedat": "align*",
    "split": "align*",
    "gathered": "gather*",
    "equation": "equation*",
}
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(\w+)\}")
_UNKNOWN = re.compile(r"<m[io][^>]*>\\[A-Za-z]|<mi>&(?:amp;)?</mi>")  # what it could not make anything of
_PREFIX = "text-"  # of what a text calls its places: the page around it has names of its own


def may_link(url: str) -> bool:
    """Whether a link may lead there."""
    return bool(_LINK.fullmatch(url)) and "formgrader" not in url.partition("#")[0].lower()


def may_show(url: str) -> bool:
    """Whether a picture may come from there."""
    return bool(_PICTURE.fullmatch(url))


def clean_html(text: str) -> str:
    """HTML in which nothing runs, nothing is fetched from elsewhere, and links lead where :func:`may_link` says."""
    if len(text) > MAX_HTML and len(_PICTURE_INSIDE.sub("", text)) > MAX_HTML:
        return _as_typed(text)
    return str(_cleaner().clean(text))


@lru_cache(maxsize=1)
def _cleaner() -> Any:
    import nh3

    return nh3.Cleaner(
        tags=_TEXT_TAGS | _MATH_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        strip_comments=True,
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto", "data"},  # which of them where, the filter says
        filter_style_properties=_STYLES,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """An attribute's value as it may stand in a page; None if it may not."""
    if name == "href":
        return (f"#{_PREFIX}{value[1:]}" if value.startswith("#") else value) if may_link(value) else None
    if name == "src":
        return value if may_show(value) else None
    if name == "id":
        return _PREFIX + value
    if name == "class":
        return value if all(map(_CLASS.fullmatch, value.split())) else None
    if tag == "input" and name == "type":
        return "checkbox" if value == "checkbox" else "hidden"
    return value


def _as_typed(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────────────


def markdown_html(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    """A cell's Markdown as HTML that can do no harm.

    Args:
        source: the text.
        attachments: name -> type -> base64, of pictures that the text shows.
    """
    return _rendered(source) if not attachments else _render(source, attachments)


def _render(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    if _too_much(source):
        return _as_typed(source)
    renderer = _renderer()(attachments)
    try:
        return clean_html(_markdown().MarkdownWithMath(renderer=renderer).render(source))
    except Exception:  # RecursionError and whatever else a text can make a parser raise: it is shown all the same
        return _as_typed(source)


def _too_much(source: str) -> bool:
    return len(source) > MAX_MARKDOWN or len(_FORMULA.findall(source)) > 2 * MAX_FORMULAS


_rendered = lru_cache(maxsize=KEPT)(_render)


def _markdown() -> Any:
    from nbconvert.filters import markdown_mistune

    return markdown_mistune


@lru_cache(maxsize=1)
def _renderer() -> Any:
    """nbconvert's renderer with formulas as MathML; made when it is needed, for nbconvert takes long to import."""
    markdown = _markdown()

    class Renderer(markdown.IPythonRenderer):  # type: ignore[misc, name-defined]  # nbconvert has no types
        def __init__(self, attachments: Mapping[str, Any] | None) -> None:
            super().__init__(escape=False, attachments=attachments)

        def block_math(self, body: str) -> str:
            return formula_html(body, block=True)

        def inline_math(self, body: str) -> str:
            return formula_html(body)

        def latex_environment(self, name: str, body: str) -> str:
            return formula_html(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)

        def link(self, text: str, url: str, title: str | None = None) -> str:
            """The text of a link stays, with where it would have led for people to read."""
            if may_link(url):
                return str(super().link(text, url, title))
            return f"{text} ({html.escape(url)})"

        def image(self, text: str, url: str, title: str | None = None) -> str:
            if url.startswith("attachment:") and url.removeprefix("attachment:") not in self.attachments:
                return f"(no picture {html.escape(url)})"
            return str(super().image(text, url, title))

    return Renderer


def formula_html(tex: str, *, block: bool = False) -> str:
    """A formula in TeX as MathML; as it was typed if it is none.

    Args:
        tex: the formula without its dollar signs.
        block: whether it stands on a line of its own.
    """
    from latex2mathml.converter import convert

    dollars = "$$" if block else "$"
    try:
        if len(tex) > MAX_FORMULA:
            raise ValueError("too long")
        known = _ENVIRONMENT.sub(lambda found: f"\\{found[1]}{{{_SAME_AS.get(found[2], found[2])}}}", tex)
        made = clean_html(str(convert(known, display="block" if block else "inline")))
        if _UNKNOWN.search(made):
            raise ValueError("a command that is not known")
        return made
    except Exception:  # what a text can make a parser raise
        return f"<code>{html.escape(f'{dollars}{tex}{dollars}')}</code>"


def harmless_markdown(source: str) -> str:
    """Markdown in which no link and no picture leads anywhere that it may not, whoever makes HTML of it.

    Nearly every text stays as it is. In one that does not, brackets make no links any more; words stay readable.
    """
    if "](" not in source and "]:" not in source:  # autolinks are tags, which are out already
        return source
    for harmless in (source, re.sub(r"\](?=[(\[:])", "] ", source)):
        if _leads_astray(harmless) is False:
            return harmless
    return "\n".join(f"    {line}" for line in source.splitlines())  # code, in which there are no links


def _leads_astray(source: str) -> bool:
    """Whether nbconvert makes links or pictures of a text that lead where they may not, or cannot say."""
    markdown = _markdown()
    found = False

    class Listener(markdown.IPythonRenderer):  # type: ignore[misc, name-defined]  # nbconvert has no types
        def link(self, text: str, url: str, title: str | None = None) -> str:
            nonlocal found
            found = found or not may_link(html.unescape(url))
            return text

        def image(self, text: str, url: str, title: str | None = None) -> str:
            nonlocal found
            found = found or not (url.startswith("attachment:") or may_show(html.unescape(url)))
            return text

    if _too_much(source):
        return True
    try:
        markdown.MarkdownWithMath(renderer=Listener(escape=False)).render(source)
    except Exception:  # as above
        return True
    return found
