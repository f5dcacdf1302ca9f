"""Measurements that stand beside their limit: ``python -m benchmarks NAME [--json]``.

Each module here with a ``describe`` text and a ``run(argv) -> dict`` is a benchmark. A figure is
measured together with what limits it, in the same run, because disks and processors drift.
"""
