"""Requests to the Hub that outlive its outages."""

import errno
import math
import time
from collections.abc import Callable
from typing import TypeVar

import httpx2
from huggingface_hub import constants, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from .events import alarm

# Seconds without a byte after which a server is given up: two minutes by default.
SILENCE = 12.0 * constants.HF_HUB_DOWNLOAD_TIMEOUT
CONFLICTS = (409, 412)  # another commit came between
PATIENCE = 300.0  # seconds that an outage may last while nothing is trained yet
UNREACHABLE = (errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH)
FULL = ("not enough disk space", "no space left", "os error 28")  # what datasets and hf_xet say without a number

Result = TypeVar("Result")


def limit_silence() -> None:
    """The Hub's client has no limit of its own: it would wait without end for a server that stopped answering."""

    def client() -> httpx2.Client:
        made = default_client_factory()
        made.timeout = httpx2.Timeout(SILENCE)
        return made

    set_client_factory(client)


def persistently(request: Callable[[], Result], until: float, patience: float = math.inf) -> Result:
    """Tries again after an outage, with longer and longer pauses, and after a conflict, which does not last: eight
    times. A commit that is tried again is made from what the repository then holds. `until`: time by the monotonic
    clock, seconds; `patience`: seconds from the first failure."""
    pause, conflicts = 2.0, 0
    while True:
        try:
            return request()
        except (OSError, httpx2.HTTPError, RuntimeError) as error:  # RuntimeError: hf_xet's
            until = min(until, time.monotonic() + patience)
            conflict = hub_status(error) in CONFLICTS
            conflicts += conflict
            if not (is_outage(error) or conflict) or conflicts > 8 or time.monotonic() + pause > until:
                raise
            reason = "somebody else was writing" if conflict else "the Hub doesn't answer"
            alarm("hub_retry", f"{reason}, trying again in {pause:.0f} s: {error}")
        time.sleep(pause)
        pause = min(2 * pause, 30.0)


def hub_status(error: BaseException) -> int | None:
    """What the Hub answered, which is sometimes the cause of an error of its client's own; None for no answer."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if response is not None:
            return int(response.status_code)
    return None


def is_outage(error: BaseException) -> bool:
    """Whether it is the network's or the Hub's, and may be over soon. Errors of this machine's files carry the
    system's number."""
    answered = hub_status(error)
    if answered is not None:
        return answered in (408, 429) or answered >= 500
    for one in (error, error.__cause__):
        number = getattr(one, "errno", None)
        if number is not None:
            return isinstance(one, (ConnectionError, TimeoutError)) or number in UNREACHABLE
    return not any(words in str(error).lower() for words in FULL)
