"""Messages and replies explained a second, on one core, beside parsers that do less.

Times are CPU time of this process (other work on the machine counts little), the best of several rounds; contestants
take turns within a round, so that a slow moment of the machine meets all of them.
Every round has messages and replies that no round before had, so that no memory of results could help.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.peers import Peer
from bench.row import Row
from mailwright.causes.texts import texts_in
from mailwright.explain.message import explain_message
from mailwright.explain.output import explanation_object
from mailwright.explain.reply import explain_reply

#: Messages or replies of one round, so that a round takes some tenths of a second.
MESSAGES = 2_000
REPLIES = 20_000

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Contestant(NamedTuple):
    """Something that takes messages (or replies) one after the other."""

    name: str
    take: Callable[[list[bytes]], None]


def message_rows(corpus: Sequence[bytes], peers: Sequence[Peer], rounds: int) -> list[Row]:
    """Return messages a second: ours as a value and as the JSON object, beside every peer."""
    ours = [Contestant("explain a message", _explain), Contestant("explain a message, texts filled in", _explain_json)]
    speeds = _race([*ours, *(Contestant(peer.name, peer.take) for peer in peers)], corpus, rounds)
    rows = [Row(ours[0].name, "messages/s", speeds[ours[0].name], peer.name, speeds[peer.name]) for peer in peers]
    return [*rows, Row(ours[1].name, "messages/s", speeds[ours[1].name])]


def reply_rows(corpus: Sequence[bytes], rounds: int) -> list[Row]:
    """Return replies a second, for the replies that the corpus quotes in two kinds of variety.

    As logs have them: the wordings come again and again with other addresses.  Never seen: each reply has a word that
    no other has, so that nothing can be remembered.
    """
    quoted = sorted({r.diagnostic for raw in corpus for r in explain_message(raw).reports if r.diagnostic})
    length = sum(map(len, quoted)) / len(quoted)
    kinds = {
        "addresses vary": lambda text, number: text.replace("@", word(number) + "@"),
        "a new word in each": lambda text, number: f"{text} ({word(number)})",
    }
    of_what = f"{len(quoted)} wordings of {length:.0f} characters"
    return [
        Row(f"explain a reply, {name} ({of_what})", "replies/s", _best(quoted, vary, rounds))
        for name, vary in kinds.items()
    ]


def _best(quoted: Sequence[str], vary: Callable[[str, int], str], rounds: int) -> float:
    """Return the replies a second of the best round."""
    best = 0.0
    for turn in range(rounds):
        replies = [vary(quoted[n % len(quoted)], turn * REPLIES + n) for n in range(REPLIES)]
        begun = time.process_time()
        for reply in replies:
            explain_reply(reply)
        best = max(best, REPLIES / (time.process_time() - begun))
    return best


def read_corpus(folder: Path) -> list[bytes]:
    """Return the messages of a folder. Raises FileNotFoundError where it has none."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix in ("", ".eml"))
    if not files:
        raise FileNotFoundError(f"no messages in {folder}")
    return [file.read_bytes() for file in files]


def varied(corpus: Sequence[bytes], count: int, begin: int) -> Iterator[bytes]:
    """Yield ``count`` messages of the corpus, all addresses in each with a word that no other number has."""
    for number in range(begin, begin + count):
        yield corpus[number % len(corpus)].replace(b"@", word(number).encode() + b"@")


def word(number: int) -> str:
    """Return a number in letters: digits may be taken for codes or be left out of what is matched."""
    letters = "q"
    while number:
        number, digit = divmod(number, len(LETTERS))
        letters += LETTERS[digit]
    return letters + "x"


def _race(contestants: Sequence[Contestant], corpus: Sequence[bytes], rounds: int) -> dict[str, float]:
    """Return the messages a second of each contestant, by name, in its best round."""
    best = dict.fromkeys((contestant.name for contestant in contestants), 0.0)
    begin = 0
    for turn in range(rounds):
        for place in range(len(contestants)):
            contestant = contestants[(place + turn) % len(contestants)]
            messages = list(varied(corpus, MESSAGES, begin))
            begin += MESSAGES
            # What the one before left behind is not this one's to clear away.
            gc.collect()
            begun = time.process_time()
            contestant.take(messages)
            best[contestant.name] = max(best[contestant.name], len(messages) / (time.process_time() - begun))
    return best


def _explain(messages: list[bytes]) -> None:
    for raw in messages:
        explain_message(raw)


def _explain_json(messages: list[bytes]) -> None:
    texts = texts_in("en")
    for raw in messages:
        explanation_object("-", explain_message(raw), texts)
