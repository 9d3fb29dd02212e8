"""The life of a model as every framework but PyTorch goes through it, PyTorch having its own.

A case here is ``run(tools, context)``; ``tools`` is what a framework offers (``learner.Tools``):
networks, and learners that train, predict, save and load. All are judged in the same way.
"""
