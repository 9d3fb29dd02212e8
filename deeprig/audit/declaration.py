"""What the inventory declares about hardware, because no software can read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

CoolerType = Literal["blower", "open-air", "water", "passive"]
Use = Literal["experiment", "kaggle", "research", "multi-gpu"]
#: A PCI address as lspci -D and sysfs write it; nvidia-smi writes eight digits of the domain.
_PCI_ADDRESS = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}:[01][0-9a-f]\.[0-7])")


class HardwareDeclaration(BaseModel):
    """Hardware as its owner knows it. What is not declared stays unknown, and is said to be."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    psu_watts: float | None = Field(
        None, gt=0, description="What the power supply gives, as on its label."
    )
    cpu_watts: float | None = Field(
        None, gt=0, description="What the CPUs may draw together (PL2, PPT), in watts."
    )
    cooler_type: CoolerType | Mapping[str, CoolerType] | None = Field(
        None, description="How GPUs are cooled: one type for all, or by PCI address."
    )
    free_slots_between_gpus: int | None = Field(
        None, ge=0, description="Free slots between neighbouring GPUs; 0 is side by side."
    )
    use: Use = Field("experiment", description="What the machine is for; rules differ by it.")

    @field_validator("cooler_type", mode="plain")
    @classmethod
    def _read_coolers(cls, value: Any) -> Any:
        """Return the coolers, addresses as sysfs has them. Raise ValueError naming the wrong one.

        By hand: of two types, pydantic tells the mistakes that each one sees, in its own words.
        """
        if value is None or not isinstance(value, Mapping):
            return None if value is None else _cooler(value)
        return {_address(key): _cooler(cooler) for key, cooler in value.items()}

    def cooler_of(self, address: str) -> CoolerType | None:
        """Return how the GPU at a PCI address is cooled; None: not declared."""
        if self.cooler_type is None or isinstance(self.cooler_type, str):
            return self.cooler_type
        return self.cooler_type.get(address)

    def changed(self, changes: Mapping[str, Any]) -> HardwareDeclaration:
        """Return the declaration with other values. Raise ValidationError for bad ones."""
        return type(self).model_validate({**self.model_dump(), **changes})

    def as_declared(self) -> dict[str, Any]:
        """Return what is declared as plain JSON data; what is not, is left out."""
        return self.model_dump(mode="json", exclude_none=True)


def _cooler(value: Any) -> Any:
    known = get_args(CoolerType)
    if value not in known:
        told = ", ".join(map(repr, known))
        raise ValueError(f"must be one of {told}, or one of them by PCI address, not {value!r}")
    return value


def _address(value: Any) -> str:
    match = _PCI_ADDRESS.fullmatch(value.lower()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no PCI address such as '0000:01:00.0'")
    return f"{int(match[1], 16):04x}:{match[2]}"
