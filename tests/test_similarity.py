"""Similarity: a disguised copy is found, honest modules are not, and the page accuses nobody."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_course import make_course

from autograder import cli
from autograder.course import load_course
from autograder.errors import UsageError
from autograder.similarity import LEAST_SHARED, REFERENCE, WHOLE, Pair, Passage, compare, compare_class, module_text
from autograder.similarity_report import LOOK_FIRST, marked, write_similarity

COURSE = load_course()
UNIT = COURSE.unit("02_bptt")
HOME = Path(__file__).resolve().parents[1]
STUB = (HOME / "notebooks" / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")
REFERENCE_TEXT = (HOME / "solutions" / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")


def alternatives() -> dict[str, str]:
    """Right modules that were written in different ways."""
    found = {}
    for entry in sorted((HOME / "tests" / "alternatives" / UNIT.id).iterdir()):
        if entry.suffix == ".py":
            found[entry.stem] = entry.read_text(encoding="utf-8")
        elif (entry / UNIT.module_file).is_file():
            found[entry.name] = module_text(UNIT, entry)
    return found


def disguised(text: str) -> str:
    """A copy as somebody hides it: comments gone, variables renamed, functions in another order."""
    text = re.sub(r"#.*", "", text)
    for name in sorted(set(re.findall(r"\b([a-z]\w+)\s*=(?!=)", text)) - {"np"}):
        text = re.sub(rf"\b{name}\b", f"my_{name}", text)
    head, *functions = re.split(r"\n(?=def )", text)
    return "\n".join([head, *reversed(functions)])


def pairs_of(texts: dict[str, str], most: int = 100) -> dict[tuple[str, str], Pair]:
    """Pairs that are listed."""
    return {(pair.first, pair.second): pair for pair in compare(UNIT, texts, STUB, REFERENCE_TEXT, most).pairs}


def test_a_disguised_copy_is_first() -> None:
    """Other names, no comments and another order do not hide a copy; every other pair is far below it."""
    texts = alternatives()
    texts["copy"] = disguised(texts["lecture_style"])
    first, *others = compare(UNIT, texts, STUB, REFERENCE_TEXT).pairs
    assert {first.first, first.second} == {"copy", "lecture_style"} and first.share > 0.9
    assert all(pair.rank < 0.3 for pair in others)


def test_modules_written_apart_are_not_marked() -> None:
    """Right modules that nobody copied have no pair to look at first."""
    assert all(pair.rank < LOOK_FIRST for pair in pairs_of(alternatives()).values())


def test_one_copied_function_is_seen() -> None:
    """Two who share only their longest function are listed, with that function as the passage."""
    texts = alternatives()
    function = re.search(r"^def truncated_bptt.*?(?=^def |\Z)", texts["dicts_and_pops"], re.M | re.S)
    own = re.search(r"^def truncated_bptt.*?(?=^def |\Z)", texts["plain_loops"], re.M | re.S)
    assert function and own
    before = pairs_of(texts).get(("dicts_and_pops", "plain_loops"))
    texts["plain_loops"] = texts["plain_loops"].replace(own[0], function[0])
    pair = pairs_of(texts)["dicts_and_pops", "plain_loops"]
    assert pair.shared > (before.shared if before else 0) + LEAST_SHARED
    longest = max(pair.passages[1], key=lambda passage: passage.end - passage.start)
    assert function[0].strip() in texts["plain_loops"][longest.start - 10 : longest.end + 10]


def test_a_text_that_went_round_is_seen() -> None:
    """Six people with one text: nothing in it is rare any more, and every pair of them is listed all the same."""
    texts = alternatives()
    ring = {f"ring{number}": disguised(texts["lecture_style"]) for number in range(6)}
    found = pairs_of({**texts, **ring})
    assert all(found[f"ring{a}", f"ring{b}"].rank >= WHOLE for a in range(6) for b in range(a + 1, 6))


def test_the_stub_proves_nothing() -> None:
    """Who handed in the stub as it was shares nothing with others who did."""
    assert pairs_of({"ada": STUB, "bruno": STUB}) == {}


def test_a_copy_of_the_solution_is_seen() -> None:
    """The instructor's module is compared too, and a copy of it is at the top of its own list."""
    texts = alternatives() | {"copy": disguised(REFERENCE_TEXT)}
    first = compare(UNIT, texts, STUB, REFERENCE_TEXT).with_reference[0]
    assert (first.first, first.second) == ("copy", REFERENCE) and first.share > 0.9


