"""Libraries that speak for themselves and of us, kept silent: our own bars and errors are what is shown."""

from __future__ import annotations

import os
import warnings


def keep_quiet() -> None:
    """Nothing is sent anywhere, and nothing of another's is printed. Called first: before transformers is imported."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read once, when transformers is imported
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
