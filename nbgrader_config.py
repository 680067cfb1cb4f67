"""nbgrader for this course. Run nbgrader's commands, and JupyterLab with the formgrader, in this folder.

Most of it is generated from ``autograder/course.toml``; the reasons are in ``autograder/nbgrader_bridge.py``.
"""

import os
from pathlib import Path

from autograder.course import load_course
from autograder.database import address
from autograder.folders import own_tools_on_path
from autograder.nbgrader_pages import FILTERS, PREPROCESSORS, TEMPLATE
from autograder.notebook_sandbox import wanted
from autograder.recording import ORDER, SCORE

c = get_config()  # noqa: F821 -- nbgrader puts it there
course = load_course()
root = Path(__file__).resolve().parent
own_tools_on_path()  # nbgrader runs `alembic` by name

c.CourseDirectory.course_id = course.name
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.db_url = address(os.environ.get("UNROLLED_DB") or f"sqlite:///{root / 'gradebook.db'}")

# Releasing: our own release, which turns the modules into stubs; nbgrader would copy them as they are.
c.GenerateAssignment.exporter_class = "autograder.nbgrader_bridge.ReleaseExporter"

# Collecting: the module comes with the notebook, as a folder or archive per student:
# downloaded/<unit>/archive/<student>.zip, with or without a folder of the unit's name inside.
c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".py"]
c.FileNameCollectorPlugin.named_regexp = (
    r"(?!.*(?:__MACOSX|__pycache__|\.ipynb_checkpoints)).*[/\\]extracted[/\\]"
    r"(?P<student_id>[^/\\]+)[/\\](?:(?:\d\d_\w+|(?P=student_id))[/\\])?(?P<file_id>.+)"
)

# Grading: no kernel is needed; the judge's scores and hints go into the test cells. With UNROLLED_EXECUTE=1 in the
# environment (or os.environ["UNROLLED_EXECUTE"] = "1" here) the other cells are executed first, in a sandbox, so that
# whoever marks the answers in words sees fresh outputs. Limits: c.ExecuteNotebook.memory_mb = 4096 and the like.
c.Autograde.exporter_class = "autograder.nbgrader_bridge.GradingExporter"
c.Autograde.exclude_overwriting = {
    unit.id: [unit.module_file, f"{unit.id}.nb.py"]
    for unit in course.units  # the student's module, not ours
}
c.Autograde.sanitize_preprocessors = [*ORDER]  # the steps are listed in autograder/recording.py
c.Autograde.autograde_preprocessors = [
    *(["autograder.nbgrader_bridge.ExecuteNotebook"] if wanted() else []),
    *SCORE,
]
c.OverwriteCells.add_missing_cells = True
c.AssignLatePenalties.plugin_class = "autograder.nbgrader_late.CourseLateRule"  # the table [late] of course.toml

# Feedback: nbgrader's pages, made by an exporter that does for all students what is the same for all of them once.
c.GenerateFeedback.exporter_class = "autograder.nbgrader_feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = [
    "autograder.nbgrader_feedback.GetAllGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Pages that nbgrader makes of notebooks, the formgrader's and feedback: nothing that a student wrote runs in them.
c.HTMLExporter.preprocessors = [*PREPROCESSORS]
c.HTMLExporter.filters = dict(FILTERS)
c.HTMLExporter.template_file = TEMPLATE
