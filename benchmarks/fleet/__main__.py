"""Measure deeprig beside stock pyinfra, Ansible and one SSH command, and write docs/benchmarks.md.

    sudo build/venv/bin/python -m benchmarks.fleet                     # everything
    sudo build/venv/bin/python -m benchmarks.fleet --hosts 1 --repeat 5 --only floor --only deeprig
    sudo build/venv/bin/python -m benchmarks.fleet --table             # the page anew, no run

Every run is kept in the results file as soon as it is over: started again, the program goes on
where it ended (``--again`` begins anew). Needs root: it makes throwaway hosts.
"""

from __future__ import annotations

import argparse
import compileall
import shlex
import subprocess
import sys
import tempfile
import time
import venv
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from generated_end import (  # type: ignore[import-not-found]  # noqa: E402 - found above
    GeneratedEnd,
)

from benchmarks.fleet import ground  # noqa: E402
from benchmarks.fleet.about import SOURCES, about, default_transport  # noqa: E402
from benchmarks.fleet.bench import Bench  # noqa: E402
from benchmarks.fleet.desk import Desk  # noqa: E402
from benchmarks.fleet.leftovers import sweep  # noqa: E402
from benchmarks.fleet.rounds import next_runs, selected  # noqa: E402
from benchmarks.fleet.samples import Results  # noqa: E402
from benchmarks.fleet.tables import page_end  # noqa: E402
from benchmarks.fleet.ways import Way, all_ways  # noqa: E402
from deeprig.errors import DeeprigError, UsageProblem  # noqa: E402
from deeprig.lab import api  # noqa: E402
from tests.channel.api import DEFAULT_CACHE, ChannelBuild, build  # noqa: E402

_WORK = ROOT / "build" / "benchmark-fleet"
_RESULTS = ROOT / "benchmarks" / "fleet" / "results.json"
_PAGE, _MARK = ROOT / "docs" / "benchmarks.md", "<!-- below: python -m benchmarks.fleet -->"
_ANSIBLE = "ansible-core>=2.19,<2.20"


def main() -> int:
    """Measure what is missing, write the page, and return 0 where every run counted.

    What a user can cause ends it with a message, and what was measured until then is kept.
    """
    try:
        return _measure_and_write()
    except (DeeprigError, subprocess.CalledProcessError, ValueError) as error:
        told = error.format_message() if isinstance(error, DeeprigError) else error
        sys.stderr.write(f"benchmark: {told}\n")
    except KeyboardInterrupt:
        sys.stderr.write("benchmark: interrupted; started again it goes on where it ended\n")
    return 2


def _measure_and_write() -> int:
    options = _options()
    if options.table:
        results = Results.load(options.results)
        if results is None:
            raise UsageProblem("there is nothing measured yet", place=str(options.results))
    else:
        results = _measured(options)
    GeneratedEnd(options.page, _MARK, lambda: page_end(results)).write()
    return 1 if any(sample.problem for sample in results.samples) else 0


def _measured(options: argparse.Namespace) -> Results:
    began = time.monotonic()
    tools = _tools(_WORK / "tools")
    default = options.main_transport or default_transport()
    ways = selected(
        all_ways(tools, options.transports, default, options.ansible_hosts), options.only
    )
    results = _results(options, tools, default)
    sweep(note)
    for name in SOURCES:  # as pip does where deeprig is installed
        compileall.compile_dir(ROOT / name, quiet=1)
    channel = build(DEFAULT_CACHE / "out")
    golden = ground.golden_of(channel)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            _fresh(options, results, ways, channel, golden, Path(name))
            _rest(options, results, ways, channel, golden, Path(name))
    finally:
        results.about["minutes"] += (time.monotonic() - began) / 60
        results.save()
        if not options.keep:
            for name in ("bench-fresh", "bench"):
                api.down(ROOT / ".lab" / name)
    return results


