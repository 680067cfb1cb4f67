"""The command line: parsing only. ``autograder check · grade · release · start · report · mutants · demo · doctor``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from autograder.errors import EXIT_FAILED_CHECK, EXIT_INTERRUPTED, UnrolledError, UsageError
from autograder.plain_text import printable

EXIT_CODES = """\b
Exit codes: 0 done · 1 a check is not passed · 2 wrong words or path · 3 the
course itself is broken · 4 a gradebook or file cannot be read or written ·
5 the grader failed, nothing was scored · 130 interrupted."""


def _say(words: object, *, err: bool = False) -> None:
    """Print lines; names in them cannot give a terminal orders."""
    click.echo(printable(str(words), keep="\n\t"), err=err)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(package_name="unrolled", prog_name="autograder")
def cli() -> None:
    """Release, check and grade the course "Unrolled: recurrent networks from scratch"."""


@cli.command()
@click.argument("unit")
@click.argument("exercise", required=False)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Folder or .py file to check; default: found from here."
)
@click.option("--hint", type=click.IntRange(min=1), default=1, show_default=True, help="How many hints to show.")
def check(unit: str, exercise: str | None, folder: Path | None, hint: int) -> None:
    """Check your module on the visible draws, all exercises of UNIT or only EXERCISE."""
    from autograder.checker import print_exercise, print_short, progress_line
    from autograder.course import load_course
    from autograder.grade import check_submission
    from autograder.results import Outcome
    from autograder.terminal import Terminal

    found = load_course().unit(unit)
    if exercise is not None:
        found.exercise(exercise)
    path = folder if folder is not None else _own_module(found.id, found.module_file)
    console = Terminal()
    result = check_submission(found.id, path, [exercise] if exercise else None, progress_line)
    source = str(path)
    if result.message:
        console.print(f"✗ {result.message}", style="yellow", markup=False)
    else:
        for item in result.exercises:
            if exercise is None and item.outcome in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
                print_short(console, item)
            else:
                print_exercise(console, result, item, hint, source, terminal=True)
    if exercise is None:
        console.print(
            f"\n{result.score:g} of {result.max_score:g} points on the visible draws ({result.seconds:.1f} s)."
        )
    if any(item.outcome is not Outcome.PASSED for item in result.exercises):
        sys.exit(EXIT_FAILED_CHECK)


def _own_module(unit_id: str, module_file: str) -> Path:
    """Where a student's module most likely is: here, in ./<unit>, in work/<unit>."""
    from autograder import folders

    candidates = [Path(module_file), Path(unit_id) / module_file]
    try:
        root = folders.course_root()
        candidates += [root / folders.WORK / unit_id / module_file]
    except UsageError:
        pass
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise UsageError(f"Found no {module_file} (looked for {looked}). Name it with --folder, or run 'autograder start'.")


