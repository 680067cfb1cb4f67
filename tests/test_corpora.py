"""Texts to learn from (coursekit/data/corpora.py) and what stands where in them (coursekit/python_text.py)."""

from __future__ import annotations

import io
import re
import sysconfig
import textwrap
import tokenize
from pathlib import Path

import numpy as np
import pytest

from coursekit.data import load_corpus
from coursekit.data.corpora import RARE, SHORTEST, CorpusError
from coursekit.python_text import python_properties

LINE = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.\n"
LONG = LINE * (SHORTEST // len(LINE) + 1)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


# What every Python has


@pytest.mark.parametrize("source", ["library", "topics"])
def test_pythons_own_texts_are_found(source: str) -> None:
    """The library and the manual give two texts, a tenth of them held out."""
    corpus = load_corpus(source, size=300_000)
    assert 250_000 < len(corpus.text) <= 300_000
    assert 0.05 < len(corpus.held_out) / len(corpus.text) < 0.2
    assert corpus.text == corpus.train + corpus.held_out


def test_the_library_is_python() -> None:
    """Its text holds definitions, and whole lines of them."""
    assert len(re.findall(r"^ *def \w+\(", load_corpus("library", size=300_000).train, flags=re.M)) > 100


def test_the_same_seed_gives_the_same_corpus() -> None:
    """Choice and split depend on the seed only."""
    first, again, other = (load_corpus("library", size=100_000, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.train != other.train


def test_held_out_files_are_whole() -> None:
    """No line of five words or more that is held out in a corpus of different files was learned from."""
    corpus = load_corpus("topics", size=10_000_000)
    learned = {line for line in corpus.train.splitlines() if len(line) > 60}
    held_out = [line for line in corpus.held_out.splitlines() if len(line) > 60]
    assert np.mean([line in learned for line in held_out]) < 0.25  # some topics quote each other


def test_every_held_out_character_is_in_the_vocabulary() -> None:
    """Characters rarer than ten are one; what remains occurs ten times or more, but for that one."""
    text = load_corpus("library", size=300_000).text
    counts = {character: text.count(character) for character in set(text)}
    assert [character for character, count in counts.items() if count < 10 and character != RARE] == []


# Files and folders


def test_a_file_is_split_at_its_end(tmp_path: Path) -> None:
    """One text: the last tenth is held out, and both together are the file."""
    path = write(tmp_path / "book.txt", LONG)
    corpus = load_corpus(path)
    assert corpus.train + corpus.held_out == LONG
    assert len(corpus.held_out) == round(0.1 * len(LONG))
    assert str(corpus).startswith("book.txt: ")


def test_a_folder_is_read_in_order_and_skips_what_is_no_text(tmp_path: Path) -> None:
    """Files of all levels in the order of their paths; a picture among them does no harm."""
    for number in range(3):
        write(tmp_path / f"part_{number}" / "a.txt", str(number) * 3 + LONG)
    (tmp_path / "part_1" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\xff\xfe")
    text = load_corpus(str(tmp_path), size=10 * len(LONG)).text
    assert [match.start() for match in re.finditer(r"000|111|222|" + RARE * 3, text)] == [
        n * (len(LONG) + 3) for n in range(3)
    ]


def test_line_ends_and_the_byte_order_mark_are_evened_out(tmp_path: Path) -> None:
    """Windows' line ends and a UTF-8 signature leave no trace."""
    path = write(tmp_path / "windows.txt", "\ufeff" + LONG.replace("\n", "\r\n"))
    assert load_corpus(path).text == LONG


def test_rare_characters_become_one_sign(tmp_path: Path) -> None:
    """What occurs nine times is replaced, what occurs ten times is not."""
    text = load_corpus(write(tmp_path / "book.txt", LONG + "é" * 10 + "ü" * 9)).text
    assert text.count("é") == 10
    assert "ü" not in text and text.count(RARE) == 9


def test_a_long_text_is_cut_to_size(tmp_path: Path) -> None:
    """No more characters than asked for."""
    assert len(load_corpus(write(tmp_path / "book.txt", LONG * 3), size=SHORTEST).text) == SHORTEST


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"too short", r"has 9 characters; 20,000 are needed"),
        (b"\xff\xfe\x00\x01" * 10_000, "is not a text file in UTF-8"),
        (b"text with a \0 in it" * 5_000, "is not a text file in UTF-8"),
    ],
    ids=["short", "not UTF-8", "binary"],
)
def test_what_is_no_corpus_is_refused_by_name(tmp_path: Path, content: bytes, complaint: str) -> None:
    """A file that is too short or no text: the message names it and says what is wrong."""
    path = tmp_path / "something.dat"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=complaint) as raised:
        load_corpus(path)
    assert "something.dat" in str(raised.value)


