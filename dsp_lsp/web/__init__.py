"""DS-Prover behind a web page, and the endpoint of vscode-lean's Suggest panel.

Strangers' text is data here: it is judged before Lean sees it, travels as JSON, and is shown as
text, never as markup.
"""
