--- DS-Prover in Neovim; `:help dsp-lsp`.
local commands = require('dsp_lsp.commands')

local M = {
  prove = commands.prove,
  prove_all = commands.prove_all,
  stop = commands.stop,
  suggest = commands.suggest,
  tree = commands.tree,
}

--- Sets options; `:help dsp-lsp-options`. Not needed where the defaults will do.
function M.setup(chosen)
  local options = require('dsp_lsp.options')
  local client = require('dsp_lsp.client')
  options.take(chosen)
  if vim.fn.has('nvim-0.11') == 1 then
    local config = client.config()
    vim.lsp.config(client.name, { cmd = config.cmd, settings = config.settings })
  end
  if vim.g.loaded_dsp_lsp then
    M._enable()
  end
end

--- Starts, or no longer starts, the server in buffers that get a filetype of Lean.
function M._enable()
  local client = require('dsp_lsp.client')
  local autostart = require('dsp_lsp.options').get().autostart
  local group = vim.api.nvim_create_augroup('dsp_lsp', { clear = true })
  if vim.fn.has('nvim-0.11') == 1 then
    vim.lsp.enable(client.name, autostart)
  end
  if not autostart then
    return
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = client.filetypes,
    callback = function(event)
      client.greet(event.buf)
    end,
  })
  -- A plugin manager may load us after the first buffer was read.
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local loaded = vim.api.nvim_buf_is_loaded(bufnr)
    if loaded and vim.tbl_contains(client.filetypes, vim.bo[bufnr].filetype) then
      client.greet(bufnr)
    end
  end
end

--- For a status line: `DS-Prover: 12/60 s · n = 9 · 43 nodes`, or how many searches run.
function M.status()
  local running = require('dsp_lsp.display').running()
  if #running == 0 then
    return ''
  elseif #running == 1 then
    return 'DS-Prover: ' .. running[1].label
  end
  return ('DS-Prover: %d searches'):format(#running)
end

return M
