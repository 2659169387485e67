"""线索查重与合并：同一个需求只有一条线索，先发现的人不变（051-02-01）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import duplicate, gram, names, write
from app.records.lead import Lead
from handlers import lead as leads
from handlers import profile, steps

TOP = 10
ALIKE = Decimal("0.60")
SAME_NAME = Decimal("0.95")


@handler(
    topic="lead.find_duplicates",
    outputs=("candidates", "best", "comparison", "target", "grade", "discoverer", "subject",
             "problems", "lead"),
    pure=True,
)  # fmt: skip
def find_duplicates(
    step: Step, *, lead: dict, discoverer: str | None = None, starter: str | None = None
) -> dict[str, Any]:
    """线索查重：在线索、客户和联系人里找最像的十个。

    `best` is the most suspicious one, None if nothing is alike; `grade` is that of a customer with
    the same name. Whoever typed the lead is its discoverer unless one is given (051-02 O2).
    """
    given = profile.cleaned(lead)
    rows = [*_leads(given), *_customers(given)]
    rows.sort(key=lambda row: -row["weight"])
    best = rows[0] if rows else None
    return {
        "candidates": rows[:TOP], "best": best, "target": best["number"] if best else None,
        "comparison": _side_by_side(given, best) if best else [], "grade": _grade(rows),
        "discoverer": discoverer or starter or step.by, "lead": given, "problems": None,
        "subject": given.get("title_text") or leads.name_key(given),
    }  # fmt: skip


def _leads(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    key = leads.name_key(given)
    phones = {names.phone_key(given.get(name)) for name in ("mobile", "phone")} - {""}
    likely = gram.candidates("lead", names.grams(key))
    same = sa.or_(Lead.id.in_(likely), Lead.mobile_key.in_(phones), Lead.name_key == key)
    query = sa.select(Lead).where(Lead.state.in_(leads.LIVE), same).limit(300)
    found = []
    for row in db.session.scalars(query):
        alike = names.similarity(key, row.name_key or "")
        phone = row.mobile_key in phones
        if phone or alike >= ALIKE:
            found.append(_lead_row(row, alike, phone))
    return found


def _lead_row(row: Lead, alike: Decimal, phone: bool) -> dict[str, Any]:
    return {
        "number": row.number, "kind": _("线索"), "name": row.company or row.contact_name,
        "region": row.region, "state": row.state, "name_sim": alike, "phone_equal": phone,
        "tax_equal": False, "addr_sim": Decimal(0), "domain_equal": False,
        "name_percent": f"{alike:.0%}", "why": _("电话") if phone else "—",
        "weight": 4 * phone + 3 * alike,
    }  # fmt: skip


def _customers(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    asked = {"name": given.get("company") or given.get("contact_name"), "email": given.get("email")}
    contact = {"mobile": given.get("mobile"), "phone": given.get("phone")}
    found = []
    for row in duplicate.candidates(asked, [contact]):
        shown = ("number", "name", "region", "state", "name_sim", "tax_equal", "phone_equal",
                 "addr_sim", "domain_equal")  # fmt: skip
        same = {"phone_equal": _("电话"), "domain_equal": _("网址域名")}
        why = [text for name, text in same.items() if row[name]]
        found.append({name: row[name] for name in shown} | {
            "kind": _("客户"), "name_percent": f"{row['name_sim']:.0%}",
            "why": "、".join(why) or "—", "weight": row["score"],
        })  # fmt: skip
    return found


def _grade(rows: list[dict[str, Any]]) -> str | None:
    same = [row for row in rows if row["name_sim"] >= SAME_NAME]
    known = [write.find("customer", row["number"]) for row in same]
    return next((one.grade for one in known if one is not None and one.grade), None)


def _side_by_side(given: Mapping[str, Any], best: Mapping[str, Any]) -> list[dict[str, Any]]:
    other = write.find("lead", best["number"]) or write.need("customer", best["number"])
    theirs = {
        "name": best["name"], "region": other.region, "industry": other.industry,
        "need": getattr(other, "need", None), "source": other.source,
    }  # fmt: skip
    mine = {"name": given.get("company") or given.get("contact_name")}
    mine |= {name: given.get(name) for name in ("region", "industry", "need", "source")}
    titles = {"name": _("名称"), "region": _("区域"), "industry": _("行业"), "need": _("需求"),
              "source": _("来源")}  # fmt: skip
    return [
        {"label": title, "mine": profile.shown(mine[name]), "theirs": profile.shown(theirs[name])}
        for name, title in titles.items()
    ]


@handler(
    topic="lead.merge_touch", outputs=("lead_no", "notice", "result", "subject", "customer_id")
)
def merge_touch(
    step: Step, *, lead: dict, target: str | None = None, best: dict | None = None,
    discoverer: str | None = None, external_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """合并线索：这次接触记到已有的线索或客户名下，负责人不变。

    The new lead is kept as 已合并, so that the source report counts the finder's touch; the old
    lead has the touch in its list. `notice` is for whoever looks after the old one.
    """
    number = target or (best or {}).get("number")
    old = write.find("lead", number)
    customer = None if old is not None else write.need("customer", number)
    made = leads.kept(step, lead, discoverer, external_id)
    how = steps.writing(step)
    if old is not None:
        touches = [*(old.touches or []), leads.touch(step, lead, discoverer)]
        write.change(old, {"touches": touches}, **how)
    link = {"merged_into_id": old.id} if old is not None else {"customer_id": customer.id}
    write.change(made, link, **how)
    write.move(made, "已合并", reason=_("并入 %(number)s", number=number), **how)
    step.set_business_key(made.number)
    return {
        "lead_no": made.number, "result": "已合并", "subject": made.title_text,
        "customer_id": customer.number if customer is not None else None,
        "notice": _notice(step, made, old if old is not None else customer),
    }  # fmt: skip


def _notice(step: Step, made: Lead, old: Any) -> dict[str, Any]:
    return {
        "recipient": old.owner_id, "key": f"lead_touched:{made.number}",
        "context": {"number": old.number, "name": made.company or made.contact_name,
                    "need": made.need, "source": made.source,
                    "who": steps.name_of(made.discoverer_id) or _("网站")},
    }  # fmt: skip
