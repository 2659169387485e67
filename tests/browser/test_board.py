"""The board of opportunities: a card moves by the mouse, by the arrow keys and by its menu."""

import datetime as dt
import itertools

import pytest
from playwright.sync_api import Locator, Page, expect

from app import clock
from tests.browser.conftest import Site, check_page, tab_to
from tests.flows import opportunities as chances
from tests.flows.stage import Stage

BOARD = "/records/board"
FIRST, SECOND, THIRD = "初步接触", "需求确认", "方案报价"
LONG = "恒远嘉定二厂五轴联动主轴与伺服驱动器成套更新改造及三年维保"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def template(company):
    """The server's database begins as the company."""
    return company


@pytest.fixture
def number(site) -> str:
    """张伟 pursues an opportunity and has visited the customer: the first gate lets it pass."""
    return pursued(site)


def pursued(site: Site, name: str = "恒远主轴更新") -> str:
    with site.data():
        stage = Stage()
        day = clock.now().date() + dt.timedelta(days=45)
        case = chances.enter(stage, name=f"{name} {next(_numbers)}", close_date=day)
        review = {"allow_parallel": True}  # the opportunities of other tests are like it
        stage.do("review_chance", "wangqiang", "approve", case=case, review=review)
        chances.act(stage, case)
        return str(chances.found(stage, case).number)


def column(page: Page, stage: str) -> Locator:
    return page.locator(f".column[data-stage='{stage}']")


def card_of(page: Page, number: str) -> Locator:
    return page.locator(f"[data-card='{number}']")


def first(page: Page, number: str) -> Locator:
    """The card of this opportunity, in the first column."""
    is_in(page, number, FIRST)
    return card_of(page, number)


def is_in(page: Page, number: str, stage: str) -> None:
    expect(column(page, stage).locator(f"[data-card='{number}']")).to_be_visible()


def said(page: Page) -> Locator:
    return page.locator("#snacks")


def test_a_card_is_dragged_to_the_next_stage_and_no_farther(page_as, number):
    page = page_as("zhangwei", BOARD)
    first(page, number).drag_to(column(page, THIRD))
    expect(said(page)).to_contain_text("一次只能升一个阶段，请先移到“需求确认”")
    is_in(page, number, FIRST)
    card_of(page, number).drag_to(column(page, SECOND))
    is_in(page, number, SECOND)
    expect(said(page)).to_contain_text("已移到“需求确认”")
    page.reload()
    is_in(page, number, SECOND)


def test_a_colleague_cannot_drag_it(page_as, number):
    page = page_as("wangqiang", BOARD)
    card = first(page, number)
    expect(card.locator("[data-grip]")).to_have_count(0)
    card.drag_to(column(page, SECOND))
    expect(said(page)).to_contain_text("由张伟跟进")
    is_in(page, number, FIRST)


def test_the_arrow_keys_move_a_card_and_keep_the_focus(page_as, number):
    page = page_as("zhangwei", BOARD)
    tab_to(page, first(page, number).locator("[data-grip]"))
    page.keyboard.press("ArrowLeft")
    expect(said(page)).to_contain_text("已经是第一个阶段")
    page.keyboard.press("ArrowRight")
    is_in(page, number, SECOND)
    expect(card_of(page, number).locator("[data-grip]")).to_be_focused()
    # the second gate wants more than a visit
    page.keyboard.press("ArrowRight")
    refused = said(page).locator(".over")
    expect(refused).to_contain_text("没有移动")
    expect(refused.get_by_role("link", name="去办理")).to_be_visible()
    is_in(page, number, SECOND)
    # who goes back says why
    expect(card_of(page, number).locator("[data-grip]")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/tasks/*")
    expect(page.locator("[name='follow.to_stage']")).to_have_value(FIRST)


def test_the_menu_is_used_by_keys_alone(page_as, site, shot):
    """In English: its words are longer, and the menu of a lone card must not be cut."""
    number = pursued(site, LONG)
    page = page_as("zhangwei", BOARD, dark=True, locale="en")
    card = first(page, number)
    grip, up = card.locator("[data-grip]"), card.get_by_role("button", name="Forward to “Needs")
    tab_to(page, grip)
    page.keyboard.press("Enter")
    menu_is_whole(page, card)
    check_page(page)
    shot(page, "board-1400-dark")
    page.keyboard.press("Escape")
    expect(up).to_be_hidden()
    expect(grip).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, up)
    page.keyboard.press("Enter")
    is_in(page, number, SECOND)
    expect(grip).to_be_focused()
    page.keyboard.press("Enter")
    menu_is_whole(page, card)


def test_a_thumb_moves_a_card_by_its_menu(page_as, site, shot):
    number = pursued(site, LONG)
    page = page_as("zhangwei", BOARD, width=390)
    card = first(page, number)
    card.locator("[data-grip]").tap()
    menu_is_whole(page, card)
    check_page(page)
    shot(page, "board-390-light")
    card.get_by_role("button", name="升到“需求确认”").tap()
    is_in(page, number, SECOND)
    expect(said(page)).to_contain_text("已移到“需求确认”")


def menu_is_whole(page: Page, card: Locator) -> None:
    """It lies over the board, which neither cuts it nor scrolls it."""
    expect(card.locator(".pop")).to_be_visible()
    cut = page.locator("#board").evaluate("it => it.scrollHeight - it.clientHeight")
    assert cut <= 0, f"{cut} px of the menu are cut"
