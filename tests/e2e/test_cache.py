"""A download cache on real hosts: apt, conda and pip through it, and without it when it is down."""

import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.cached_lab import LOG, PORT, SERVICE, STORE, WAY_OUT, CachedLab
from tests.e2e.own_certificate import certificate_for
from tests.e2e.running import LabDirectory
from tests.e2e.tls_origin import (
    NAME,
    ROGUE_PORT,
    STOPPING,
    TRUSTED_PORT,
    WHEEL,
    serving_script,
)

#: A kernel: 70 MB and what it needs, of which a package list is a small part. Only downloaded.
LARGE = (
    "apt-get clean && apt-get update -q && "
    "apt-get install -q -y --download-only --no-install-recommends linux-image-amd64"
)
DETOUR = "/usr/local/lib/deeprig/through-cache"
ALIVE = "'GET /deeprig-cache/alive HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' >&3; head -n 1 <&3"


@pytest.fixture
def cached(hosts, channel, tmp_path):
    """The cache runs Debian 13, its clients Debian 12; nobody of them has been applied to."""
    lab = LabDirectory(tmp_path / "lab", hosts, channel)
    lab.path.mkdir()
    made = CachedLab(lab, "rig2", ("rig1", "rig3"))
    made.clean()
    # Lists of an earlier test would be taken for what this one downloads.
    for name in made.clients:
        made.root(name, "rm -rf /var/lib/apt/lists/* && apt-get clean")
    yield made
    made.clean()
    shutil.rmtree(lab.path)


def given_to(cached, client):
    """How many bytes the cache gave to a client, by its own log."""
    address = cached.address(client)
    sent = {}
    for line in cached.log():
        if line["client"] == address:
            sent[line["id"]] = max(sent.get(line["id"], 0), line["sent_bytes"])
    return sum(sent.values())


def asked_from(cached, host):
    """The first line of the answer to a host that asks whether the cache is there."""
    address = cached.address(cached.cache)
    return cached.root(host, f"exec 3<>/dev/tcp/{address}/{PORT} && printf {ALIVE}").strip()


def test_the_second_client_downloads_next_to_nothing_from_outside(cached):
    first, second = cached.clients
    for name in cached.clients:  # another test may have had it there
        cached.root(name, "apt-get purge -q -y tree; apt-get clean")
    cached.declare()
    cached.lab.run("apply")

    with cached.counted(cached.cache, first) as outside:
        cached.root(first, LARGE)
    assert outside[first] == 0
    assert outside[cached.cache] > 50_000_000
    assert given_to(cached, first) > 50_000_000

    before = given_to(cached, second)
    with cached.counted(cached.cache, second) as outside:
        cached.root(second, LARGE)
    assert outside[second] == 0
    given = given_to(cached, second) - before
    assert given > 50_000_000
    assert outside[cached.cache] < given / 100

    # Nobody asks who is not declared: this machine by its own address is not.
    assert "403" in asked_from(cached, cached.cache)
    assert "204" in asked_from(cached, second)
    assert cached.bad(cached.cache, second) == {}

    # It is down: what needs something new is applied all the same, and verify says what is wrong.
    cached.root(cached.cache, f"systemctl stop {SERVICE}")
    cached.declare(packages=("less", "tree"))
    with cached.counted(second) as outside:
        assert cached.changes(second) == ["Refresh the package lists", "Install packages"]
    assert outside[second] > 10_000
    bad = cached.bad(second)
    assert bad[f"the cache at {cached.url} answers this host"].startswith("no answer")

    # A way out that is gone is no cache either, although something answers.
    cached.root(cached.cache, f"systemctl start {SERVICE}; systemctl stop {WAY_OUT}")
    assert "204" not in asked_from(cached, second)
    cached.root(cached.cache, f"systemctl start {WAY_OUT}")
    assert "204" in asked_from(cached, second)
    cached.root(first, "apt-get install -q -y --no-install-recommends tree")
    assert cached.changes() == []
    for name in cached.clients:
        cached.root(name, "apt-get purge -q -y tree")


