"""A host whose line, and whose own way, are known to the test."""

from types import SimpleNamespace

import pytest
from pyinfra.api import Config
from pyinfra.api.inventory import Inventory
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra.context import ctx_state

from deeprig.engine.connector import QuickSSHConnector
from deeprig.engine.embedding import embed_pyinfra
from deeprig.transport import connector
from deeprig.transport.connector import LineConnector
from deeprig.transport.frames import Answer
from deeprig.transport.reads import mark_reads


class FakeLine:
    """Stands in for a host: it answers each question with what it was asked."""

    made = ()
    fault = None

    def __init__(self, transport, *, sudo, password):
        type(self).made = (*type(self).made, self)
        self.sudo, self.password, self.asked, self.is_closed = sudo, password, [], False

    def ask(self, questions):
        if self.fault is not None:
            raise self.fault
        self.asked.append(tuple(question.text for question in questions))
        return tuple(
            Answer(1 if "fails" in q.text else 0, q.text.encode("latin-1"), b"") for q in questions
        )

    def do(self, items):
        self.asked.append(tuple(getattr(item, "text", None) or item.path for item in items))
        return tuple(Answer(0, b"", b"") for _ in items)

    def close(self):
        self.is_closed = True


@pytest.fixture
def lines(monkeypatch):
    """The class whose ``made`` are the lines that were opened."""
    monkeypatch.setattr(connector, "Line", FakeLine)
    monkeypatch.setattr(FakeLine, "made", ())
    monkeypatch.setattr(FakeLine, "fault", None)
    return FakeLine


@pytest.fixture
def host(lines, monkeypatch):
    """A connected host. ``stock`` are the commands that went pyinfra's own way."""
    from pyinfra.api import State

    embed_pyinfra()
    mark_reads()
    inventory = Inventory((["rig"], {}))
    made = inventory.get_host("rig")
    made.connector_cls = LineConnector
    state = State(inventory, Config(), check_for_changes=False)
    made.connected = True
    made.connector.client = SimpleNamespace(get_transport=lambda: object())
    made.connector.liveness = SimpleNamespace(answers=lambda: True, is_silent=False)
    made.stock = []

    def stock(self, command, *arguments, **options):
        text = command if isinstance(command, str) else command.get_raw_value()
        made.stock.append(text)
        return True, CommandOutput([OutputLine("stdout", f"stock {text}")])

    monkeypatch.setattr(QuickSSHConnector, "run_shell_command", stock)
    for transfer in ("put_file", "rsync"):
        monkeypatch.setattr(QuickSSHConnector, transfer, lambda *a, **o: True)
    with ctx_state.use(state):
        yield made
