"""What a person sees: labels that name their fields, errors beside them, nothing unescaped."""

import pytest
from flask import render_template
from lxml import html

from app.engine import forms
from tests.forms.conftest import LEAST


@pytest.fixture
def page(app, form, directory):
    """The drawn form as a tree, and as text."""

    def draw(what="every", context=None, posted=None, errors=None, **how):
        schema = form(what)
        view = forms.view(schema, context, posted, errors, how.pop("files", None),
                          directory=directory, **how)  # fmt: skip
        tf = {"view": view, "locked": how.get("locked", False), "key": "1:zhangwei", "action": "/x",
              "draft_url": "/d", "files_url": "/f", "pick_url": "/pick/", "saved_at": None,
              "words": {"a": 'b"c'}, "largest": 1}  # fmt: skip
        with app.test_request_context():
            text = render_template("form/form.html", tf=tf)
        return html.fromstring(f"<main>{text}</main>")

    return draw


def one(tree, path):
    (found,) = tree.xpath(f"//*[@name='{path}'][not(@type='hidden')]")
    return found


def controls(tree):
    return tree.xpath(
        "//*[self::input or self::select or self::textarea][not(@type='hidden')]"
        "[not(ancestor::template)]"
    )


def test_every_control_has_a_name_for_everybody(page):
    tree = page(context={"contacts": [{"name": "甲"}]})
    assert len(controls(tree)) > 25
    for control in controls(tree):
        labelled = (
            tree.xpath(f"//label[@for='{control.get('id')}']")
            or control.get("aria-label")
            or control.xpath("ancestor::label")
        )
        assert labelled, html.tostring(control)


def test_ids_are_unique_and_references_lead_somewhere(page):
    tree = page(posted=LEAST, errors={"customer.name": "短", "contacts": "少"})
    ids = tree.xpath("//@id[not(ancestor::template)]")
    assert len(ids) == len(set(ids))
    for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
        for value in tree.xpath(f"//@{attribute}[not(ancestor::template)]"):
            assert set(value.split()) <= set(ids), (attribute, value)


def test_nothing_is_inline(page):
    tree = page(posted=LEAST)
    assert not tree.xpath("//@style | //style | //script[not(@src)]")
    assert not [name for name in tree.xpath("//@*") if name.attrname.startswith("on")]


def test_an_error_stands_beside_its_field_and_in_the_summary(page):
    tree = page(posted={**LEAST, "customer.name": "杭"}, errors={"customer.name": "至少 2 个字"})
    field = one(tree, "customer.name")
    assert field.get("aria-invalid") == "true"
    assert field.get("value") == "杭"
    error = tree.get_element_by_id(field.get("aria-describedby"))
    assert error.text_content().strip() == "至少 2 个字"
    (link,) = tree.xpath("//*[@role='alert']//a")
    assert link.get("href") == f"#{field.get('id')}"
    assert "客户名称" in link.text_content()


def test_an_error_in_a_row_names_the_row(page):
    tree = page(posted=LEAST, errors={"contacts[0].mobile": "格式不对"})
    (link,) = tree.xpath("//*[@role='alert']//a")
    assert link.text_content() == "第 1 行 手机：格式不对"


def test_what_cannot_be_read_stays_as_it_was_typed(page):
    tree = page(posted={**LEAST, "amount": "12x", "from_on": "soon"}, errors={"from_on": "日期"})
    assert one(tree, "amount").get("value") == "12x"
    assert (one(tree, "from_on").get("value"), one(tree, "from_on").get("type")) == ("soon", "text")


def test_a_script_tag_in_a_value_is_shown_as_text(page):
    evil = '"><script>alert(1)</script>'
    tree = page(context={"customer": {"name": evil}, "who": evil, "history": [{"what": evil}]})
    assert not tree.xpath("//script[not(@src)]")
    assert one(tree, "customer.name").get("value") == evil


def test_prose_has_a_little_markup_and_only_safe_links(page):
    tree = page([{"type": "text", "id": "t", "text":
                  "# 题\n**粗** [好](https://a.b/c) [坏](javascript:alert(1)) <i>x</i>\n\n- 一\n- 二"}])  # fmt: skip
    assert tree.xpath("//h2/text()") == ["题"]
    assert tree.xpath("//section//a/@href") == ["https://a.b/c"]
    assert tree.xpath("//li/text()") == ["一", "二"]
    assert not tree.xpath("//i")


def test_hidden_fields_are_drawn_hidden(page):
    licence = "//*[@data-f='customer.licence']/@hidden"
    assert page(context={"customer": {"kind": "个人"}}).xpath(licence)
    assert not page(context={"customer": {"kind": "企业"}}).xpath(licence)


def test_values_are_shown_as_people_write_them(page):
    tree = page(context={"amount": 1234.5, "share": 0.125, "level": 2, "agreed": True})
    assert one(tree, "amount").get("value") == "1,234.50"
    assert one(tree, "share").get("value") == "12.5"
    assert tree.xpath("//input[@name='level'][@checked]/@value") == ["2"]
    assert one(tree, "agreed").get("checked") is not None
    assert "¥2,469.00" in tree.xpath("string(//*[@class='totals'])")


def test_a_chosen_person_is_shown_by_name(page):
    tree = page(context={"owner": "zhangwei", "parent_no": "CU-1"})
    shown = tree.xpath("//*[@class='picked']//b/text()")
    assert shown == ["张伟", "恒远机械"]
    assert tree.xpath("//input[@name='owner'][@type='hidden']/@value") == ["zhangwei"]
    assert "华东" in tree.xpath("string(//dl)")


def test_a_locked_form_can_be_read_and_nothing_else(page):
    tree = page(context={"customer": {"name": "甲乙"}, "level": 1}, locked=True)
    for control in controls(tree):
        assert control.get("readonly") is not None or control.get("disabled") is not None
    assert not tree.xpath("//button[@type='submit']")
    assert not tree.xpath("//template | //button[@data-add] | //*[@data-upload]")


def test_verbs_stand_in_one_bar(page):
    tree = page()
    (bar,) = tree.xpath("//*[contains(@class, 'outcomes')]")
    assert bar.xpath(".//button/@value") == ["approve", "return", "cancel"]
    assert bar.xpath(".//button/@data-key")[0] == "a"
    big = page(context={"amount": 600_000})
    assert big.xpath("//*[contains(@class, 'outcomes')]//button/@value") == ["approve", "cancel"]


def test_a_grid_has_heads_rows_and_a_row_to_copy(page):
    tree = page("order", {"lines": [{"product": "P", "qty": 2, "price": 3}] * 2})
    assert [th.text_content() for th in tree.xpath("//th")][:4] == ["产品", "数量", "单价", "金额"]
    rows = tree.xpath("//tbody/tr[not(ancestor::template)]")
    assert [row.get("data-line") for row in rows] == ["lines[0]", "lines[1]"]
    assert tree.xpath("//input[@name='lines[1]._row']/@value") == ["1"]
    assert one(rows[1], "lines[1].qty").get("aria-label") == "第 2 行 数量"
    assert "¥12.00" in tree.xpath("string(//*[@class='totals'])")
    (copy,) = tree.xpath("//template")
    assert "lines[__i0__].qty" in html.tostring(copy, encoding="unicode")


def test_a_blank_row_stays_while_typing_goes_on(page):
    tree = page("order", posted={"lines[0].product": "", "lines[1].product": "P"})
    assert len(tree.xpath("//tbody/tr[not(ancestor::template)]")) == 2
