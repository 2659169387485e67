"""A text comes in the reader's language, however often the language changes in between."""

import pytest
from flask import g
from flask_babel import force_locale

from app.i18n import _

SAVE = {"zh": "保存", "en": "Save"}


@pytest.mark.parametrize("language", SAVE)
def test_a_request_speaks_one_language(app, language):
    with app.test_request_context(headers={"Accept-Language": language}):
        assert [_("保存"), _("保存")] == [SAVE[language]] * 2


def test_a_part_in_another_language_ends_where_it_ends(app):
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert _("保存") == "保存"
        with force_locale("en"):
            assert _("保存") == "Save"
            with force_locale("zh"):
                assert _("保存") == "保存"
            assert _("保存") == "Save"
        assert _("保存") == "保存"


def test_two_requests_of_one_context_do_not_share_a_language(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert _("保存") == "Save"
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert _("保存") == "保存" and "texts" in g


def test_outside_of_the_application_a_text_is_itself():
    assert _("保存") == "保存"


def test_a_value_may_have_any_name(app):
    with app.test_request_context():
        assert _("%(text)s 与 %(self)s", text="甲", self="乙") == "甲 与 乙"


def test_templates_speak_it_too(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert app.jinja_env.from_string("{{ _('保存') }}").render() == "Save"


def test_templates_fill_a_text_with_a_number_and_more(app):
    text = "{{ ngettext('%(ok)s 项成功，%(num)d 项没有办成，还选着：', '-', 2, ok=1) }}"
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        shown = app.jinja_env.from_string(text.replace("'-'", "'%(ok)s/%(num)d'")).render()
    assert shown == "1/2"
