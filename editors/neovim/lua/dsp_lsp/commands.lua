--- What `:Dsp…` do at the cursor.
local client = require('dsp_lsp.client')

local M = {}

local function here(of)
  local bufnr = vim.api.nvim_get_current_buf()
  return {
    uri = vim.uri_from_bufnr(bufnr),
    position = vim.lsp.util.make_position_params(0, of.offset_encoding).position,
  }
end

local function seconds(text)
  if text == nil or text == '' then
    return true, nil
  end
  local number = tonumber(text)
  if not number or number <= 0 then
    client.tell(('`%s` is no number of seconds.'):format(text), vim.log.levels.ERROR)
    return false
  end
  return true, number
end

local function at_cursor(command, more, done)
  local bufnr = vim.api.nvim_get_current_buf()
  local window = vim.api.nvim_get_current_win()
  client.with(bufnr, function(found)
    if not vim.api.nvim_win_is_valid(window) or vim.api.nvim_win_get_buf(window) ~= bufnr then
      return -- The user went on while the server started.
    end
    vim.api.nvim_win_call(window, function()
      local argument = vim.tbl_extend('force', here(found), more or {})
      client.execute(found, bufnr, command, argument, done)
    end)
  end)
end

--- Proves the site at the cursor; `budget` in seconds.
function M.prove(budget)
  local fine, number = seconds(budget)
  if fine then
    at_cursor('dsp.prove', { budget = number })
  end
end

--- Proves every site of the buffer, or of the lines `first` to `last`, which count from 1.
function M.prove_all(budget, first, last)
  local fine, number = seconds(budget)
  if not fine then
    return
  end
  local bufnr = vim.api.nvim_get_current_buf()
  client.with(bufnr, function(found)
    local argument = { uri = vim.uri_from_bufnr(bufnr), budget = number }
    if first then
      -- No line is longer than the server's largest number; it counts such a place as the end.
      argument.range = {
        start = { line = first - 1, character = 0 },
        ['end'] = { line = last - 1, character = 2147483647 },
      }
    end
    client.execute(found, bufnr, 'dsp.proveAll', argument, function(result)
      local count = #(result.jobs or {})
      client.tell(count == 1 and '1 search was started.' or count .. ' searches were started.')
    end)
  end)
end

--- Stops the search at the cursor, or every search.
function M.stop(every)
  local bufnr = vim.api.nvim_get_current_buf()
  local running = client.of(bufnr)
  if not running then
    return client.tell('no search runs.')
  end
  local argument = not every and here(running) or nil
  client.execute(running, bufnr, 'dsp.stop', argument, function(result)
    if result.stopped == 0 then
      client.tell(every and 'no search runs.' or 'no search runs here. :DspStop! stops every search.')
    end
  end)
end

--- Asks for next tactics at the cursor; one that is chosen is inserted.
function M.suggest()
  at_cursor('dsp.suggest')
end

local function open_outside(uri)
  local path = vim.uri_to_fname(uri)
  if vim.ui.open then
    local _, problem = vim.ui.open(path)
    if not problem then
      return
    end
  elseif vim.fn.executable('xdg-open') == 1 or vim.fn.executable('open') == 1 then
    local program = vim.fn.executable('xdg-open') == 1 and 'xdg-open' or 'open'
    if vim.fn.jobstart({ program, path }, { detach = true }) > 0 then
      return
    end
  end
  client.tell('the search tree is in ' .. path)
end

local function show_text(text, name)
  vim.cmd('botright new')
  local bufnr = vim.api.nvim_get_current_buf()
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.wo.wrap = false
  pcall(vim.api.nvim_buf_set_name, bufnr, 'dsp-lsp://tree/' .. name)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, vim.split(text, '\n', { plain = true }))
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = 'dsptree'
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, silent = true })
end

--- Shows the search tree at the cursor: as text in a window, or as a picture outside.
function M.tree(outside)
  at_cursor('dsp.tree', { show = false }, function(result)
    if outside or not result.text then
      open_outside(result.uri)
    else
      show_text(result.text, result.job)
    end
  end)
end

return M
