"""The house: pins, environment.yml, licence, Makefile and the texts say the same thing as the tree."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from autograder import checking, cli, errors, results
from autograder.course import load_course

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIRECT = [Requirement(text) for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
NEEDED_HERE = [requirement for requirement in DIRECT if requirement.marker is None or requirement.marker.evaluate()]


def read_pins() -> dict[str, str]:
    """Name -> version of each line of constraints.txt; any line that is not `name==version` fails."""
    found: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;#]+)", line)
        assert match, f"constraints.txt: {line!r} is not name==version"
        name = canonicalize_name(match[1])
        assert name not in found, f"constraints.txt pins {name} twice"
        found[name] = match[2]
    return found


def installed_pins() -> list[str]:
    """The pinned packages that this system needs."""
    installed = {canonicalize_name(distribution.metadata["Name"]) for distribution in metadata.distributions()}
    found = [name for name in read_pins() if name in installed]
    assert len(found) > 100
    return found


def environment() -> dict[str, Any]:
    """environment.yml as plain data."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    return data


def pip_lines() -> list[str]:
    """What environment.yml hands to pip, line by line."""
    (lines,) = [entry["pip"] for entry in environment()["dependencies"] if isinstance(entry, dict)]
    return list(lines)


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    """Each dependency that pyproject.toml names has a pin, and the pin is one that it allows."""
    pin = read_pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin, prereleases=True)


@pytest.mark.parametrize("requirement", NEEDED_HERE, ids=lambda requirement: requirement.name)
def test_what_is_pinned_is_what_runs_here(requirement: Requirement) -> None:
    """The tests run on the pinned version of each dependency, whatever build of it that is."""
    installed = Version(metadata.version(requirement.name)).public
    assert installed == read_pins()[canonicalize_name(requirement.name)]


def test_the_pins_are_those_of_this_environment() -> None:
    """constraints.txt is what `make pins` would write, on the system on which it is written."""
    if not sys.platform.startswith("linux"):
        pytest.skip("constraints.txt is written on Linux")
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import pins
    finally:
        sys.path.remove(str(ROOT / "tools"))
    assert read_pins() == {**pins.ELSEWHERE, **pins.pins()}


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
def test_every_pin_installs_on_every_python(python: str) -> None:
    """No pinned package asks for a newer Python than requires-python promises (Debian 12 has 3.11.2)."""
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    asked = {name: metadata.metadata(name).get("Requires-Python") for name in installed_pins()}
    assert {name: text for name, text in asked.items() if text and not SpecifierSet(text).contains(python)} == {}


def test_torch_is_2_13_0_and_nothing_else() -> None:
    """torch is the one package whose numbers the course's text quotes, so its version is exact."""
    (torch,) = [requirement for requirement in DIRECT if requirement.name == "torch"]
    assert torch.specifier == SpecifierSet("==2.13.0")
    assert read_pins()["torch"] == "2.13.0"


def test_no_pin_names_a_build() -> None:
    """A pin such as 2.13.0+cpu would shut out every other system."""
    assert [name for name, version in read_pins().items() if Version(version).local] == []


def test_conda_takes_python_from_conda_forge_and_nothing_else() -> None:
    """Python and pip are all that environment.yml asks of conda, and only of conda-forge."""
    data = environment()
    assert data["channels"] == ["conda-forge", "nodefaults"]
    names = [re.split(r"[=<>! ]", entry)[0] for entry in data["dependencies"] if isinstance(entry, str)]
    assert sorted(names) == ["pip", "python"]


def test_conda_s_python_is_one_that_the_project_supports() -> None:
    """environment.yml names a Python that requires-python allows."""
    (python,) = [entry for entry in environment()["dependencies"] if str(entry).startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.split("=")[1] + ".0")


def test_conda_installs_the_project_under_the_same_pins() -> None:
    """environment.yml has pip read constraints.txt and install the project with its dev extra."""
    assert "-c constraints.txt" in pip_lines()
    assert "-e .[dev]" in pip_lines()


def test_conda_names_no_version_of_its_own() -> None:
    """Whatever else environment.yml hands to pip has exactly the version of constraints.txt."""
    pinned = read_pins()
    for line in pip_lines():
        if not line.startswith("-"):
            requirement = Requirement(line)
            assert requirement.specifier == SpecifierSet(f"=={pinned[canonicalize_name(requirement.name)]}")


