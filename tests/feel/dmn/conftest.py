"""Small decision files written in a line or two."""

from html import escape

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="m">'


def file(*parts: str) -> bytes:
    return "".join([HEAD, *parts, "</definitions>"]).encode()


def text(tag: str, content: str, attributes: str = "") -> str:
    return f"<{tag} {attributes}><text>{escape(content)}</text></{tag}>"


def literal(content: str) -> str:
    return text("literalExpression", content)


def table(
    policy: str,
    inputs: list[str],
    outputs: list[str],
    rules: list[str],
    *,
    aggregation: str = "",
    values: str = "",
    default: str = "",
    kind: str = "",
    input_values: str = "",
) -> str:
    """A decision table; rules are written `cell; cell | output; output`."""
    parts = [f'<decisionTable id="t" hitPolicy="{policy}"']
    parts.append(f' aggregation="{aggregation}">' if aggregation else ">")
    for name in inputs:
        allowed = text("inputValues", input_values) if input_values else ""
        parts.append(
            f'<input label="{name}">{text("inputExpression", name, kind)}{allowed}</input>'
        )
    for name in outputs:
        parts.append(f'<output name="{name}">')
        parts.append(text("outputValues", values) if values else "")
        parts.append(text("defaultOutputEntry", default) if default else "")
        parts.append("</output>")
    for rule in rules:
        cells, results = ([c.strip() for c in side.split(";")] for side in rule.split("|"))
        parts.append("<rule>")
        parts += [text("inputEntry", cell) for cell in cells]
        parts += [text("outputEntry", result) for result in results]
        parts.append("</rule>")
    return "".join([*parts, "</decisionTable>"])


def decision(body: str, name: str = "d", requires: str = "", kind: str = "") -> str:
    variable = f'<variable name="{name}" typeRef="{kind}"/>' if kind else ""
    return f'<decision id="{name}" name="{name}">{variable}{requires}{body}</decision>'
