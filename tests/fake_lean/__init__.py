"""A `lean` without Lean: it replays what the real one said about documents of our own.

``install.FakeLean`` puts it into a folder; ``record`` makes the transcripts it plays, and runs
where Lean is. The engine meets it as any other `lean`: through its settings, ``--lean``, or PATH.
"""
