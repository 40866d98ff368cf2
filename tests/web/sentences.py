"""What the pages say: every sentence in templates and source, and what each language has for it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from told import told

WEB = Path(__file__).parents[2] / "src" / "entrepot" / "web"
LOCALE = WEB / "locale"
_METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_many": (1, 2), "N_": None}
_OPTIONS = {"**.j2": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}}

Sentence = str | tuple[str, ...]


def said() -> Iterator[tuple[Sentence, str]]:
    """Every sentence, and where it is said; those that come from below the pages as well."""
    for file, line, message, _, _ in extract_from_dir(
        str(WEB), method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS
    ):
        yield (message if isinstance(message, str) else tuple(message)), f"{file}:{line}"
    yield from told()


def files(language: str) -> list[Path]:
    return sorted((LOCALE / language).glob("*.po"))


def known(language: str) -> dict[Sentence, object]:
    """What the language has, by the sentence. Raises AssertionError if two files differ on one."""
    found: dict[Sentence, object] = {}
    for path in files(language):
        with path.open("rb") as file:
            for message in read_po(file, abort_invalid=True):
                if message.id:
                    same = found.get(message.id, message.string) == message.string
                    assert same, f"{path.name} says {message.id!r} otherwise than another file"
                    found[message.id] = message.string
    return found


def missing(language: str) -> dict[Sentence, str]:
    """What is said and not translated, and where it is said."""
    translated = {sentence for sentence, text in known(language).items() if text and all(text)}
    return {sentence: where for sentence, where in said() if sentence not in translated}


def main() -> None:
    for language in sorted(path.name for path in LOCALE.iterdir() if path.is_dir()):
        found = missing(language)
        if not found:
            continue
        catalogue = Catalog(locale=language)
        for sentence, where in found.items():
            catalogue.add(sentence, locations=[(where.rpartition(":")[0], int(where.rpartition(":")[2]))])
        sys.stdout.write(f"# {language}: {len(found)} sentences\n")
        sys.stdout.flush()
        write_po(sys.stdout.buffer, catalogue, omit_header=True, width=120)


if __name__ == "__main__":
    main()
