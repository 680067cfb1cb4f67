"""The one reader of tables: whatever wrote the CSV, the same people come out, each told apart by what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.collect import read_times
from autograder.errors import UsageError
from autograder.roster import Person, Roster, read_roster
from autograder.table_reader import decoded, read_csv, read_text

PEOPLE = (Person("ada", "Ada", "Byron", "ada@example.edu"), Person("jose", "José", "Núñez", "jose@example.edu"))
TEXT = "id,first_name,last_name,email\nada,Ada,Byron,ada@example.edu\njose,José,Núñez,jose@example.edu\n"


def roster(tmp_path: Path, text: str | bytes) -> Roster:
    """A roster from its text or bytes."""
    file = tmp_path / "roster.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(file)


def refused(tmp_path: Path, text: str | bytes) -> str:
    """What is said about a roster that cannot be read."""
    with pytest.raises(UsageError) as caught:
        roster(tmp_path, text)
    return str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        "sep=;\n" + TEXT.replace(",", ";"),
        "\ufeffsep=;\r\n" + TEXT.replace(",", ";").replace("\n", "\r\n"),
        "sep=\t\n" + TEXT.replace(",", "\t"),
        "sep=|\n" + TEXT.replace(",", "|"),
        "\ufeff" + TEXT,
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.replace("\n", ",,\n"),
        "\n,,,\n" + TEXT + ",,,\n\n",
        TEXT.replace("id,first_name", "ID, First Name").replace("email", "E-mail"),
        TEXT.replace("ada,Ada", '"ada" , Ada ').replace('"ada" ', '"ada"'),
        TEXT.replace("\nada", '\n="ada"'),
    ],
    ids=lambda written: repr(written[:12]),
)  # fmt: skip
def test_the_same_people_however_it_is_written(tmp_path: Path, written: str | bytes) -> None:
    """Commas, semicolons, tabs, ``sep=``, byte order marks, UTF-16, line ends, Excel's empty columns and rows."""
    found = roster(tmp_path, written)
    assert found.people == PEOPLE and not found.notes


def test_a_comma_in_quotes_is_not_a_separator() -> None:
    """The heading decides by its cells, not by how many commas it holds."""
    assert read_csv('"a, b, c, d";e\n1;2\n', "x") == [["a, b, c, d", "e"], ["1", "2"]]


def test_other_columns_are_passed_over_and_named(tmp_path: Path) -> None:
    """Notes, and a column without a heading, cost nothing; a column that is empty is not worth a word."""
    text = TEXT.replace("email\n", "email,Notes,,\n").replace("edu\n", "edu,late once,x,\n")
    found = roster(tmp_path, text)
    (note,) = found.notes
    assert found.people == PEOPLE and "passed over 'Notes', one without a heading." in note and "first_name" in note


@pytest.mark.parametrize("spoiled", ["1001.0", "1001.00", "1001,0"])
def test_a_number_with_decimals_is_the_number(tmp_path: Path, spoiled: str) -> None:
    """What Excel and pandas make of an id is read as the id, and said."""
    found = roster(tmp_path, f'id,canvas_id,email\n7.0,"{spoiled}",a@x.edu\n')
    (note,) = found.notes
    assert found.people == (Person("7", canvas_id="1001", email="a@x.edu"),) and f"canvas_id {spoiled} as 1001" in note


def test_a_number_that_was_shortened_is_refused(tmp_path: Path) -> None:
    """1.2E+11 has lost digits that nobody can know."""
    assert "line 2: the sis_user_id 1.2E+11 was shortened" in refused(tmp_path, "id,sis_user_id\nada,1.2E+11\n")


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [("email", "li.na@x.edu", "lina@x.edu"), ("github", "ada-dev", "adadev"), ("id", "ada.b", "adab"),
     ("username", "strauß", "strauss"), ("id_number", "S-1", "S1"), ("sis_login_id", "josé", "jose"),
     ("canvas_id", "1.5", "15")],
)  # fmt: skip
def test_punctuation_tells_people_apart(tmp_path: Path, column: str, one: str, other: str) -> None:
    """Two accounts that differ in a dot, a hyphen or an accent are two people's."""
    heading = "id" if column == "id" else f"id,{column}"
    rows = [one, other] if column == "id" else [f"a,{one}", f"b,{other}"]
    found = roster(tmp_path, "\n".join([heading, *rows]) + "\n")
    wanted = [one, other] if column == "id" else ["a", "b"]
    assert [found.find(**{column: one}), found.find(**{column: other})] == wanted
    assert found.find(**{column: f" {one.upper() if one != 'strauß' else one} "}) == wanted[0]


def test_the_same_account_twice_is_said_as_it_is_written(tmp_path: Path) -> None:
    """Case and spaces do not make two people of one, and the message shows both spellings."""
    said = refused(tmp_path, "id,email\na,Li.Na@x.edu\nb,li.na @x.edu\n")
    assert "a and b have the same email, 'Li.Na@x.edu' and 'li.na @x.edu'" in said


def test_names_are_compared_more_freely(tmp_path: Path) -> None:
    """Systems drop accents and punctuation of names; a name of two people leads to nobody."""
    found = roster(tmp_path, "id,first_name,last_name\na,Li,Na\nb,Lina,\nc,José,Núñez-Paz\n")
    assert found.find(name="Nunez Paz, Jose") == "c" and found.find(name="lina") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff\xfe\x00", "is not text in UTF-8 or UTF-16"),
        ("id,name\nadá\n".encode("latin-1"), "is not text in UTF-8 or UTF-16. Save it again; in Excel as 'CSV UTF-8"),
        ("id,email,id\na,b,c\n", "has the column 'id' twice"),
        ("id,email\na,b,c\n", "line 2: 3 cells under 2 headings. Each cell ends with a comma"),
        ("sep=;\nid;email\na;b;c\n", "line 3: 3 cells under 2 headings. Each cell ends with a semicolon"),
        ('id,email\na,"b\n', "line 2: this is no CSV file that can be read"),
        ("sep=;\n", "is empty. Its first line names the columns"),
        (b"", "is empty"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, text: str | bytes, says: str) -> None:
    """Which line, what is wrong, and what to do."""
    assert says in refused(tmp_path, text)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    """Nor is a pipe: nothing waits for it."""
    with pytest.raises(UsageError, match="There is no file"):
        read_text(tmp_path)


def test_times_are_read_by_the_same_reader(tmp_path: Path) -> None:
    """Semicolons, other columns and their order do not matter; two times of one student do."""
    file = tmp_path / "times.csv"
    file.write_text("sep=;\nNotes;Time;ID;\nx;2027-03-01T23:10:00+01:00;ada;\n", encoding="utf-16")
    assert read_times(file)["ada"].hour == 22
    file.write_text("id,time\nada,2027-03-01T23:10:00Z\nada,2027-03-01T23:10:00Z\n")
    with pytest.raises(UsageError, match="line 3: ada has a time already"):
        read_times(file)


def test_text_of_other_tables_is_decoded_alike() -> None:
    """For sheets that come as bytes."""
    assert decoded("id\n".encode("utf-16"), "x") == decoded(b"\xef\xbb\xbfid\n", "x") == "id\n"