def test_a_missing_file_is_named_with_what_there_is() -> None:
    """The message names the path and the two built-in texts."""
    with pytest.raises(CorpusError, match=r"nowhere\.txt does not exist.*'library', 'topics'"):
        load_corpus("nowhere.txt")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without text is no corpus."""
    with pytest.raises(CorpusError, match="holds no text files"):
        load_corpus(tmp_path)


def test_a_python_without_its_source_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is not installed as source, the message says what else to take."""
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    with pytest.raises(CorpusError, match="load_corpus\\('topics'\\)"):
        load_corpus("library")


@pytest.mark.parametrize(
    ("arguments", "complaint"), [({"held_out": 0.0}, "held_out is 0.0"), ({"size": 10}, "size is 10; it must be")]
)
def test_senseless_settings_are_named(arguments: dict[str, float], complaint: str) -> None:
    """A wrong argument is named."""
    with pytest.raises(ValueError, match=complaint):
        load_corpus("topics", **arguments)  # type: ignore[arg-type]


# What stands where

SAMPLE = textwrap.dedent(
    '''\
    """A module,
    with "quotes" in it."""
    x = 'it\\'s'  # a 'comment'
    if x:
        y = ["#", (1)]
    z = 'unclosed
    w = 1
    '''
)


def marked(name: str, sign: str = "^") -> str:
    """The sample with a sign below every character that has a property."""
    values = python_properties(SAMPLE)[name]
    return "".join(c if c == "\n" else (sign if value else ".") for c, value in zip(SAMPLE, values, strict=True))


def test_strings_are_found() -> None:
    """Openers count, closers do not; a string of one line ends with it; quotes in comments are none."""
    assert marked("inside a string").splitlines() == [
        "^" * 12,
        "^" * 20 + "...",
        "....^^^^^^................",
        ".....",
        ".........^^.......",
        "....^^^^^^^^^",
        ".....",
    ]


def test_comments_are_found() -> None:
    """From # to the line's end; a # in a string is none."""
    lines = marked("inside a comment").splitlines()
    assert lines[2] == "." * 13 + "^" * 13
    assert all("^" not in line for n, line in enumerate(lines) if n != 2)


def test_the_scanner_agrees_with_tokenize() -> None:
    """On modules of the library, strings without f and comments are where Python's own tokenizer finds them."""
    compared = 0
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[a-d]*.py")):
        text = file.read_text(encoding="utf-8")
        if "\f" in text or re.search(r"\b[rR]?[fFtT][rR]?['\"]", text):
            continue  # form feeds end lines for some readers; f-strings are tokens of their own since 3.12
        lines = text.splitlines(keepends=True)
        starts = np.cumsum([0] + [len(line) for line in lines])
        strings, comments = np.zeros(len(text)), np.zeros(len(text))
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            if token.type == tokenize.COMMENT:
                comments[start:end] = 1
            elif token.type == tokenize.STRING:
                bare = token.string.lstrip("rRbBuU")
                closing = 3 if len(bare) >= 6 and bare[:3] == bare[0] * 3 else 1
                strings[start + len(token.string) - len(bare) : end - closing] = 1
        properties = python_properties(text)
        assert np.array_equal(properties["inside a string"], strings), file.name
        assert np.array_equal(properties["inside a comment"], comments), file.name
        compared += 1
    assert compared >= 5


def test_indentation_and_position_count_characters() -> None:
    """Leading spaces are counted as far as read; positions begin at 1 and include the line's end."""
    properties = python_properties("if x:\n  y\n")
    assert properties["indentation"].tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 2, 2]
    assert properties["leading spaces"].tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 0, 0]
    assert properties["position in the line"].tolist() == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4]


def test_brackets_of_strings_and_comments_do_not_count() -> None:
    """Only brackets of the code are counted, and never below zero."""
    assert python_properties("f([')'])) # (")["bracket depth"].tolist() == [0, 1, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0, 0]
