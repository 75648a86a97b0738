"""The plugin around its searches: starting, not starting, ending, help, health, filetypes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from dsp_lsp.dialect import Dialect, dialect_of
from tests.engine.conftest import alive, eventually

from .conftest import PLUGIN, SCRIPTED, SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Neovim

pytestmark = pytest.mark.neovim

HANG = "theorem hang (p : Prop) : p := sorry\n"


def parent_of(pid: int) -> int:
    ps = shutil.which("ps") or "/bin/ps"
    done = subprocess.run([ps, "-o", "ppid=", "-p", str(pid)], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("how", ["kill", "quit", "terminate"])
def test_nothing_is_left_of_a_search_when_the_editor_goes(
    scripted: Neovim, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = scripted.folder / "processes"
    monkeypatch.setenv("FAKE_ENGINE_PIDS", str(processes))
    scripted.file.write_text(HANG)
    script = scripted.folder / "start.lua"
    script.write_text(
        "vim.defer_fn(function() vim.cmd('DspProveAll') end, 100)\n"
        f"vim.fn.timer_start(100, function() if vim.fn.filereadable('{scripted.folder}/leave') == 1"
        " then vim.cmd('qall!') end end, { ['repeat'] = -1 })\n"
    )
    editor = subprocess.Popen(
        scripted.command("--headless", "-c", f"luafile {script}", str(scripted.file)),
        cwd=scripted.folder,
        env=scripted.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(
            lambda: processes.exists() and processes.read_text().endswith("\n"), seconds=60
        )
        engine, lean = map(int, processes.read_text().split())
        server = parent_of(engine)
        assert parent_of(server) == editor.pid
        assert all(map(alive, (server, engine, lean)))
        if how == "quit":
            (scripted.folder / "leave").touch()
        else:
            os.kill(editor.pid, signal.SIGKILL if how == "kill" else signal.SIGTERM)
        editor.wait(60)
        for process in (server, engine, lean):
            assert eventually(lambda process=process: not alive(process))
    finally:
        editor.kill()
        editor.wait()


def test_after_a_server_that_dies_the_next_command_starts_one(
    scripted: Neovim, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = scripted.folder / "processes"
    monkeypatch.setenv("FAKE_ENGINE_PIDS", str(processes))
    seen = scripted.run(
        f"""
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the search', function()
          return #T.marks() == 1 and vim.fn.filereadable('{processes}') == 1
        end)
        local engine = vim.fn.readfile('{processes}')[1]:match('^%d+')
        local server = vim.fn.systemlist('ps -o ppid= -p ' .. engine)[1]
        vim.fn.system('kill -9 ' .. server)
        T.wait('the marks to go', function() return #T.marks() == 0 end)
        T.wait('no client', function() return require('dsp_lsp.client').of(0) == nil end)
        vim.cmd('DspProve')
        T.wait('the search again', function() return #T.marks() == 1 end)
        T.seen.text = T.text()
        """,
        text=HANG,
    )
    assert "quit with exit code" in seen["messages"][0]["text"]  # Neovim says it.
    assert seen["text"] + "\n" == HANG


def test_without_the_program_one_sentence_says_so(neovim: Neovim) -> None:
    neovim.options = {"cmd": ["no-such-program", "serve"]}
    seen = neovim.run(
        """
        T.wait('a word', function() return #T.messages > 0 or vim.fn.execute('messages') ~= '' end)
        T.seen.at_start = vim.fn.execute('messages')
        T.go('sorry')
        vim.cmd('DspProve')
        vim.wait(300)
        T.seen.client = require('dsp_lsp.client').of(0) ~= nil
        """,
        text=HANG,
    )
    assert "there is no program `no-such-program`" in seen["at_start"]
    assert len(seen["messages"]) == 1
    assert "pip install" in seen["messages"][0]["text"]
    assert not seen["client"]


def test_lean4_is_left_alone(neovim: Neovim) -> None:
    (neovim.folder / "lakefile.lean").touch()
    seen = neovim.run(
        """
        vim.wait(300)
        T.seen.filetype = vim.bo.filetype
        T.seen.quiet = #T.messages == 0 and vim.fn.execute('messages') == ''
        vim.cmd('DspProve')
        T.seen.clients = #vim.tbl_values((vim.lsp.get_clients or vim.lsp.get_active_clients)())
        """,
        text=HANG,
    )
    assert seen["filetype"] == "lean"
    assert seen["quiet"]
    assert seen["clients"] == 0
    told = [message["text"] for message in seen["messages"]]
    assert told == ["dsp-lsp: this is Lean 4; DS-Prover proves Lean 3 only."]


def test_a_lean3_project_has_its_filetype(neovim: Neovim) -> None:
    (neovim.folder / "leanpkg.toml").write_text('[package]\nname = "x"\nversion = "0"\n')
    seen = neovim.run(
        """
        T.seen.filetype = vim.bo.filetype
        T.client()
        T.go('sorry')
        T.seen.titles = T.titles()
        T.seen.wrong = pcall(vim.cmd, 'DspProve soon')
        """,
        text=HANG,
    )
    assert seen["filetype"] == "lean3"
    assert seen["titles"][0] == "Prove with DS-Prover"
    assert seen["messages"][0]["text"] == "dsp-lsp: `soon` is no number of seconds."


def test_filetypes_can_be_left_alone(neovim: Neovim) -> None:
    (neovim.folder / "leanpkg.toml").touch()
    neovim.options["filetypes"] = False
    seen = neovim.run("T.seen.filetype = vim.bo.filetype", text=HANG)
    assert seen["filetype"] == ("lean" if neovim.has_lsp_config else "")


LAYOUTS: list[dict[str, str]] = [
    {},
    {"leanpkg.toml": ""},
    {"leanpkg.path": ""},
    {"lakefile.lean": ""},
    {"lakefile.toml": ""},
    {"lake-manifest.json": ""},
    {"lean-toolchain": "leanprover/lean4:v4.3.0\n"},
    {"lean-toolchain": "leanprover-community/lean:3.51.1\n"},
    {"leanpkg.toml": "", "lakefile.lean": ""},
    {"leanpkg.path": "", "lakefile.lean": ""},
    {"lakefile.lean": "", "sub/leanpkg.toml": ""},
    {"leanpkg.toml": "", "sub/lean-toolchain": "lean4\n"},
]


def test_projects_are_told_apart_as_the_server_does(neovim: Neovim) -> None:
    paths, expected = [], []
    for number, layout in enumerate(LAYOUTS):
        root = neovim.folder / "layouts" / str(number)
        (root / "sub").mkdir(parents=True)
        for name, content in layout.items():
            (root / name).write_text(content)
        path = root / "sub" / "a.lean"
        paths.append(str(path))
        expected.append(dialect_of(path, "lean") is Dialect.LEAN3)
    listed = ", ".join(f"'{path}'" for path in paths)
    seen = neovim.run(
        f"""
        T.seen.lean3 = vim.tbl_map(function(path)
          return require('dsp_lsp.project').find(path) ~= 4
        end, {{ {listed} }})
        """,
        file=False,
    )
    assert seen["lean3"] == expected
    assert 0 < sum(expected) < len(expected)


def test_the_server_can_wait_for_the_first_command(neovim: Neovim) -> None:
    neovim.options["autostart"] = False
    seen = neovim.run(
        """
        vim.wait(300)
        T.seen.client = require('dsp_lsp.client').of(0) ~= nil
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the proof', function() return not T.has('sorry') end)
        """,
        text="theorem foo (p : Prop) (h : p) : p := sorry\n",
    )
    assert not seen["client"]


def test_setup_goes_before_the_variable(scripted: Neovim) -> None:
    scripted.options = {"cmd": ["no-such-program"], "settings": {"budget": 5}}
    command = ", ".join(f"'{word}'" for word in SCRIPTED)
    scripted.before = f"""
        require('dsp_lsp').setup({{
          cmd = {{ {command} }}, settings = {{ budget = 33 }}, prefix = '@ ', nonsense = 1,
        }})
    """
    seen = scripted.run(
        """
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the search', function() return #T.marks() == 1 end)
        T.seen.marks = T.marks()
        T.seen.budget = T.jobs()[1].budget
        T.seen.said = vim.fn.execute('messages')
        """,
        text=HANG,
    )
    assert seen["budget"] == 33
    assert seen["marks"][0].startswith("1: @ ")
    assert "there is no option `nonsense`" in seen["said"]


def test_one_server_for_all_buffers(scripted: Neovim) -> None:
    for name in ("one", "two"):
        (scripted.folder / name).mkdir()
        (scripted.folder / name / "leanpkg.toml").touch()
        (scripted.folder / name / "a.lean").write_text(HANG)
    seen = scripted.run(
        f"""
        vim.cmd('edit {scripted.folder}/one/a.lean')
        local first = T.client().id
        vim.cmd('DspProveAll')
        T.wait('the first search', function() return #T.marks() == 1 end)
        vim.cmd('edit {scripted.folder}/two/a.lean')
        T.seen.same = T.client().id == first
        vim.cmd('DspProveAll')
        T.wait('both', function() return #T.marks() == 1 and #T.jobs() == 2 end)
        T.seen.status = require('dsp_lsp').status()
        vim.cmd('enew')
        vim.bo.filetype = 'lean3'
        vim.api.nvim_buf_set_lines(0, 0, -1, false, {{ 'theorem new : true := sorry' }})
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('an unnamed one', function() return T.has('trivial') or #T.jobs() == 3 end)
        T.seen.third = T.client().id == first
        """,
        text="-- nothing\n",
    )
    assert seen["same"]
    assert seen["third"]
    assert seen["status"] == "DS-Prover: 2 searches"


def test_beside_another_server_of_lean(scripted: Neovim) -> None:
    """The Lean 3 server counts in UTF-32; Neovim warns where a buffer's clients do not agree."""
    command = ", ".join(f"'{word}'" for word in SCRIPTED)
    seen = scripted.run(
        f"""
        T.client()
        local capabilities = vim.lsp.protocol.make_client_capabilities()
        capabilities.general = {{ positionEncodings = {{ 'utf-32' }} }}
        local other = vim.lsp.start_client({{
          name = 'lean3ls', cmd = {{ {command} }}, capabilities = capabilities,
          offset_encoding = 'utf-32',
        }})
        vim.lsp.buf_attach_client(0, other)
        T.wait('the other', function() return vim.lsp.get_client_by_id(other).initialized end)
        T.go('sorry')
        T.choose('Prove with DS-Prover')
        vim.lsp.buf.hover()
        vim.lsp.buf.code_action()
        T.wait('the proof', function() return not T.has('sorry') end)
        T.seen.text = T.text()
        T.seen.said = vim.fn.execute('messages')
        """,
        text="/- 𝕜 -/ theorem foo : true := sorry /- 𝕜 -/\n",
    )
    assert "encoding" not in seen["said"]
    assert not [one for one in seen["messages"] if "encoding" in one["text"]]
    assert seen["text"] == "/- 𝕜 -/ theorem foo : true := begin trivial end /- 𝕜 -/"


def test_health(neovim: Neovim) -> None:
    seen = neovim.run(
        """
        T.client()
        vim.cmd('checkhealth dsp_lsp')
        T.wait('the report', function() return T.has('log') end)
        T.seen.report = T.text()
        """,
        text=HANG,
    )
    report = seen["report"]
    assert "is new enough" in report
    assert "embedded core" in report
    assert "a.lean" in report
    assert "served, positions in utf-32" in report
    assert str(neovim.folder / "server.log") in report
    assert "ERROR" not in report


def test_health_says_what_is_missing(neovim: Neovim) -> None:
    neovim.options = {"cmd": ["no-such-program"], "settings": {"leanPath": "/no/such/lean"}}
    seen = neovim.run(
        "vim.cmd('checkhealth dsp_lsp') T.seen.report = T.text()",
        file=False,
    )
    assert "there is no program `no-such-program`" in seen["report"]
    assert "there is no program `/no/such/lean`" in seen["report"]
    assert "pip install" in seen["report"]


def test_help(neovim: Neovim) -> None:
    """The tags build, every command and mapping has one, and no link is to nowhere."""
    seen = neovim.run(
        f"""
        vim.fn.mkdir('{neovim.folder}/help/doc', 'p')
        vim.fn.writefile(vim.fn.readfile('{PLUGIN}/doc/dsp-lsp.txt'),
          '{neovim.folder}/help/doc/dsp-lsp.txt')
        vim.cmd('helptags {neovim.folder}/help/doc')
        vim.opt.runtimepath:prepend('{neovim.folder}/help')
        vim.cmd('help dsp-lsp')
        T.seen.title = T.lines()[1]
        T.seen.longest = math.max(unpack(vim.tbl_map(vim.fn.strdisplaywidth, T.lines())))
        T.seen.missing = {{}}
        local function look(tag)
          if not pcall(vim.cmd, 'help ' .. tag) then
            table.insert(T.seen.missing, tag)
          end
        end
        local text = T.text()
        for tag in text:gmatch('|(%S-)|') do
          look(tag)
        end
        for name in pairs(vim.api.nvim_get_commands({{}})) do
          if vim.startswith(name, 'Dsp') then
            look(':' .. name)
          end
        end
        for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
          if vim.startswith(map.lhs, '<Plug>(dsp') then
            look(map.lhs)
          end
        end
        T.seen.options = vim.tbl_filter(function(name)
          return not text:find(name .. ' = ', 1, true)
        end, vim.tbl_keys(require('dsp_lsp.options').defaults))
        """,
        file=False,
    )
    assert seen["title"].startswith("*dsp-lsp.txt*")
    assert seen["longest"] <= 80
    newer = {"vim.lsp.config()", "vim.lsp.inlay_hint.enable()"}
    assert set(seen["missing"]) == (set() if neovim.has_lsp_config else newer)
    assert seen["options"] == []


def test_mappings(scripted: Neovim) -> None:
    seen = scripted.run(
        """
        T.client()
        local function press(keys)
          vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, true, true), 'xm', false)
        end
        vim.keymap.set({ 'n', 'x' }, ',p', '<Plug>(dsp-prove)')
        vim.keymap.set('n', ',x', '<Plug>(dsp-stop-all)')
        press('ggVj,p')
        T.wait('two searches', function() return #T.jobs() == 2 end)
        press(',x')
        T.wait('the end', function() return T.jobs()[1].over and T.jobs()[2].over end)
        vim.cmd('normal! G')
        press(',p')
        T.wait('a third', function() return #T.jobs() == 3 end)
        """,
        text="".join(f"theorem hang_{i} : true := sorry\n" for i in range(3)),
    )
    assert all("error" not in message["text"].lower() for message in seen["messages"])


def test_typing_goes_on_while_a_proof_comes(scripted: Neovim) -> None:
    """Real keys, in Insert mode: nothing typed is lost, and the proof is undone alone."""
    scripted.file.write_text("-- \ntheorem gate : true := sorry\n")
    socket = str(scripted.folder / "socket")
    editor = subprocess.Popen(
        scripted.command("--headless", "--listen", socket, str(scripted.file)),
        cwd=scripted.folder,
        env=scripted.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def remote(*arguments: str) -> str:
        done = subprocess.run(
            [scripted.program, "--server", socket, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env=scripted.environment(),
        )
        return done.stdout + done.stderr

    def text() -> str:
        return remote("--remote-expr", r'join(getline(1, "$"), "\n")').rstrip("\n")

    try:
        assert eventually(lambda: os.path.exists(socket), seconds=30)  # noqa: PTH110
        running = """luaeval("#require('dsp_lsp.display').running()")"""
        remote("--remote-send", ":2DspProve<CR>")
        assert eventually(lambda: remote("--remote-expr", running).strip() == "1", seconds=60)
        remote("--remote-send", "ggA")
        for index, letter in enumerate("typing on and on"):
            remote("--remote-send", letter)
            if index == 6:
                (scripted.folder / "gate").touch()
        assert eventually(lambda: "trivial" in text(), seconds=60)
        remote("--remote-send", " more<Esc>")
        proved = "theorem gate : true := begin trivial end"
        assert text() == f"-- typing on and on more\n{proved}"
        for _ in range(3):
            remote("--remote-send", "u")
        assert text() == "-- \ntheorem gate : true := sorry"
        for _ in range(3):
            remote("--remote-send", "<C-R>")
        assert text() == f"-- typing on and on more\n{proved}"
    finally:
        editor.kill()
        editor.wait()


@pytest.mark.parametrize("command", [SERVER, SCRIPTED])
def test_the_editors_own_progress(neovim: Neovim, command: list[str]) -> None:
    """`vim.lsp.status` and the event `LspProgress` have it too, with no help of ours."""
    if not neovim.has_lsp_config:
        pytest.skip("this Neovim has no LspProgress")
    neovim.options["cmd"] = command
    seen = neovim.run(
        """
        local kinds = {}
        vim.api.nvim_create_autocmd('LspProgress', { callback = function(event)
          kinds[event.data.params.value.kind] = event.data.params.value.title or true
        end })
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the end', function() return kinds['end'] end)
        T.seen.kinds = kinds
        """,
        text="theorem foo (p : Prop) (h : p) : p := sorry\n",
    )
    assert seen["kinds"]["begin"] == "DS-Prover: foo"


def test_the_plugin_needs_no_configuration(neovim: Neovim, tmp_path: Path) -> None:
    """Only the folder in `pack/*/start` and the program on the PATH, as the README says."""
    home = tmp_path / "home"
    start = home / ".local/share/nvim/site/pack/dsp/start"
    start.mkdir(parents=True)
    (start / "dsp-lsp").symlink_to(PLUGIN)
    programs = tmp_path / "bin"
    programs.mkdir()
    words = " ".join(SERVER[:-1])
    (programs / "dsp-lsp").write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    (programs / "dsp-lsp").chmod(0o755)
    (tmp_path / "a.lean").write_text("theorem foo (p : Prop) (h : p) : p :=\n")
    script = tmp_path / "go.lua"
    script.write_text(
        "vim.cmd('DspProve')\n"
        "vim.wait(60000, function()\n"
        "  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false)):find('begin')\n"
        "end, 50)\n"
        "vim.cmd('write! out.lean | qall!')\n"
    )
    environment = neovim.environment()
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [neovim.program, "--headless", "-n", "-c", f"luafile {script}", "a.lean"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    written = (tmp_path / "out.lean").read_text()
    assert written.startswith("theorem foo (p : Prop) (h : p) : p :=\nbegin"), done.stderr + written
