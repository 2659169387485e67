"""The statement of account on paper."""

import io
import re
import zlib
from typing import Any

import pytest

from app.db import db
from app.records import write
from app.registry import paper, printing

MINGDA = "CU-202502-0007"


@pytest.fixture
def statement(demo: None) -> Any:
    customer = write.need("customer", MINGDA)
    for day, kind, amount in (("2026-01-20", "opening", 40000), ("2026-02-10", "invoice", 5000),
                              ("2026-02-25", "receipt", -3000)):  # fmt: skip
        entry = {"customer_id": customer.id, "type": kind, "ledger": "应收", "amount": amount,
                 "doc_type": kind, "doc_no": f"X-{kind}", "value_date": day}  # fmt: skip
        write.create("ar_entry", entry, by="chenjing")
    given = {"customer_id": customer.id, "period": "2026-02", "balance": 42000, "owner_id": "lina"}
    made = write.create("statement", given, by="chenjing")
    db.session.commit()
    return made


def test_the_paper_adds_up(statement: Any):
    found = paper.facts(statement)
    assert (found["before"], found["after"]) == (40000, 42000)
    assert [one["standing"] for one in found["lines"]] == [45000, 42000]


def test_the_paper_is_a_pdf_with_chinese_letters_in_it(as_user, statement: Any):
    answer = as_user("lina").get(f"/records/statement/{statement.number}.pdf")
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    streams = re.findall(rb"stream\n(.*?)\nendstream", answer.data, re.DOTALL)
    assert b"Noto-Sans-CJK" in b"".join(_unpacked(one) for one in streams)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def test_the_page_of_a_statement_offers_the_paper(as_user, statement: Any):
    page = as_user("lina").get(f"/records/statement/{statement.number}")
    assert f"/records/statement/{statement.number}.pdf" in page.text


def test_an_outsider_sees_no_paper(as_user, statement: Any):
    for who in ("baijie", "wuhao"):
        assert as_user(who).get(f"/records/statement/{statement.number}.pdf").status_code == 404


def test_a_paper_fetches_nothing(app):
    with pytest.raises(ValueError, match="fetches nothing"):
        printing.refuse("file:///etc/passwd")


def test_nobody_gets_a_paper_without_logging_in(client, statement: Any):
    answer = client.get(f"/records/statement/{statement.number}.pdf")
    assert answer.status_code == 302
    assert not io.BytesIO(answer.data).read().startswith(b"%PDF")
