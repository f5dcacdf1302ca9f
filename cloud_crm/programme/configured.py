"""The programme that the configuration names: a file of its own, or the ``[programme]`` section."""

from __future__ import annotations

from pathlib import Path

from cloud_crm.config import CloudSettings, ConfigError
from cloud_crm.programme.document import ProgrammeDocument, document_from_toml, document_of_rate
from loyalty.terms.fields import ProgrammeError

_FILE_BYTES_MAX = 1024 * 1024


def configured_programme(settings: CloudSettings) -> ProgrammeDocument | None:
    """The document; ``None`` where the configuration has none. Raises :class:`ConfigError`, naming file and key."""
    if settings.programme_file is not None:
        return _read(settings.programme_file)
    return None if settings.programme is None else document_of_rate(settings.programme)


def _read(path: Path) -> ProgrammeDocument:
    try:
        with path.open("rb") as source:
            content = source.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        remedy = "Name a readable programme.toml in programme_file"
        raise ConfigError(path, "the file", f"cannot be read ({error.strerror})", remedy) from error
    if len(content) > _FILE_BYTES_MAX:
        raise ConfigError(path, "the file", f"has more than {_FILE_BYTES_MAX} bytes", "Name a programme.toml")
    try:
        return document_from_toml(content.decode())
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"byte {error.start}", "is not UTF-8", "Save the file as UTF-8") from error
    except ProgrammeError as error:
        problem = "is missing" if error.found is None else f"is {error.shown}"
        raise ConfigError(path, f"{error.key!s:.120}", problem, error.remedy) from error
