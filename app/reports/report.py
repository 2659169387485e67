"""What a report is: a question with a period, a department and a person, one query, one chart."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.accounts.models import User
from app.records import calendar, sight

Row = dict[str, Any]
Link = tuple[str, dict[str, str]]  # a kind of record and the filters of its list

SALES = frozenset({
    "sales_rep", "sales_manager", "sales_director", "sales_planner", "order_clerk",
    "info_specialist", "pricing_manager",
})  # fmt: skip
MARKET = frozenset({
    "marketing_specialist", "marketing_manager", "marketing_director", "competitive_analyst",
})  # fmt: skip
FINANCE = frozenset({"finance_clerk", "finance_manager", "cashier", "credit_controller"})
TOP = frozenset({"general_manager", "customer_director", "analyst", "admin"})
TRADE = SALES | TOP
MONEY = SALES | FINANCE | TOP
STOCK = TRADE | {"warehouse_keeper", "delivery_manager", "qc_inspector"}


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included; None is open. `text` is its name in the address."""

    text: str
    first: dt.date | None = None
    last: dt.date | None = None

    def widened(self, days: int) -> "Period":
        """The same period begun so many days earlier."""
        first = self.first - dt.timedelta(days=days) if self.first else None
        return Period(self.text, first, self.last)

    def days(self, column: Any) -> list[sa.ColumnElement[bool]]:
        """The condition on a date."""
        found = []
        if self.first is not None:
            found.append(column >= self.first)
        if self.last is not None:
            found.append(column <= self.last)
        return found

    def moments(self, column: Any) -> list[sa.ColumnElement[bool]]:
        """The condition on a moment; a day begins in the company's zone."""
        found = []
        if self.first is not None:
            found.append(column >= _midnight(self.first))
        if self.last is not None:
            found.append(column < _midnight(self.last + dt.timedelta(days=1)))
        return found

    def months(self, year: Any, month: Any) -> list[sa.ColumnElement[bool]]:
        """The condition on a pair of year and month."""
        found = []
        if self.first is not None:
            found.append(year * 12 + month >= self.first.year * 12 + self.first.month)
        if self.last is not None:
            found.append(year * 12 + month <= self.last.year * 12 + self.last.month)
        return found


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), calendar.zone())


@dataclass(frozen=True)
class Ask:
    """Who asks for what: the filters of the address, checked."""

    viewer: sight.Viewer
    today: dt.date
    period: Period
    departments: tuple[str, ...] = ()
    person: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    words: str = ""  # of the search box

    def found(self, *columns: Any) -> list[sa.ColumnElement[bool]]:
        """The condition that one of the columns has the words in it; none without words."""
        if not self.words:
            return []
        return [sa.or_(*(column.icontains(self.words, autoescape=True) for column in columns))]

    def only(self, name: str, column: Any) -> list[sa.ColumnElement[bool]]:
        """The condition of a choice that may be left open."""
        return [column == self.chosen[name]] if self.chosen.get(name) else []


@dataclass(frozen=True)
class Column:
    """One column of the table; `total`: its sum stands below."""

    name: str
    label: Any
    format: str = "text"  # text word person department money price int qty rate days date tone
    total: bool = False

    @property
    def is_number(self) -> bool:
        """Is it set to the right?"""
        return self.format in ("money", "price", "int", "qty", "rate", "days", "hours")


@dataclass(frozen=True)
class Chart:
    """Which columns are drawn and how: bars, plan (two values), funnel, pyramid or parts."""

    kind: str
    label: str
    values: tuple[str, ...]
    second: str = ""
    over: Callable[[Row], bool] | None = None


@dataclass(frozen=True)
class Report:
    """A report of the catalogue. `query` is the one statement that answers an Ask.

    `derive` adds ratios to a row (also to the row of totals); `link` is the list behind a row;
    `readers` are the roles that may open it, the rows are cut by the records' own sight.
    """

    id: str
    name: Any
    purpose: Any
    columns: tuple[Column, ...]
    query: Callable[[Ask], sa.Select[Any]]
    readers: frozenset[str]
    chart: Chart | None = None
    derive: Callable[[Row], None] | None = None
    link: Callable[[Row, Ask], Link | None] | None = None
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dated: bool = True  # the period counts; otherwise it shows what is now
    parts: tuple[str, ...] = ()  # not shown, but summed: ratios are made of them
    unfold: Callable[[list[Row]], list[Row]] | None = None  # a stored row becomes several
    finds: str = ""  # what the words of the search box are compared with; "" has none

    @property
    def area(self) -> str:
        """051-01, 051-02 or 051-03."""
        return self.id.partition("/")[0]

    @property
    def flow(self) -> str:
        """The flow that it belongs to: 051-03-04 for 051-03/R04-1."""
        return f"{self.area}-{self.id.partition('/R')[2][:2]}"

    def open_to(self, viewer: sight.Viewer) -> bool:
        """May this person open it? People from outside never."""
        return not viewer.is_outside and bool(viewer.groups & self.readers)


def to(entity: str, **filters: str) -> Callable[[Row, Ask], Link]:
    """The link of each row to a kind of record; `filters` name the columns that they are from.
    `key`, the number, is the page of one record."""
    return lambda row, _ask: (entity, {name: row[column] for name, column in filters.items()})


def within(
    ask: Ask, model: Any, *, person: Any = None, department: Any = None
) -> list[sa.ColumnElement[bool]]:
    """Rows of this workspace that the viewer may see, of the asked person and department."""
    found = [model.workspace_id == workspace.current(),
             sight.visible(model.__tablename__, ask.viewer)]  # fmt: skip
    owner = person if person is not None else getattr(model, "owner_id", None)
    place = department if department is not None else getattr(model, "department_id", None)
    if ask.person and owner is not None:
        found.append(owner == ask.person)
    if ask.departments and place is not None:
        found.append(place.in_(ask.departments))
    return found


def over(ask: Ask, column: Any) -> list[sa.ColumnElement[bool]]:
    """Rows about people (who approved, who did a step): the viewer's own and those of the people
    under him; the roles that look after everything see all."""
    found = []
    if not ask.viewer.groups & sight.EVERYWHERE:
        found.append(column.in_(sorted({ask.viewer.login, *ask.viewer.below})))
    if ask.person:
        found.append(column == ask.person)
    if ask.departments:
        found.append(column.in_(
            sa.select(User.login).where(User.department_id.in_(ask.departments))
        ))  # fmt: skip
    return found


def count_if(condition: Any) -> Any:
    """How many rows of a group fulfil the condition."""
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def sum_if(condition: Any, column: Any) -> Any:
    """The sum of a column over those rows of a group."""
    return sa.type_coerce(sa.func.sum(sa.case((condition, column), else_=0)), column.type)


def share(part: Any, whole: Any) -> Any:
    """part / whole as a number, None when there is no whole."""
    if part is None or not whole:
        return None
    if isinstance(part, float) or isinstance(whole, float):
        return float(part) / float(whole)  # spans of time are no decimals
    return part / whole
