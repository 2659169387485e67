"""SpiffWorkflow is pinned, and every inner part of it that the core builds on is there and behaves
as expected.
"""

import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.workflow import Workflow

from app.engine.spiff.token import Scope, Token

HOOKS = {
    Task: "run complete error children parent _set_state _child_added_notify",
    TaskSpec: "_run _run_hook _on_complete _on_complete_hook _predict _update test connect "
    "_connect_notify inputs outputs",
    BpmnSpecMixin: "__init__",
    Workflow: "is_completed _remove_task _task_completed_notify _task_removed_notify",
    WorkflowSpec: "_add_notify",
    BpmnParser: "add_bpmn_xml get_process_ids get_spec create_parser _get_parser_class "
    "_add_data_stores _add_correlations _add_diagram_indexes _add_messages _add_signals "
    "_add_errors _add_escalations PARSER_CLASSES PROCESS_PARSER_CLASS",
    ProcessParser: "create_spec add_tasks parse_node parse_data_object parse_io_spec "
    "get_node_by_id create_data_spec _parse get_name",
    TaskParser: "parse_node bpmn_attributes bpmn_id",
}


def test_the_version_is_the_one_that_was_read():
    assert version("SpiffWorkflow") == "3.2.0"


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in HOOKS.items() for name in names.split()]
)
def test_the_hook_is_there(owner: type, name: str):
    assert hasattr(owner, name)


def test_a_workflow_can_be_made_without_tasks():
    assert "deserializing" in inspect.signature(Workflow.__init__).parameters


def test_completing_runs_the_spec_hook_and_tells_the_workflow():
    source = inspect.getsource(TaskSpec._on_complete)
    assert source.index("_on_complete_hook") < source.index("_task_completed_notify")
    assert "_on_complete(self)" in inspect.getsource(Task.complete)


def test_removing_a_task_removes_what_hangs_below_it_and_tells_the_workflow():
    source = inspect.getsource(Workflow._remove_task)
    assert "for child in task.children" in source and "_task_removed_notify" in source


def test_tokens_and_scopes_are_spiffs_tasks_and_workflows():
    assert issubclass(Token, Task) and issubclass(Scope, Workflow)


def test_only_the_core_imports_spiffworkflow():
    app = Path(__file__).parents[2] / "app"
    found = {
        path.relative_to(app).parts[:2]
        for path in app.rglob("*.py")
        if "import SpiffWorkflow" in (text := path.read_text()) or "from SpiffWorkflow" in text
    }
    assert found == {("engine", "spiff")}
