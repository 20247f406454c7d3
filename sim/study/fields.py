"""Fields that several tables of a study share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sim.toml_file import Strict

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
NonNegative = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Range(Strict):
    """Events of which a variable lies in [low, high) enter a table."""

    variable: str
    low: float = float("-inf")
    high: float = float("inf")

    @model_validator(mode="after")
    def _rises(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, not {self.low} and {self.high}")
        return self
