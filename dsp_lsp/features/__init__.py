"""The language server's features, one module each; each has ``register(server)``.

What an editor's plugin may use besides the protocol's own requests:

**Commands** (``workspace/executeCommand``). Each takes one JSON object and answers at once; what
is searched runs in the background. ``position`` is an LSP position in the negotiated encoding;
``site`` is a key that code actions carry, so that a site which has moved meanwhile is found again.

=======================  =====================================  ====================================
command                  argument                               answer
=======================  =====================================  ====================================
``dsp.prove``            ``uri, position, site?, budget?``      ``{job}``
``dsp.proveAll``         ``uri, range?, budget?``               ``{jobs}``
``dsp.suggest``          ``uri, position, site?``               ``{job}``
``dsp.stop``             ``job?`` or ``uri, position?``; none:  ``{stopped}``, how many
                         every search
``dsp.extend``           ``job, seconds?``                      ``{job}``
``dsp.insert``           ``job``; the proof that was withheld   ``{job}``
``dsp.insertSuggestion`` ``job, index``                         ``{job}``
``dsp.tree``             ``job`` or ``uri, position``;          ``{job, uri, text}``: an SVG file,
                         ``show?`` (default: true)              and the tree as text
``dsp.jobs``             nothing                                ``{jobs}``, as in ``dsp/jobs``
``dsp.restartEngine``    nothing                                ``{}``
=======================  =====================================  ====================================

Budgets and seconds are numbers of seconds. A wrong argument is an error with a sentence.
An extension that wants commands of its own must give them other names: VS Code's client registers
these by itself.

**Notifications** to a client that names them in ``capabilities.experimental.dsp``:

``dsp/jobs`` (``{"jobs": true}``)
    ``{jobs: [Job]}``, at most twice a second, when something has changed. A ``Job``: ``id, kind
    ("prove" | "suggest"), uri, range (null if the site is gone), name, state, label (one short
    line), message, elapsed, budget, n, nodes, turn (place in line, 0 if it does not wait), over,
    canExtend, canInsert, hasTree``. Lists what is under way and what ended since the last one.

``dsp/suggestions`` (``{"suggestions": true}``)
    ``{job, uri, name, goal, suggestions: [{index, tactic, goals, state}]}``, for a pick list;
    choose one with ``dsp.insertSuggestion``. Other clients are asked with
    ``window/showMessageRequest``.

**initializationOptions**: the settings, as ``{"dsp": {…}}`` or without the outer object. A client
with ``workspace/configuration`` is asked for the section ``dsp``; others push it.
"""