@pytest.mark.full
def test_conda_and_pip_have_their_files_from_the_cache_and_without_it(cached):
    small = {"name": "small", "python": "3.11", "packages": ["idna=3.6"]}
    cached.environments = (small | {"pip": {"packages": ["six"]}},)
    cached.declare()
    cached.lab.run("apply", "--limit", cached.cache)
    first, second = cached.clients
    prints = "/opt/conda/envs/small/bin/python -c 'import idna, six; print(idna.__version__)'"

    with cached.counted(cached.cache, first) as outside:
        cached.lab.run("apply", "--limit", first)
    assert cached.root(first, prints) == "3.6\n"
    assert outside[first] == 0
    filled = outside[cached.cache]
    assert filled > 5_000_000
    with cached.counted(cached.cache, second) as outside:
        cached.lab.run("apply", "--limit", second)
    assert cached.root(second, prints) == "3.6\n"
    assert outside[second] == 0
    assert outside[cached.cache] < filled / 100
    assert cached.changes(*cached.clients) == []

    # One of them again while the cache does not answer: from the source, and told.
    cached.root(second, "rm -rf /opt/conda/envs/small /opt/conda/pkgs")
    cached.root(cached.cache, f"systemctl stop {SERVICE}")
    with cached.counted(second) as outside:
        assert cached.changes(second) == ["Build an environment"]
    assert outside[second] > 5_000_000
    assert cached.root(second, prints) == "3.6\n"


_FETCH = """
import hashlib, re, sys, urllib.request
opened = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
page = opened(sys.argv[1] + "/index/demo/").read().decode()
link = re.search('href="([^"]+)"', page)[1]
print(link, hashlib.sha256(opened(link).read()).hexdigest())
"""
FETCH = f"/usr/bin/python3 -c {shlex.quote(_FETCH)}"


@pytest.fixture
def origin(cached):
    """The second client is the outside here: an index with TLS, and one that is not who it says."""
    client, outside = cached.clients
    trusted, rogue = certificate_for(NAME), certificate_for(NAME)
    own = certificate_for(cached.address(cached.cache))
    cached.lab.write("origin.pem", trusted.certificate)
    cached.lab.write("cache.pem", own.certificate)
    cached.lab.write("cache.key", own.key)
    cached.root(outside, serving_script(trusted, rogue))
    line = f"{cached.address(outside)} {NAME}"
    cached.root(cached.cache, f"cp -a /etc/hosts /root/hosts.kept; echo {line} >>/etc/hosts")
    cached.clients = (client,)
    yield outside
    cached.root(outside, STOPPING)
    cached.root(cached.cache, "cat /root/hosts.kept >/etc/hosts")


@pytest.mark.full
def test_servers_with_tls_are_verified_and_their_pages_lead_back_to_the_cache(cached, origin):
    (client,) = cached.clients
    base = f"https://{NAME}:{TRUSTED_PORT}"
    cached.near = (NAME,)
    cached.trusted = ("origin.pem", "cache.pem")
    cached.declare(
        upstreams={
            "index": {"url": f"{base}/simple", "kind": "pip", "is_default": True},
            "wheels": {"url": f"{base}/files", "kind": "files"},
            "rogue": {"url": f"https://{NAME}:{ROGUE_PORT}/simple", "kind": "pip"},
        },
        tls={"certificate": "cache.pem", "key": {"file": "cache.key"}},
    )
    cached.lab.run("apply")
    assert cached.changes() == []

    own = f"https://{cached.address(cached.cache)}:3143"
    told = cached.root(client, f"{FETCH} {own}").split()
    assert told[0] == f"{own}/wheels/{WHEEL}"
    wanted = cached.root(origin, f"sha256sum /srv/tls-origin/files/{WHEEL}").split()[0]
    assert told[1] == wanted
    # Asked again, nothing of the 20 MB comes from outside.
    before = len(cached.log())
    assert cached.root(client, f"{FETCH} {own}").split()[1] == wanted
    again = [line for line in cached.log()[before:] if line["upstream"] == "wheels"]
    assert {line["cache"] for line in again} == {"HIT"}

    # The one with a certificate that nobody trusts has nothing for anybody, and verify says so.
    bad = cached.bad(cached.cache)
    assert list(bad) == ["upstream rogue answers"]
    assert "status 502" in bad["upstream rogue answers"]
    assert cached.bad(client) == {}
    # The outside is down: what was there last is given out.
    cached.root(origin, f"systemctl stop tls-origin-{TRUSTED_PORT}")
    assert cached.root(client, f"{FETCH} {own}").split()[1] == wanted


