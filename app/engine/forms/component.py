"""What a form is made of, once read: components with their expressions compiled."""

from dataclasses import dataclass, field
from typing import Any

import regex

from app import feel

TEXTS = frozenset({"textfield", "textarea"})
CHOICES = frozenset({"radio", "select"})
MANY = frozenset({"checklist", "taglist"})
INPUTS = TEXTS | CHOICES | MANY | {"number", "datetime", "checkbox", "filepicker"}
SHOWN = frozenset(
    {"text", "image", "table", "documentPreview", "spacer", "separator", "expression"}
)
HOLDERS = frozenset({"group", "dynamiclist"})
REFUSED = frozenset({"html", "iframe"})
KNOWN = INPUTS | SHOWN | HOLDERS | {"button"}
FORMATS = {"money": 2, "price": 4, "qty": 3, "rate": 4}  # places after the point
# outcome and starter are set by the platform; this, parent and i mean the row of a list
RESERVED = frozenset({"outcome", "starter", "department_id", "csrf_token", "this", "parent", "i"})
ROW = "_row"  # the hidden field by which a row says which stored row it was


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: `value` goes into the variables, `label` is shown."""

    value: Any
    label: str


class Rule:
    """A property that is either constant or a FEEL expression (`=…`)."""

    __slots__ = ("constant", "expression")

    def __init__(self, constant: Any = None, expression: feel.Expression | None = None) -> None:
        self.constant, self.expression = constant, expression

    def __bool__(self) -> bool:
        return self.expression is not None or self.constant not in (None, False, "")

    def value(self, context: dict[str, Any]) -> Any:
        """The constant, or what the expression gives; None when it cannot be computed."""
        if self.expression is None:
            return self.constant
        try:
            return self.expression(context)
        except feel.FeelError:
            return None


@dataclass(slots=True, eq=False)
class Component:
    """One component of a form. `name` is what the browser posts, `[]` standing for each row."""

    type: str
    id: str
    key: str = ""
    address: tuple[str, ...] = ()  # from the enclosing row (or the form) to the value
    name: str = ""
    label: str = ""
    description: str = ""
    columns: int | None = None
    children: list["Component"] = field(default_factory=list)
    hide: Rule = field(default_factory=Rule)
    readonly: Rule = field(default_factory=Rule)
    disabled: bool = False
    required: Rule = field(default_factory=Rule)
    minimum: Rule = field(default_factory=Rule)
    maximum: Rule = field(default_factory=Rule)
    min_length: Rule = field(default_factory=Rule)
    max_length: Rule = field(default_factory=Rule)
    pattern: "regex.Pattern[str] | None" = None
    pattern_message: str = ""
    text_kind: str = ""  # email or phone
    error: Rule = field(default_factory=Rule)
    digits: int | None = None  # places after the point, None: any
    step: str = ""
    format: str = ""
    subtype: str = "date"  # of datetime: date, time or datetime
    options: tuple[Option, ...] = ()
    options_key: str = ""
    options_rule: Rule = field(default_factory=Rule)
    default: Any = None
    expression: Rule = field(default_factory=Rule)
    source: Rule = field(default_factory=Rule)  # of text, image, table, documentPreview
    table_columns: tuple[tuple[str, str], ...] = ()  # (key, label)
    column_formats: dict[str, str] = field(default_factory=dict)  # {key of a column: format}
    entity: str = ""
    picker: str = ""
    group_rule: Rule = field(default_factory=Rule)
    record: str = ""
    display: str = ""
    prefix: str = ""
    suffix: str = ""
    placeholder: str = ""
    accept: str = ""
    multiple: bool = False
    fixed_rows: bool = False
    min_rows: Rule = field(default_factory=Rule)
    max_rows: Rule = field(default_factory=Rule)
    default_rows: int = 0

    @property
    def is_input(self) -> bool:
        return self.type in INPUTS

    @property
    def has_value(self) -> bool:
        return self.type in INPUTS or self.type == "expression"


@dataclass(frozen=True, slots=True)
class Button:
    """A verb at the foot of the form. `checks` False: pressing it hands in nothing but itself."""

    outcome: str
    label: str
    tone: str
    key: str
    hide: Rule
    checks: bool = True


@dataclass(slots=True, eq=False)
class Form:
    """A whole form; `fields` and `lists` are keyed by name pattern (`contacts[].mobile`)."""

    id: str
    components: list[Component]
    buttons: list[Button]
    fields: dict[str, Component] = field(default_factory=dict)
    lists: dict[str, Component] = field(default_factory=dict)
    free_names: frozenset[str] = frozenset()
