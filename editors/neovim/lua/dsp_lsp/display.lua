--- Running searches, shown at the ends of their sites' lines.
local options = require('dsp_lsp.options')

local M = {}

local namespace = vim.api.nvim_create_namespace('dsp_lsp')
local jobs_of = {} -- client id -> what runs

--- The loaded buffer of a document.
function M.buffer_of(uri)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.uri_from_bufnr(bufnr) == uri then
      return bufnr
    end
  end
end

local function clear()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
    end
  end
end

local function draw()
  clear()
  local chosen = options.get()
  if not chosen.virtual_text then
    return
  end
  for _, jobs in pairs(jobs_of) do
    for _, job in ipairs(jobs) do
      local bufnr = type(job.range) == 'table' and M.buffer_of(job.uri)
      if bufnr then
        local last = vim.api.nvim_buf_line_count(bufnr) - 1
        local line = math.min(job.range['end'].line, last)
        vim.api.nvim_buf_set_extmark(bufnr, namespace, line, 0, {
          virt_text = { { chosen.prefix .. job.label, 'DspLspProgress' } },
          virt_text_pos = 'eol',
          hl_mode = 'combine',
        })
      end
    end
  end
end

--- Shows the jobs of which the server tells: all that run, and those that have just ended.
function M.show(jobs, client_id)
  jobs_of[client_id] = vim.tbl_filter(function(job)
    return not job.over
  end, jobs)
  draw()
  vim.api.nvim_exec_autocmds('User', { pattern = 'DspJobs', modeline = false })
end

--- A client has gone.
function M.forget(client_id)
  jobs_of[client_id] = nil
  draw()
end

--- What runs now, as the server told it last.
function M.running()
  local found = {}
  for _, jobs in pairs(jobs_of) do
    vim.list_extend(found, jobs)
  end
  return found
end

return M
