"""A stand-in for the `conda` program, SIMULATED for deeprig's tests.

It speaks the documented, long-stable part of conda's command line. Solving and linking
are py-rattler's and real. Installed into the test installer's base environment as
`conda_standin`; modules import each other relatively, so that tests can import them too.
"""

VERSION = "26.3.2"
SIMULATED = "conda is simulated: a stand-in over py-rattler, made for deeprig's tests"
