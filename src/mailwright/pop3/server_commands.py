"""Commands: what a server does with each command; a part of ServerEngine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from mailwright.pop3.capabilities import capability_lines
from mailwright.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    Unknown,
    User,
    Utf8,
)
from mailwright.pop3.responses import Response
from mailwright.pop3.server_events import (
    ApopGiven,
    AuthGiven,
    Ending,
    LoginGiven,
    RetrieveGiven,
    StlsGiven,
    UpdateGiven,
)
from mailwright.pop3.server_session import Session
from mailwright.pop3.server_states import AFTER_LOGIN, BEFORE_LOGIN, BOTH, MISPLACED, State

_NO_MESSAGE = Response(ok=False, text="No such message")


class Commands(Session):
    """The commands; those about numbers and marks are answered here, the others asked or refused."""

    def _perform(self, command: Command) -> None:
        """Answer ``command``, or ask the application."""
        states, act = self._ACTS[type(command)]
        # RFC 1939 7: PASS only immediately after USER.
        if not isinstance(command, Pass):
            self._name = None
        if self.state not in states:
            self._fault(MISPLACED[self.state])
            return
        act(self, command)

    def _user(self, command: User) -> None:
        if self._refuse_login(offered=self.settings.user):
            return
        # RFC 1939 7: +OK may be said for a name that nobody has.
        self._name = command.name
        self._good("Now the password")

    def _pass(self, command: Pass) -> None:
        name, self._name = self._name, None
        if name is None:
            self._fault(Response(ok=False, text="USER comes first"))
        else:
            self._ask(LoginGiven(name, command.password))

    def _apop(self, command: Apop) -> None:
        if self._timestamp is None:
            self._fault(Response(ok=False, text="APOP is not offered"))
        else:
            self._ask(ApopGiven(command.name, command.digest))

    def _auth(self, command: Auth) -> None:
        if not self._refuse_login(offered=command.mechanism in self.settings.mechanisms):
            self._ask(AuthGiven(command.mechanism, command.initial_response))

    def _refuse_login(self, *, offered: bool) -> bool:
        """Answer -ERR where a login is not good here; return whether it is not."""
        if not self.settings.offers_login(tls=self.tls):
            # RFC 2595 2.3: a server SHOULD NOT take passwords that anybody on the way can read.
            self._fault(Response(ok=False, text="A login needs TLS first"))
            return True
        if not offered:
            self._fault(Response(ok=False, text="This way to log in is not offered"))
        return not offered

    def _capa(self, _: Capa) -> None:
        self._good("Capabilities follow")
        lines = capability_lines(self.settings.capabilities(tls=self.tls))
        self._write("".join(f"{line}\r\n" for line in (*lines, ".")).encode("ascii", "replace"))

    def _stls(self, _: Stls) -> None:
        # RFC 2595 4: not under TLS; RFC 6856 2.1: a server may refuse it after UTF8.
        if not self.settings.stls or self.tls or self.utf8:
            self._fault(Response(ok=False, text="STLS is not offered now"))
        else:
            self._ask(StlsGiven())

    def _quit(self, _: Quit) -> None:
        if self.state is State.TRANSACTION:
            self.state = State.UPDATE
            self._ask(UpdateGiven(self._maildrop.deleted()))
        else:
            self._say(f"{self.settings.host} says goodbye")
            self._end(Ending.QUIT)

    def _stat(self, _: Stat) -> None:
        # RFC 1939 5: "+OK", a space, the number of messages, a space, the size, and nothing more.
        self._good("{} {}".format(*self._maildrop.listing()))

    def _list(self, command: List) -> None:
        if command.number is not None:
            entry = self._maildrop.get(command.number)
            self._good_or_none(None if entry is None else f"{command.number} {entry.octets}")
            return
        self._good("{} messages ({} octets)".format(*self._maildrop.listing()))
        lines = [b"%d %d\r\n" % (number, entry.octets) for number, entry in self._maildrop.left()]
        self._write(b"".join((*lines, b".\r\n")))

    def _uidl(self, command: Uidl) -> None:
        if command.number is not None:
            entry = self._maildrop.get(command.number)
            self._good_or_none(None if entry is None else f"{command.number} {entry.uid}")
            return
        self._good("Unique-ids follow")
        lines = [f"{number} {entry.uid}\r\n" for number, entry in self._maildrop.left()]
        self._write("".join((*lines, ".\r\n")).encode("ascii", "replace"))

    def _retr(self, command: Retr | Top) -> None:
        entry = self._maildrop.get(command.number)
        if entry is None:
            self._fault(_NO_MESSAGE)
            return
        self._errors = 0
        lines = command.lines if isinstance(command, Top) else None
        self._ask(RetrieveGiven(command.number, entry, lines, self.utf8))

    def _dele(self, command: Dele) -> None:
        marked = self._maildrop.mark(command.number)
        self._good_or_none(f"Message {command.number} is marked as deleted" if marked else None)

    def _rset(self, _: Rset) -> None:
        self._maildrop.unmark_all()
        self._good("{} messages ({} octets)".format(*self._maildrop.listing()))

    def _noop(self, _: Noop) -> None:
        self._good("Done nothing")

    def _utf8(self, command: Utf8) -> None:
        if not self.settings.utf8:
            self._unknown(command)
            return
        self.utf8 = True
        self._good("UTF-8 it is")

    def _lang(self, command: Lang) -> None:
        if not self.settings.utf8:
            self._unknown(command)
        elif command.tag is None:
            self._good("Languages follow")
            # RFC 6856 3: a tag, a space, and the language's name.
            self._write(b"en English\r\ni-default English\r\n.\r\n")
        elif command.tag.lower() in ("*", "en", "i-default"):
            # RFC 6856 3: +OK is followed by the tag of the language that is used from now on.
            self._good("en English it is")
        else:
            self._fault(Response(ok=False, text="This language is not offered"))

    def _unknown(self, _: Command) -> None:
        self._fault(Response(ok=False, text="Unknown command"))

    def _good_or_none(self, text: str | None) -> None:
        if text is None:
            self._fault(_NO_MESSAGE)
        else:
            self._good(text)

    #: Each command with the states in which it is good.
    _ACTS: ClassVar[dict[type, tuple[tuple[State, ...], Callable[[Any, Any], None]]]] = {
        User: (BEFORE_LOGIN, _user),
        Pass: (BEFORE_LOGIN, _pass),
        Apop: (BEFORE_LOGIN, _apop),
        Auth: (BEFORE_LOGIN, _auth),
        Stls: (BEFORE_LOGIN, _stls),
        Utf8: (BEFORE_LOGIN, _utf8),
        Capa: (BOTH, _capa),
        Quit: (BOTH, _quit),
        Lang: (BOTH, _lang),
        Stat: (AFTER_LOGIN, _stat),
        List: (AFTER_LOGIN, _list),
        Uidl: (AFTER_LOGIN, _uidl),
        Retr: (AFTER_LOGIN, _retr),
        Top: (AFTER_LOGIN, _retr),
        Dele: (AFTER_LOGIN, _dele),
        Noop: (AFTER_LOGIN, _noop),
        Rset: (AFTER_LOGIN, _rset),
        Unknown: (BOTH, _unknown),
    }