@cli.command()
@click.argument("unit")
@click.option("--submission", type=click.Path(path_type=Path), help="Grade this folder or .py file only; no gradebook.")
@click.option("--student", "students", multiple=True, help="With submitted/: only this student (repeatable).")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    help="With --submission: write the result here; - for stdout.",
)
@click.option("--db", "db_url", help="Gradebook as an SQLAlchemy URL; default: that of nbgrader_config.py.")
@click.option("--draw-of", help="With --submission: use this student's hidden draw.")
@click.option("--jobs", type=click.IntRange(min=1), help="How many submissions at once; default: one per core.")
@click.option("--force", is_flag=True, help="Judge again what has been judged already.")
@click.option(
    "--isolation",
    type=click.Choice(["bubblewrap", "landlock", "process"]),
    help="Isolate student code this way; default: the strongest that works here. 'process' is weak.",
)
@click.option(
    "--execute",
    is_flag=True,
    help="Run the notebooks too, in a sandbox, for whoever marks the answers in words; scores never depend on it.",
)
@click.option("--no-feedback", is_flag=True, help="Leave out the feedback pages.")
@click.option("--scheduler", help="Judge on the workers of this Dask scheduler, tcp://host:8786; not on this machine.")
@click.option("--diff", is_flag=True, help="Show whose score would change and why; write it only after a yes.")
@click.option("--yes", is_flag=True, help="With --diff: write without asking.")
@click.option("--quiet", is_flag=True, help="Print only what a person has to look at, on stderr.")
@click.option("--json-lines", is_flag=True, help="Print one JSON object per line for programs, nothing else.")
def grade(
    unit: str,
    submission: Path | None,
    students: tuple[str, ...],
    json_file: Path | None,
    db_url: str | None,
    draw_of: str | None,
    jobs: int | None,
    force: bool,
    no_feedback: bool,
    isolation: str | None,
    execute: bool,
    scheduler: str | None,
    diff: bool,
    yes: bool,
    quiet: bool,
    json_lines: bool,
) -> None:
    """Grade UNIT on hidden draws: one --submission, or everybody in submitted/."""
    if submission is not None:
        if students or db_url:
            raise UsageError(
                "--submission grades one file without a gradebook; it goes with neither --student nor --db."
            )
        if scheduler or diff or quiet or json_lines:
            raise UsageError("--scheduler, --diff, --quiet and --json-lines are for a class; --submission is one file.")
        _grade_one(unit, submission, json_file, draw_of, isolation)
        return
    if execute:
        os.environ["UNROLLED_EXECUTE"] = "1"  # nbgrader_config.py asks for it
    if json_file is not None or draw_of is not None:
        raise UsageError("--json and --draw-of go with --submission.")
    if yes and not diff:
        raise UsageError("--yes goes with --diff.")
    if quiet and json_lines:
        raise UsageError("--quiet and --json-lines are two ways of printing; give one of them.")
    if scheduler and jobs:
        raise UsageError("--jobs is about processes on this machine; with --scheduler its workers decide.")
    from autograder.class_run import Options, ask, run_class
    from autograder.terminal import Terminal

    options = Options(
        students=students,
        db_url=db_url,
        jobs=jobs,
        scheduler=scheduler,
        force=force,
        feedback=not no_feedback,
        isolation=isolation,
        diff=diff,
        yes=yes,
        quiet=quiet,
        json_lines=json_lines,
    )
    sys.exit(run_class(unit, options, Terminal(), ask))


def _grade_one(unit: str, submission: Path, json_file: Path | None, draw_of: str | None, isolation: str | None) -> None:
    from autograder.checker import print_exercise, print_short
    from autograder.grade import grade_submission
    from autograder.results import Outcome
    from autograder.sandbox import choose
    from autograder.terminal import Terminal

    stack = choose(isolation)
    from autograder.checker import progress_line

    talks = str(json_file) != "-"
    result = grade_submission(
        unit, submission, student=draw_of, stack=stack, on_exercise=progress_line if talks else None
    )
    text = json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n"
    if json_file is not None and str(json_file) == "-":
        click.echo(text, nl=False)
        return
    if json_file is not None:
        from autograder.folders import write_atomically

        write_atomically(json_file, text.encode())
    console = Terminal()
    if result.message:
        console.print(f"✗ {result.message}", style="yellow", markup=False)
    else:
        for item in result.exercises:
            if item.outcome in (Outcome.PASSED, Outcome.NOT_ATTEMPTED):
                print_short(console, item)
            else:
                print_exercise(console, result, item, 1, submission.name)
    console.print(f"\n{result.score:g} of {result.max_score:g} points. Draw {result.draw}.")
    _say_isolation(console, stack)
    if json_file is not None:
        console.print(f"Written to {json_file}.")


def _say_isolation(console: Any, stack: Any) -> None:
    console.print(f"Isolation: {stack.text}.", markup=False)
    if stack.weakness:
        console.print(stack.weakness, markup=False, style="yellow")


@cli.command()
@click.argument("units", nargs=-1)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; say whether the generated files are up to date."
)
def release(units: tuple[str, ...], only_check: bool) -> None:
    """Make notebooks/ from solutions/, all UNITS or some."""
    from autograder.release import release as run

    report = run(units or None, check=only_check)
    for line in report.lines():
        if not only_check or not line.startswith("unchanged"):
            _say(line)
    if only_check:
        _say("notebooks/ is up to date with solutions/.")


