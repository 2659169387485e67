"""Legal shorthand is executed as the standard means it; the owner's file is not changed."""

from app.engine import normalise, read
from app.engine.spiff import parse
from tests.engine.draw import (
    NAMESPACES,
    end,
    event_sub,
    flows,
    node,
    process,
    start,
    sub,
    throw,
    user,
)
from tests.engine.memory import Platform


def test_flows_and_nodes_without_id_are_followed(memory: Platform):
    text = (
        f'<definitions {NAMESPACES}><process id="p" isExecutable="true"><startEvent id="s"/><userTask id="a" name="a"/>'
        '<sequenceFlow sourceRef="s" targetRef="a"/><userTask name="free"/></process></definitions>'
    )
    memory.deploy(("p.bpmn", text.encode()))
    memory.start("p")
    assert memory.names() == ["a"]  # nothing leads to the other one


def test_what_was_rewritten_is_recorded():
    _name, data = process(user("a"), user("b"), flows("a b"))
    made = normalise.normalise(read.diagram("p.bpmn", data), "p.bpmn")
    assert ("p", "start") in made.changes and ("sequenceFlow_1", "id") in made.changes
    assert parse.diagram(made)["p"].rewritten == made.changes


def test_the_same_file_always_gets_the_same_ids():
    name, data = process(user("a"), user("b"), flows("a b", "b a ${x}"))
    once, again = (sorted(parse.parse([(name, data)])["p"].task_specs) for _ in range(2))
    assert once == again


def test_a_start_event_may_have_any_id(memory: Platform):
    memory.deploy(
        process(start("Start"), user("End"), node("task", "Root"), flows("Start End", "End Root"))
    )
    case = memory.start("p")
    memory.complete("End")
    assert case.completed


def test_qualified_references_mean_this_file(memory: Platform):
    text = (
        f'<definitions {NAMESPACES} xmlns:t="t"><message id="m" name="hello"/><process id="p" isExecutable="true">'
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="c"/><intermediateCatchEvent id="c">'
        '<messageEventDefinition messageRef="t:m"/></intermediateCatchEvent></process></definitions>'
    )
    memory.deploy(("p.bpmn", text.encode()))
    case = memory.start("p")
    memory.message("hello")
    assert case.completed


def test_the_operaton_and_activiti_dialects_are_read_as_camunda(memory: Platform):
    for space in ("http://operaton.org/schema/1.0/bpmn", "http://activiti.org/bpmn"):
        _name, data = process(start(), user("a", camunda_assignee="lina"), flows("s a"))
        memory.deploy(
            ("p.bpmn", data.replace(b"http://camunda.org/schema/1.0/bpmn", space.encode()))
        )
        memory.start("p")
    assert [row.assignee for _case, row in memory.open()] == ["lina", "lina"]


def test_undeclared_errors_are_their_own_code(memory: Platform):
    fail = '<errorEventDefinition errorRef="free"/>'
    esp = event_sub("esp", start("es", fail), user("told"), flows("es told"))
    memory.deploy(process(start(), end("e", fail), flows("s e"), esp))
    memory.start("p")
    assert memory.names() == ["told"]


def test_drawings_around_the_process_do_no_harm(memory: Platform):
    drawing = (
        '<dataObject id="d"/><dataObjectReference id="dr" dataObjectRef="d"/>'
        '<dataStoreReference id="ds" dataStoreRef="x"/>'
        '<textAnnotation id="ta"><text>x</text></textAnnotation>'
        '<association id="as" sourceRef="a" targetRef="ta"/>'
        '<group id="g"/><ioSpecification id="io"/>'
    )
    io = '<dataInputAssociation id="di"><sourceRef>gone</sourceRef></dataInputAssociation>'
    head = (
        '<dataStore id="x"/><collaboration id="co"><participant id="pa" processRef="p"/><participant id="pb"/>'
        '<messageFlow id="mf" sourceRef="pb" targetRef="pa"/></collaboration><correlationProperty/><message/><error/>'
    )
    memory.deploy(process(drawing, start(), user("a", io), flows("s a"), head=head))
    memory.start("p")
    assert memory.names() == ["a"]


def test_several_link_throws_lead_to_one_catch(memory: Platform):
    link = '<linkEventDefinition name="on"/>'
    catch = node("intermediateCatchEvent", "c", link)
    memory.deploy(
        process(
            start(),
            throw("t1", link),
            throw("t2", link),
            catch,
            user("a"),
            flows("s t1", "s t2", "c a"),
        )
    )
    memory.start("p")
    assert memory.names() == ["a", "a"]


def test_a_subprocess_without_start_begins_at_its_first_tasks(memory: Platform):
    memory.deploy(process(start(), sub("q", user("a"), user("b")), user("z"), flows("s q", "q z")))
    memory.start("p")
    memory.complete("a")
    memory.complete("b")
    assert memory.names() == ["z"]


def test_an_empty_subprocess_passes(memory: Platform):
    memory.deploy(process(start(), sub("q"), user("z"), flows("s q", "q z")))
    memory.start("p")
    assert memory.names() == ["z"]
