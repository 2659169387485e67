"""Decision models (DMN 1.1 to 1.5) on the expression language.

model = dmn.load(xml_bytes, "折扣权限.dmn")
model.decisions["discount_authority"].evaluate({"discount_rate": Decimal("0.08"), ...})
"""

from app.feel.dmn.check import Finding
from app.feel.dmn.errors import DmnError
from app.feel.dmn.model import Decision, Model, load
from app.feel.dmn.trace import Trace

__all__ = ["Decision", "DmnError", "Finding", "Model", "Trace", "load"]