@cli.command()
@click.argument("units", nargs=-1)
def start(units: tuple[str, ...]) -> None:
    """Copy UNITS (default: all) from notebooks/ to work/, to study in; never over files that are there."""
    from autograder.course import load_course
    from autograder.release import kept_older, start_work

    for unit in [load_course().unit(name) for name in units] or load_course().units:
        _say(f"{unit.id}: {start_work(unit.id)}")
        for own, newer in kept_older(unit.id):
            _say(f"  {own.name} was kept as it is; there is a newer version: {newer}")


@cli.command()
@click.argument("unit")
def report(unit: str) -> None:
    """Make the class report and the feedback pages of UNIT from kept results, without grading."""
    from autograder import folders, gradebook
    from autograder.course import load_course
    from autograder.report import class_table, write_class_pages
    from autograder.store import ResultStore
    from autograder.terminal import Terminal

    course = load_course()
    found = course.unit(unit)
    root = folders.course_root()
    store = ResultStore(root)
    results = []
    for name in gradebook.submitted_students(found, root):
        path = root / folders.SUBMITTED / name / found.id
        kept = store.load(found, name, store.key(found, path, name))
        if kept is not None:
            results.append(kept)
        else:
            _say(f"{name}: not graded yet, or changed since; run 'autograder grade {found.id}'.", err=True)
    if not results:
        raise UsageError(f"There are no results for {found.id}. Run 'autograder grade {found.id}' first.")
    console = Terminal()
    class_table(results, course, console)
    for line in write_class_pages(results, course, root):
        console.print(line, markup=False, soft_wrap=True)


@cli.command()
@click.argument("unit")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "kind",
    type=click.Choice(["moodle", "canvas", "git", "nbgrader", "exchange", "folders"]),
    help="What PATH is; default: seen from its names.",
)
@click.option("--roster", type=click.Path(path_type=Path), help="Who is who, as CSV; default: roster.csv, if there.")
@click.option("--until", help="Repositories: take the last commit up to this time, e.g. 2027-03-01T23:59:00+01:00.")
@click.option("--times", type=click.Path(path_type=Path), help="CSV with id,time, if the download does not say when.")
def collect(
    unit: str, path: Path, kind: str | None, roster: Path | None, until: str | None, times: Path | None
) -> None:
    """Bring what was handed in for UNIT from PATH (a folder, or a zip of a whole class) into submitted/."""

    from autograder import folders
    from autograder.collect import collect as run
    from autograder.collect import collected_csv
    from autograder.collect_report import collected_table
    from autograder.course import load_course
    from autograder.errors import EXIT_STORE
    from autograder.export import EXPORTS
    from autograder.roster import course_roster
    from autograder.terminal import Terminal
    from autograder.times import read_time

    course, root = load_course(), folders.course_root()
    found = course.unit(unit)
    deadline = None
    if until is not None:
        try:
            deadline = read_time(until, course.zone)
        except ValueError as error:
            raise UsageError(f"--until {until!r}, which {error}. One looks like 2027-03-01T23:59:00+01:00.") from error
    people = course_roster(root, roster)
    seen_as, lines = run(found, course, root, path, kind=kind, roster=people, until=deadline, times=times)
    table = root / EXPORTS / found.id / "collected.csv"
    folders.write_atomically(table, collected_csv(lines, found).encode())
    console = Terminal()
    collected_table(lines, seen_as, console)
    for note in people.notes:
        console.print(f"• {note}", markup=False, style="yellow", soft_wrap=True)
    console.print(f"The same as CSV: {table}", markup=False, soft_wrap=True)
    if any(line.lost for line in lines):
        sys.exit(EXIT_STORE)
    console.print(f"Next: autograder grade {found.id}", markup=False)


