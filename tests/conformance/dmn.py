"""The DMN test kit's view of `app.feel.dmn`: `evaluate(file, decision, inputs) -> value`."""

from functools import lru_cache
from typing import Any

from app.feel import dmn
from app.feel.dmn import given


@lru_cache(maxsize=64)
def _model(file: bytes) -> dmn.Model:
    return dmn.load(file, lenient=True)


def evaluate(file: bytes, decision: str, inputs: dict[str, Any]) -> Any:
    """The decision's (or decision service's) value by the letter of the standard: null when it fails."""
    model = _model(file)
    data = given.typed(model, inputs)
    found = model.find(decision)
    if found is not None:
        # a decision named among the inputs is an input decision of the service under test
        known = {one.id: data[name] for name in inputs if (one := model.find(name)) is not None}
        return found.evaluate(data, known)
    return model.serve(decision, data)
