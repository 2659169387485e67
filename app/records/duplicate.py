"""Which customers a new one could be: the ten most alike, for the table `dup_verdict`."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.db import db
from app.records import gram, names
from app.records.contact import Contact
from app.records.customer import Customer

TOP = 10
LEAST = Decimal("0.60")  # names less alike than this are no candidates by themselves
SHOWN = (
    Customer.id, Customer.number, Customer.name, Customer.name_key, Customer.unified_code,
    Customer.phone_key, Customer.domain, Customer.address, Customer.region, Customer.state,
    Customer.owner_id, Customer.department_id, Customer.grade, Customer.life_stage,
)  # fmt: skip


def candidates(
    customer: Mapping[str, Any], contacts: Iterable[Mapping[str, Any]] = (), *,
    exclude: str | None = None, limit: int = TOP,
) -> list[dict[str, Any]]:  # fmt: skip
    """Existing customers that may be the given one, most suspicious first, at most `limit`.

    Each is {id, number, name, region, state, owner_id, department_id, name_sim, tax_equal,
    phone_equal, addr_sim, domain_equal, contact_equal}. `exclude` is the number of the record
    itself. Merged records are left out. Nothing private of the owner is in it (051-01-01).
    """
    wanted = _keys(customer, contacts)
    ids = _found(wanted)
    if not ids:
        return []
    query = workspace.by_key(
        sa.select(*SHOWN).where(Customer.id.in_(ids), Customer.state != "已合并")
    )
    if exclude:
        query = query.where(Customer.number != exclude)
    same_phone = _customers_by_phone(wanted["phones"])
    scored = [_scored(row, wanted, same_phone) for row in db.session.execute(query).mappings()]
    likely = [row for row in scored if row["score"] > 0]
    likely.sort(key=lambda row: (-row["score"], row["id"]))
    return likely[:limit]


def _keys(customer: Mapping[str, Any], contacts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    phones = {names.phone_key(customer.get("phone"))}
    for contact in contacts or ():
        phones |= {names.phone_key(contact.get("mobile")), names.phone_key(contact.get("phone"))}
    return {
        "name": names.name_key(customer.get("name")),
        "code": names.code_key(customer.get("unified_code")),
        "phones": {phone for phone in phones if len(phone) >= 7},
        "domain": names.domain_key(customer.get("website"), customer.get("email")),
        "address": names.address_key(customer.get("address")),
    }


def _found(wanted: Mapping[str, Any]) -> set[int]:
    ids = set(gram.candidates("customer", names.grams(wanted["name"])))
    ids |= set(_ids(Customer.name_key == wanted["name"])) if wanted["name"] else set()
    if wanted["code"]:
        ids |= set(_ids(Customer.unified_code == wanted["code"]))
    if wanted["domain"]:
        ids |= set(_ids(Customer.domain == wanted["domain"]))
    return ids | _customers_by_phone(wanted["phones"])


def _ids(condition: Any) -> list[int]:
    return list(db.session.scalars(sa.select(Customer.id).where(condition).limit(50)))


def _customers_by_phone(phones: set[str]) -> set[int]:
    if not phones:
        return set()
    numbers = sorted(phones)
    people = sa.select(Contact.customer_id).where(
        sa.or_(Contact.mobile_key.in_(numbers), Contact.phone_key.in_(numbers))
    )
    return set(_ids(Customer.phone_key.in_(numbers))) | set(db.session.scalars(people.limit(50)))


def _scored(row: Any, wanted: Mapping[str, Any], same_phone: set[int]) -> dict[str, Any]:
    name_sim = names.similarity(wanted["name"], row["name_key"] or "")
    addr_sim = names.similarity(wanted["address"], names.address_key(row["address"]))
    tax = bool(wanted["code"]) and wanted["code"] == row["unified_code"]
    domain = bool(wanted["domain"]) and wanted["domain"] == row["domain"]
    phone = row["id"] in same_phone
    alike = name_sim >= LEAST
    score = 8 * tax + 4 * phone + (2 * domain if alike else 0) + (name_sim * 3 if alike else 0)
    score += addr_sim if alike else 0
    kept = {key: row[key] for key in ("id", "number", "name", "region", "state", "owner_id",
                                      "department_id", "address")}  # fmt: skip
    return kept | {
        "name_sim": name_sim, "tax_equal": tax, "phone_equal": phone, "addr_sim": addr_sim,
        "domain_equal": domain, "score": Decimal(score),
    }  # fmt: skip
