"""``deeprig update``: newer drivers, toolkits, environments and security updates, on request."""

from __future__ import annotations

from typing import Any

import click

from deeprig.cli.options import (
    bundle_option,
    inventory_option,
    json_option,
    limit_option,
    parallel_option,
    reboot_option,
    sudo_option,
    verbose_option,
)
from deeprig.cli.wave_options import take_wave_options, wave_options

#: What can be asked for, and the role that does it.
ROLE_OF = {
    "drivers": "nvidia_driver",
    "toolkit": "cuda",
    "environments": "conda",
    "security": "maintenance",
}


@click.command()
@inventory_option
@limit_option
@click.option("--drivers", is_flag=True, help="The NVIDIA driver: the newest of its branch.")
@click.option("--toolkit", is_flag=True, help="CUDA toolkits, cuDNN and NCCL: the newest patches.")
@click.option("--environments", is_flag=True, help="Conda environments that have no lock.")
@click.option("--security", is_flag=True, help="The distribution's security updates.")
@click.option("--plan", "only_plan", is_flag=True, help="Show from which to which, and stop.")
@click.option(
    "--even-if-busy",
    is_flag=True,
    help="Change the driver although programs use the GPUs. They are not ended by deeprig, but "
    "lose the GPU at the reboot.",
)
@reboot_option
@wave_options
@parallel_option
@bundle_option
@sudo_option
@json_option
@verbose_option
def update(only_plan: bool, even_if_busy: bool, **options: Any) -> None:
    """Bring hosts to newer versions than the declared state needs, and show from which to which.

    Without a choice, everything is updated. What the inventory pins stays. A driver change is a
    transaction: it is proven after the reboot, or the old driver is put back.
    """
    from deeprig.cli.rolling import roll_and_exit
    from deeprig.cli.running import RunRequest, run_and_exit
    from deeprig.update_request import UpdateRequest

    asked = {what: options.pop(what) for what in ROLE_OF}
    if not any(asked.values()):
        asked = dict.fromkeys(ROLE_OF, True)
    waves = take_wave_options(options)
    if waves is not None and only_plan:
        raise click.UsageError("--plan changes nothing, and so has no waves; see --show-waves")
    request = RunRequest(
        roles=tuple(ROLE_OF[what] for what, wanted in asked.items() if wanted),
        skipped=(),
        update=UpdateRequest(**asked, even_if_busy=even_if_busy),
        **options,
    )
    if waves is not None:
        roll_and_exit("update", request, waves)
    run_and_exit("plan" if only_plan else "update", request)
