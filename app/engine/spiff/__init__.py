"""The semantic core: BPMN as Camunda 7 runs it, on SpiffWorkflow's parser, spec, task and workflow
classes.

Only the files of this package import SpiffWorkflow. No SQL and no Flask in here; `host.py` is what
the core asks of the platform, `rows.py` what it hands out. A tree of tokens holds what is alive and
who owns it, never history.
"""
