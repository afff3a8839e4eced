"""Scenes: a stage as its TOML file describes it, read and checked before anything listens.

    [hosts."mx.example.test"]
    mail_for = ["example.test"]                    MX records that lead to it
    preference = 10                                of these records
    address = "127.0.0.2"                          the next free one from 127.0.0.2 on where it is left out
    behaviour = "accept"                           or "refused", "filtered", "silent"
    replies = { RCPT = "550 5.1.1 User unknown" }  see lab.reactions
    charset = "gbk"                                of the replies
    offers = ["PIPELINING", "SIZE 1000"]           the reply to EHLO in place of the usual one
    largest = 1000                                 octets of a message that it takes
    greylist = 60                                  seconds
    tls = "starttls"                               or "none", "implicit", "broken", "plaintext"
    certificate = "expired"                        or "valid", "other-name", "self-signed"
    script = '''S: 220 …'''                        a strict script (lab.script); in place of behaviour to tls

    [dns]
    "example.test" = ["TXT v=spf1 mx -all"]        lines of lab.table, or one word for all questions: "SERVFAIL"

The addresses of hosts, and the MX records of ``mail_for``, are in DNS unless [dns] says something of that type itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, TypeVar

from mailwright.dns.answer import Kind
from mailwright.lab.certificates import Quality
from mailwright.lab.keys import KeyFault, Keys
from mailwright.lab.reactions import Accepting, Reactions, Tls
from mailwright.lab.script import End, Handshake, Script, ScriptFault, Secure, read_script
from mailwright.lab.table import Entry, Table
from mailwright.mail.address import is_host_name

#: Octets of a file of scenes; the example has under 10,000.
LARGEST_FILE = 1024 * 1024
#: Hosts of one stage (own choice: each has sockets).
MOST_HOSTS = 1_000
#: Where addresses may be: they reach nobody else, and need no set-up on Linux.
LOOPBACK = IPv4Network("127.0.0.0/8")
#: The first address that is given to a host without one; 127.0.0.1 is the name server's and everybody's.
FIRST_ADDRESS = IPv4Address("127.0.0.2")
PREFERENCE = 10

T = TypeVar("T")


class Behaviour(StrEnum):
    """What a host does, roughly."""

    ACCEPT = "accept"
    REFUSED = "refused"
    FILTERED = "filtered"
    SILENT = "silent"
    SCRIPT = "script"


class StageFault(ValueError):
    """A file is no stage.

    path: which.  key: where in it, such as ``hosts."mx.test".replies``; "" for all of it.  why: what is wrong, and what
    to write.
    """

    def __init__(self, path: str, key: str, why: str) -> None:
        """Keep all."""
        super().__init__(": ".join(part for part in (path, key, why) if part))
        self.path = path
        self.key = key
        self.why = why


@dataclass(frozen=True, slots=True)
class HostScene:
    """One host: its name, where it is, what it does, and whose mail it takes.

    play: None where the behaviour is ``refused`` or ``filtered``.  quality: None where it shows no certificate.
    """

    name: str
    address: str
    behaviour: Behaviour
    play: Script | Accepting | None
    mail_for: tuple[str, ...] = ()
    preference: int = PREFERENCE
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class Scenes:
    """What a file says.  names: of the DNS table, besides those of the hosts, as written."""

    hosts: tuple[HostScene, ...]
    names: Mapping[str, Entry]

    def table(self) -> Table:
        """Return the DNS of the stage; raises ValueError where lines cannot be read."""
        made: dict[str, list[str]] = {}
        for host in self.hosts:
            made.setdefault(_folded(host.name), []).append(f"A {host.address}")
            for domain in host.mail_for:
                made.setdefault(_folded(domain), []).append(f"MX {host.preference} {host.name}")
        entries: dict[str, Entry] = dict(made)
        for name, entry in self.names.items():
            lines = made.get(_folded(name), [])
            if isinstance(entry, (str, Kind)):
                entries[_folded(name)] = entry
                continue
            written = {line.split(" ", 1)[0] for line in entry}
            entries[_folded(name)] = [*entry, *(line for line in lines if line.split(" ", 1)[0] not in written)]
        return Table(entries)


def load_scenes(path: str | Path) -> Scenes:
    """Return what the file says; raises StageFault, also where it cannot be read."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise StageFault(name, "", "there is no such file") from error
    except OSError as error:
        raise StageFault(name, "", error.strerror or type(error).__name__) from error
    if len(raw) > LARGEST_FILE:
        raise StageFault(name, "", f"it is larger than {LARGEST_FILE} octets")
    try:
        return read_scenes(raw.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise StageFault(name, f"line {line}", "it is not UTF-8; save the file as UTF-8") from error


def read_scenes(text: str, path: str = "") -> Scenes:
    """Return what a text says; ``path`` is named in faults.  Raises StageFault."""
    try:
        return _scenes(Keys(parse_toml(text), ""))
    except TomlFault as fault:
        raise StageFault(path, "", str(fault)) from fault
    except KeyFault as fault:
        raise StageFault(path, fault.key, fault.why) from fault


class TomlFault(ValueError):
    """A text is no TOML; the message has the place and what is wrong there, in one line."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return the document; raises TomlFault."""
    import rtoml  # noqa: PLC0415 - for what comes from files only

    try:
        document: dict[str, Any] = rtoml.loads(text)
    except rtoml.TomlParsingError as error:
        # The parser draws the place over several lines; the first names it, the last says what is wrong there.
        first, *others = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise TomlFault(": ".join([first, *others[-1:]])) from error
    return document


def read_entry(name: str, value: Any) -> Entry:
    """Return what a DNS table in TOML says of a name; raises ValueError naming it."""
    if isinstance(value, str):
        if value.isupper() and value.lower() in set(Kind):
            return Kind(value.lower())
        raise ValueError(f"{name}: {value!r}: none of {', '.join(kind.upper() for kind in Kind)}")
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return [str(line) for line in value]
    # A name with dots and without quotes is a table in a table in TOML.
    hint = '; write names in quotes: "example.test" = […]' if isinstance(value, dict) else ""
    raise ValueError(f'{name}: no list of lines such as "A 127.0.0.2"{hint}')


def _scenes(top: Keys) -> Scenes:
    hosts, names = top.tables("hosts"), top.tables("dns")
    top.done()
    tables = [(name, _host_keys(hosts, name, value)) for name, value in hosts.each()]
    if len(tables) > MOST_HOSTS:
        raise KeyFault("hosts", f"there are more than {MOST_HOSTS}; make two stages of them")
    taken = _Addresses()
    for _, keys in tables:
        taken.reserve(keys)
    found = tuple(_host(name, keys, taken) for name, keys in tables)
    entries = {name: _dns_entry(name, value) for name, value in names.each()}
    scenes = Scenes(found, entries)
    if not found and not entries:
        raise KeyFault("hosts", 'there is nothing in the file; write a host such as [hosts."mx.example.test"]')
    _valued("dns", scenes.table)
    return scenes


def _host_keys(hosts: Keys, name: str, value: Any) -> Keys:
    if not isinstance(value, dict) or not is_host_name(name):
        # A name with dots and without quotes is a table in a table in TOML.
        raise KeyFault(hosts.key(name), 'this is no host; write [hosts."mx.example.test"], the name in quotes')
    return Keys(value, hosts.key(name))


class _Addresses:
    """The addresses of a stage's hosts."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._next = FIRST_ADDRESS

    def reserve(self, keys: Keys) -> None:
        """Note the address that a host has in the file."""
        if not keys.has("address"):
            return
        key = keys.key("address")
        text = keys.take("address", str, "", '"127.0.0.2"')
        try:
            inside = IPv4Address(text) in LOOPBACK
        except ValueError:
            inside = False
        if not inside:
            raise KeyFault(key, f"{text} is no address on this machine; write one of 127.0.0.2 to 127.255.255.254")
        if text in self._taken.values():
            raise KeyFault(key, f"{text} belongs to another host; give each its own")
        self._taken[keys.place] = text

    def of(self, keys: Keys) -> str:
        """Return the address of a host, a free one where the file has none."""
        if keys.place in self._taken:
            return self._taken[keys.place]
        while str(self._next) in self._taken.values():
            self._next += 1
        self._taken[keys.place] = str(self._next)
        return str(self._next)


def _host(name: str, keys: Keys, addresses: _Addresses) -> HostScene:
    mail_for = keys.texts("mail_for", '["example.test"]')
    preference = keys.take("preference", int, PREFERENCE, "a number such as 10")
    if not 0 <= preference <= 65_535:
        raise KeyFault(keys.key("preference"), f"{preference} is not from 0 to 65535")
    for domain in mail_for:
        if not is_host_name(domain):
            raise KeyFault(keys.key("mail_for"), f"{domain!r} is no domain; write it as example.test")
    quality: Quality | None = None
    if keys.has("certificate"):
        quality = keys.word("certificate", Quality, Quality.VALID)
    behaviour, play, needs = _play(name, keys)
    if needs and quality is None:
        quality = Quality.VALID
    keys.done()
    return HostScene(name, addresses.of(keys), behaviour, play, mail_for, preference, quality)


def _play(name: str, keys: Keys) -> tuple[Behaviour, Script | Accepting | None, bool]:
    """Return what a host does, and whether it needs a certificate for it."""
    if keys.has("script"):
        script = _valued(
            keys.key("script"), lambda: read_script(keys.take("script", str, "", "'''S: 220 …''', a dialogue"))
        )
        return Behaviour.SCRIPT, script, Secure(Handshake.OK) in script
    behaviour = keys.word("behaviour", Behaviour, Behaviour.ACCEPT)
    match behaviour:
        case Behaviour.SILENT:
            return behaviour, (End.SILENT,), False
        case Behaviour.REFUSED | Behaviour.FILTERED:
            return behaviour, None, False
        case Behaviour.SCRIPT:
            raise KeyFault(keys.key("script"), "there is no script; write one as script = '''S: 220 …'''")
        case _:
            play = _accepting(name, keys)
            return behaviour, play, play.tls in {Tls.STARTTLS, Tls.IMPLICIT}


def _accepting(name: str, keys: Keys) -> Accepting:
    charset = keys.take("charset", str, "utf-8", '"gbk"')
    table = keys.tables("replies")
    replies: dict[str, Any] = dict(table.each())
    for key, value in replies.items():
        if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise KeyFault(table.key(key), 'write an answer such as "550 5.1.1 User unknown", or a list of lines')
    reactions = _valued(table.place, lambda: Reactions(replies, charset))
    usual = Accepting()
    offers = keys.texts("offers", '["PIPELINING", "SIZE 1000"]') if keys.has("offers") else None
    largest = keys.take("largest", int, usual.largest, "a number of octets such as 1000")
    greylist = keys.take("greylist", float, 0.0, "a number of seconds such as 60") if keys.has("greylist") else None
    for key, number in (("largest", largest), ("greylist", greylist)):
        if number is not None and not 0 < number < 2**31:
            raise KeyFault(keys.key(key), f"{number:g} is no number above 0")
    return Accepting(name, reactions, offers, largest, greylist, keys.word("tls", Tls, Tls.NONE))


def _dns_entry(name: str, value: Any) -> Entry:
    try:
        return read_entry(name, value)
    except ValueError as error:
        raise KeyFault("dns", str(error)) from error


def _valued(key: str, make: Callable[[], T]) -> T:
    """Return what ``make`` makes; what it says of a value is said of ``key``."""
    try:
        return make()
    except ScriptFault as fault:
        raise KeyFault(key, f"line {fault.line}: {fault.why}") from fault
    except ValueError as error:
        raise KeyFault(key, str(error)) from error


def _folded(name: str) -> str:
    return name.lower().removesuffix(".")