def test_make_installs_the_same_pins() -> None:
    """The Makefile's setup makes .venv from constraints.txt, with the dev extra, and no other list."""
    installs = re.findall(r"^\s*pip install (.*)$", (ROOT / "tools" / "setup.sh").read_text(encoding="utf-8"), re.M)
    assert len(installs) == 2
    assert all("-c constraints.txt" in line for line in installs)
    assert "-e '.[dev]'" in installs[1]


def test_the_stamp_depends_on_what_is_installed() -> None:
    """A change of pyproject.toml or constraints.txt makes the next `make` install again."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\n$(READY): pyproject.toml constraints.txt\n" in makefile


@pytest.mark.parametrize("target", ["demo", "lab", "test", "test-all", "lint", "bench", "pins", "format"])
def test_every_target_sets_up_by_itself(target: str) -> None:
    """Each word of the Makefile makes .venv first if it has to."""
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    # A stamp that is not there, in another place than the real one: -n prints and runs nothing.
    command = ["make", "-n", "--no-print-directory", "READY=.venv/.not-there", target]
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # `make test` runs this
    plan = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=True).stdout
    assert "sh tools/setup.sh .venv/.not-there" in plan.splitlines()[0]


def test_make_bench_runs_every_benchmark() -> None:
    """Each program of benchmarks/ has its line in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    run = set(re.findall(r"^\t@\$\(BIN\)/python benchmarks/(\w+\.py)", makefile, re.M))
    assert run == {path.name for path in (ROOT / "benchmarks").glob("*.py")}


