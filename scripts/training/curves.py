"""Metrics for Trackio, which must never stop the training that they are about."""

import os
import warnings
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from transformers.integrations import TrackioCallback

from .events import alarm


# <space>
def usable_space(space_id: str, private: bool) -> str | None:
    """The Space that may show the curves, or None to keep them on this machine: Trackio ignores `private` where the
    Space exists already."""
    try:
        if private and not HfApi().space_info(space_id, timeout=30).private:
            alarm("space_public", f"Space {space_id} is public and the plan says private: the curves stay here")
            return None
    except RepositoryNotFoundError:
        pass  # Trackio creates it
    except Exception as error:  # an outage is no reason not to train
        alarm("curves_local", f"Space {space_id} can't be reached ({error}): the curves stay here")
        return None
    return space_id


# </space>
class Curves(TrackioCallback):
    """transformers' callback; where it fails, metrics go to this machine's disk, or nowhere."""

    broken = False

    # <space>
    def setup(self, args: Any, state: Any, model: Any, **kwargs: Any) -> None:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                super().setup(args, state, model, **kwargs)
            trouble = [str(item.message) for item in caught if "trackio" in str(item.message).lower()]
            if trouble:
                alarm("curves_local", trouble[0])
        except Exception as error:
            alarm("curves_local", f"no Space for the curves ({error}): they stay on this machine")
            args.trackio_space_id = None
            super().setup(args, state, model, **kwargs)

    # </space>
    def call(self, hook: Any, *args: Any, **kwargs: Any) -> None:
        if self.broken:
            return
        try:
            hook(*args, **kwargs)
        except Exception as error:
            self.broken = True
            alarm("no_curves", f"Trackio failed ({error}): training goes on without it")

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        # Trackio reads these where no Space is given, and would show the curves somewhere that the plan doesn't say.
        for variable in ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
            os.environ.pop(variable, None)
        self.call(super().on_train_begin, *args, **kwargs)

    def on_log(self, *args: Any, **kwargs: Any) -> None:
        self.call(super().on_log, *args, **kwargs)

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        """Not the end yet: an evaluation follows, and the model is saved before anything waits for a Space."""

    def finish(self) -> None:
        if not self._initialized:
            return
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.call(self._trackio.finish)
        self._initialized = False
        for item in caught:
            alarm("curves_incomplete", str(item.message))
