"""What the columns and numbers of an LMS's own sheet mean, in the languages that they come in.

Moodle writes the headings of its grading worksheet in the language of whoever downloads it, and their words have
changed over the years ("Maximum Grade", "Maximum grade"). They are told by the words in them: English, German, French,
Spanish, Italian, Portuguese and Dutch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from autograder.errors import UsageError

_GRADE = {
    "grade", "bewertung", "note", "calificacion", "nota", "valutazione", "punteggio", "avaliacao", "classificacao",
    "cijfer", "beoordeling",
}  # fmt: skip
_MOST = {
    "maximum", "highest", "max", "beste", "hochste", "maximale", "maximal", "haute", "maxima", "alta", "massima",
    "massimo", "hoogste",
}  # fmt: skip
_BEGINNINGS = ("best", "hochst", "maximum", "maximal")
_ENDINGS = ("wertung", "note", "cijfer", "grade")
_SCALE = {"scale", "skala", "bewertungsskala", "bareme", "echelle", "escala", "scala", "schaal", "beoordelingsschaal"}
_CHANGED = {
    "changed", "geandert", "verandert", "modifiee", "changee", "cambiada", "cambiarse", "modificada", "modificata",
    "cambiata", "alterada", "mudada", "gewijzigd", "veranderd",
}  # fmt: skip
_IDENTIFIER = {
    "identifier", "id", "identifikator", "identifikation", "kennung", "identifiant", "identificador", "identificativo",
    "identificatore", "identificatie",
}  # fmt: skip
_FULL = {"full", "vollstandiger", "complet", "completo", "volledige"}
_NAME = {"name", "nom", "nombre", "nome", "naam"}
_NUMBER = {"number", "nummer", "numero", "no", "nr"}
_USER = {
    "username", "anmeldename", "benutzername", "nutzername", "utilisateur", "usuario", "utente", "utilizador",
    "gebruikersnaam",
}  # fmt: skip
_MAIL = ("mail", "courriel", "correo")
_NO = {"no", "nein", "non", "nao", "nee"}


class WorksheetColumns:
    """Moodle's offline grading worksheet: which column is which; -1 where it has none."""

    def __init__(self, heading: Sequence[str], grade: str = "") -> None:
        """Find them.

        Args:
            heading: the sheet's first row.
            grade: the heading of the column for the points, if somebody says it.

        Raises:
            UsageError: it is no such worksheet, or two columns could be meant.
        """
        self.heading = [title.strip() for title in heading]
        self._words = [_words(title) for title in self.heading]
        self.identifier = 0 if self._words[0] and set(self._words[0]) <= _IDENTIFIER else -1
        self.changed = self._find(lambda n: "(" in self.heading[n] and self._about_grade(_words(self._bracket(n))))
        self.most = self._find(lambda n: "(" not in self.heading[n] and self._is_most(self._words[n]))
        self.scale = self._find(lambda n: bool(self._words[n]) and set(self._words[n]) <= _SCALE)
        self.can_change = self._find(
            lambda n: "(" not in self.heading[n] and self._about_grade(self._words[n]) and self._any(n, _CHANGED)
        )
        self.email = self._find(lambda n: any(part in word for word in self._words[n] for part in _MAIL))
        self.full_name = self._find(lambda n: self._any(n, _FULL) and self._any(n, _NAME))
        self.id_number = self._find(lambda n: n > 0 and self._is_number(self._words[n]))
        self.username = self._find(lambda n: self._any(n, _USER) and not self._any(n, _FULL))
        self.grade = self._named(grade) if grade else self._find_grade()
        missing = [
            what
            for what, place in (("Identifier", self.identifier), ("Grade", self.grade),
                                ("Last modified (grade)", self.changed))
            if place < 0
        ]  # fmt: skip
        if missing and not grade:
            raise UsageError(
                f"This is no offline grading worksheet that can be read: none of its columns is {missing[0]!r} in a "
                f"language that is known ({', '.join(filter(None, self.heading))}). Download it with Moodle set to "
                "English, or name the column for the points with --grade-column."
            )
        self.identifier = max(self.identifier, 0)  # it is the first one in every language

    def _find(self, fits: Callable[[int], bool]) -> int:
        return next((n for n in range(len(self.heading)) if fits(n)), -1)

    def _any(self, place: int, words: set[str]) -> bool:
        return bool(words & set(self._words[place]))

    def _bracket(self, place: int) -> str:
        return self.heading[place].partition("(")[2]

    def _find_grade(self) -> int:
        found = [n for n, words in enumerate(self._words) if len(words) == 1 and words[0] in _GRADE]
        if len(found) > 1:
            names = ", ".join(repr(self.heading[n]) for n in found)
            raise UsageError(f"Several columns could be for the points: {names}. Name one with --grade-column.")
        return found[0] if found else -1

    def _named(self, grade: str) -> int:
        found = [n for n, title in enumerate(self.heading) if title == grade.strip()]
        if len(found) != 1:
            raise UsageError(
                f"The sheet has {'no' if not found else 'more than one'} column {grade!r}; "
                f"it has {', '.join(filter(None, self.heading))}."
            )
        return found[0]

    @staticmethod
    def _about_grade(words: Sequence[str]) -> bool:
        return bool(_GRADE & set(words))

    @staticmethod
    def _is_most(words: Sequence[str]) -> bool:
        """As "Maximum grade"; in German and Dutch it may be one word."""
        one = any(
            word.startswith(("best", "hochst", "maximum", "maximal")) and word.endswith(_ENDINGS) for word in words
        )
        return one or bool(_MOST & set(words)) and bool(_GRADE & set(words))

    @staticmethod
    def _is_number(words: Sequence[str]) -> bool:
        said = set(words)
        return bool(said & _NUMBER) and bool(said & {"id", "identification", "identificacion", "identificazione"})

    def at(self, row: Sequence[str], place: int) -> str:
        """A cell; empty if there is no such column."""
        return row[place] if 0 <= place < len(row) else ""

    def is_locked(self, row: Sequence[str]) -> bool:
        """Whether Moodle says that the grade cannot be changed."""
        words = _words(self.at(row, self.can_change))
        return bool(words) and words[0] in _NO


def _words(text: str) -> list[str]:
    """Its words without case and accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.findall(r"[a-z]+", "".join(c for c in plain if not unicodedata.combining(c)))


def readings(text: str) -> list[float]:
    """What a number in an LMS's sheet can mean, the likeliest first; empty if it is none.

    ``1,048.00`` and ``1.048,00`` are 1048; ``1,048`` is that, too, but could be a little more than one.
    """
    plain = re.sub(r"[\s'’]", "", text)
    if not re.fullmatch(r"[+-]?[0-9]+(?:[.,][0-9]+)*", plain):
        return []
    in_groups = r"[+-]?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*"
    found = []
    if re.fullmatch(in_groups, plain) and not plain.lstrip("+-").startswith("0"):
        found.append(float(re.sub("[.,]", "", plain)))
    whole, mark, part = plain.rpartition(max(".,", key=plain.rfind))
    if not mark:
        return [float(part)]
    if whole.lstrip("+-").isdigit() or re.fullmatch(in_groups, whole) and mark not in whole:
        found.append(float(f"{re.sub('[.,]', '', whole)}.{part}"))
    return found


def has_decimal_comma(texts: Sequence[str]) -> bool:
    """Whether numbers of a sheet are written as ``62,5``: told by those in it that leave no doubt."""
    found = [text.strip() for text in texts if len(readings(text)) == 1 and re.search(r"[.,]", text)]
    return bool(found) and all(text.rfind(",") > text.rfind(".") for text in found)