@pytest.mark.full
def test_a_cache_that_hangs_is_not_waited_for(cached):
    """It takes connections and never answers: stopped processes, as on a machine that swaps."""
    cached.patience_seconds = 2
    cached.declare()
    cached.lab.run("apply")
    client = cached.clients[0]
    cached.root(cached.cache, f"systemctl kill --signal=STOP {SERVICE}")
    try:
        with cached.counted(client) as outside:
            # Twice its patience for each of a few servers, and not apt's own two minutes.
            cached.root(client, "timeout 100 apt-get update -q")
        assert outside[client] > 10_000
        assert cached.root(client, f"timeout 60 {DETOUR} echo as it is") == "as it is\n"
    finally:
        cached.root(cached.cache, f"systemctl kill --signal=CONT {SERVICE}")


@pytest.mark.full
def test_many_who_want_one_large_file_at_once_cost_one_download(cached):
    cached.declare()
    cached.lab.run("apply")
    for name in cached.clients:
        cached.root(name, "apt-get clean && apt-get update -q")
    fetch = LARGE.replace("apt-get update -q && ", "")
    with (
        cached.counted(cached.cache, *cached.clients) as outside,
        ThreadPoolExecutor(2) as both,
    ):
        tuple(both.map(lambda name: cached.root(name, fetch), cached.clients))
    given = [given_to(cached, name) for name in cached.clients]
    assert min(given) > 50_000_000
    assert [outside[name] for name in cached.clients] == [0, 0]
    # Each slice once; one that both wanted at the very same moment may have come twice.
    assert outside[cached.cache] < max(given) * 1.3


@pytest.mark.full
def test_each_check_fails_when_it_should(cached):
    client = cached.clients[0]
    cached.declare()
    cached.lab.run("apply")
    assert cached.bad(cached.cache, client) == {}
    configuration = "/etc/deeprig/cache_server/nginx.conf"
    restart = f"systemctl restart {SERVICE}"
    for damage, check in (
        (f"systemctl disable -q {WAY_OUT}", f"{WAY_OUT} is at work"),
        (f"systemctl stop {SERVICE}", "the cache answers"),
        (f"sed -i 's/deny all;/allow all;/' {configuration} && {restart}", "nobody else may ask"),
        (
            f"sed -i 's/limit_except GET .*//' {configuration} && {restart}",
            "it refuses what changes something",
        ),
        (
            f"sed -i 's/10.213.0.1/10.213.0.250/' /etc/deeprig/cache_server/way-out.json && "
            f"systemctl restart {WAY_OUT}",
            "upstream dist answers",
        ),
        # Beside what nginx keeps: a minute after each start it removes there what is not its own.
        (f"fallocate -l 3G {STORE}/x", "the cache is within"),
        (f"echo nonsense >> {LOG}", "the cache writes its log"),
    ):
        cached.root(cached.cache, damage)
        bad = cached.bad(cached.cache)
        assert any(name.startswith(check) for name in bad), (damage, bad)
        cached.root(cached.cache, f"rm -f {STORE}/x; truncate -s 0 {LOG}")
        cached.lab.run("apply", "--limit", cached.cache)
    assert cached.bad(cached.cache) == {}
    for damage, check in (
        ("rm /etc/apt/apt.conf.d/81deeprig-cache", "apt asks before it goes to a server"),
        ("echo exit 0 > /usr/local/lib/deeprig/cache-for-apt", "apt's source"),
        (
            "sed -i s/cache_port=3142/cache_port=3999/ /etc/deeprig/cache/client.sh",
            "the cache at",
        ),
        (
            "echo 'cache_answers() { return 0; }' >> /usr/local/lib/deeprig/cache-answers.sh",
            "a cache that is down is passed by",
        ),
    ):
        cached.root(client, damage)
        bad = cached.bad(client)
        assert any(name.startswith(check) for name in bad), (damage, bad)
        cached.lab.run("apply", "--limit", client)
    assert cached.bad(client) == {}


@pytest.mark.full
def test_hosts_that_are_declared_no_more_serve_nothing_and_ask_nobody(cached):
    cached.declare()
    cached.lab.run("apply")
    client = cached.clients[0]
    cached.root(client, "apt-get update -q")
    cached.lab.hosts(
        **{
            cached.cache: {"roles": ["base", "cache_server"]},
            **{name: {"roles": ["cache", "base"]} for name in cached.clients},
        }
    )
    assert cached.lab.run("verify", code=1)
    cached.lab.run("apply")
    cached.lab.run("verify")
    assert cached.changes() == []
    # What it kept stays; nothing of its configuration does.
    assert "kept" in cached.root(cached.cache, f"ls {STORE}")
    cached.root(cached.cache, "ls /etc/deeprig/cache_server", 2)
    cached.root(client, "apt-get update -q")
