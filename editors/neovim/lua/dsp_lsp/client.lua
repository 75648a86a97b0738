--- The language client: its configuration, where it runs, and requests to it.
local display = require('dsp_lsp.display')
local options = require('dsp_lsp.options')
local project = require('dsp_lsp.project')

local M = {}

--- Not `lean…`: lean.nvim takes clients of such names for its own.
M.name = 'dsp_lsp'
M.filetypes = { 'lean3', 'lean' }

local new_api = vim.fn.has('nvim-0.11') == 1
local said = {}

local function tell(message, level)
  vim.notify('dsp-lsp: ' .. message, level or vim.log.levels.INFO)
end
M.tell = tell

local function tell_once(message)
  if not said[message] then
    said[message] = true
    tell(message, vim.log.levels.WARN)
  end
end

--- Ends the present undo step of a buffer: setting 'undolevels' does, even to what it is.
local function break_undo(bufnr)
  vim.api.nvim_buf_call(bufnr, function()
    vim.cmd('let &l:undolevels = &l:undolevels')
  end)
end

--- Applies the server's edit as an undo step of its own, also while the user types.
---
--- One that is for an older text is refused. Neovim refuses it too, but says that it was applied;
--- and as it opens documents with version 0, which it takes for none, it applies an edit of the text
--- as it was opened wherever it happens to fall.
local function apply_edit(err, params, ctx, config)
  local buffers = {}
  for _, change in ipairs((params.edit or {}).documentChanges or {}) do
    local document = change.textDocument
    local bufnr = document and display.buffer_of(document.uri)
    if bufnr then
      local present = vim.lsp.util.buf_versions[bufnr] or 0
      if type(document.version) == 'number' and present > document.version then
        -- Before a request, changes that wait are sent: the server hears of them before our answer.
        M.execute(vim.lsp.get_client_by_id(ctx.client_id), bufnr, 'dsp.jobs')
        return { applied = false, failureReason = 'the buffer has changed' }
      end
      table.insert(buffers, bufnr)
    end
  end
  for _, bufnr in ipairs(buffers) do
    break_undo(bufnr)
  end
  local answer = vim.lsp.handlers['workspace/applyEdit'](err, params, ctx, config)
  for _, bufnr in ipairs(buffers) do
    break_undo(bufnr)
  end
  return answer
end

local function choose(_, params, ctx)
  local function shown(one)
    local left = one.goals == 0 and 'closes the goal'
      or one.goals == 1 and '1 goal left'
      or one.goals .. ' goals left'
    return ('%s (%s)'):format(one.tactic:gsub('%s+', ' '), left)
  end
  vim.ui.select(params.suggestions, {
    prompt = ('Next tactic for %s:'):format(params.name),
    kind = 'dsp_suggestion',
    format_item = shown,
  }, function(chosen)
    local client = chosen and vim.lsp.get_client_by_id(ctx.client_id)
    if client then
      local argument = { job = params.job, index = chosen.index }
      M.execute(client, 0, 'dsp.insertSuggestion', argument)
    end
  end)
end

--- The configuration, as `vim.lsp.config` and `vim.lsp.start` take it.
function M.config()
  local chosen = options.get()
  local settings = vim.tbl_extend('keep', chosen.settings, {
    live = chosen.virtual_text and 'off' or 'auto',
  })
  return {
    name = M.name,
    cmd = chosen.cmd,
    filetypes = M.filetypes,
    settings = { dsp = settings },
    capabilities = vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), {
      -- As the Lean 3 server counts, so that one buffer's clients agree.
      general = { positionEncodings = { 'utf-32', 'utf-8', 'utf-16' } },
      experimental = { dsp = { jobs = true, suggestions = true } },
    }),
    handlers = {
      ['workspace/applyEdit'] = apply_edit,
      ['dsp/jobs'] = function(_, params, ctx)
        display.show(params.jobs, ctx.client_id)
      end,
      ['dsp/suggestions'] = choose,
    },
    before_init = function(params, config)
      -- A search may begin before the server has asked for the settings.
      params.initializationOptions = config.settings
    end,
    on_init = function(client, result)
      -- Older versions do not look at what was agreed on.
      client.offset_encoding = result.capabilities.positionEncoding or 'utf-16'
    end,
    on_exit = function(_, _, client_id)
      vim.schedule(function()
        display.forget(client_id)
      end)
    end,
    -- One server for all projects: it finds each document's own, and counts all searches.
    reuse_client = function(client, config)
      return client.name == config.name
    end,
    root_dir = function(bufnr, on_dir)
      local lean3, folder = project.lean3(bufnr)
      if lean3 then
        on_dir(folder)
      end
    end,
  }