@pytest.fixture
def copy_of_setup(tmp_path: Path) -> Path:
    """An empty folder with only the Makefile and its setup script in it."""
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    (tmp_path / "tools").mkdir()
    for name in ("Makefile", "tools/setup.sh", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def fake_python(path: Path, version: tuple[int, int], has_venv: bool) -> Path:
    """A program that answers what tools/setup.sh asks of a Python of this version."""
    path.write_text(
        "#!/bin/sh\n"
        'case "$2" in\n'
        f"  *print*) echo {version[0]}.{version[1]};;\n"
        f"  *ensurepip*) exit {0 if has_venv else 1};;\n"
        f"  *version_info*) exit {0 if version >= (3, 11) else 1};;\n"
        "  *) exit 1;;\n"
        "esac\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "has_venv", "sentence"),
    [((3, 9), True, "is Python 3.9; 3.11 or newer is needed"), ((3, 12), False, "has no venv module")],
    ids=["too old", "without venv"],
)
def test_a_python_that_will_not_do_is_refused_in_one_sentence(
    copy_of_setup: Path, version: tuple[int, int], has_venv: bool, sentence: str
) -> None:
    """A named Python that is too old or has no venv module ends in a sentence that says so, and in no .venv."""
    python = fake_python(copy_of_setup / "python", version, has_venv)
    command = ["make", "setup", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=copy_of_setup, capture_output=True, text=True)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert not (copy_of_setup / ".venv").exists()


def test_clean_keeps_what_people_made(copy_of_setup: Path) -> None:
    """`make clean` leaves student work, submissions, gradebook, feedback and salt alone, and removes caches."""
    kept = [
        "work/01/x.py",
        "submitted/a/01/x.py",
        "gradebook.db",
        "feedback/a.html",
        ".autograder/salt",
        "autograded/a.py",
    ]
    gone = [".pytest_cache/x", "build/x", "coursekit/__pycache__/x.pyc", "demo/report.html"]
    for name in kept + gone:
        path = copy_of_setup / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    subprocess.run(["make", "clean"], cwd=copy_of_setup, capture_output=True, check=True)
    assert [name for name in kept if not (copy_of_setup / name).exists()] == []
    assert [name for name in gone if (copy_of_setup / name).exists()] == []


def test_the_licence_covers_code_and_text() -> None:
    """LICENSE holds the whole MIT licence for code and names CC BY 4.0 for text and figures."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in text
    assert "https://creativecommons.org/licenses/by/4.0/legalcode" in text
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"


def test_every_lint_exception_has_its_reason_beside_it() -> None:
    """Each ignored ruff rule and each ignored warning in pyproject.toml is followed by a comment."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    sections = re.findall(r"^(?:ignore|\"[^\"]+\"|filterwarnings|extend-exclude) = \[\n(.*?)^\]", text, re.M | re.S)
    lines = [line for section in sections for line in section.splitlines() if line.strip() != '"error",']
    assert lines
    assert [line for line in lines if not re.search(r"# \w+", line)] == []


def test_ci_runs_make_test() -> None:
    """.ci/run can be executed and ends in `make test`, so that both are the same tests."""
    script = ROOT / ".ci" / "run"
    assert script.read_text(encoding="utf-8").rstrip().endswith("\nexec make test")
    assert sys.platform == "win32" or script.stat().st_mode & 0o111


def table_rows(heading: str) -> dict[str, str]:
    """First column -> whole row of README's tables below a heading, up to the next heading of that rank."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rank = heading.split(" ")[0]
    section = re.split(rf"^{rank} ", f"\n{text}".split(f"\n{heading}\n")[1], flags=re.M)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return {cell.strip(" `"): row for row in rows for cell in row.split("|")[1].split(",")}


@pytest.mark.parametrize("kind", [results.SubmissionResult, results.ExerciseResult, results.PartResult])
def test_readme_explains_every_field_of_a_result(kind: type) -> None:
    """The result file's tables name every field of the dataclasses that it is made of."""
    explained = table_rows("## The result file")
    assert [field.name for field in dataclasses.fields(kind) if field.name not in explained] == []


def test_readme_explains_every_outcome() -> None:
    """The table of outcomes names all of them, and no field or outcome that does not exist."""
    explained = set(table_rows("## The result file")) - {"field", "outcome", "---"}
    kinds = (results.SubmissionResult, results.ExerciseResult, results.PartResult)
    fields = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    outcomes = {outcome.value for outcome in results.Outcome}
    assert outcomes - explained == set()
    assert explained - outcomes - fields == set()


def test_readme_lists_every_exit_code() -> None:
    """The table of exit codes is that of autograder/errors.py."""
    codes = {str(value) for name, value in vars(errors).items() if name.startswith("EXIT_")}
    listed = {name for name in table_rows("## Commands") if name.isdigit()}
    assert listed == codes


def test_readme_lists_every_command() -> None:
    """The table of commands names every command of the command line, and none that does not exist."""
    listed = {match[1] for name in table_rows("## Commands") if (match := re.match(r"autograder (\w+)", name))}
    assert listed == set(cli.cli.commands)


def test_readme_lists_every_unit() -> None:
    """The table of units is that of course.toml."""
    listed = set(table_rows("# Unrolled")) & {unit.id for unit in load_course().units}
    assert listed == {unit.id for unit in load_course().units}


def test_contributing_names_every_module_of_the_autograder() -> None:
    """The table of modules in CONTRIBUTING.md has a row for each file of autograder/, and no other."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+\.py)`", row)}
    assert named == {path.name for path in (ROOT / "autograder").glob("*.py")} - {"__init__.py"}


def test_contributing_explains_every_argument_of_a_check() -> None:
    """What the decorator of a check takes is named in the section about checks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("\n## Add a check\n")[1].split("\n## ")[0]
    asked = [name for name in inspect.signature(checking.exercise).parameters if name != "exercise_id"]
    assert [name for name in asked if f"{name}=" not in section] == []


def test_contributing_explains_every_key_of_an_attack() -> None:
    """What an attack's header may hold is named in the section about attacks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("\n## Add an attack\n")[1].split("\n## ")[0]
    headers = [path.read_text(encoding="utf-8").split('"""')[1] for path in (ROOT / "tests" / "attacks").glob("*.py")]
    used = {match for header in headers for match in re.findall(r"^(\w+) = ", header, re.M)}
    assert {"tries", "stopped_by", "points"} <= used
    assert [key for key in sorted(used) if not re.search(rf"^{key} = |`{key}( = true)?`", section, re.M)] == []


def test_the_change_log_is_about_this_version() -> None:
    """Its newest heading is the version in pyproject.toml, and every entry says whom it concerns."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.M)[0] == PROJECT["version"]
    entries = re.findall(r"^- (.*)$", text, re.M)
    assert entries
    assert [entry for entry in entries if not entry.startswith(("course: ", "grader: "))] == []


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file of the repository, or to a heading, has its target."""
    page = ROOT / name
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            file, _, heading = link.partition("#")
            target = ROOT / file if file else page
            assert target.exists(), link
            assert not heading or heading in anchors(target), link


def test_texts_name_files_that_exist() -> None:
    """A path in backquotes that begins with a folder of the repository is there."""
    places = ("autograder", "benchmarks", "coursekit", "notebooks", "solutions", "tests", "tools")
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        paths = re.findall(rf"`((?:{'|'.join(places)})/[\w./*-]*)`", text)
        assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == [], name
