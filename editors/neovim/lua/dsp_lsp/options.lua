--- What the user chose: `vim.g.dsp_lsp`, then what was given to `setup`, over the defaults.
local M = {}

M.defaults = {
  -- The server's command.
  cmd = { 'dsp-lsp', 'serve' },
  -- Start the server in Lean 3 buffers. If false, the first `:Dsp…` command does.
  autostart = true,
  -- Show running searches beside their sites. If false, the server offers inlay hints.
  virtual_text = true,
  -- Before the text of a running search.
  prefix = '▸ ',
  -- Give files of Lean 3 projects the filetype `lean3`.
  filetypes = true,
  -- The server's settings, without the `dsp.` in front of their names.
  settings = {},
}

local given = {}

--- Takes options over those taken before.
function M.take(options)
  for name in pairs(options or {}) do
    if M.defaults[name] == nil then
      local message = ('dsp-lsp: there is no option `%s`; see :help dsp-lsp-options'):format(name)
      vim.notify(message, vim.log.levels.WARN)
    end
  end
  given = vim.tbl_deep_extend('force', given, options or {})
end

--- The options in force.
function M.get()
  return vim.tbl_deep_extend('force', M.defaults, vim.g.dsp_lsp or {}, given)
end

return M
