"""``mailwright lab run``: a stage of hosts, for as long as a command runs in it, or until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mailwright.cli.exit_codes import FINE, USAGE
from mailwright.cli.help import HelpInLanguage, language_option, schema_option
from mailwright.cli.interface import _
from mailwright.cli.screen import Line, complain, show, write_json
from mailwright.cli.send_options import HIGHEST_PORT, PORT, PRIVATE, RESOLVER
from mailwright.lab.stage import Stage
from mailwright.lab.stage_file import Behaviour, StageFault

#: The variable that names the PEM file of the authority behind the stage's certificates.
AUTHORITY = "MAILWRIGHT_CA"
#: What a shell adds to the number of the signal that ended a command.
BY_SIGNAL = 128


def command() -> click.Command:
    """Return the verb, its words in the language in use."""
    return HelpInLanguage(
        "run",
        callback=_run,
        short_help=_("Run a command among the hosts of a file of scenes."),
        help=_(
            "Start the hosts and the name server of a file of scenes, and run a command among them. `mailwright send` "
            "finds them by itself: the environment of the command has MAILWRIGHT_RESOLVER, MAILWRIGHT_PORT, "
            "MAILWRIGHT_PRIVATE and, where hosts have certificates, MAILWRIGHT_CA. Without a command it tells what is "
            "there and runs until Ctrl-C.\n\n"
            "Exit codes: those of the command; 0 without one; 2 the call or the file was wrong."
        ),
        arguments={
            "SCENES": _("A file of scenes (TOML)."),
            "[-- COMMAND…]": _("What to run, with its arguments."),
        },
        params=[
            click.Argument(["scenes"], metavar="SCENES"),
            click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND…]"),
            click.Option(["--port"], type=click.IntRange(1, HIGHEST_PORT), default=None,
                         help=_("The port of all hosts, in place of a free one.")),
            click.Option(["--json", "as_json"], is_flag=True,
                         help=_("Without a command: tell what is there as one JSON object.")),
            schema_option("lab"),
            language_option(),
        ],
    )  # fmt: skip


def _run(*, scenes: str, words: tuple[str, ...], port: int | None, as_json: bool, lang: str) -> int:
    del lang  # was taken before the options were parsed
    if words and as_json:
        complain(_("--json tells what is there, without a command; take one of the two away"))
        return USAGE
    try:
        stage = Stage.load(scenes, port=port or 0)
    except StageFault as fault:
        complain(str(fault))
        return USAGE
    try:
        return asyncio.run(_inside(stage, words, as_json=as_json))
    except KeyboardInterrupt:
        return FINE
    except OSError as error:
        complain(_("{place}: {why}; choose another --port or address").format(place=error.filename, why=error.strerror))
        return USAGE


async def _inside(stage: Stage, words: tuple[str, ...], *, as_json: bool) -> int:
    async with stage:
        if words:
            return await _run_command(stage, words)
        stopped = asyncio.Event()
        # Before anything is told: whoever reads it may stop us at once.
        with _handling(signal.SIGINT, stopped.set), _handling(signal.SIGTERM, stopped.set):
            if as_json:
                write_json(stage_object(stage))
            else:
                show(_lines(stage))
            sys.stdout.flush()
            await stopped.wait()
        return FINE


async def _run_command(stage: Stage, words: tuple[str, ...]) -> int:
    """Run a command to its end, and return its exit code."""
    try:
        process = await asyncio.create_subprocess_exec(*words, env=os.environ | variables(stage) | _found_here())
    except OSError as error:
        complain(_("{command}: it cannot be run ({why})").format(command=words[0], why=error.strerror))
        return USAGE
    # Ctrl-C reaches the command too, and it is for the command to say what comes of it; the stage outlives it.
    with _handling(signal.SIGINT, lambda: None), _handling(signal.SIGTERM, process.terminate):
        code = await process.wait()
    return code if code >= 0 else BY_SIGNAL - code


@contextlib.contextmanager
def _handling(number: signal.Signals, act: Any) -> Iterator[None]:
    """Let a signal do ``act``, where the system lets us."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, act)
    except (NotImplementedError, RuntimeError, ValueError):
        # Windows, or not the main thread.
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def _found_here() -> dict[str, str]:
    """Return a PATH on which `mailwright` is this very program, also where it was called by its path."""
    here = str(Path(sys.executable).parent)
    return {"PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)])}


def variables(stage: Stage) -> dict[str, str]:
    """Return what the environment of a command says of a stage that runs."""
    found = {RESOLVER: stage.resolver, PORT: str(stage.port), PRIVATE: "1"}
    return found | ({AUTHORITY: stage.authority_file} if stage.authority_file else {})


def stage_object(stage: Stage) -> dict[str, Any]:
    """Return the JSON object that tells what is there; authority is null where no host has a certificate."""
    return {
        "resolver": stage.resolver,
        "port": stage.port,
        "authority": stage.authority_file or None,
        "hosts": [
            {
                "name": host.name,
                "address": host.address,
                "behaviour": host.behaviour.value,
                "mail_for": list(host.mail_for),
            }
            for host in stage.scenes.hosts
        ],
        "names": sorted(stage.scenes.names),
    }


def _lines(stage: Stage) -> Iterator[Line]:
    hosts = stage.scenes.hosts
    width = max((len(host.name) for host in hosts), default=0)
    for host in hosts:
        place = f"{host.address}:{stage.port}"
        facts = ", ".join((_behaviour_words(host.behaviour), *host.mail_for))
        yield Line(0, f"{host.name:{width}}  {place:21}  {facts}", hanging=width + 2)
    yield Line(0, "")
    for name, value in variables(stage).items():
        yield Line(0, f"{name}={value}", "fix")
    yield Line(0, "")
    yield Line(0, _("Ctrl-C ends it."), "quiet")


def _behaviour_words(behaviour: Behaviour) -> str:
    """Return what a host does, roughly."""
    return {
        Behaviour.ACCEPT: _("speaks SMTP"),
        Behaviour.REFUSED: _("refuses connections"),
        Behaviour.FILTERED: _("lets no connection through"),
        Behaviour.SILENT: _("never says a word"),
        Behaviour.SCRIPT: _("keeps to a script"),
    }[behaviour]
