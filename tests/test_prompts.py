"""Prompts are files; rendering is strict."""

import pytest

import prompts


@pytest.mark.parametrize("name", prompts.names())
def test_a_prompt_uses_exactly_the_inputs_it_declares(name):
    prompt = prompts.load(name)
    assert prompt.variables() == prompt.inputs


@pytest.mark.parametrize("name", prompts.names())
def test_a_missing_value_and_an_unused_one_are_refused(name):
    prompt = prompts.load(name)
    values = dict.fromkeys(prompt.inputs, "x")
    with pytest.raises(prompts.PromptError, match="does not use extra"):
        prompt.render(**values, extra="y")
    values.pop(next(iter(values)))
    with pytest.raises(prompts.PromptError, match="needs"):
        prompt.render(**values)


def test_an_unknown_prompt_is_refused_with_the_known_ones():
    with pytest.raises(prompts.PromptError, match="item_summarizer"):
        prompts.load("nonsense")


def test_a_value_is_never_read_as_a_template():
    rendered = prompts.load("recommender_question").render(title="{{ 7 * 7 }}", summary="{% raw %}")
    assert "{{ 7 * 7 }}" in rendered
