"""Evaluation: lists of statements searched under several arms, compared, tabulated, drawn.

``settings`` says what is to be done, ``statements`` and ``library`` where statements come from,
``records`` what is kept of each search, ``evaluate`` does the searching; ``compare`` and
``figures`` only read records. Sections 5.2 to 5.4 and A.1 to A.3 of the paper.
"""
