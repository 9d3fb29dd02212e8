"""SIMULATED `conda`: a stand-in for tests, over py-rattler.

It speaks the documented, long-stable part of conda's command line, with conda's flag
spellings, exit codes and error style. Solving, linking and packages are real.
"""

CONDA_VERSION = "26.3.2"
IS_SIMULATED = True
MARKER = ".deeprig-simulated"
