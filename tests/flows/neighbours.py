"""What the order and return flows call, reduced to one task each: the test says how it ends.

The real flows are played in their own tests; these are published on top, in the test's own copy
of the database, so that an order's own way does not depend on theirs.
"""

from typing import Any

from app.db import db
from app.engine import deploy

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="neighbour" id="d_{id}">
 <escalation id="late" name="late" escalationCode="ESC_PREPAY_TIMEOUT"/>
 <process id="{id}" name="{id}" isExecutable="true" camunda:historyTimeToLive="P1D">
  <startEvent id="begin"/>
  <sequenceFlow id="f1" sourceRef="begin" targetRef="{task}"/>
  <userTask id="{task}" name="{task}" camunda:formRef="note" camunda:assignee="chenjing"/>
  <sequenceFlow id="f2" sourceRef="{task}" targetRef="how"/>
  <exclusiveGateway id="how" default="f4"/>
  <sequenceFlow id="f3" sourceRef="how" targetRef="overdue">
   <conditionExpression xsi:type="tFormalExpression">${{result = "未到账"}}</conditionExpression>
  </sequenceFlow>
  <endEvent id="overdue"><escalationEventDefinition escalationRef="late"/></endEvent>
  <sequenceFlow id="f4" sourceRef="how" targetRef="done"/>
  <endEvent id="done"/>
 </process>
</definitions>"""

TASKS = {
    "p_051_03_07": "invoicing", "p_051_03_08": "collecting", "p_051_03_09": "refunding",
    "p_051_03_10": "prepaying", "p_051_06_01": "project", "p_051_03_05": "delivering",
}  # fmt: skip


def publish(*only: str) -> None:
    """The neighbours are the newest version of what is called."""
    for name in only or [one for one in TASKS if one != "p_051_03_05"]:
        text = _HEAD.format(id=name, task=TASKS[name])
        deploy.deploy([(f"{name}.bpmn", text.encode())], by="zhouning")
    db.session.commit()


def finish(stage: Any, task: str, case: int, result: str, *, index: int = 0) -> dict[str, Any]:
    """One neighbour ends with this result; the variables that it was called with."""
    found = stage.tasks(task, case)[index]
    seen = stage.seen(found)
    stage.complete(found, "chenjing", {"result": result})
    return seen
