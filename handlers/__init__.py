"""What service tasks do: one module per noun, topic = `<module>.<function>`."""
