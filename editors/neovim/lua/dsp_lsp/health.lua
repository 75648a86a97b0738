--- `:checkhealth dsp_lsp`
local M = {}

local report = vim.health or require('health')
local start = report.start or report.report_start
local ok = report.ok or report.report_ok
local info = report.info or report.report_info
local warn = report.warn or report.report_warn
local problem = report.error or report.report_error

local function version_of(program)
  local lines = vim.fn.systemlist({ program, '--version' })
  return vim.v.shell_error == 0 and lines[1] or nil
end

local function log_file()
  if vim.env.DSP_LSP_LOG_FILE then
    return vim.env.DSP_LSP_LOG_FILE
  end
  if vim.fn.has('mac') == 1 then
    return vim.fn.expand('~/Library/Logs/dsp-lsp/server.log')
  end
  local state = vim.env.XDG_STATE_HOME
  if not state or state == '' then
    state = vim.fn.expand('~/.local/state')
  end
  return state .. '/dsp-lsp/log/server.log'
end

local function check_program(cmd)
  if type(cmd) ~= 'table' then
    return info('the server is started by a function of yours')
  end
  local program = cmd[1]
  if vim.fn.executable(program) == 0 then
    problem(('there is no program `%s`'):format(program), {
      'Install it: pip install dsp-lsp (or pip install . in a clone of its repository).',
      'If it is in a virtual environment, set the option `cmd`; see :help dsp-lsp-install.',
    })
    return
  end
  local version = version_of(program)
  if version then
    ok(('%s: %s'):format(vim.fn.exepath(program), version))
  else
    -- A wrapper that only serves is fine; a broken installation is not.
    warn(('`%s --version` fails; if the server does not start, install it anew'):format(program))
  end
end

local function check_lean(settings)
  local lean = settings.leanPath
  if lean == 'embedded' then
    return info('proofs are checked by the embedded core, which knows a small part of Lean 3')
  end
  local program = lean and lean ~= '' and lean or 'lean'
  if vim.fn.executable(program) == 0 then
    warn(('there is no program `%s`'):format(program), {
      'Install Lean 3 with elan: elan toolchain install leanprover-community/lean:3.51.1',
      'Without it, only documents that import nothing are served, by a small stand-in.',
      '`dsp-lsp doctor` looks more closely.',
    })
    return
  end
  local version = version_of(program)
  if version and version:find('version 3') then
    ok(version)
  else
    info(('`%s`: %s. A Lean 3 project may choose another.'):format(program, version or 'no answer'))
  end
end

local function check_buffers(client)
  local found = 0
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.api.nvim_buf_get_name(bufnr):match('%.lean$') then
      found = found + 1
      local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':~:.')
      local attached, objection = client.of(bufnr), client.objection(bufnr)
      if attached then
        local counts = attached.offset_encoding
        ok(('%s (%s): served, positions in %s'):format(name, vim.bo[bufnr].filetype, counts))
      elseif objection then
        info(('%s: %s'):format(name, objection))
      else
        warn(('%s: the server has not been started; :DspProve does'):format(name))
      end
    end
  end
  if found == 0 then
    info('no Lean file is open')
  end
end

--- Says what is there and what is missing.
function M.check()
  local client = require('dsp_lsp.client')
  start('dsp-lsp')
  if vim.fn.has('nvim-0.7.2') == 1 then
    local way = vim.fn.has('nvim-0.11') == 1 and 'vim.lsp.enable' or 'an autocommand'
    ok(('Neovim is new enough; the server is started by %s'):format(way))
  else
    problem('Neovim 0.7.2 or newer is needed')
  end
  local config = client.present_config()
  check_program(config.cmd)
  check_lean((config.settings or {}).dsp or {})
  check_buffers(client)
  local log = log_file()
  if vim.fn.filereadable(log) == 1 then
    info('the log is ' .. log)
  else
    info('there is no log yet; it will be ' .. log)
  end
end

return M
