-- What the scenarios of the Neovim tests share. Scenarios run after the editor has started; what they
-- put into `T.seen` goes back to the test.
if vim.env.DSP_TEST_TRACE then
  vim.lsp.set_log_level('trace')
end

T = { seen = {}, messages = {}, asked = {} }

local out = vim.env.DSP_TEST_OUT
local guard = tonumber(vim.env.DSP_TEST_GUARD or 90000)

function vim.notify(message, level)
  table.insert(T.messages, { text = message, level = level or 2 })
end

function T.wait(what, condition)
  if not vim.wait(guard, condition, 20) then
    error(('waited in vain for %s; the buffer:\n%s\n%s'):format(what, T.text(), T.everything()))
  end
end

function T.everything()
  return vim.inspect(T.messages) .. '\n' .. vim.fn.execute('messages')
end

function T.lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

function T.text()
  return table.concat(T.lines(), '\n')
end

function T.has(pattern)
  return T.text():find(pattern, 1, true) ~= nil
end

-- The cursor to where `pattern` begins for the first time.
function T.go(pattern)
  for number, line in ipairs(T.lines()) do
    local start = line:find(pattern, 1, true)
    if start then
      vim.api.nvim_win_set_cursor(0, { number, start - 1 })
      return
    end
  end
  error('not there: ' .. pattern)
end

function T.client()
  local client
  T.wait('the client', function()
    client = require('dsp_lsp.client').of(0)
    return client ~= nil and client.initialized
  end)
  return client
end

-- A request's answer.
function T.ask(method, params)
  local client, answer = T.client(), nil
  local function take(err, result)
    answer = { err = err, result = result }
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request(method, params, take, 0)
  else
    client.request(method, params, take, 0)
  end
  T.wait(method, function()
    return answer ~= nil
  end)
  assert(not answer.err, vim.inspect(answer.err))
  return answer.result
end

-- Parameters of requests about the cursor.
function T.here()
  return vim.lsp.util.make_position_params(0, T.client().offset_encoding)
end

function T.hover()
  local found = T.ask('textDocument/hover', T.here())
  return found and found.contents.value or ''
end

-- What the server says of all its jobs.
function T.jobs()
  return T.ask('workspace/executeCommand', { command = 'dsp.jobs' }).jobs
end

-- The code actions' titles at the cursor.
function T.titles()
  local params = vim.lsp.util.make_range_params(0, T.client().offset_encoding)
  params.context = { diagnostics = {} }
  return vim.tbl_map(function(one)
    return one.title
  end, T.ask('textDocument/codeAction', params))
end

-- `vim.ui.select` as a user who takes what begins so; what was offered is noted.
function T.choose(beginning)
  vim.ui.select = function(items, opts, done)
    local titles = vim.tbl_map(opts.format_item or tostring, items)
    table.insert(T.asked, { prompt = opts.prompt, titles = titles })
    for index, title in ipairs(titles) do
      if vim.startswith(title, beginning) then
        return done(items[index], index)
      end
    end
    done(nil, nil)
  end
end

-- The texts shown beside lines, as `line: text`.
function T.marks()
  local namespace = vim.api.nvim_get_namespaces().dsp_lsp
  local found = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
    table.insert(found, (mark[2] + 1) .. ': ' .. mark[4].virt_text[1][1])
  end
  return found
end

function T.open_gate()
  vim.fn.writefile({}, vim.env.FAKE_ENGINE_HOME .. '/gate')
end

function T.finish(fine, problem)
  T.seen.messages = T.messages
  T.seen.asked = T.asked
  T.seen.error = not fine and tostring(problem) or nil
  vim.fn.writefile({ vim.fn.json_encode(T.seen) }, out)
  vim.cmd('qall!')
end
