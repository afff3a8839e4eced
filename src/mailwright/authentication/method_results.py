"""Verdicts of DKIM and ARC as results of Authentication-Results (RFC 8601 2.7.1, RFC 6008, RFC 8617 10.1)."""

from __future__ import annotations

from base64 import b64encode

from mailwright.authentication.arc import ArcResult, ArcVerdict
from mailwright.authentication.dkim import DkimVerdict
from mailwright.authentication.results_header import MethodResult, ResultProperty

#: Characters of header.b (RFC 6008 4: at least eight); they tell several signatures of one domain apart.
_B_CHARACTERS = 8


def dkim_result(verdict: DkimVerdict) -> MethodResult:
    """Return what is written about one signature: the result, why, and which signature it is."""
    reason = None
    if verdict.why is not None:
        more = verdict.trouble or (verdict.problem.trouble if verdict.problem else None)
        reason = f"{verdict.why}: {more}" if more else str(verdict.why)
    signature, properties = verdict.signature, list[ResultProperty]()
    if signature is not None:
        shown = b64encode(signature.signature).decode("ascii")[:_B_CHARACTERS]
        for name, value in (
            ("d", signature.domain),
            ("i", signature.identity),
            ("s", signature.selector),
            ("a", str(signature.algorithm)),
            ("b", shown),
        ):
            properties.append(ResultProperty("header", name, value))
    comment = f"{verdict.key.bits}-bit {verdict.key.type} key" if verdict.key else ""
    if verdict.testing:
        comment += ", testing"
    return MethodResult("dkim", verdict.result.value, reason, tuple(properties), comment)


def arc_result(verdict: ArcVerdict) -> MethodResult:
    """Return what is written about a chain; a chain that could not be judged is "temperror", which cv= never is."""
    reason = f"{verdict.why} in set {verdict.instance}" if verdict.why is not None else None
    properties: tuple[ResultProperty, ...] = ()
    if verdict.result is ArcResult.PASS and verdict.oldest_pass is not None:
        properties = (ResultProperty("header", "oldest-pass", str(verdict.oldest_pass)),)
    return MethodResult("arc", verdict.result.value, reason, properties)
