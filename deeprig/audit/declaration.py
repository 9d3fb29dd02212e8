"""What the inventory declares about hardware, because no software can read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CoolerType = Literal["blower", "open-air", "water", "passive"]
Use = Literal["experiment", "kaggle", "research", "multi-gpu"]
#: A PCI address as lspci -D and sysfs write it.
PciAddress = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$")
]


class HardwareDeclaration(BaseModel):
    """Hardware as its owner knows it. What is not declared stays unknown, and is said to be."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    psu_watts: float | None = Field(
        None, gt=0, description="What the power supply gives, as on its label."
    )
    cpu_watts: float | None = Field(
        None, gt=0, description="What the CPUs may draw together (PL2, PPT), in watts."
    )
    cooler_type: CoolerType | Mapping[PciAddress, CoolerType] | None = Field(
        None, description="How GPUs are cooled: one type for all, or by PCI address."
    )
    free_slots_between_gpus: int | None = Field(
        None, ge=0, description="Free slots between neighbouring GPUs; 0 is side by side."
    )
    use: Use = Field("experiment", description="What the machine is for; rules differ by it.")

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
