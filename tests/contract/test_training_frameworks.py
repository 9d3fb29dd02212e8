"""The training suite with the real Keras, TensorFlow and JAX on a CPU, and with faults planted.

Keras on PyTorch runs in every test run, the others in full ones: their environments are large.
"""

import pytest

from tests.contract import framework_environments as environments
from tests.contract.mutations.direct import Direct
from tests.contract.mutations.shared_table import OF_FRAMEWORK, SHARED

#: By the word of an inventory: framework, backend, and what makes the environment.
_SUBJECTS = {
    "keras-torch": ("keras", "torch", environments.make_keras_on_torch),
    "keras-tensorflow": ("keras", "tensorflow", environments.TENSORFLOW.make),
    "keras-jax": ("keras", "jax", environments.JAX.make),
    "tensorflow": ("tensorflow", None, environments.TENSORFLOW.make),
    "jax": ("jax", None, environments.JAX.make),
}
_QUICK = "keras-torch"
#: Each framework's faults are planted once; Keras' on PyTorch.
_WITH_FAULTS = (_QUICK, "tensorflow", "jax")
_FORMS = {
    "keras-torch": {"exported program predicts as trained", "onnx predicts as trained"},
    "keras-tensorflow": {"saved model predicts as trained", "onnx predicts as trained"},
    "keras-jax": set(),
    "tensorflow": {"saved model predicts as trained"},
    "jax": {"stablehlo predicts as trained"},
}


@pytest.fixture(scope="module", name="suites")
def _suites(tmp_path_factory):
    """Returns what runs the suite of a word; environments are made when they are asked for."""
    made = {}

    def suite(word):
        if word not in made:
            framework, backend, make = _SUBJECTS[word]
            made[word] = Direct(make(), framework, tmp_path_factory.mktemp(word), backend)
        return made[word]

    return suite


def _marked(word, is_quick=True):
    return () if word == _QUICK and is_quick else (pytest.mark.full,)


def _outcomes(document):
    return {case["name"]: case["outcome"] for case in document["cases"]}


@pytest.mark.parametrize("word", [pytest.param(word, marks=_marked(word)) for word in _SUBJECTS])
def test_a_smoke_run_proves_the_life_of_a_model(suites, word):
    answer = suites(word).run("--profile", "smoke")
    document = answer.document
    assert (answer.code, document["outcome"]) == (0, "pass"), document["evidence"]
    names = {"device", "preprocess", "cnn", "recurrent", "tensorboard", "reload"}
    assert _outcomes(document) == dict.fromkeys(names, "pass")
    assert (document["framework"], document["backend"]) == _SUBJECTS[word][:2]
    assert (document["device"], document["cuda"]["is_available"]) == ("cpu", False)
    assert document["cuda"]["error"]
    cnn = answer.case("cnn")
    assert sum(map(sum, cnn["data"]["confusion_matrix"])) == 360
    assert {len(line) for line in cnn["curves"].values()} == {21}
    seconds = {case["name"]: case["seconds"] for case in document["cases"]}
    print(f"{word}: {document['evidence']}: {seconds}")  # noqa: T201 - measured


@pytest.mark.full
@pytest.mark.parametrize("word", _SUBJECTS)
def test_an_acceptance_run_proves_the_rest_too(suites, word):
    rest = ["sgd", "early_stopping", "search", "service", "export"]
    rest += ["data_parallel"] if word == "tensorflow" else []
    named = [part for name in rest for part in ("--case", name)]
    answer = suites(word).run("--profile", "acceptance", *named)
    assert answer.code == 0, answer.document["evidence"]
    export = answer.case("export")
    assert {check["name"] for check in export["checks"]} == _FORMS[word]
    outcomes = dict.fromkeys(("device", *rest), "pass")
    expected = outcomes if _FORMS[word] else outcomes | {"export": "skip"}
    assert _outcomes(answer.document) == expected
    assert bool(export["reason"]) == (not _FORMS[word])


@pytest.mark.full
def test_jax_alone_has_optimisers_of_its_own_and_says_what_it_lacks(tmp_path):
    suite = Direct(environments.BARE_JAX.make(), "jax", tmp_path)
    proven, lacking = ("cnn", "sgd", "reload"), ("tensorboard", "export")
    named = [part for name in (*proven, *lacking) for part in ("--case", name)]
    answer = suite.run("--profile", "acceptance", *named)
    assert answer.code == 0, answer.document["evidence"]
    passed, skipped = dict.fromkeys(("device", *proven), "pass"), dict.fromkeys(lacking, "skip")
    assert _outcomes(answer.document) == passed | skipped
    assert "optax" not in answer.document["versions"]
    assert "no package tensorboard" in answer.case("tensorboard")["reason"]
    assert "flatbuffers" in answer.case("export")["reason"]


def test_a_gpu_that_must_be_there_is_never_replaced_by_the_cpu(suites):
    suite = suites(_QUICK)
    answer = suite.run("--profile", "smoke", "--gpus", "1", device=())
    assert (answer.code, answer.document["outcome"]) == (1, "fail")
    assert _outcomes(answer.document) == {"device": "fail"}


def _faults():
    for word in _WITH_FAULTS:
        framework = _SUBJECTS[word][0]
        for mutation in (*SHARED, *OF_FRAMEWORK[framework]):
            name = f"{word}: {mutation.case}: {mutation.fault}"
            marks = _marked(word, mutation.is_quick)
            yield pytest.param(word, mutation, id=name, marks=marks)


@pytest.mark.parametrize(("word", "mutation"), tuple(_faults()))
def test_a_planted_fault_fails_its_case(suites, word, mutation):
    suite = suites(word)
    answer = suite.run("--profile", "acceptance", "--case", mutation.case, edits=mutation.edits)
    case = answer.case(mutation.case)
    assert (answer.code, answer.document["outcome"], case["outcome"]) == (1, "fail", "fail"), case
    assert answer.failed_checks(mutation.case) >= mutation.fails, case["reason"]
    assert mutation.fails
