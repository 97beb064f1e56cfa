"""The program that runs inside the sandbox and tries to do what it must not.

`python -m inside NAME...` makes each attempt in a process of its own. It knows nothing of what is
expected; test_escapes.py does.
"""
