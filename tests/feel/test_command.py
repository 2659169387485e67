"""`python -m app.feel` shows a value, or says where the expression is wrong."""

import json

from app.feel import __main__ as command


def test_it_shows_the_value_for_the_variables_of_a_file(tmp_path, capsys):
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"unit price": 1.5, "数量": 2}), encoding="utf-8")
    assert command.main(["unit price * 数量", "--context", str(file)]) == 0
    assert capsys.readouterr().out == "3.0\n"


def test_it_points_at_the_mistake(capsys):
    assert command.main(["1 + amout", "--language", "en"]) == 1
    shown = capsys.readouterr().err
    assert "there is no variable “amout” (at 5)" in shown and shown.endswith(
        "  1 + amout\n      ^\n"
    )


def test_it_checks_a_cell(capsys):
    assert command.main([">= 100", "--unary", "99.5"]) == 0
    assert capsys.readouterr().out == "false\n"


def test_a_missing_file_is_told(capsys):
    assert command.main(["1", "--context", "/does/not/exist.json"]) == 2
    assert "exist.json" in capsys.readouterr().err