@cli.command()
@click.argument("unit")
@click.option(
    "--format",
    "form",
    type=click.Choice(
        ["csv", "canvas", "moodle", "gradescope", "gradescope-autograder", "github", "feedback", "moodle-feedback"]
    ),
    default="csv",
    show_default=True,
    help="For what.",
)
@click.option(
    "--to", type=click.Path(path_type=Path), help="File (feedback, gradescope: folder); default: exports/UNIT/."
)
@click.option("--student", "students", multiple=True, help="Only this student (repeatable).")
@click.option("--roster", type=click.Path(path_type=Path), help="Who is who, as CSV; default: roster.csv, if there.")
@click.option("--db", "db_url", help="Gradebook as an SQLAlchemy URL; default: that of nbgrader_config.py.")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path),
    help="canvas: its gradebook export; moodle: its offline grading worksheet. Comes back with the points filled in.",
)
@click.option("--assignment", default="", help="canvas, moodle: the assignment's name; default: the unit's title.")
@click.option("--checks-only", is_flag=True, help="canvas, moodle: leave answers in words out.")
@click.option(
    "--missing", type=click.Choice(["empty", "zero"]), default="empty", show_default=True, help="Who handed in nothing."
)
@click.option(
    "--keep-withdrawn", is_flag=True, help="Marks: also of who is not in submitted/, or not in the roster, any more."
)
@click.option("--grade-column", default="", help="moodle: the worksheet's column for the points, if it is not found.")
@click.option("--out-of", type=click.FloatRange(min=0, min_open=True), help="canvas, moodle: scale to so many points.")
@click.option(
    "--visibility",
    type=click.Choice(["visible", "after_due_date", "after_published", "hidden"]),
    default="visible",
    show_default=True,
    help="gradescope: when students see results.",
)
@click.option(
    "--isolation",
    type=click.Choice(["bubblewrap", "landlock", "process"]),
    help="gradescope-autograder: isolate student code there this way; default: the strongest that works.",
)
@click.option("--repository", default="", help="github: where the course is, as OWNER/NAME.")
@click.option("--ref", default="main", show_default=True, help="github: its branch, tag or commit.")
def export(unit: str, form: str, missing: str, students: tuple[str, ...], roster: Path | None, **options: Any) -> None:
    """Write marks, results or feedback of UNIT for another system, in exports/UNIT/."""
    from autograder import folders
    from autograder.course import load_course
    from autograder.export import Request
    from autograder.export import export as run
    from autograder.report import shown_path
    from autograder.roster import course_roster
    from autograder.terminal import Terminal

    course, root = load_course(), folders.course_root()
    people = course_roster(root, roster)
    request = Request(
        course.unit(unit),
        course,
        root,
        people,
        students=students,
        zero_if_missing=missing == "zero",
        **options,
    )
    done = run(form, request)
    console = Terminal()
    for note in (*people.notes, *done.notes):
        console.print(f"• {note}", markup=False, style="yellow", soft_wrap=True)
    for file in done.files[:3]:
        console.print(f"Written: {shown_path(file)}", markup=False, soft_wrap=True)
    if len(done.files) > 3:
        console.print(f"… and {len(done.files) - 3} more beside it", markup=False)


@cli.command()
@click.argument("unit")
@click.option("--student", "students", multiple=True, help="Compare only these with each other (repeat it).")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many pairs to list.")
def similarity(unit: str, students: tuple[str, ...], most: int) -> None:
    """List pairs of modules of UNIT that are suspiciously alike, for a person to look at."""
    from autograder import folders
    from autograder.course import load_course
    from autograder.report import REPORTS, shown_path
    from autograder.similarity import compare_class
    from autograder.similarity_report import LOOK_FIRST, in_words, write_similarity
    from autograder.terminal import Terminal

    course, root = load_course(), folders.course_root()
    found = compare_class(course.unit(unit), root, students, most)
    path = root / REPORTS / found.unit.id / "similarity.html"
    write_similarity(found, course, path)
    console = Terminal()
    for words in found.left_out:
        console.print(f"• not compared: {words}", markup=False, style="yellow", soft_wrap=True)
    first = [pair for pair in [*found.pairs, *found.with_reference] if pair.rank >= LOOK_FIRST]
    for pair in first:
        console.print(f"{pair.first} and {pair.second}: {in_words(pair)}", markup=False, soft_wrap=True)
    console.print(
        f"{len(found.students)} modules, {found.compared} pairs; {len(first)} to look at first, "
        f"{len(found.pairs) + len(found.with_reference)} listed. Alike is a reason to look, not a proof of anything."
    )
    console.print(f"Report: {shown_path(path)}", markup=False, soft_wrap=True)


