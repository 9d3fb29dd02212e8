"""Whether an exported model predicts as the trained one, in a process without its code."""

from __future__ import annotations

from deeprig_host.training import reload
from deeprig_host.training.cases import CaseContext
from deeprig_host.training.evaluation import Check
from deeprig_host.training.outputs import Outputs, max_difference
from deeprig_host.training.tolerances import of_logits


def check_form(form: str, trained: Outputs, context: CaseContext) -> Check:
    """Predict in a new process. Every label must be the same, and every logit close."""
    framework, workdir = context.framework, context.workdir
    exported = reload.predict_in_new_process(framework, workdir, context.device, form)
    off = max_difference(trained, exported)
    is_same = exported.samples == trained.samples and exported.labels() == trained.labels()
    most = of_logits(context.device)
    actual = f"labels {'the same' if is_same else 'others'}, {off:.1e} off"
    expected = f"the same labels, within {most:g}"
    return Check(f"{form} predicts as trained", is_same and off <= most, expected, actual)
