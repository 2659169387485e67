"""订单录入：准备、校验、退回、驳回、签约（051-03-04 步骤 04.02 … 04.11）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.product import Product
from app.records.quotation import Quotation, QuotationLine
from app.records.sales_order import SalesOrder
from handlers import credit, goods, order_book, quote_book, steps

NONE = Decimal(0)
HEADER = ("quote_no", "order_date", "bill_to", "ship_to", "payment_terms", "delivery_mode",
          "invoice_basis", "invoice_kind", "po_no", "discount", "freight", "remark")  # fmt: skip
BASES = (*order_book.BEFORE_DELIVERY, "发货后N天", "验收", "固定日期")
THIRDS = Decimal("0.001")  # three times 33.33 % is the whole
DEAD = ("已驳回", "未签约", "已取消")


@handler(
    outputs=("order", "order_lines", "plan_rows", "order_no", "customer_id", "quote_no", "total",
             "problems", "enterer", "sales_rep", "starter", "department_id", "result", "subject",
             "contract_file", "review_result", "refusal", "urge", "delivery_no", "external_id",
             "atp", "cancel_refused", "overdue", "change_no", "custom_made", "open_to_ship"),
    pure=True,
)  # fmt: skip
def open_order(
    step: Step, *, order: dict | None = None, order_lines: list | None = None,
    plan_rows: list | None = None, quote_no: str | None = None, portal: dict | None = None,
    order_no: str | None = None, starter: str | None = None, external_id: str | None = None,
    enterer: str | None = None, opportunity_no: str | None = None, outcome: str | None = None,
    customer_id: str | None = None, sales_rep: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备订单：从报价单、门户订单带入，或者留给业务员填写。

    Every variable of the flow is set. An accepted quotation brings customer, lines and terms.
    """
    given = dict(order or (portal or {}).get("order") or {})
    quote_no = given.get("quote_no") if outcome == "load" else quote_no or given.get("quote_no")
    lines = list(order_lines or (portal or {}).get("order_lines") or [])
    plan, problems = list(plan_rows or (portal or {}).get("plan_rows") or []), None
    quote = write.find("quotation", quote_no)
    who = sales_rep or enterer or starter or step.started_by
    if quote is not None and (outcome == "load" or not lines):
        given, lines = _from_quote(quote, given), _quote_lines(quote)
        plan, who = plan or _quote_plan(quote), quote.owner_id or who
    elif outcome == "load":
        problems = _("没有找到报价单 %(number)s，请重新选择。", number=quote_no or "")
    given.setdefault("customer_id", customer_id)
    given |= {name: value for name, value in _usual(step).items() if given.get(name) is None}
    return {
        "order": given, "order_lines": lines, "plan_rows": plan, "order_no": order_no,
        "customer_id": given["customer_id"], "quote_no": quote_no, "total": None,
        "problems": problems, "enterer": who, "sales_rep": who, "starter": starter or who,
        "department_id": steps.department_of(who), "result": None, "subject": _subject(given),
        "contract_file": None, "review_result": None, "refusal": None, "urge": None,
        "delivery_no": None, "external_id": external_id, "atp": [], "cancel_refused": False,
        "overdue": None, "change_no": None, "custom_made": False, "open_to_ship": None,
    }  # fmt: skip


def _usual(step: Step) -> dict[str, Any]:
    return {"order_date": steps.today(step), "delivery_mode": "goods", "invoice_basis": "按交付",
            "invoice_kind": "专票", "payment_terms": "月结", "discount": NONE,
            "freight": NONE}  # fmt: skip


def _subject(given: Mapping[str, Any]) -> str:
    customer = write.find("customer", given.get("customer_id"))
    return customer.name if customer is not None else _("新订单")


def _from_quote(quote: Quotation, given: dict[str, Any]) -> dict[str, Any]:
    customer = db.session.get_one(Customer, quote.customer_id)
    return given | {
        "customer_id": customer.number, "quote_no": quote.number,
        "contact_id": given.get("contact_id") or quote_book.contact_number(quote.contact_id),
        "payment_terms": quote.payment_terms or given.get("payment_terms"),
        "bill_to": given.get("bill_to") or customer.name,
        "ship_to": given.get("ship_to") or customer.address,
    }  # fmt: skip


