"""What the likings of all users say about items: popularity, and which items are liked together."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

SHRINKAGE = 5.0  # likings that a similarity must outweigh; a pair liked together once by one user is no evidence
FRESH_PAIRS = 0.05  # of all pairs may wait outside the matrix; above that they are added to it
FEW = 4  # new columns that are looked for one by one in a whole catalogue
WORTH_ALIGNING = 100  # items asked about at once, above which their columns are kept
READ_ANEW = 2000  # changed opinions from which reading the whole log is the quicker way


class LikingSource(Protocol):
    """What the event log offers here."""

    def matrix(self, catalogue: str) -> list[tuple[str, str, int, int]]:
        """(user id, item id, liking, event id), oldest first."""
        ...

    def newest(self, catalogue: str) -> int:
        """The id of the newest event."""
        ...

    def opinions(self, catalogue: str, *, after: int) -> dict[tuple[str, str], int]:
        """(user id, item id) → the liking that stands, where anything happened since."""
        ...


class _Aligned(NamedTuple):
    """The columns of some items, of the first `known` of all columns."""

    item_ids: tuple[str, ...]
    known: int
    columns: npt.NDArray[np.int64]


class Collaborative:
    """Item-to-item similarities and popularity of one catalogue, as of one state of its log. Never changes once made.

    Two items are as similar as the cosine of their likers' sets, shrunk where few people stand behind it:
    both / (sqrt(likers * likers') + 5), in [0, 1). Source: item-based neighbourhoods, Sarwar et al. 2001 (WWW); the
    shrinkage after Bell and Koren 2007 (ICDM).
    """

    def __init__(self, likings: Iterable[tuple[str, str, int, int]], *, newest: int = 0) -> None:
        """likings: (user, item, liking, event id), oldest first; the last opinion of a user on an item counts.

        newest: the id of the log's newest event then.
        """
        latest = {(user, item): liking for user, item, liking, _ in likings if liking}
        liked = sorted(pair for pair, liking in latest.items() if liking > 0)
        self.newest = newest
        self._item_ids = sorted({item for _, item in liked})
        self._columns = {item: column for column, item in enumerate(self._item_ids)}
        self._liked: dict[str, frozenset[int]] = {}  # user → columns, as the matrix has them
        self._liked_since: dict[str, frozenset[int]] = {}  # where that is no longer so
        self._since: dict[int, dict[int, int]] = {}  # column → column → how many like both, more than the matrix says
        by_user: dict[str, set[int]] = {}
        for user, item in liked:
            by_user.setdefault(user, set()).add(self._columns[item])
        self._liked = {user: frozenset(columns) for user, columns in by_user.items()}
        self._likes: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._together: Any = self._counted(list(self._liked.values()))
        self._likes = np.asarray(self._together.diagonal(), dtype=np.int64)
        self._popularity = _popularity(self._likes)
        self._aligned = _Aligned((), 0, np.zeros(0, dtype=np.int64))

    @classmethod
    def from_log(cls, event_log: LikingSource, catalogue: str, *, known: Collaborative | None = None) -> Collaborative:
        """Of the catalogue's log as it stands. known: of an earlier state of it, from which only what is new is read.

        What was erased since may stay in `known`: who erases begins anew.
        """
        newest = event_log.newest(catalogue)
        if known is not None and known.newest == newest:
            return known
        changed = event_log.opinions(catalogue, after=known.newest) if known is not None else {}
        if known is None or newest < known.newest or len(changed) > READ_ANEW:
            return cls(event_log.matrix(catalogue), newest=newest)
        return known.grown(changed, newest=newest)

    def grown(self, opinions: Mapping[tuple[str, str], int], *, newest: int) -> Collaborative:
        """The same with these opinions in place of what was thought before: (user, item) → liking, 0 for none.

        Takes as long as there are opinions times what their users like, whatever the size of the log.
        """
        new = copy(self)
        new.newest, new._likes = newest, self._likes.copy()
        new._liked_since, new._since = dict(self._liked_since), dict(self._since)
        copied: set[int] = set()
        for (user, item), liking in opinions.items():
            new._update_opinion(user, item, liking > 0, copied)
        new._popularity = _popularity(new._likes)
        if sum(map(len, new._since.values())) > FRESH_PAIRS * new._together.nnz:
            new._update_matrix()
        return new

    def _update_opinion(self, user: str, item: str, likes: bool, copied: set[int]) -> None:
        if likes and item not in self._columns:
            self._item_ids = [*self._item_ids, item]
            self._columns = self._columns | {item: len(self._columns)}
            self._likes = np.append(self._likes, 0)
        column = self._columns.get(item)
        own = self._liked_since.get(user, self._liked.get(user, frozenset()))
        if column is None or (column in own) == likes:
            return
        step = 1 if likes else -1
        self._likes[column] += step
        for other in own - {column}:
            for row, beside in ((column, other), (other, column)):
                if row not in copied:
                    self._since[row] = dict(self._since.get(row, {}))
                    copied.add(row)
                self._since[row][beside] = self._since[row].get(beside, 0) + step
        self._liked_since[user] = own | {column} if likes else own - {column}

    def _update_matrix(self) -> None:
        """Move what waits into the matrix."""
        self._liked = self._liked | self._liked_since
        self._together = self._counted(list(self._liked.values()))
        self._liked_since, self._since = {}, {}

    def _counted(self, liked: Sequence[frozenset[int]]) -> Any:
        """Items x items, how many of these users like both; their likers on the diagonal."""
        from scipy.sparse import csr_matrix

        starts = np.cumsum([0, *map(len, liked)])
        columns = np.array([column for own in liked for column in sorted(own)], dtype=np.int64)
        shape = (len(liked), len(self._item_ids))
        matrix = csr_matrix((np.ones(len(columns), dtype=np.int32), columns, starts), shape=shape)
        return (matrix.T @ matrix).tocsr()

    def likes(self, item_id: str) -> int:
        """How many users like the item."""
        column = self._columns.get(item_id)
        return 0 if column is None else int(self._likes[column])

    def likings(self, people: int) -> list[list[str]]:
        """What so many people like, taken evenly from all who like anything; the ids of each in their order."""
        liked = self._liked | self._liked_since
        users = sorted(user for user, columns in liked.items() if columns)
        some = users[:: max(1, len(users) // people)][:people]
        return [[self._item_ids[column] for column in sorted(liked[user])] for user in some]

    def alike(self, user_id: str, *, people: int, shared: int) -> list[list[str]]:
        """What each of so many others likes whose likings are most like this user's, nearest first; nobody is named.

        shared: how many items both must like at the least. As near as two items are: the cosine of what both like,
        shrunk. The ids of each are in their order.
        """
        liked = self._liked | self._liked_since
        own = liked.get(user_id, frozenset())
        near = [
            (len(own & theirs) / (math.sqrt(len(own) * len(theirs)) + SHRINKAGE), other)
            for other, theirs in liked.items()
            if other != user_id and len(own & theirs) >= max(1, shared)
        ]
        nearest = sorted(near, key=lambda one: (-one[0], one[1]))[:people]
        return [[self._item_ids[column] for column in sorted(liked[other])] for _, other in nearest]

    def popularity(self, item_id: str) -> float:
        """log(1 + likes) over that of the most liked item, in [0, 1]; 0 for an item nobody likes."""
        column = self._columns.get(item_id)
        return 0.0 if column is None else float(self._popularity[column])

    def popularities(self, item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """(len(item_ids),) the popularity of each item."""
        return np.append(self._popularity, 0.0)[self._columns_of(item_ids)]  # the last stands for an item nobody likes

    def popular(self, limit: int) -> list[str]:
        """The most liked items, most liked first, ties by id."""
        liked = np.flatnonzero(self._likes).tolist()
        order = sorted(liked, key=lambda column: (-self._likes[column], self._item_ids[column]))
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
        return (total / max(len(history), 1))[self._columns_of(item_ids)]

    def _columns_of(self, item_ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """The column of each item, -1 for one nobody likes; those of a whole catalogue are looked up once."""
        aligned = self._aligned
        if aligned.item_ids is item_ids and aligned.known == len(self._item_ids):
            return aligned.columns
        new = self._item_ids[aligned.known :]
        if aligned.item_ids is item_ids and len(new) <= FEW:  # columns are only ever added, at the end
            found = aligned.columns.copy()
            for column, item_id in enumerate(new, aligned.known):
                with contextlib.suppress(ValueError):  # of another catalogue, or gone from this one
                    found[item_ids.index(item_id)] = column
        else:
            found = np.fromiter((self._columns.get(one, -1) for one in item_ids), dtype=np.int64, count=len(item_ids))
        if isinstance(item_ids, tuple) and len(item_ids) >= WORTH_ALIGNING:
            self._aligned = _Aligned(item_ids, len(self._item_ids), found)
        return found

    def kept_by(self, history_item: str, candidate: str) -> int:
        """How many users like both items; the likers of the item where both are the same."""
        row, column = self._columns.get(history_item), self._columns.get(candidate)
        if row is None or column is None:
            return 0
        if row == column:
            return int(self._likes[row])
        inside = max(row, column) < self._together.shape[0]
        before = int(self._together[row, column]) if inside else 0
        return before + self._since.get(row, {}).get(column, 0)

    def _neighbours(self, item_id: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Columns and similarities of the items liked together with this one, itself left out."""
        row = self._columns.get(item_id)
        if row is None:
            return np.zeros(0, dtype=np.int32), np.zeros(0)
        columns, both = self._kept_with(row)
        others = (columns != row) & (both > 0)
        columns, both = columns[others], both[others]
        return columns, both / (np.sqrt(self._likes[row] * self._likes[columns]) + SHRINKAGE)

    def _kept_with(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Columns, and how many like each of them and this one; a zero and this one itself may be among them."""
        if row < self._together.shape[0]:
            start, end = self._together.indptr[row], self._together.indptr[row + 1]
            columns, both = self._together.indices[start:end], self._together.data[start:end]
        else:
            columns, both = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
        since = self._since.get(row)
        if not since:
            return columns, both
        counts = np.zeros(len(self._item_ids), dtype=np.int32)
        counts[columns] = both
        counts[list(since)] += np.fromiter(since.values(), dtype=np.int32)
        found = np.flatnonzero(counts).astype(np.int32)
        return found, counts[found]


def _popularity(likes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    most = int(likes.max(initial=0))
    return np.log1p(likes) / np.log1p(most) if most else np.zeros(len(likes))
