"""What a page weighs on its way to the browser, compressed."""

import json

import pytest

from app import assets

BUDGETS = {
    "inbox": (("app.js", "style.css", "icons.svg"), 60_000),
    "task": (("app.js", "form.js", "style.css", "icons.svg"), 70_000),
    "diagram": (("diagram.js", "diagram-style.css"), 70_000),
}


@pytest.mark.parametrize("page", BUDGETS)
def test_a_page_stays_within_its_budget(page):
    names, allowed = BUDGETS[page]
    manifest = json.loads((assets.DIST / "manifest.json").read_text())
    weight = sum((assets.DIST / f"{manifest[name]}.gz").stat().st_size for name in names)
    assert weight <= allowed, f"{page}: {weight} bytes, {allowed} are allowed"


def test_a_bundle_is_compressed_and_kept_for_ever(site):
    name = json.loads((assets.DIST / "manifest.json").read_text())["app.js"]
    client = site.app.test_client()
    answer = client.get(f"/dist/{name}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()
    plain = client.get(f"/dist/{name}")
    assert "Content-Encoding" not in plain.headers
    assert plain.content_length and plain.mimetype == "text/javascript"
    plain.close()


@pytest.mark.parametrize("name", ("../manifest.json", "..%2f..%2fassets.py", "nothing.js"))
def test_nothing_else_is_served(site, name):
    assert site.app.test_client().get(f"/dist/{name}").status_code == 404
