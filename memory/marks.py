"""Who is being forgotten: a mark on the disk from before the first erasure until nothing is found any more."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from memory.durable import sync_folder, write_whole
from memory.errors import BeingForgotten, StoreFailed
from memory.file_scan import Sought

_FORMAT = "palate-forgetting/1"


@dataclass(frozen=True)
class Mark:
    """Somebody is being forgotten. sought: what nothing may be left of, which no store could tell any more."""

    user_id: str
    began_at: datetime
    sought: Sought


class Marks:
    """The marks in a folder, a file each. One that is there counts for every process that uses the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, user_id: str) -> bool:
        return self._path(user_id).exists()

    def refuse(self, user_id: str) -> None:
        """Raise BeingForgotten for somebody with a mark."""
        if user_id in self:
            raise BeingForgotten(user_id)

    def of(self, user_id: str) -> Mark | None:
        """The mark of a user; None without one. Raises StoreFailed for one that cannot be read."""
        path = self._path(user_id)
        try:
            kept = json.loads(path.read_text(encoding="ascii"))
            if kept["format"] != _FORMAT:
                raise ValueError(f"its format is {kept['format']!r}")
            vectors = [np.frombuffer(base64.b64decode(one), dtype=np.float32) for one in kept["vectors"]]
            sought = Sought(tuple(kept["texts"]), tuple(vectors), frozenset(kept["pictures"]))
            return Mark(kept["user_id"], datetime.fromisoformat(kept["began_at"]), sought)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreFailed(str(path), "be read", f"{type(error).__name__}: {error}") from error

    def put(self, mark: Mark) -> None:
        """Write the mark; on disk when this returns. Raises OSError."""
        kept = {
            "format": _FORMAT,
            "user_id": mark.user_id,
            "began_at": mark.began_at.isoformat(),
            "texts": list(mark.sought.texts),
            "vectors": [base64.b64encode(vector.tobytes()).decode("ascii") for vector in mark.sought.vectors],
            "pictures": sorted(mark.sought.pictures),
        }
        write_whole(self._path(mark.user_id), json.dumps(kept).encode("ascii"))

    def drop(self, user_id: str) -> None:
        """Remove the mark; gone from the disk when this returns. One that is not there is no error."""
        self._path(user_id).unlink(missing_ok=True)
        if self.folder.exists():
            sync_folder(self.folder)

    def _path(self, user_id: str) -> Path:
        name = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{name}.json"
