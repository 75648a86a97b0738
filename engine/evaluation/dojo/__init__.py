"""LeanDojo's own ``Dojo`` in the place of our Lean: ``--backend leandojo``.

``process`` runs beside LeanDojo, in whatever Python that needs, and knows nothing of us; ``client``
makes a hole of it; ``searching`` searches over such holes. What LeanDojo does alone is left to it:
it downloads and traces repositories, and its word is the only verdict.
"""