def test_the_solution_s_passages_do_not_pair_students() -> None:
    """Two who both took the instructor's text are found with it, not with each other's rare passages."""
    texts = alternatives() | {"one": disguised(REFERENCE_TEXT), "two": REFERENCE_TEXT}
    pair = pairs_of(texts)["one", "two"]
    assert pair.share < 0.1 and pair.overall > 0.9


def test_the_same_again_whatever_python_s_hashes(tmp_path: Path) -> None:
    """Two runs of Python give the same list to the last digit, although strings hash differently in each."""
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_similarity import *\n"
        "texts = alternatives()\n"
        "found = compare(UNIT, texts, STUB, REFERENCE_TEXT)\n"
        "print([(p.first, p.second, p.shared, p.share, p.overall, p.passages) for p in found.pairs])"
    )
    said = []
    for seed in ("1", "2"):
        own = {**os.environ, "PYTHONHASHSEED": seed, "MPLCONFIGDIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=HOME, env=own, capture_output=True, text=True, check=True
        )
        said.append(done.stdout)
    assert said[0] == said[1] and "lecture_style" in said[0]


def test_helpers_are_part_of_a_module() -> None:
    """What a module imports from beside itself is compared with it."""
    text = module_text(UNIT, HOME / "tests" / "alternatives" / UNIT.id / "with_helpers")
    assert "# ── my_layers/linear.py ──" in text


def test_marks_cut_a_text_and_lose_nothing() -> None:
    """The pieces are the text, in order; passages that overlap or reach beyond its end do no harm."""
    text = "abcdefghij"
    pieces = marked(text, [Passage(1, 3), Passage(2, 5), Passage(8, 99)])
    assert "".join(piece for _, piece in pieces) == text
    assert [piece for alike, piece in pieces if alike] == ["bc", "de", "ij"]


# ── the page and the command ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course where one student copied another's module, and one handed in something that cannot be compared."""
    root = make_course(tmp_path / "course")
    shutil.copytree(HOME / "notebooks" / UNIT.id, root / "notebooks" / UNIT.id)
    texts = alternatives()
    own = {"ada": texts["lecture_style"], "bruno": disguised(texts["lecture_style"]), "chen": texts["plain_loops"]}
    for name, text in own.items():
        place = root / "submitted" / name / UNIT.id
        place.mkdir(parents=True)
        evil = f'{text}\n"<script>alert({name!r})</script>"\n'
        (place / UNIT.module_file).write_text(evil, encoding="utf-8")
    (root / "submitted" / "dora" / UNIT.id).mkdir(parents=True)
    return root


def test_the_page_is_for_a_person_to_judge(root: Path) -> None:
    """It says what it is not before it lists anything, escapes what students wrote, and uses no word of guilt."""
    found = compare_class(UNIT, root)
    write_similarity(found, COURSE, root / "page.html")
    page = (root / "page.html").read_text(encoding="utf-8")
    assert page.index("not a list of who did wrong") < page.index("look here first") < page.index("<mark>")
    assert "<script" not in page and "&lt;script&gt;" in page and "url(" not in page
    assert not re.search(r"(?i)plagiar|cheat|guilt|suspect", page)
    assert "dora" in page and "no bptt.py" in page


def test_the_command_lists_pairs(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`autograder similarity` names what to look at first, who was not compared, and where the page is."""
    monkeypatch.chdir(root)
    cli.main(["similarity", "2"])
    out = capsys.readouterr().out
    assert "ada and bruno: " in out and "not compared: dora" in out
    assert "3 modules, 3 pairs; 1 to look at first" in out and "not a proof" in " ".join(out.split())
    assert (root / "reports" / UNIT.id / "similarity.html").is_file()


def test_it_is_off_unless_asked_for() -> None:
    """No other command compares anybody: nothing else of the package imports it."""
    package = HOME / "autograder"
    users = [file.name for file in package.glob("*.py") if "autograder.similarity" in file.read_text(encoding="utf-8")]
    assert sorted(users) == ["cli.py", "similarity_report.py"]
    grading = (package / "cli.py").read_text(encoding="utf-8").split("def similarity(")[0]
    assert "autograder.similarity" not in grading


def test_one_alone_is_a_sentence(root: Path) -> None:
    """There is nothing to compare a single module with."""
    with pytest.raises(UsageError, match="at least two"):
        compare_class(UNIT, root, ["ada"])


def test_without_the_stub_nothing_is_compared(root: Path) -> None:
    """If the released stub is not there, everybody would be alike in it."""
    (root / "notebooks" / UNIT.id / UNIT.module_file).unlink()
    with pytest.raises(UsageError, match="autograder release"):
        compare_class(UNIT, root)
