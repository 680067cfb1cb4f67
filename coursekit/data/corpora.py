"""Text to learn from that every Python install already has, or any file or folder by its path."""

from __future__ import annotations

import importlib.util
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: What takes the place of characters that are too rare to learn (Unicode's replacement character).
RARE = "\ufffd"
#: A character that occurs less often than this in the whole corpus counts as rare.
_RARE_BELOW = 10
#: A corpus with fewer characters teaches a network nothing that a table of counts would not know.
SHORTEST = 20_000
#: Files of the library that are generated on this machine or hold next to no Python.
_NO_SOURCE = ("_sysconfigdata", "__phello__", "this", "antigravity")


class CorpusError(ValueError):
    """A corpus that cannot be used; the message says why and what would do."""


@dataclass(frozen=True)
class Corpus:
    """A text in two parts: one to learn from, one to be judged on."""

    name: str
    train: str
    held_out: str

    @property
    def text(self) -> str:
        """Both parts, the one to learn from first: what a vocabulary is built from."""
        return self.train + self.held_out

    def __str__(self) -> str:
        return f"{self.name}: {len(self.train):,} characters to learn from, {len(self.held_out):,} held out"


def load_corpus(
    source: str | Path = "library", *, size: int = 1_000_000, held_out: float = 0.1, seed: int = 0
) -> Corpus:
    """A text to learn from, without a download.

    Whole files are held out, so that nothing of a file that is judged was learned from; where there are
    fewer than ten files (or sections), the end of the text is held out. Line ends become "\\n"; characters that occur
    fewer than ten times become one and the same, ``RARE``. Texts differ between versions of Python, so
    do numbers that are measured on them.

    Args:
        source: "library", the source of Python's own standard library; "topics", Python's reference manual as
            ``help()`` shows it; or the path of a text file, or of a folder, whose text files are taken in order.
        size: characters at most; if there is more, files are chosen at random.
        held_out: share of the text that is held out, above 0 and below 1.
        seed: decides which files are taken and which are held out.

    Raises:
        CorpusError: nothing is there, it is not text, or it is too short.
        ValueError: size or held_out is out of range.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is {held_out!r}; it must be above 0 and below 1")
    if size < SHORTEST:
        raise ValueError(f"size is {size!r}; it must be at least {SHORTEST:,}")
    name, documents = _documents(source)
    total = sum(map(len, documents))
    if total < SHORTEST:
        raise CorpusError(f"{name} has {total:,} characters; {SHORTEST:,} are needed. A longer text, or a folder?")
    documents = _at_most(documents, size, np.random.default_rng(seed))
    documents = _without_rare_characters(documents)
    train, rest = _split(documents, held_out, np.random.default_rng(seed + 1))
    return Corpus(name, train, rest)


def _documents(source: str | Path) -> tuple[str, list[str]]:
    """A name for the source, and its texts."""
    if source == "library":
        return "Python's library", _library()
    if source == "topics":
        return "Python's manual", _topics()
    path = Path(source).expanduser()
    if path.is_dir():
        texts = [text for file in sorted(path.rglob("*")) if file.is_file() and (text := _text_or_none(file))]
        if not texts:
            raise CorpusError(f"{path} holds no text files")
        return path.name, texts
    if not path.is_file():
        raise CorpusError(f"{path} does not exist. 'library', 'topics', or the path of a text file or a folder?")
    text = _text_or_none(path)
    if text is None:
        raise CorpusError(f"{path} is not a text file in UTF-8")
    return path.name, [text]


def _library() -> list[str]:
    """The modules at the top of Python's library, as one text each, in the order of their names."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [file for file in sorted(folder.glob("*.py")) if not file.stem.startswith(_NO_SOURCE)]
    texts = [text for file in files if (text := _text_or_none(file))]
    if sum(map(len, texts)) < SHORTEST:
        raise CorpusError(
            f"the source of Python's library is not in {folder}. Take load_corpus('topics'), or a text file of yours"
        )
    return texts


def _topics() -> list[str]:
    """The topics of ``help()``, as one text each."""
    if importlib.util.find_spec("pydoc_data") is None:
        raise CorpusError("this Python has no pydoc_data. Take load_corpus('library'), or a text file of yours")
    from pydoc_data.topics import topics

    return [text.strip() + "\n\n\n" for _, text in sorted(topics.items())]


def _text_or_none(file: Path) -> str | None:
    """What a file says, with "\\n" at the ends of its lines; None if it is not text."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    if "\0" in text:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _at_most(documents: list[str], size: int, rng: np.random.Generator) -> list[str]:
    """Documents in random order until there are ``size`` characters; all in their own order if there are fewer."""
    if sum(map(len, documents)) <= size:
        return documents
    if len(documents) == 1:
        return [documents[0][:size]]
    chosen, left = [], size
    for index in rng.permutation(len(documents)):
        if left <= 0:
            break
        chosen.append(documents[index][:left])
        left -= len(chosen[-1])
    return chosen


def _without_rare_characters(documents: list[str]) -> list[str]:
    """The same texts with one sign for all characters that are rare in all of them together."""
    codes = np.concatenate([np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32) for text in documents])
    values, counts = np.unique(codes, return_counts=True)
    replacement = {int(code): RARE for code in values[counts < _RARE_BELOW]}
    return [text.translate(replacement) for text in documents]


def _split(documents: list[str], share: float, rng: np.random.Generator) -> tuple[str, str]:
    """Two texts, the second with about ``share`` of all characters."""
    wanted = share * sum(map(len, documents))
    if len(documents) < 10:
        text = "".join(documents)
        border = len(text) - round(wanted)
        return text[:border], text[border:]
    held_out: set[int] = set()
    for index in rng.permutation(len(documents)):
        so_far = sum(len(documents[i]) for i in held_out)
        if so_far + len(documents[index]) / 2 <= wanted:  # rather a little too much than much too little
            held_out.add(int(index))
    train = "".join(text for i, text in enumerate(documents) if i not in held_out)
    return train, "".join(documents[i] for i in sorted(held_out))
