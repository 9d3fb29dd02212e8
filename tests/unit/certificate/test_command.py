"""``deeprig report --certificate``: three files, the right inspection, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from deeprig.certificate.find import certificate_from
from deeprig.certificate.model import Certificate
from deeprig.cli import cli
from deeprig.report import store
from deeprig.report.exit_codes import of_verification
from tests.unit.certificate import samples

RECORDED = Path(__file__).parents[1] / "report" / "recorded"


def inspected(host, started):
    """Return the recorded inspection, as one of this host at that time."""
    report = store.load(RECORDED / "inspect.json")
    (recorded,) = report.hosts
    audit = replace(recorded.audit, collected=started)
    return replace(report, started=started, hosts=(replace(recorded, host=host, audit=audit),))


@pytest.fixture
def lab(tmp_path):
    lab = tmp_path / "lab"
    (lab / "inventory").mkdir(parents=True)
    for host, started in (
        ("rig1", "2026-11-19T08:00:00Z"), ("rig1", "2026-11-20T08:00:00Z"),
        ("rig9", "2026-11-21T08:00:00Z"),
    ):  # fmt: skip
        store.save(inspected(host, started), lab)
    report = samples.report(samples.full_host(), samples.host(samples.setup("fail"), name="rig2"))
    store.save(report.with_exit_code(of_verification(report)), lab)
    return lab


@pytest.fixture
def certify(lab, tmp_path):
    def run(*arguments, page="out.html"):
        inventory = ["-i", str(lab / "inventory" / "lab.py")]
        wanted = ["--certificate", str(tmp_path / page)] if page else []
        return CliRunner().invoke(cli, ["report", *inventory, *wanted, *map(str, arguments)])

    return run


def read(tmp_path, name="out.json"):
    return Certificate.from_json(json.loads((tmp_path / name).read_text()))


def test_page_json_and_junit_of_the_newest_verification(certify, tmp_path):
    done = certify()
    assert (done.exit_code, done.stdout) == (0, "rig1: proven\nrig2: failed\n")
    assert [f"wrote {tmp_path}/{n}" for n in ("out.html", "out.json", "out.junit.xml")] == (
        done.stderr.splitlines()
    )
    assert (tmp_path / "out.html").read_text().startswith("<!doctype html>")
    certificate = read(tmp_path)
    assert [(h.host, h.verdict) for h in certificate.hosts] == [
        ("rig1", "proven"),
        ("rig2", "failed"),
    ]
    kinds = [(source.kind, source.name) for source in certificate.sources]
    assert kinds == [
        ("verify", "20261121T200000Z-verify.json"),
        ("inspect", "20261120T080000Z-inspect.json"),
    ]


def test_every_host_gets_its_newest_inspection_and_nobody_elses(certify, tmp_path):
    certify()
    rig1, rig2 = read(tmp_path).hosts
    assert (rig1.inspected, rig2.inspected) == ("2026-11-20T08:00:00Z", None)


def test_an_inspection_that_reached_nobody_hides_none_before_it(certify, lab, tmp_path):
    report = inspected("rig1", "2026-11-21T09:00:00Z")
    gone = replace(report.hosts[0], status="unreachable", audit=None, facts=None)
    store.save(replace(report, hosts=(gone,)), lab)
    certify()
    assert read(tmp_path).hosts[0].inspected == "2026-11-20T08:00:00Z"


def test_inspections_that_nobody_needs_are_not_read(certify, lab):
    (lab / "reports/20261118T080000Z-inspect.json").write_text("{}")
    assert certify("--host", "rig1").exit_code == 0
    done = certify("--host", "rig2")
    assert done.exit_code == 2
    assert "20261118T080000Z-inspect.json" in done.stderr


def test_an_inspection_can_be_named(certify, lab, tmp_path):
    assert certify("--inspection", lab / "reports/20261119T080000Z-inspect.json").exit_code == 0
    assert read(tmp_path).hosts[0].inspected == "2026-11-19T08:00:00Z"


def test_the_certificate_of_one_host_is_its_own(certify, tmp_path):
    assert certify("--host", "rig1").stdout == "rig1: proven\n"
    assert read(tmp_path).verdict == "proven"


def test_junit_says_the_verdict_and_every_case(certify, tmp_path):
    certify()
    root = ElementTree.parse(tmp_path / "out.junit.xml").getroot()  # noqa: S314 - our own XML
    good, bad = root.findall("testsuite")
    assert (good.get("failures"), good.get("errors"), good.get("skipped")) == ("0", "0", "2")
    assert int(bad.get("failures")) == 2
    verdicts = {
        suite.get("name"): [case for case in suite if case.get("name") == "the machine is proven"]
        for suite in (good, bad)
    }
    assert verdicts["rig1"][0].find("failure") is None
    assert "the driver is loaded" in verdicts["rig2"][0].find("failure").text
    names = {case.get("name").partition(" ")[0] for case in good}
    assert {*samples.LIFE, *samples.GPU, "burn"} <= names


@pytest.mark.parametrize("verdict", ["simulated", "not proven"])
def test_only_proven_is_a_success_to_a_ci_system(certify, tmp_path, verdict):
    is_simulated = verdict == "simulated"
    checks = (samples.setup(simulated=True), samples.carrying(samples.smoke(samples.DEVICE)))
    host = samples.host(*(checks if is_simulated else checks[:1]))
    path = store.save(samples.report(host), tmp_path / "other")
    assert certify(path).stdout == f"rig1: {verdict}\n"
    root = ElementTree.parse(tmp_path / "out.junit.xml").getroot()  # noqa: S314 - our own XML
    (case,) = [
        case for case in root.iter("testcase") if case.get("name") == "the machine is proven"
    ]
    assert case.find("error") is not None


def test_it_is_kept_beside_its_report_once_and_is_no_report(certify, lab, tmp_path):
    certify()
    certify()
    kept = list((lab / "reports").glob("*-certificate*"))
    assert [path.name for path in kept] == ["20261121T200000Z-certificate.json"]
    assert kept[0].read_text() == (tmp_path / "out.json").read_text()
    assert kept[0].stat().st_mode & 0o077 == 0
    assert "verify" in store.newest(lab).name
    certify("--host", "rig1")
    assert len(list((lab / "reports").glob("*-certificate*"))) == 2


def test_a_stored_certificate_makes_the_same_files(certify, lab, tmp_path):
    certify()
    stored = lab / "reports/20261121T200000Z-certificate.json"
    assert certify(stored, page="again.html").exit_code == 0
    for ending in ("html", "json", "junit.xml"):
        assert (tmp_path / f"again.{ending}").read_text() == (
            tmp_path / f"out.{ending}"
        ).read_text()
    assert certify(stored, "--host", "rig2", page="rig2.html").stdout == "rig2: failed\n"


def test_a_report_of_elsewhere_gets_no_inspection_of_this_lab(certify, lab, tmp_path):
    elsewhere = tmp_path / "mail" / "verify.json"
    elsewhere.parent.mkdir()
    elsewhere.write_text(store.newest(lab, "verify").read_text())
    assert certify(elsewhere).exit_code == 0
    assert [host.inspected for host in read(tmp_path).hosts] == [None, None]
    assert list(elsewhere.parent.iterdir()) == [elsewhere]
    assert not (tmp_path / "reports").exists()


def test_the_newest_certificates_are_kept_and_reports_are_not_counted(lab):
    for n in range(store.KEPT_COUNT + 3):
        store.save_certificate(f"{n}", f"2026-11-22T10:00:{n:02d}Z", lab)
    kept = sorted(path.read_text() for path in (lab / "reports").glob("*-certificate.json"))
    assert kept == sorted(str(n) for n in range(3, store.KEPT_COUNT + 3))
    assert len(store.stored(lab)) == 4


@pytest.mark.parametrize(
    ("arguments", "page", "told"),
    [
        (["--host", "rig7"], "out.html", "it knows no host rig7"),
        (["--host", "rig1"], None, "--host and --inspection are of --certificate"),
        (["--json"], "out.html", "--certificate and --json exclude each other"),
        (["--format", "html"], "out.html", "--certificate and --format exclude each other"),
        (["-o", "x"], "out.html", "--certificate and --output exclude each other"),
        (["--command", "apply"], "out.html", "--certificate and --command exclude each other"),
        ([], "out.pdf", "its name must end in .html"),
        ([], "nowhere/out.html", "it cannot be written"),
        (["nothing.json"], "out.html", "it cannot be read"),
    ],
)
def test_bad_usage_is_refused_and_writes_nothing(certify, lab, tmp_path, arguments, page, told):
    before = sorted(tmp_path.rglob("*"))
    done = certify(*arguments, page=page)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert sorted(tmp_path.rglob("*")) == before


def test_reports_that_are_no_verification_are_refused(certify, lab):
    inspection = lab / "reports/20261119T080000Z-inspect.json"
    verification = lab / "reports/20261121T200000Z-verify.json"
    done = certify(inspection)
    assert done.exit_code == 2
    assert "a certificate is made of verify" in " ".join(done.stderr.split())
    done = certify("--inspection", verification)
    assert done.exit_code == 2
    assert "it is a report of verify, not of inspect" in " ".join(done.stderr.split())


def test_a_certificate_that_was_tampered_with_is_refused(certify, lab):
    certify()
    stored = lab / "reports/20261121T200000Z-certificate.json"
    data = json.loads(stored.read_text())
    data["hosts"][1]["verdict"] = data["verdict"] = "proven"
    stored.write_text(json.dumps(data))
    done = certify(stored)
    assert done.exit_code == 2
    assert "it is not a certificate of this deeprig: hosts[1]: host rig2 is not" in " ".join(
        done.stderr.split()
    )


def test_a_lab_without_a_verification_says_what_to_run(certify, lab):
    (lab / "reports/20261121T200000Z-verify.json").unlink()
    done = certify()
    assert done.exit_code == 2
    assert "run 'deeprig verify' first" in done.stderr


@pytest.mark.parametrize(
    ("gpu_count", "before", "has_gpu"),
    [
        (None, "2026-11-20T20:00:00Z", True), (0, "2026-11-20T20:00:00Z", False),
        (None, "2026-11-22T20:00:00Z", False), (None, None, False),
    ],
)  # fmt: skip
def test_a_card_that_fell_off_the_bus_is_known_from_an_earlier_verification(
    tmp_path, gpu_count, before, has_gpu
):
    checks = (samples.setup(), samples.carrying(samples.smoke()))
    now = replace(samples.host(*checks, facts=samples.CPU_FACTS), gpu_count=gpu_count)
    paths = [store.save(samples.report(now), tmp_path)]
    if before is not None:
        paths.append(
            store.save(replace(samples.report(samples.full_host()), started=before), tmp_path)
        )
    certificate = certificate_from(paths[0], (), (), store.stored(tmp_path, "verify"))
    assert certificate.hosts[0].has_gpu is has_gpu
    assert certificate.verdict == ("not proven" if has_gpu else "proven")
    names = [source.name for source in certificate.sources]
    assert names == [path.name for path in paths][: 1 + has_gpu]
