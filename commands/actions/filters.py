"""What members ask of a list of action items: which states, whose, which tags, of which group."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import reduce
from typing import Annotated, Any

from commands.actions.items import today
from commands.kit.assigned import NOBODY, Assigned
from commands.kit.context import Context
from commands.kit.readers import Choice, Found
from commands.kit.say import Refusal
from commands.kit.who import Assignees
from commands.kit.words import Word
from storage import digests
from storage.action_lists import Filter
from storage.actions import UNFINISHED, ActionState
from storage.rooms import Room, RoomKind

STATES: Mapping[str, AbstractSet[str]] = {
    "open": {*UNFINISHED},
    "overdue": {*UNFINISHED},
    "done": {ActionState.DONE},
    "blocked": {ActionState.BLOCKED},
    "wanted": {*UNFINISHED},
    "all": {*ActionState},
}


class FilterReader(Choice):
    """A state by its word, or who has the items (`@anna`, `@Halle`, `@UAG3`)."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names that nobody or more than one has."""
        return await super().read(words, ctx) or await Assignees().read(words, ctx)


Asked = Annotated[str | Assigned, FilterReader(tuple(STATES))]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: of which group, with which words for states, whose items, with which tags.

    `elsewhere`: of another group than the one whose room it is. `inside`: groups of which only their own rooms are
    told.
    """

    home: Room
    states: Sequence[str]
    whose: Assigned
    tags: Sequence[str]
    elsewhere: bool
    inside: AbstractSet[int]

    def of_group(self, ctx: Context) -> Filter:
        """Return the filter for the items of the group."""
        return Filter(
            room_id=self.home.id,
            states=frozenset.intersection(*(frozenset(STATES[one]) for one in self.states)),
            due_before=today(ctx, self.home) if "overdue" in self.states else None,
            wanted="wanted" in self.states,
            people=self.whose.users,
            towns=self.whose.town_ids,
            groups=self.whose.group_ids,
            tags=self.tags,
        )

    def given(self, ctx: Context) -> Filter:
        """Return the filter for the items that other groups have given to this one."""
        hidden = self.inside if self.elsewhere else set()
        return replace(self.of_group(ctx), room_id=None, given_to=self.home.id, besides={self.home.id, *hidden})

    @property
    def words(self) -> dict[str, Any]:
        """Return what texts say of it; a word that another one narrows down is left out."""
        telling = [one for one in self.states if one != "all" and (one != "open" or len(self.states) == 1)]
        return {
            "states": [one for one in telling if one != "wanted"],
            "wanted": "wanted" in telling,
            "whose": self.whose.shown,
            "tags": self.tags,
            "group": self.home.name if self.elsewhere else None,
        }


async def question(
    ctx: Context,
    asked: Sequence[str | Assigned],
    tags: Sequence[str],
    town: Assigned | None,
    group: Room | None,
    unless_said: str,
) -> Question:
    """Return what was asked; `unless_said` is the state if no word was said for one.

    Refuses states that no item has at once, and items of another group where they are not shown.
    """
    states = list(dict.fromkeys(one for one in asked if isinstance(one, str))) or [unless_said]
    if not frozenset.intersection(*(frozenset(STATES[one]) for one in states)):
        raise Refusal("action-states-exclude")
    elsewhere = group is not None and group.id != ctx.room.id
    inside = await digests.kept_inside(ctx.tx) if elsewhere or ctx.room.kind != RoomKind.GROUP else set()
    if group is not None and elsewhere:
        _check_shown(ctx, group, inside)
    whose = reduce(Assigned.and_, [one for one in asked if isinstance(one, Assigned)], town or NOBODY)
    return Question(group if group is not None and elsewhere else ctx.room, states, whose, tags, elsewhere, inside)


def _check_shown(ctx: Context, group: Room, inside: AbstractSet[int]) -> None:
    if ctx.room.kind not in (RoomKind.MAIN, RoomKind.COORDINATORS):
        raise Refusal("action-other-group", group=group.key)
    if group.id in inside:
        raise Refusal("action-group-inside", group=group.name)
