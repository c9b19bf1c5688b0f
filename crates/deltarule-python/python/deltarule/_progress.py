"""How far a descent is, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

#: Seconds between what is shown.
_PAUSE = 0.1


class Progress:
    """A bar of tqdm's where that is installed, otherwise a line that is written over."""

    def __init__(self, epochs: int | None):
        try:
            from tqdm.auto import tqdm
        except ImportError:
            tqdm = None
        self._bar = None if tqdm is None else tqdm(total=epochs, unit="epoch")
        self._epoch = 0
        self._last = -_PAUSE
        self._shown = 0

    def beside(self, callback: Callable[[dict[str, Any]], Any] | None) -> Callable[[dict[str, Any]], Any]:
        """A callback that shows an epoch, and then calls another one."""

        def look(epoch: dict[str, Any]) -> Any:
            self.show(epoch)
            return None if callback is None else callback(epoch)

        return look

    def show(self, epoch: dict[str, Any]) -> None:
        """Shows an epoch, unless one was shown just now."""
        self._epoch = epoch["epoch"]
        now = time.monotonic()
        if now - self._last < _PAUSE:
            return
        self._last = now
        if self._bar is not None:
            self._bar.set_postfix(E=f"{epoch['loss']:.6g}", refresh=False)
            self._bar.update(self._epoch - self._bar.n)
            return
        text = f"epoch {self._epoch}  E = {epoch['loss']:.6g}  correlation {epoch['correlation']:.1e}"
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)

    def close(self) -> None:
        """Leaves a bar where descent ended, or an empty line."""
        if self._bar is not None:
            self._bar.update(self._epoch - self._bar.n)
            self._bar.close()
        elif self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
