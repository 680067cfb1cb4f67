"""Where the numbers of a check come from: fixed visible draws, and hidden ones from a secret salt."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder import folders
from autograder.errors import StoreError

SALT_VARIABLE = "UNROLLED_SALT"
SALT_FILE = Path(folders.STATE) / "salt"


@dataclass(frozen=True)
class Draw:
    """A source of random numbers for one submission's checks.

    ``label`` says which draw it is without giving the seed away: with the same salt, the same
    unit and the same student it can be made again.
    """

    seed: int
    hidden: bool
    label: str

    def rng(self, name: str) -> np.random.Generator:
        """A generator for one exercise; independent of which other exercises are checked."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def visible_draw() -> Draw:
    """The draw of `check`: the same for everybody, always."""
    return Draw(seed=20_15, hidden=False, label="visible")


def load_salt(root: Path | None = None) -> bytes:
    """The course's secret: from the environment, or from a file that is made on first use.

    Raises:
        StoreError: the file cannot be read or made, or is empty.
        UsageError: there is no course here to have a salt.
    """
    from_environment = os.environ.get(SALT_VARIABLE)
    if from_environment:
        return from_environment.encode()
    file = (root or folders.course_root()) / SALT_FILE
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            # Written under a name of its own and linked into place: two graders that start at once agree on one salt.
            draft = file.with_name(f"salt.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_hex(32) + "\n")
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        salt = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StoreError(
            f"The secret salt cannot be read from or written to {file}: {error.strerror or error}. "
            f"Mend its permissions, or set {SALT_VARIABLE}."
        ) from error
    if not salt:
        raise StoreError(f"{file} is empty. Put the course's salt back (or delete the file to draw a new one).")
    return salt.encode()


def salt_fingerprint(salt: bytes) -> str:
    """Eight characters that tell two salts apart and give nothing away."""
    return hashlib.sha256(b"fingerprint\0" + salt).hexdigest()[:8]


def hidden_draw(unit_id: str, student: str | None, salt: bytes) -> Draw:
    """The draw of `grade`: secret, one per unit and student."""
    who = student or ""
    digest = hmac.new(salt, f"{unit_id}\0{who}".encode(), hashlib.sha256).digest()
    label = f"{unit_id}:{who or '-'}:{salt_fingerprint(salt)}"
    return Draw(seed=int.from_bytes(digest[:16], "little"), hidden=True, label=label)
