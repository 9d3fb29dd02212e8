"""What docs/json.md says of the documents of ``deeprig bundle``."""

from __future__ import annotations

from tests.unit.report.described import Description, Key

DESCRIPTIONS: dict[str, Description] = {
    "bundle": Description(
        "`bundle`",
        (
            Key("made", "text", "when it was made"),
            Key("version", "text", "the version of deeprig that made it"),
            Key("hosts", "list", "whom it was made for", "bundle host"),
            Key("files", "list", "everything in it, by path", "bundle file"),
            Key("notes", "list of text", "what else was told while it was made"),
        ),
        "The manifest, as it lies in the bundle (`manifest.json`).",
        schema="deeprig.bundle/1",
    ),
    "bundle host": Description(
        "A host of a bundle",
        (
            Key("name", "text", "its name in the inventory"),
            Key("distribution", "text", "`debian` or `ubuntu`"),
            Key("release", "text", "such as `24.04`"),
            Key("architecture", "text", "as dpkg has it: `amd64`"),
            Key("roles", "list of text", "the roles that apply to it"),
        ),
    ),
    "bundle file": Description(
        "A file of a bundle",
        (
            Key("path", "text", "where it lies in the bundle"),
            Key("kind", "text", "what it is; docs/bundle.md has a table"),
            Key("sha256", "text", "its checksum"),
            Key("size_bytes", "whole number", "its size"),
            Key(
                "urls", "list of text", "under which hosts ask for it, without names and passwords"
            ),
            Key("media_type", "text", "as which it is served"),
            Key("hosts", "list of text", "who needs it"),
            Key("licence", "text or `null`", "what the package says of itself; `null`: nothing"),
        ),
    ),
    "bundle check": Description(
        "`bundle check`",
        (
            Key("is_whole", "`true` or `false`", "whether nothing is wrong with it"),
            Key("manifest_sha256", "text", "to be compared with what the making machine printed"),
            Key("problems", "list", "what is wrong; empty if it is whole", "bundle problem"),
        ),
        schema="deeprig.bundle-check/1",
    ),
    "bundle problem": Description(
        "A problem of a bundle",
        (
            Key("place", "text", "the bundle and the file in it"),
            Key("reason", "text", "what is wrong with it"),
        ),
    ),
}