end

--- What is in force: on 0.11 the user may have set more with `vim.lsp.config`.
function M.present_config()
  return new_api and vim.lsp.config[M.name] or M.config()
end

--- The client of a buffer, if it has one.
function M.of(bufnr)
  local found
  if vim.lsp.get_clients then
    found = vim.lsp.get_clients({ bufnr = bufnr, name = M.name })
  else
    found = vim.tbl_values(vim.lsp.buf_get_clients(bufnr))
  end
  for _, client in ipairs(found) do
    if client.name == M.name then
      return client
    end
  end
end

--- Why there can be no client in a buffer; nil if there can.
function M.objection(bufnr)
  local filetype = vim.bo[bufnr].filetype
  if not vim.tbl_contains(M.filetypes, filetype) then
    return ('this is no Lean 3: its filetype is `%s`.'):format(filetype)
  end
  if not project.lean3(bufnr) then
    return 'this is Lean 4; DS-Prover proves Lean 3 only.'
  end
  local cmd = M.present_config().cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    local remedy = 'Install it (pip install dsp-lsp), or set the option `cmd`: :help dsp-lsp-install'
    return ('there is no program `%s`. %s'):format(cmd[1], remedy)
  end
end

local only_client -- of versions without vim.lsp.start

--- Starts the server, or attaches the running one, in a buffer of Lean 3.
function M.start(bufnr)
  local config = vim.deepcopy(M.present_config())
  local _, folder = project.lean3(bufnr)
  config.root_dir = folder
  if vim.lsp.start then
    vim.api.nvim_buf_call(bufnr, function()
      vim.lsp.start(config, { bufnr = bufnr, reuse_client = config.reuse_client })
    end)
    return
  end
  local running = only_client and vim.lsp.get_client_by_id(only_client)
  if not running or running.is_stopped() then
    only_client = vim.lsp.start_client(config)
  end
  if only_client then
    vim.lsp.buf_attach_client(bufnr, only_client)
  end
end

--- On versions without `vim.lsp.enable`: starts the server in a buffer that has just got its
--- filetype. On the others says what keeps it from starting.
function M.greet(bufnr)
  if not project.lean3(bufnr) then
    return
  end
  local objection = M.objection(bufnr)
  if objection then
    tell_once(objection)
  elseif not new_api and not M.of(bufnr) and vim.bo[bufnr].buftype == '' then
    M.start(bufnr)
  end
end

--- Calls `work(client)` with the buffer's client, which is started if there is none.
function M.with(bufnr, work)
  local objection = M.objection(bufnr)
  if objection then
    return tell(objection, vim.log.levels.WARN)
  end
  if not M.of(bufnr) then
    M.start(bufnr)
  end
  local waited = 0
  local function try()
    local client = M.of(bufnr)
    if client and client.initialized then
      return work(client)
    end
    waited = waited + 50
    if waited > 15000 then
      return tell('the server does not start. See :checkhealth dsp_lsp', vim.log.levels.ERROR)
    end
    vim.defer_fn(try, 50)
  end
  try()
end

--- Has the server execute a command; `done(result)` if it did, else the user reads why not.
function M.execute(client, bufnr, command, argument, done)
  local params = { command = command, arguments = argument and { argument } or nil }
  local function answered(err, result)
    if err then
      tell(err.message or tostring(err), vim.log.levels.WARN)
    elseif done then
      done(result or {})
    end
  end
  if new_api then
    client:request('workspace/executeCommand', params, answered, bufnr)
  else
    client.request('workspace/executeCommand', params, answered, bufnr)
  end
end

return M