def _quote_lines(quote: Quotation) -> list[dict[str, Any]]:
    query = sa.select(QuotationLine).where(QuotationLine.quotation_id == quote.id)
    lines = list(db.session.scalars(query.order_by(QuotationLine.seq)))
    products = order_book.products_of(lines)
    return [{"product": products[line.product_id].number, "qty": line.qty, "price": line.price,
             "promised_date": None} for line in lines]  # fmt: skip


def _quote_plan(quote: Quotation) -> list[dict[str, Any]]:
    """The quotation's share before delivery, the rest thirty days after."""
    share = quote.prepay_rate or NONE
    first = {"basis": "发货前", "rate": share, "amount": None, "days": None, "due_date": None}
    rest = {"basis": "发货后N天", "rate": 1 - share, "amount": None, "days": 30, "due_date": None}
    return [row for row in (first, rest) if row["rate"]]


@handler(
    outputs=("order_no", "customer_id", "total", "order_lines", "plan_rows", "sales_rep", "subject",
             "department_id", "problems", "credit_level", "quote_no", "delivery_mode",
             "invoice_basis", "invoice_kind", "customer_name", "contract_file"),
)  # fmt: skip
def validate(
    step: Step, *, order: dict, order_lines: list, plan_rows: list, order_no: str | None = None,
    sales_rep: str | None = None, external_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验订单：客户、账务、信用、报价、客户订单号、订单行和回款计划；通过后编号送审。

    The order is 审批中 with its lines; the plan rows stay variables until it is confirmed. Raises
    the six errors of 051-03-04 step 04.03.
    """
    customer = _customer(order)
    profile = credit.needed(customer.number)
    quote = _quote(order, customer, order_no)
    _check_po(order, customer, order_no)
    lines = _lines(order, order_lines)
    total = order_book.money(sum((line["amount"] for line in lines), NONE)
                             - Decimal(order.get("discount") or 0)
                             + Decimal(order.get("freight") or 0))  # fmt: skip
    plan = _plan(plan_rows, total, order)
    rep = _rep(sales_rep, customer)
    row = _saved(step, order, customer, order_no, rep, quote)
    _set_lines(step, row, lines)
    order_book.set_total(step, row)
    write.move(row, "审批中", **steps.writing(step))
    step.set_business_key(row.number)
    return {
        "order_no": row.number, "customer_id": customer.number, "total": row.total,
        "order_lines": lines, "plan_rows": plan, "sales_rep": rep, "problems": None,
        "subject": f"{customer.name} {row.number}", "department_id": row.department_id,
        "credit_level": profile.level, "quote_no": row.quote_no, "customer_name": customer.name,
        "delivery_mode": row.delivery_mode, "invoice_basis": row.invoice_basis,
        "invoice_kind": row.invoice_kind, "contract_file": order.get("contract_file"),
    }  # fmt: skip


def refused(code: str, text: str) -> BpmnError:
    """The error that the flow catches; the form shows its text."""
    return BpmnError(code, text, problems=text)


def _customer(order: Mapping[str, Any]) -> Customer:
    customer = write.find("customer", order.get("customer_id"))
    if customer is None or customer.state not in ("有效", "公海"):
        raise refused("E_ORDER_INVALID", _("请选择一个有效的客户。"))
    if customer.blacklist:
        raise refused("E_CUSTOMER_BLACKLISTED", _(
            "客户 %(name)s 在黑名单里，不能下单；要先经审核变更客户资料。", name=customer.name))  # fmt: skip
    query = sa.select(CustomerAccount).where(CustomerAccount.customer_id == customer.id)
    account = db.session.scalar(query)
    if account is None or account.state != "已开立":
        raise refused("E_ACCOUNT_NOT_OPEN", _(
            "客户 %(name)s 的账务还没有开立，请财务先开立账务。", name=customer.name))  # fmt: skip
    return customer


def _quote(order: Mapping[str, Any], customer: Customer, own: str | None) -> Quotation | None:
    number = order.get("quote_no")
    if not number:
        return None
    quote = write.find("quotation", number)
    if quote is None or quote.customer_id != customer.id:
        raise refused("E_ORDER_INVALID", _("报价单 %(number)s 不是这个客户的。", number=number))
    other = sa.select(SalesOrder.number).where(
        SalesOrder.quote_no == number,
        SalesOrder.state.not_in(DEAD),
        SalesOrder.number != (own or ""),
    )
    if quote.state == "已下单" or db.session.scalar(other.limit(1)):
        raise refused("E_QUOTE_ALREADY_ORDERED", _("报价单 %(number)s 已经下过单。", number=number))
    if quote.state != "已接受":
        raise refused("E_ORDER_INVALID", _(
            "报价单 %(number)s 现在是“%(state)s”，客户接受后才能下单。",
            number=number, state=quote.state))  # fmt: skip
    return quote


def _check_po(order: Mapping[str, Any], customer: Customer, own: str | None) -> None:
    if not order.get("po_no"):
        return
    query = sa.select(SalesOrder.number).where(
        SalesOrder.customer_id == customer.id, SalesOrder.po_no == order["po_no"],
        SalesOrder.state.not_in(DEAD), SalesOrder.number != (own or ""),
    )  # fmt: skip
    other = db.session.scalar(query.limit(1))
    if other:
        raise refused("E_DUPLICATE_PO", _(
            "客户订单号 %(po)s 已经在订单 %(number)s 里，不能再下一次。",
            po=order["po_no"], number=other))  # fmt: skip


def _lines(order: Mapping[str, Any], rows: list[Any]) -> list[dict[str, Any]]:
    """The lines, numbered and with their amounts."""
    found, wrong = [], []
    for seq, row in enumerate(rows or [], 1):
        product: Product | None = write.find("product", row.get("product"))
        day, on = as_day(row.get("promised_date")), as_day(order.get("order_date"))
        qty, price = as_number(row.get("qty")), as_number(row.get("price"))
        if product is None or product.state != "在售":
            wrong.append(_("第 %(seq)s 行：请选择在售的产品。", seq=seq))
        elif qty is None or qty <= 0 or price is None or price < 0:
            wrong.append(_("第 %(seq)s 行：数量要大于零，单价不能小于零。", seq=seq))
        elif day is None or (on is not None and day < on):
            wrong.append(_("第 %(seq)s 行：请填交期，不能早于订单日期。", seq=seq))
        else:
            found.append({"line": seq, "product": product.number, "product_name": product.name,
                          "qty": qty, "price": price, "promised_date": day,
                          "amount": order_book.money(qty * price)})  # fmt: skip
    if wrong or not found:
        raise refused("E_ORDER_INVALID", "\n".join(wrong) or _("请至少填一行产品。"))
    return found


def as_day(value: Any) -> dt.date | None:
    """A date, or the date that a text says."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date) or not value:
        return value or None
    return dt.date.fromisoformat(str(value)[:10])


def as_number(value: Any) -> Decimal | None:
    """An exact number, None if there is none."""
    try:
        return None if value is None or value == "" else Decimal(str(value))
    except InvalidOperation:
        return None


def _plan(rows: list[Any], total: Decimal, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The instalments with their amounts; they sum up to the order's total (051-03-04 forms)."""
    rows = rows or [{"basis": "发货后N天", "rate": 1, "days": 30}]
    found = []
    for seq, row in enumerate(rows, 1):
        amount = as_number(row.get("amount"))
        if amount is None:
            amount = order_book.money(total * (as_number(row.get("rate")) or NONE))
        found.append({**row, "seq": seq, "amount": amount, "due_date": as_day(row.get("due_date")),
                      "kind": "预收" if row["basis"] in order_book.BEFORE_DELIVERY else "应收"})  # fmt: skip
    shares = [as_number(row.get("rate")) or NONE for row in rows]
    by_share = all(as_number(row.get("amount")) is None for row in rows)
    if by_share and abs(1 - sum(shares, NONE)) <= THIRDS:  # the last instalment takes the rest
        found[-1]["amount"] += total - sum((row["amount"] for row in found), NONE)
    _check_plan(found, total, order)
    return found


def _check_plan(rows: list[dict[str, Any]], total: Decimal, order: Mapping[str, Any]) -> None:
    planned = sum((row["amount"] for row in rows), NONE)
    if planned != total:
        raise refused("E_ORDER_INVALID", _(
            "回款计划合计 %(planned)s，订单金额 %(total)s，两者要相等。",
            planned=planned, total=total))  # fmt: skip
    if any(row["amount"] <= 0 or row["basis"] not in BASES for row in rows):
        raise refused("E_ORDER_INVALID", _("回款计划每一期都要有依据，金额大于零。"))
    if any(row["basis"] == "固定日期" and not row["due_date"] for row in rows):
        raise refused("E_ORDER_INVALID", _("按固定日期收款的一期要填日期。"))
    if order.get("invoice_basis") == "按收款" and any("开票" in row["basis"] for row in rows):
        raise refused("E_ORDER_INVALID", _("按收款开票时，回款计划不能等开票以后才到期。"))


def _rep(sales_rep: str | None, customer: Customer) -> str:
    """Whose order it is: the representative who enters it, else the customer's owner."""
    if sales_rep and sales_rep in people.holders("sales_rep"):
        return sales_rep
    found = customer.owner_id or sales_rep
    if not found:
        raise refused("E_ORDER_INVALID", _("客户还没有负责人，请先分配。"))
    return found


def _saved(
    step: Step, order: Mapping[str, Any], customer: Customer, number: str | None, rep: str,
    quote: Quotation | None,
) -> SalesOrder:  # fmt: skip
    given = {name: order.get(name) for name in HEADER}
    given["contact_id"] = _contact(order.get("contact_id"), customer)
    given |= {"customer_id": customer.id, "owner_id": rep, "department_id":
              steps.department_of(rep) or customer.department_id,
              "opportunity_id": quote.opportunity_id if quote is not None else None}  # fmt: skip
    known = write.find("sales_order", number)
    try:
        if known is None:
            return write.create("sales_order", given | {"sales_rep_id": rep}, **steps.writing(step))
        write.change(known, given, **steps.writing(step))
    except Invalid as error:
        raise steps.refusal(error, "E_ORDER_INVALID") from error
    return known


def _contact(number: str | None, customer: Customer) -> int | None:
    """Whom to ask about the order: who is named, who must be the customer's; else its main contact."""
    query = sa.select(Contact).where(
        Contact.customer_id == customer.id, Contact.state == "在职",
        Contact.number == number if number else Contact.is_primary,
    )  # fmt: skip
    found = db.session.scalar(query.order_by(Contact.id).limit(1))
    if found is None and number:
        raise refused("E_ORDER_INVALID", _(
            "联系人 %(number)s 不是这个客户在职的联系人，请重选。", number=number))  # fmt: skip
    return found.id if found is not None else None


def _set_lines(step: Step, order: SalesOrder, lines: list[dict[str, Any]]) -> None:
    for old in order_book.lines_of(order):
        db.session.delete(old)
    db.session.flush()
    for line in lines:
        given = {"order_id": order.id, "seq": line["line"], "product_id": line["product"],
                 "q_ordered": line["qty"], "price": line["price"],
                 "promised_date": line["promised_date"]}  # fmt: skip
        write.create("order_line", given, **steps.writing(step))


def _moved(step: Step, order_no: str | None, state: str, result: str | None) -> dict[str, Any]:
    order = write.find("sales_order", order_no)
    if order is not None:
        write.move(order, state, **steps.writing(step))
    return {"result": result}


@handler(outputs=("result",))
def drop(step: Step, *, order_no: str | None = None) -> dict[str, Any]:
    """取消录入：订单还没有送审，已编号的作废。"""
    return _moved(step, order_no, "已取消", "已取消")


@handler(outputs=("problems", "result"))
def take_back(
    step: Step, *, order_no: str, problems: str | None = None, refused_by_customer: bool = False,
    refusal: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """退回修改：订单回到草稿，录入人看到原因。"""
    if refused_by_customer:
        problems = _("客户没有签：%(why)s", why=refusal or _("未说明原因"))
    return _moved(step, order_no, "草稿", None) | {
        "problems": problems or _("订单被退回，请修改后重新提交。")
    }


@handler(outputs=("result",))
def reject(step: Step, *, order_no: str) -> dict[str, Any]:
    """驳回订单：不占用库存，信用占用不变。"""
    return _moved(step, order_no, "已驳回", "订单驳回")


@handler(outputs=("outcome",))
def send_out(step: Step, *, order_no: str) -> dict[str, Any]:
    """送客户签约：订单待签约。"""
    _moved(step, order_no, "待签约", None)
    return {"outcome": None}


@handler(outputs=("result",))
def give_up(step: Step, *, order_no: str) -> dict[str, Any]:
    """放弃签约：客户不签，订单结束。"""
    return _moved(step, order_no, "未签约", "未签约")


def shown_lines(order: SalesOrder) -> list[dict[str, Any]]:
    """The lines of an order as the checks read them."""
    lines = order_book.lines_of(order)
    products = order_book.products_of(lines)
    return [{"line": line.seq, "product": products[line.product_id].number,
             "product_name": products[line.product_id].name, "qty": line.q_ordered - line.q_cancelled,
             "price": line.price, "promised_date": line.promised_date, "amount": line.amount,
             "shipped": goods.shown(line.q_shipped - line.q_rejected)}
            for line in lines]  # fmt: skip