@cli.command()
@click.argument("units", nargs=-1)
@click.option("--jobs", type=click.IntRange(min=1), help="How many modules at once; default: one per core.")
@click.option("--generated", is_flag=True, help="Show instead which generated changes of the reference survive.")
@click.option("--sign", is_flag=True, help="Write instead what every mistake does on the visible draw, for `check`.")
def mutants(units: tuple[str, ...], jobs: int | None, generated: bool, sign: bool) -> None:
    """Test the checks of UNITS (default: all): known mistakes must be caught, correct modules pass."""
    from autograder.course import load_course

    if generated and sign:
        raise UsageError("--generated and --sign are two things to do; give one of them.")
    found = [load_course().unit(name) for name in units] or list(load_course().units)
    do = _sign if sign else _generated if generated else _kill_matrix
    failed = [unit for unit in found if not do(unit, jobs)]
    if failed:
        sys.exit(EXIT_FAILED_CHECK)


def _kill_matrix(unit: Any, jobs: int | None) -> bool:
    from rich.progress import Progress

    from autograder.mistakes import load_mistakes
    from autograder.mutants import alternatives, kill_matrix, print_matrix
    from autograder.terminal import Terminal

    console = Terminal()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(unit.id, total=len(load_mistakes(unit)) + len(alternatives(unit)) + 1)
        matrix = kill_matrix(unit, jobs=jobs, progress=lambda: progress.advance(task))
    print_matrix(matrix, console)
    for words in matrix.failures():
        console.print(f"✗ {unit.id}: {words}.", style="red", markup=False)
    return not matrix.failures()


def _generated(unit: Any, jobs: int | None) -> bool:
    from autograder.generated_mutants import listed_equivalent, survivors
    from autograder.mistakes import reference_path

    path = reference_path(unit).parents[2] / "tests" / "equivalent_mutants.toml"
    if not path.is_file():
        raise UsageError("Generated mutants need a checkout of the course, with solutions/ and tests/.")
    listed = listed_equivalent(path)
    count, alive = survivors(unit)
    unlisted = [mutant for mutant in alive if (unit.id, mutant.exercise, mutant.change) not in listed]
    for mutant in unlisted:
        _say(f"✗ {mutant.exercise}: {mutant.change}")
    _say(
        f"{unit.id}: {count} generated mutants, {count - len(alive)} killed, {len(alive) - len(unlisted)} "
        f"equivalent (listed with reasons), {len(unlisted)} survive."
    )
    return not unlisted


def _sign(unit: Any, jobs: int | None) -> bool:
    from autograder.folders import write_atomically
    from autograder.mistakes import reference_path, signature_path, signature_text, signatures
    from autograder.mistakes.pairs import pair_path, pair_text

    if not reference_path(unit).is_file():
        raise UsageError("Signing the mistakes needs a checkout of the course, with solutions/.")
    write_atomically(signature_path(unit), signature_text(signatures(unit)).encode())
    write_atomically(pair_path(unit), pair_text(unit).encode())
    _say(f"{unit.id}: written to {signature_path(unit).name} and {pair_path(unit).name}")
    return True


@cli.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where to make the demo course.",
)
@click.option("--full", is_flag=True, help="Grade unit 5 too, which trains a model for each student: some minutes.")
def demo(folder: Path, full: bool) -> None:
    """Grade a class of sixteen made-up students and show the reports."""
    from autograder.demo import run_demo
    from autograder.terminal import Terminal

    sys.exit(run_demo(folder, Terminal(), full=full))


@cli.command()
def doctor() -> None:
    """Say what this machine offers: versions, isolation, course, gradebook."""
    from autograder.doctor import findings

    for line in findings():
        _say(line)


def main(arguments: list[str] | None = None) -> Any:
    """The console command; every expected error is one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old terminal shows ? for ✓ instead of failing
    try:
        cli.main(args=arguments, prog_name="autograder", standalone_mode=False)
    except UnrolledError as error:
        _say(f"autograder: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        _say("autograder: interrupted; what was finished is kept, the same command goes on.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        _say("autograder: interrupted; what was finished is kept, the same command goes on.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
