"""docs/flows/ says what the flow files say, in both languages."""

from tests.handbook import page


def test_the_reference_is_up_to_date(app):
    wanted = page.pages()
    assert sorted(page.FOLDER.glob("*.md")) == sorted(wanted)
    assert [path.name for path, text in wanted.items() if path.read_text() != text] == []


def test_no_english_page_has_chinese_but_the_link_to_its_twin(app):
    for path, text in page.pages().items():
        if path.name.endswith(".zh-CN.md"):
            continue
        found = [line for line in text.splitlines() if any("一" <= c <= "鿿" for c in line)]
        assert found == [f"中文：[{path.stem}.zh-CN.md]({path.stem}.zh-CN.md)"]
