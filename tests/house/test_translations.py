"""The tool that keeps the translations: nothing translated is lost, nothing missing goes unseen."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from hatch_build import compile_translations
from tools import po, translations

CAUSES = """\
[mailbox-full]
title = "Mailbox full"
explanation = "The mailbox of {recipient} is full."
fixes = ["Wait.", "Write to {recipient} another way."]

[not-written-yet]
boundary = "Has no texts."
"""
INTERFACE = '''\
"""A module."""


def heading(count: int) -> str:
    return ngettext("{count} message", "{count} messages", count) + _("Whose turn")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one cause, two interface strings, and no translations."""
    package = tmp_path / "src" / "mailwright"
    for folder in ("causes/catalogue", "cli", "app"):
        (package / folder).mkdir(parents=True)
    (package / "causes/catalogue/mailbox.toml").write_text(CAUSES, encoding="utf-8")
    (package / "cli/show.py").write_text(INTERFACE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def german(project: Path) -> Path:
    """The German causes of the project, extracted and still empty."""
    translations.extract(project, ["de"])
    return project / "src/mailwright/causes/locales/de.po"


def catalog(**strings: str) -> Catalog:
    """A catalogue of causes of given texts by part of the cause "c", each translated by itself in capitals."""
    made = Catalog(locale="de")
    for part, text in strings.items():
        made.add(text, text.upper(), context=f"c|{part}")
    return made


def translate(file: Path, english: str, text: str) -> None:
    """Put a translation where the English text is the last line before an empty one."""
    before = file.read_text(encoding="utf-8")
    after = before.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{text}"')
    assert after != before
    file.write_text(after, encoding="utf-8")


def test_a_new_language_has_every_text_of_causes_and_interface(project: Path, german: Path) -> None:
    """Contexts name the cause and the part of it, or the place a filler is for; a cause without texts adds nothing."""
    causes = po.read(german, "de")
    interface = po.read(project / "src/mailwright/cli/locales/de.po", "de")
    assert {message.context for message in po.texts(causes)} == {
        "mailbox-full|title",
        "mailbox-full|explanation",
        "mailbox-full|fix 1",
        "mailbox-full|fix 2",
        "missing|recipient",
        "missing|domain",
        "missing|host",
    }
    assert {message.id for message in po.texts(interface)} == {("{count} message", "{count} messages"), "Whose turn"}


def test_extracting_twice_changes_nothing(project: Path, german: Path) -> None:
    """Files hold no dates, so that a change in git is a change of a text."""
    translate(german, "Mailbox full", "Postfach voll")
    assert translations.extract(project) == []


def test_every_untranslated_text_is_listed(project: Path, german: Path) -> None:
    """Nothing stays English unseen."""
    faults = translations.check(project)
    assert f"{german.relative_to(project)}: empty: mailbox-full|title: 'Mailbox full'" in faults
    assert len(faults) == 9


@pytest.mark.usefixtures("german")
def test_a_language_of_one_folder_is_wanted_in_the_other(project: Path) -> None:
    """A forgotten file is as bad as a forgotten text."""
    (project / "src/mailwright/cli/locales/de.po").unlink()
    assert len([fault for fault in translations.check(project) if "cli/locales/de.po: missing" in fault]) == 2


def test_no_translations_at_all_is_a_fault(project: Path) -> None:
    """A check that finds nothing to look at must not be green."""
    assert len(translations.check(project)) == 1


def test_a_changed_text_keeps_its_translation_as_fuzzy() -> None:
    """The translator starts from the old sentence, and the check knows that it is old."""
    merged = po.merge(catalog(title="Mailbox is full"), catalog(title="Mailbox full"))
    message = merged.get("Mailbox is full", "c|title")
    assert message is not None
    assert (message.string, message.fuzzy) == ("MAILBOX FULL", True)


def test_a_changed_interface_text_keeps_the_nearest_translation() -> None:
    """Interface texts have no context; nearness stands in for it."""
    template, old = Catalog(), Catalog(locale="de")
    template.add("Whose turn is it")
    old.add("Whose turn it is", "Wer ist dran")
    old.add("Something else", "Etwas anderes")
    message = po.merge(template, old).get("Whose turn is it")
    assert message is not None
    assert (message.string, message.fuzzy) == ("Wer ist dran", True)


def test_a_text_that_is_gone_and_comes_back_has_its_translation_again(tmp_path: Path) -> None:
    """Obsolete translations stay in the file until they are pruned."""
    file = tmp_path / "de.po"
    both, one = catalog(title="Title", explanation="Text"), catalog(title="Title")
    po.write(file, po.merge(one, both))
    assert list(po.faults(one, po.read(file, "de"))) == ["obsolete: c|explanation: 'Text'"]
    po.write(file, po.merge(both, po.read(file, "de")))
    assert list(po.faults(both, po.read(file, "de"))) == []
    po.write(file, po.merge(one, po.read(file, "de"), prune=True))
    assert list(po.faults(one, po.read(file, "de"))) == []


@pytest.mark.parametrize(
    ("english", "german", "expected"),
    [
        ("The mailbox of {recipient} is full.", "Das Postfach von {recipient} ist voll.", None),
        ("{host} said no to {recipient}.", "{recipient} wurde von {host} abgelehnt.", None),
        ("The mailbox of {recipient} is full.", "Das Postfach ist voll.", "other fields"),
        ("The mailbox of {recipient} is full.", "Das Postfach von {empfänger} ist voll.", "other fields"),
        ("%(count)s messages", "Nachrichten: %(count)s", None),
        ("%(count)s messages", "Nachrichten: %(zahl)s", "other fields"),
        ("The mailbox of {recipient} is full.", "Das Postfach von {recipient ist voll.", "stray brace"),
    ],
)
def test_a_translation_fills_in_what_the_english_does(english: str, german: str, expected: str | None) -> None:
    """A lost or misspelt field would show the reader a sentence without its address."""
    template, held = Catalog(), Catalog(locale="de")
    template.add(english)
    held.add(english, german)
    faults = list(po.faults(template, held))
    assert [fault.startswith(expected) for fault in faults] == [True] if expected else faults == []


def test_a_singular_may_leave_out_the_number() -> None:
    """No {count} is needed in "One message"."""
    template, held = Catalog(), Catalog(locale="de")
    template.add(("One message", "{count} messages"))
    held.add(("One message", "{count} messages"), ("Eine Nachricht", "{count} Nachrichten"))
    assert list(po.faults(template, held)) == []


def test_compiled_translations_hold_what_is_sure(project: Path, german: Path) -> None:
    """The compiled file serves plain gettext, and leaves out what is fuzzy or empty."""
    translate(german, "Mailbox full", "Postfach voll")
    written = compile_translations(project)
    assert german.with_suffix(".mo") in written
    with german.with_suffix(".mo").open("rb") as file:
        texts = gettext.GNUTranslations(file)
    assert texts.pgettext("mailbox-full|title", "Mailbox full") == "Postfach voll"
    assert texts.pgettext("mailbox-full|fix 1", "Wait.") == "Wait."


@pytest.mark.usefixtures("german")
def test_only_changed_translations_are_compiled_again(project: Path) -> None:
    """`make` compiles before every target; that must cost nothing."""
    assert len(compile_translations(project)) == 2
    assert compile_translations(project) == []


@pytest.mark.usefixtures("german")
def test_the_exit_code_tells_whether_all_is_translated(project: Path) -> None:
    """`make check` stops at the first untranslated text."""
    assert translations.main(["check"], root=project) == 1
    for room in ("causes", "cli"):
        file = project / f"src/mailwright/{room}/locales/de.po"
        held = po.read(file, "de")
        for message in po.texts(held):
            message.string = message.id
        po.write(file, held)
    assert translations.main(["check"], root=project) == 0


def test_no_text_hides_in_an_f_string() -> None:
    """The extraction looks into no f-string on Python 3.11: such a text would stay English."""
    cli = Path(__file__).resolve().parents[2] / "src" / "mailwright" / "cli"
    assert [file.name for file in sorted(cli.glob("*.py")) if "{_(" in file.read_text(encoding="utf-8")] == []
