-- What `vim.lsp.enable('dsp_lsp')` starts (Neovim 0.11 and newer).
return require('dsp_lsp.client').config()
