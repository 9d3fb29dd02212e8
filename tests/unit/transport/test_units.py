"""Questions for values of units are asked of systemd together, and answered as if one by one."""

import os
import shlex

import pytest
from pyinfra.api.command import StringCommand
from pyinfra.facts.systemd import SystemdEnabled, SystemdStatus

from deeprig.tasks.left_undone import StaleUnits
from deeprig.transport import far_side
from deeprig.transport.looks import look_of

#: systemctl's own order, whatever is asked for; without --all no empty value is shown.
_SYSTEMCTL = r"""#!/bin/sh
echo "$*" >>"$0.log"
[ ! -e "$0.fails" ] || exit 1
all=no keys=
for word; do
  case $word in
    --all) all=yes ;;
    --property=*) keys="$keys,${word#*=}" ;;
    --property|show) ;;
    Id|SubState|UnitFileState) keys="$keys,$word" ;;
    *)
      [ -z "$more" ] || echo
      more=yes
      for pair in Id=$word LoadState=loaded SubState=running-$word UnitFileState= \
        NeedDaemonReload=no
      do
        case ",$keys," in *",${pair%%=*},"*) ;; *) continue ;; esac
        [ "$all" = yes ] || [ -n "${pair#*=}" ] || continue
        echo "$pair"
      done ;;
  esac
done
"""


def pyinfras(fact, *units):
    command = fact().command(services=list(units)).get_raw_value()
    asked = f"if command -v systemctl >/dev/null 2>&1; then ( {command} ); "
    return f"{asked}else echo '##PYINFRA_NOCMD##'; fi"


TEXTS = (
    pyinfras(SystemdStatus, "a.service"),
    pyinfras(SystemdEnabled, "a.service"),
    pyinfras(SystemdStatus, "b.timer", "c.service"),
    StaleUnits().command(("a.service",)).get_raw_value(),
    StaleUnits().command(("c.service", "b.timer")).get_raw_value(),
    StringCommand("systemctl show --property=Id,UnitFileState b.timer").get_raw_value(),
)


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(_SYSTEMCTL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(far_side, "environment", lambda: dict(os.environb))
    return program


def asked(texts):
    fields = [word.encode() for text in texts for word in ("sh", text, look_of(text))]
    return far_side.answer(fields)


def one_by_one(texts):
    fields = [word for text in texts for word in (b"sh", text.encode(), b"")]
    return far_side.answer(fields)


def test_together_they_are_answered_as_one_by_one(systemctl):
    assert all(map(look_of, TEXTS))
    alone = one_by_one(TEXTS)
    log = systemctl.with_name("systemctl.log")
    assert len(log.read_text().splitlines()) == len(TEXTS)
    log.unlink()
    assert asked(TEXTS) == alone
    assert len(log.read_text().splitlines()) == 2


def test_where_they_cannot_be_had_together_each_is_asked(systemctl):
    systemctl.with_name("systemctl.fails").touch()
    assert asked(TEXTS) == one_by_one(TEXTS)
    log = systemctl.with_name("systemctl.log")
    assert len(log.read_text().splitlines()) == 2 + 2 * len(TEXTS)


@pytest.mark.parametrize(
    "text",
    [
        pyinfras(SystemdStatus, "*"),
        pyinfras(SystemdStatus, "it's.service"),
        "systemctl show --property=ExecStart a.service",
        "systemctl show --property=Id a",
        "systemctl show --property=Id a.service && echo more",
        f"systemctl show --property=Id {shlex.quote('a b.service')}",
        "TZ=UTC systemctl show --property=Id a.service",
    ],
)
def test_what_is_not_plain_is_run(text):
    assert look_of(text) == ""
