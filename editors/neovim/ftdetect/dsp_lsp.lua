-- Rules: :help dsp-lsp-filetypes
vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {
  group = vim.api.nvim_create_augroup('dsp_lsp_filetypes', { clear = true }),
  pattern = '*.lean',
  callback = function(event)
    if require('dsp_lsp.options').get().filetypes then
      require('dsp_lsp.project').set_filetype(event.buf)
    end
  end,
})
