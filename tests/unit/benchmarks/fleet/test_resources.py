"""The resources and what is written from them."""

import subprocess

import pytest
import yaml

from benchmarks.fleet import resources, shell_texts, tool_texts


def test_there_are_sixty_and_none_twice():
    assert resources.COUNT == 60
    paths = [template.path for template in resources.TEMPLATES]
    assert len(set(paths)) == 20
    assert len({template.source for template in resources.TEMPLATES}) == 20
    assert {path.rpartition("/")[2] for path in paths} >= set(resources.UNITS)


def test_a_rendered_template_has_its_values_and_no_expression_left():
    for template in resources.TEMPLATES:
        assert "{" not in template.rendered
        assert template.rendered.startswith("# managed by the benchmark\n")
        assert template.rendered.endswith("\n")


@pytest.mark.parametrize("text", [shell_texts.making_script(), shell_texts.testing_script()])
def test_the_scripts_are_what_a_shell_reads(text):
    done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_pyinfra_and_deeprig_have_the_same_operations_word_by_word(tmp_path):
    deploy = tool_texts.pyinfra_deploy(tmp_path)
    role = tool_texts.deeprig_role(tmp_path)
    assert tool_texts.operations() in deploy
    assert tool_texts.operations() in role
    compile(deploy, "deploy.py", "exec")
    compile(role, "role.py", "exec")


def test_the_playbook_has_every_resource(tmp_path):
    (play,) = yaml.safe_load(tool_texts.playbook(tmp_path))
    packages, *loops = play["tasks"]
    assert len(packages["ansible.builtin.apt"]["name"]) == 15
    assert [len(task["loop"]) for task in loops] == [20, 2, 5, 5, 5, 8]
