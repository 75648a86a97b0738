"""``dsp-lsp annotate``: every site of many files, through one engine."""
