--- Which files are Lean 3: decided by the project, as the server does.
local M = {}

local lean4_files = { 'lakefile.lean', 'lakefile.toml', 'lake-manifest.json' }

local function is_file(path)
  return vim.fn.filereadable(path) == 1
end

local function version_in(folder)
  if is_file(folder .. '/leanpkg.toml') then
    return 3
  end
  for _, name in ipairs(lean4_files) do
    if is_file(folder .. '/' .. name) then
      return 4
    end
  end
  if is_file(folder .. '/lean-toolchain') then
    local wanted = table.concat(vim.fn.readfile(folder .. '/lean-toolchain'), '\n')
    return wanted:find('lean4', 1, true) and 4 or 3
  end
  return is_file(folder .. '/leanpkg.path') and 3 or nil
end

--- The version of Lean that the project of a file is for, and the project's folder; nil where there
--- is no project.
function M.find(path)
  if path == '' or path:match('^%a[%w+.-]+://') then
    return nil
  end
  local folder = vim.fn.fnamemodify(path, ':p:h')
  while true do
    local version = version_in(folder)
    if version then
      return version, folder
    end
    local parent = vim.fn.fnamemodify(folder, ':h')
    if parent == folder then
      return nil
    end
    folder = parent
  end
end

--- Whether a buffer is Lean 3, and the folder that the server is told: its project's, else its own.
function M.lean3(bufnr)
  local path = vim.api.nvim_buf_get_name(bufnr)
  local version, folder = M.find(path)
  if not folder then
    folder = path == '' and vim.fn.getcwd() or vim.fn.fnamemodify(path, ':p:h')
  end
  return version ~= 4, folder
end

--- Sets the filetype of a `.lean` file: `lean3` in a Lean 3 project; where nothing says what it is,
--- whatever Neovim or another plugin chose, else `lean`.
function M.set_filetype(bufnr)
  local present = vim.bo[bufnr].filetype
  local version = M.find(vim.api.nvim_buf_get_name(bufnr))
  local wanted = present
  if version == 3 and (present == '' or present == 'lean') then
    wanted = 'lean3'
  elseif present == '' then
    wanted = 'lean'
  end
  if wanted ~= present then
    vim.bo[bufnr].filetype = wanted
  end
end

return M
