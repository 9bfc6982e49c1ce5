"""What the likings of all users say about items: popularity, and which items are liked together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from memory.event_log import LogState

SHRINKAGE = 5.0  # likings that a similarity must outweigh; a pair liked together once by one user is no evidence


class LikingSource(Protocol):
    """What the event log offers here."""

    def matrix(self, catalogue: str) -> list[tuple[str, str, int, int]]:
        """(user id, item id, liking, event id), oldest first."""
        ...

    def state(self, catalogue: str) -> LogState:
        """How far the log has come."""
        ...


class Collaborative:
    """Item-to-item similarities and popularity of one catalogue, as of one state of its log. Never changes once made.

    Two items are as similar as the cosine of their likers' sets, shrunk where few people stand behind it:
    both / (sqrt(likers * likers') + 5), in [0, 1). Source: item-based neighbourhoods, Sarwar et al. 2001 (WWW); the
    shrinkage after Bell and Koren 2007 (ICDM).
    """

    def __init__(self, likings: Iterable[tuple[str, str, int, int]], *, state: LogState | None = None) -> None:
        """likings: (user, item, liking, event id), oldest first; the last opinion of a user on an item counts."""
        from scipy.sparse import csr_matrix

        latest = {(user, item): liking for user, item, liking, _ in likings if liking}
        liked = sorted(pair for pair, liking in latest.items() if liking > 0)
        self.state = state
        self._item_ids = sorted({item for _, item in liked})
        self._columns = {item: column for column, item in enumerate(self._item_ids)}
        users = {user: row for row, user in enumerate(sorted({user for user, _ in liked}))}
        rows = [users[user] for user, _ in liked]
        columns = [self._columns[item] for _, item in liked]
        shape = (len(users), len(self._item_ids))
        matrix = csr_matrix((np.ones(len(liked), dtype=np.int32), (rows, columns)), shape=shape)
        self._together: Any = (matrix.T @ matrix).tocsr()  # items x items, how many users like both
        self._likes: npt.NDArray[np.int64] = np.asarray(matrix.sum(axis=0), dtype=np.int64).ravel()
        most = int(self._likes.max()) if len(self._likes) else 0
        self._popularity = np.log1p(self._likes) / np.log1p(most) if most else np.zeros(0)

    @classmethod
    def from_log(cls, event_log: LikingSource, catalogue: str, *, known: Collaborative | None = None) -> Collaborative:
        """Of the catalogue's log as it stands; `known` itself when the log has not changed since it was made."""
        state = event_log.state(catalogue)
        if known is not None and known.state == state:
            return known
        return cls(event_log.matrix(catalogue), state=state)

    def likes(self, item_id: str) -> int:
        """How many users like the item."""
        column = self._columns.get(item_id)
        return 0 if column is None else int(self._likes[column])

    def popularity(self, item_id: str) -> float:
        """log(1 + likes) over that of the most liked item, in [0, 1]; 0 for an item nobody likes."""
        column = self._columns.get(item_id)
        return 0.0 if column is None else float(self._popularity[column])

    def popularities(self, item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """(len(item_ids),) the popularity of each item."""
        columns = [self._columns.get(item_id, -1) for item_id in item_ids]
        return np.append(self._popularity, 0.0)[columns]  # the last stands for an item nobody likes

    def popular(self, limit: int) -> list[str]:
        """The most liked items, most liked first, ties by id."""
        order = np.lexsort((np.arange(len(self._likes)), -self._likes))
        return [self._item_ids[column] for column in order[:limit]]

    def similar(self, signals: Mapping[str, int], limit: int) -> list[tuple[str, float]]:
        """Items liked together with the ones given, best first; none of the given, none without a positive score.

        signals: item id → liking; a disliked one (-1) counts against its neighbours. A score is the sum over them.
        """
        scores = np.zeros(len(self._item_ids))
        for item_id, signal in signals.items():
            columns, values = self._neighbours(item_id)
            scores[columns] += signal * values
        for item_id in signals:
            if item_id in self._columns:
                scores[self._columns[item_id]] = 0.0
        order = np.lexsort((np.arange(len(scores)), -scores))[: max(limit, 0)]
        return [(self._item_ids[column], float(scores[column])) for column in order if scores[column] > 0]

    def score(self, history: Sequence[str], item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """(len(item_ids),) mean similarity of each item to the history's items, in [0, 1); 0 for what nobody likes.

        An item that is itself in the history is not compared with itself.
        """
        total = np.zeros(len(self._item_ids) + 1)  # the last stands for an item nobody likes
        for item_id in history:
            columns, values = self._neighbours(item_id)
            total[columns] += values
        found: npt.NDArray[np.float64] = total[[self._columns.get(item_id, -1) for item_id in item_ids]]
        return found / max(len(history), 1)

    def kept_by(self, history_item: str, candidate: str) -> int:
        """How many users like both items; the likers of the item where both are the same."""
        row, column = self._columns.get(history_item), self._columns.get(candidate)
        return 0 if row is None or column is None else int(self._together[row, column])

    def _neighbours(self, item_id: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Columns and similarities of the items liked together with this one, itself left out."""
        row = self._columns.get(item_id)
        if row is None:
            return np.zeros(0, dtype=np.int32), np.zeros(0)
        start, end = self._together.indptr[row], self._together.indptr[row + 1]
        columns, both = self._together.indices[start:end], self._together.data[start:end]
        others = columns != row
        columns, both = columns[others], both[others]
        return columns, both / (np.sqrt(self._likes[row] * self._likes[columns]) + SHRINKAGE)
