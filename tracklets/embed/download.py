"""Weights by name: from the libraries' own caches first, from the network only where it answers quickly."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from reid_solve.tracklets.embed.registry import OFFLINE
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.extras import optional

SECONDS = 5.0  # to answer; resolving a name alone can take half a minute where there is no network
HUB = "https://huggingface.co"


def hub_cached(repository: str, names: Iterable[str]) -> Path | None:
    """A file of a Hugging Face repository that is on this machine already; None where none of the names is."""
    hub = optional("huggingface_hub", "video", "weights by name")
    for name in names:
        found = hub.try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            return Path(found)
    return None


def check_online(model: str, url: str = HUB) -> None:
    """Find out within seconds whether weights can be downloaded.

    Raises:
        InputError: they cannot, or HF_HUB_OFFLINE forbids it; names what works without.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise InputError(f"{model}: its weights are not on this machine and HF_HUB_OFFLINE is set; {OFFLINE}")
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", str(int(SECONDS)))
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "30")
    answered: list[bool] = []
    asking = Thread(target=lambda: answered.append(_answers(url)), daemon=True)  # a name server cannot be timed out
    asking.start()
    asking.join(SECONDS)
    if not any(answered):
        host = url.split("/")[2]
        raise InputError(f"{model}: its weights are not on this machine and {host} does not answer; {OFFLINE}")


def _answers(url: str) -> bool:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=SECONDS):
            return True
    except HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False
