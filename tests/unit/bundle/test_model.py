"""A manifest is read strictly: what is no bundle's is told, and no name leads out of it."""

import json

import pytest

from deeprig.bundle.model import BundleFile, Manifest, parse_manifest, path_of
from deeprig.errors import DeeprigError

SHA256 = "0123456789abcdef" * 4
WHOLE = Manifest(
    "2026-11-22T00:00:00Z",
    "0",
    (),
    (BundleFile(path_of("deb", SHA256, "less_590-2.1~deb12u2_amd64.deb"), "deb", SHA256, 7),),
)


def changed(**fields):
    """Return the manifest's text with other fields of its one file."""
    document = json.loads(WHOLE.to_json())
    document["files"][0].update(fields)
    return json.dumps(document)


def test_a_manifest_is_read_as_it_was_written():
    assert parse_manifest(WHOLE.to_json(), "b") == WHOLE


@pytest.mark.parametrize(
    "fields",
    [
        {"path": f"files/deb/{SHA256[:16]}-less.deb\n"},
        {"path": f"files/deb/{SHA256[:16]}-../less.deb"},
        {"path": f"files/deb/{'0' * 16}-less.deb"},
        {"path": f"/files/deb/{SHA256[:16]}-less.deb"},
        {"sha256": f"{SHA256}\n"},
        {"sha256": SHA256[:63]},
        {"kind": "program"},
        {"size_bytes": -1},
    ],
)
def test_what_is_no_entry_of_a_bundle_is_refused(fields):
    with pytest.raises(DeeprigError, match="it cannot be read"):
        parse_manifest(changed(**fields), "b")


def test_a_path_that_is_there_twice_is_refused():
    document = json.loads(WHOLE.to_json())
    document["files"] *= 2
    with pytest.raises(DeeprigError, match="twice"):
        parse_manifest(json.dumps(document), "b")
