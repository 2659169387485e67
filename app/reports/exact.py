"""price x quantity to the cent inside the database, the same on SQLite and PostgreSQL."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.db import Money


class product(FunctionElement[Any]):
    """The product of a price (four places) and a quantity (three), half up to the cent."""

    type = Money()
    inherit_cache = True
    name = "exact_product"


@compiles(product)
def _numeric(element: product, compiler: Any, **options: Any) -> str:
    price, quantity = (compiler.process(clause, **options) for clause in element.clauses)
    return f"round({price} * {quantity}, 2)"


@compiles(product, "sqlite")
def _whole(element: product, compiler: Any, **options: Any) -> str:
    # both are whole numbers there: of 0.0001 and of 0.001
    price, quantity = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(({price} * {quantity} + 50000) / 100000)"