def _fresh(
    options: argparse.Namespace,
    results: Results,
    ways: tuple[Way, ...],
    channel: ChannelBuild,
    golden: ground.Golden,
    sockets: Path,
) -> None:
    """Measure on hosts that have nothing, and make the image of one of them where it is missing."""
    due = () if options.no_fresh else next_runs(results, "fresh", 1, ways, options.repeat)
    count = len(list(due))
    needed = count + (not golden.is_made)
    if not needed:
        return
    note(f"{needed} fresh hosts")
    state = ground.fresh_lab(channel, needed)
    *hosts, last = state.hosts
    if golden.is_made:
        hosts.append(last)
    else:
        note("the image with everything in place (once for each state of the sources)")
        ground.make_golden(golden, state, last, lambda: _apply(state.inventory, last.name))
    desk = Desk(_WORK / "fresh", state, sockets)
    desk.write(channel, golden.floor)
    if count:
        Bench(desk, results, ways, options.repeat, note).fresh(hosts)
    api.down(state.directory)


def _rest(
    options: argparse.Namespace,
    results: Results,
    ways: tuple[Way, ...],
    channel: ChannelBuild,
    golden: ground.Golden,
    sockets: Path,
) -> None:
    """Measure re-runs that change nothing, few hosts first."""
    memory = () if options.no_memory else options.memory_hosts
    most = max((1, *options.hosts, *memory))
    note(f"{most} hosts with everything in place")
    desk = Desk(_WORK / "full", ground.full_lab(golden, channel, most), sockets)
    desk.write(channel, golden.floor)
    bench = Bench(desk, results, ways, options.repeat, note)
    if not options.no_far:
        bench.far()
    for hosts in sorted(options.hosts):
        bench.near(hosts)
    for hosts in sorted(memory):
        bench.memory(hosts)


def _results(options: argparse.Namespace, tools: Path, default: str) -> Results:
    """Return what is known already. Raise UsageProblem where it is of other versions."""
    new = about(tools, {"repeat": options.repeat, "hosts": options.hosts})
    new |= {"default_transport": default, "minutes": 0.0, "sessions": 0}
    new["command"] = shlex.join(["python", "-m", "benchmarks.fleet", *sys.argv[1:]])
    known = None if options.again else Results.load(options.results)
    if known is None or not known.samples:
        known = Results(options.results, new)
    if known.about["versions"] != new["versions"] and not options.mixed:
        raise UsageProblem(
            f"it holds results of other versions: {known.about['versions']}",
            place=str(options.results),
            remedy="--again begins anew, --mixed goes on with them",
        )
    known.about["sessions"] += 1
    return known


def _tools(directory: Path) -> Path:
    """Return the bin directory of an environment with the tools that deeprig is compared with."""
    wanted = (_ANSIBLE, f"pyinfra=={version('pyinfra')}", f"paramiko=={version('paramiko')}")
    told = directory / "installed-for"
    if not told.is_file() or told.read_text(encoding="utf-8") != "\n".join(wanted):
        note(f"installing {' '.join(wanted)}")
        venv.create(directory, with_pip=True, clear=True)
        pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "-q", *wanted]
        subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
        told.write_text("\n".join(wanted), encoding="utf-8")
    return directory / "bin"


def _apply(inventory: Path, host: str) -> None:
    command = [sys.executable, "-m", "deeprig", "apply", "-i", str(inventory), "--limit", host]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def note(text: str) -> None:
    """Say what is being done."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def _numbers(text: str) -> list[int]:
    return sorted({int(word) for word in text.split(",")})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.fleet",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--hosts", type=_numbers, default=[1, 10, 30], metavar="N,N", help="default: 1,10,30")
    add("--memory-hosts", type=_numbers, default=[100], metavar="N,N", help="default: 100")
    add("--repeat", type=int, default=3, help="rounds; slow ways get fewer (default: 3)")
    add("--only", action="append", default=[], metavar="WORD", help="ways that have WORD in them")
    add("--transports", type=lambda text: text.split(","), default=["line", "quick"])
    add("--main-transport", help="the transport of all parts; default: deeprig's own")
    add("--ansible-hosts", type=int, default=1, help="Ansible with no more than these (1)")
    for part in ("fresh", "far", "memory"):
        add(f"--no-{part}", action="store_true", help=f"leave the part {part} out")
    add("--results", type=Path, default=_RESULTS, help="where every run is kept")
    add("--page", type=Path, default=_PAGE, help="the page whose end is written")
    add("--again", action="store_true", help="begin anew")
    add("--mixed", action="store_true", help="go on with results of other versions")
    add("--table", action="store_true", help="write the page from the results, measure nothing")
    add("--keep", action="store_true", help="leave the hosts up at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
