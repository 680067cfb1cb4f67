"""Reading what was handed in: the module and what it imports, nothing else."""

from __future__ import annotations

import pytest

from autograder.course import load_course
from autograder.errors import UsageError
from autograder.submission import read_submission

UNIT = load_course().unit("02_bptt")


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_only_what_is_imported_is_read(tmp_path):
    """Are neighbours that nothing imports left alone?"""
    write(tmp_path, bptt="import helper", helper="import deeper", deeper="", other="")
    assert set(read_submission(UNIT, tmp_path).files) == {"bptt.py", "helper.py", "deeper.py"}


def test_a_package_beside_the_module_is_read_whole(tmp_path):
    """Is a package with all its files there for the worker?"""
    write(tmp_path, bptt="from tools.math import dot")
    (tmp_path / "tools").mkdir()
    for name in ("__init__.py", "math.py", "extra.py"):
        (tmp_path / "tools" / name).write_text("", encoding="utf-8")
    assert set(read_submission(UNIT, tmp_path).files) == {
        "bptt.py",
        "tools/__init__.py",
        "tools/math.py",
        "tools/extra.py",
    }


def test_imports_by_name_and_relative_ones_are_found(tmp_path):
    """Are importlib calls with a literal name and relative imports followed?"""
    text = "import importlib\nm = importlib.import_module('one')\nfrom . import two\nfrom .three import x"
    write(tmp_path, bptt=text, one="", two="", three="x = 1")
    assert set(read_submission(UNIT, tmp_path).files) == {"bptt.py", "one.py", "two.py", "three.py"}


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    """Does a submission that links to somebody else's file (the solution, say) count as missing, with the reason?"""
    secret = tmp_path / "solution.py"
    secret.write_text("x = 1", encoding="utf-8")
    folder = tmp_path / "handed_in"
    folder.mkdir()
    (folder / "bptt.py").symlink_to(secret)
    submission = read_submission(UNIT, folder)
    assert submission.main is None and not submission.files and "outside its folder" in submission.problem


def test_a_helper_that_links_out_of_the_folder_is_not_read(tmp_path):
    """Is a linked helper left out, so that its import fails?"""
    secret = tmp_path / "solution.py"
    secret.write_text("x = 1", encoding="utf-8")
    folder = tmp_path / "handed_in"
    folder.mkdir()
    (folder / "bptt.py").write_text("from helper import *", encoding="utf-8")
    (folder / "helper.py").symlink_to(secret)
    assert set(read_submission(UNIT, folder).files) == {"bptt.py"}


def test_a_huge_file_is_refused(tmp_path):
    """Is a file of many megabytes refused with its size limit?"""
    (tmp_path / "bptt.py").write_bytes(b"#" * (5 * 1024 * 1024))
    with pytest.raises(UsageError, match="larger than 4 MB"):
        read_submission(UNIT, tmp_path)


def test_a_file_that_does_not_parse_is_still_read(tmp_path):
    """Is a module with a syntax error or odd bytes handed to the worker, which says what is wrong?"""
    for data in (b"def (", b"\xff\xfe\x00", b"x = 1\x00"):
        (tmp_path / "bptt.py").write_bytes(data)
        assert read_submission(UNIT, tmp_path).files["bptt.py"] == data
