"""What lands on a cache: nginx's file allows what is declared, and nothing else."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined

from deeprig.inventory.trial import TRIAL_FACTS
from deeprig.role import NetworkAccess
from roles.cache_server.places import (
    OUT_SERVICE,
    UNIT_DIRECTORY,
    USER,
    WAY_OUT,
    WEB_CONFIGURATION,
    WEB_SERVICE,
)
from roles.cache_server.secret_files import certificate_files, way_out
from roles.cache_server.settings import CacheServerSettings
from tests.unit.roles.cache.declared_caches import settings, with_tls

ROOT = Path(__file__).parents[4] / "templates" / "cache_server"


def rendered(place, declared, facts=TRIAL_FACTS):
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    text = (ROOT / place.lstrip("/")).read_text(encoding="utf-8")
    return environment.from_string(text).render(settings=declared, facts=facts)


def blocks(text, head):
    """Each block that begins with a head, with what is in it."""
    found = []
    for match in re.finditer(rf"^ *{head} .*?\{{|^ *{head} \{{", text, re.MULTILINE):
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        found.append(text[match.start() : end])
    return found


def test_every_server_lets_in_the_declared_hosts_and_nobody_else():
    text = rendered(WEB_CONFIGURATION, settings())
    servers = [part for part in blocks(text, "server") if "listen" in part]
    assert len(servers) == 3  # by path, and for two servers of archives
    for server in servers:
        assert re.findall(r"allow (\S+);", server) == ["127.0.0.0/8", "::1", "192.0.2.0/24"]
        assert re.search(r"^        deny all;", server, re.MULTILINE)
        assert "location / { deny all; }" in server


def test_a_location_passes_to_its_upstreams_socket_only_what_reads():
    text = rendered(WEB_CONFIGURATION, settings())
    passes = re.findall(r"proxy_pass (\S+);", text)
    sockets = {
        f"{one}" for one in re.findall(r"server unix:/run/deeprig-cache-out/(\S+)\.sock", text)
    }
    assert sockets == set(settings().upstreams)
    leading = {re.sub(r"\$\w+$", "", target) for target in passes}
    assert leading == {
        "http://unix:/run/deeprig-cache-out/is.alive:/",
        *(
            f"{'https' if one.is_tls else 'http'}://out_{name}"
            for name, one in settings().upstreams.items()
        ),
    }
    assert len(passes) - 1 == text.count("limit_except GET { deny all; }")
    # nginx knows no name and no address outside.
    assert "resolver" not in text


def test_an_upstream_with_tls_is_verified_by_its_own_name():
    text = rendered(WEB_CONFIGURATION, settings())
    for line in ("proxy_ssl_verify on;", "proxy_ssl_server_name on;"):
        assert line in text
    index = next(
        part for part in blocks(text, "location") if part.strip().startswith("location /index/")
    )
    assert set(re.findall(r'proxy_ssl_name "(\S+)";', index)) == {"index.example"}
    assert set(re.findall(r'proxy_set_header Host "(\S+)";', index)) == {"index.example"}


def test_pages_of_an_index_lead_to_the_cache_for_each_upstream():
    text = rendered(WEB_CONFIGURATION, settings())
    index = next(
        part for part in blocks(text, "location") if part.strip().startswith("location /index/")
    )
    assert 'sub_filter "https://files.example/" "$scheme://$http_host/wheels/";' in index
    channels = next(
        p for p in blocks(text, "location") if p.strip().startswith("location /channels/")
    )
    assert "sub_filter" not in channels


def test_what_an_archive_is_asked_for_keeps_its_path():
    text = rendered(WEB_CONFIGURATION, settings())
    (archive,) = [p for p in blocks(text, "server") if "server_name archive.example;" in p]
    assert "location /debian/ {" in archive
    assert "location /debian-security/ {" in archive
    assert "proxy_pass http://out_debian$asked_path;" in archive
    (nvidia,) = [p for p in blocks(text, "server") if "server_name nvidia.example;" in p]
    assert "proxy_pass https://out_nvidia$asked_path;" in nvidia


@pytest.mark.parametrize(("release", "has"), [("22.04", False), ("24.04", True)])
def test_the_disks_room_is_kept_where_nginx_can(release, has):
    facts = replace(TRIAL_FACTS, distribution="ubuntu", release=release)
    text = rendered(WEB_CONFIGURATION, settings(minimum_free_gib=7, size_gib=50), facts)
    assert ("min_free=7g" in text) is has
    assert "max_size=50g" in text


def test_what_may_have_been_cut_is_not_kept():
    """By the length, or the end of the chunks, nginx sees it itself."""
    text = rendered(WEB_CONFIGURATION, settings())
    keyed = '"$upstream_http_content_length$upstream_http_transfer_encoding"'
    (known,) = re.findall(rf"map {re.escape(keyed)} \$has_no_end {{(.*?)}}", text, re.S)
    assert re.findall(r"(\S+) ?(\S*);", known) == [("volatile", ""), ('""', "1"), ("default", "0")]
    assert text.count("proxy_no_cache $has_no_end;") == text.count("proxy_no_cache") == 1


def test_tls_listens_at_its_own_port():
    assert " ssl default_server" not in rendered(WEB_CONFIGURATION, settings())
    text = rendered(WEB_CONFIGURATION, with_tls(settings()))
    assert "listen 3143 ssl default_server;" in text
    assert text.count("ssl_certificate_key /etc/deeprig/cache_server/tls.key;") == 1
    one = rendered(WEB_CONFIGURATION, settings(listen="192.0.2.5"))
    assert set(re.findall(r"listen (\S+?)[ ;]", one)) == {"192.0.2.5:3142"}


def test_the_services_are_nobody_and_write_where_they_must():
    declared = settings(directory="/srv/kept")
    web = rendered(f"{UNIT_DIRECTORY}/{WEB_SERVICE}", declared).splitlines()
    out = rendered(f"{UNIT_DIRECTORY}/{OUT_SERVICE}", declared).splitlines()
    for unit in (web, out):
        assert {f"User={USER}", "NoNewPrivileges=yes", "CapabilityBoundingSet="} <= set(unit)
        assert "ProtectSystem=strict" in unit
    assert "ReadWritePaths=/srv/kept" in web


def test_the_way_out_is_told_in_a_file_that_others_cannot_read():
    network = NetworkAccess(http_proxy="http://ada:hush@proxy.example:3128", no_proxy=("near",))
    file = way_out(settings(), network)
    assert (file.path, file.group, file.mode) == (WAY_OUT, USER, "640")
    assert "hush" not in repr(file)
    told = json.loads(file.text.get_secret_value())
    assert told["http_proxy"] == "http://ada:hush@proxy.example:3128"
    assert told["no_proxy"] == ["near"]
    assert told["upstreams"]["index"] == "https://index.example/simple"
    assert certificate_files(settings()) == ()


def test_a_host_that_is_no_cache_renders_too():
    text = rendered(WEB_CONFIGURATION, CacheServerSettings())
    assert "upstream out_" not in text
