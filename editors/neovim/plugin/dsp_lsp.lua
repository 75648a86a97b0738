if vim.g.loaded_dsp_lsp then
  return
end
vim.g.loaded_dsp_lsp = true

if vim.fn.has('nvim-0.7.2') == 0 then
  vim.notify('dsp-lsp needs Neovim 0.7.2 or newer', vim.log.levels.ERROR)
  return
end

local dsp = require('dsp_lsp')
local command = vim.api.nvim_create_user_command

vim.api.nvim_set_hl(0, 'DspLspProgress', { link = 'Comment', default = true })

command('DspProve', function(given)
  if given.range > 0 then
    dsp.prove_all(given.args, given.line1, given.line2)
  else
    dsp.prove(given.args)
  end
end, { nargs = '?', range = true, desc = 'Prove at the cursor, or in the given lines' })

command('DspProveAll', function(given)
  dsp.prove_all(given.args)
end, { nargs = '?', desc = 'Prove everything in the buffer' })

command('DspStop', function(given)
  dsp.stop(given.bang)
end, { bang = true, desc = 'Stop the search at the cursor; with !, every search' })

command('DspSuggest', function()
  dsp.suggest()
end, { desc = 'Suggest next tactics at the cursor' })

command('DspTree', function(given)
  dsp.tree(given.bang)
end, { bang = true, desc = 'Show the search tree at the cursor; with !, as a picture' })

for name, right in pairs({
  ['dsp-prove'] = '<Cmd>DspProve<CR>',
  ['dsp-prove-all'] = '<Cmd>DspProveAll<CR>',
  ['dsp-stop'] = '<Cmd>DspStop<CR>',
  ['dsp-stop-all'] = '<Cmd>DspStop!<CR>',
  ['dsp-suggest'] = '<Cmd>DspSuggest<CR>',
  ['dsp-tree'] = '<Cmd>DspTree<CR>',
}) do
  vim.keymap.set('n', ('<Plug>(%s)'):format(name), right, { silent = true })
end
vim.keymap.set('x', '<Plug>(dsp-prove)', ':DspProve<CR>', { silent = true })

dsp._enable()
