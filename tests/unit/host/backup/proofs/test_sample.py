"""Draws: the same by the same seed, fair, within the limits, nothing hidden."""

from deeprig_host.backup.sample import Draw, Limits


def draw(nodes, seed="1", **limits):
    made = Draw(seed, Limits(**limits))
    for one in nodes:
        made.offer(one)
    return made.sample()


def paths(sample):
    return {one.path for one in sample.files}


def test_the_same_seed_draws_the_same_whatever_the_order(node):
    nodes = [node(f"/{number}") for number in range(500)]
    first = draw(nodes, files=5)
    assert len(first.files) == 5
    assert paths(first) == paths(draw(nodes[::-1], files=5))
    assert paths(first) != paths(draw(nodes, seed="2", files=5))


def test_over_many_seeds_every_file_is_drawn(node):
    nodes = [node(f"/{number}") for number in range(40)]
    drawn = [paths(draw(nodes, seed=str(seed), files=10)) for seed in range(60)]
    times = [sum(one.path in some for some in drawn) for one in nodes]
    assert min(times) >= 4
    assert max(times) <= 30


def test_what_is_no_file_or_holds_nothing_is_no_candidate(node):
    sample = draw([node("/d", "dir"), node("/l", "symlink"), node("/e", size=0), node("/f")])
    assert (paths(sample), sample.candidates) == ({"/f"}, 1)


def test_what_cannot_be_drawn_is_counted(node):
    nodes = [node("/large", size=101), node("/odd\ufffd"), node("/f", size=100)]
    sample = draw(nodes, size_bytes=100)
    assert (sample.candidates, sample.too_large, sample.unnameable) == (1, 1, 1)


def test_the_sample_stays_within_its_size_and_goes_on_with_smaller_files(node):
    nodes = [node(f"/{number}", size=60 if number % 2 else 20) for number in range(20)]
    sample = draw(nodes, files=4, size_bytes=100)
    assert sum(one.size_bytes for one in sample.files) <= 100
    assert len(sample.files) >= 2
