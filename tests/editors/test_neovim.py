"""The plugin in a real Neovim, with a real server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .conftest import SERVER

if TYPE_CHECKING:
    from .conftest import Neovim

pytestmark = pytest.mark.neovim

SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"


def test_the_command_proves_at_the_cursor(neovim: Neovim) -> None:
    seen = neovim.run(
        """
        T.seen.filetype = vim.bo.filetype
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the proof', function() return not T.has('sorry') end)
        T.seen.proved = T.text()
        T.seen.encoding = T.client().offset_encoding
        vim.cmd('undo')
        T.seen.undone = T.text()
        """,
        text=SWAP,
    )
    assert seen["filetype"] == "lean"
    assert seen["encoding"] == "utf-32"
    assert seen["proved"].startswith(SWAP.removesuffix("sorry\n"))
    assert "begin" in seen["proved"]
    assert seen["undone"] + "\n" == SWAP


def test_the_menu_offers_it(neovim: Neovim) -> None:
    """The editor's own code action, chosen in its own menu, and its own hover afterwards."""
    seen = neovim.run(
        """
        T.client()
        T.go('sorry')
        T.seen.titles = T.titles()
        T.choose('Prove with DS-Prover')
        vim.lsp.buf.code_action()
        T.wait('the proof', function() return not T.has('sorry') end)
        T.wait('the end', function() return T.jobs()[1].over end)
        T.go('begin')
        T.seen.hover = T.hover()
        T.go('theorem')
        T.seen.elsewhere = T.titles()
        """,
        text=SWAP,
    )
    assert seen["titles"][0] == "Prove with DS-Prover"
    assert "Suggest next tactics here" in seen["titles"]
    assert len(seen["asked"]) == 1
    assert "checked by the embedded core" in seen["hover"]
    assert not seen["elsewhere"]


GATE = "theorem first : true := trivial\n\ntheorem gate (𝕜 : Type) : 𝕜 = 𝕜 := sorry -- 𝕜 ends\n"


def test_a_search_goes_on_while_the_user_edits(scripted: Neovim) -> None:
    """Virtual text, hover and the menu during a search; text typed above it; one undo."""
    seen = scripted.run(
        """
        T.client()
        T.go('sorry')
        vim.cmd('DspProve 77')
        T.wait('text beside the site', function()
          return (T.marks()[1] or ''):find('n = 9', 1, true)
        end)
        T.seen.marks = T.marks()
        T.seen.status = require('dsp_lsp').status()
        T.seen.hover = T.hover()
        T.seen.titles = T.titles()
        vim.api.nvim_buf_set_lines(0, 0, 0, false, { '-- 𝕜 above', '-- and more' })
        T.wait('the text to move', function() return vim.startswith(T.marks()[1] or '', '5: ') end)
        local before = T.text()
        T.open_gate()
        T.wait('the proof', function() return not T.has('sorry') end)
        T.seen.proved = T.text()
        T.wait('the text to go', function() return #T.marks() == 0 end)
        T.wait('the end', function() return T.jobs()[1].over end)
        T.seen.state = T.jobs()[1].state
        vim.cmd('undo')
        T.seen.undone = T.text() == before
        T.seen.after = require('dsp_lsp').status()
        """,
        text=GATE,
    )
    assert len(seen["marks"]) == 1
    assert seen["marks"][0].startswith("3: ▸ ")
    assert "/77 s · n = 9 · 43 nodes" in seen["marks"][0]
    assert seen["status"].startswith("DS-Prover: ")
    assert "⊢ q ∧ 𝕜" in seen["hover"]
    assert seen["titles"][0] == "Stop the search here"
    expected = GATE.replace("sorry", "begin trivial end")
    assert seen["proved"] + "\n" == "-- 𝕜 above\n-- and more\n" + expected
    assert seen["state"] == "proved"
    assert seen["undone"]
    assert seen["after"] == ""


def test_a_proof_that_comes_while_the_user_types_is_undone_alone(scripted: Neovim) -> None:
    """Both changes are made without a key between them, which would be one undo step."""
    seen = scripted.run(
        """
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the search', function() return #T.marks() == 1 end)
        vim.api.nvim_buf_set_lines(0, 0, 0, false, { '-- typed' })
        T.open_gate()
        T.wait('the proof', function() return not T.has('sorry') end)
        vim.api.nvim_buf_set_lines(0, 0, 0, false, { '-- typed later' })
        vim.cmd('undo')
        T.seen.first = T.text()
        vim.cmd('undo')
        T.seen.second = T.text()
        vim.cmd('redo')
        T.seen.redone = T.text()
        """,
        text=GATE,
    )
    assert seen["first"] + "\n" == "-- typed\n" + GATE.replace("sorry", "begin trivial end")
    assert seen["second"] + "\n" == "-- typed\n" + GATE
    assert seen["redone"] == seen["first"]


def test_a_reload_during_a_search(scripted: Neovim) -> None:
    """`:edit!` closes and opens the document for the server, whose text may be another then."""
    seen = scripted.run(
        """
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the search', function() return (T.marks()[1] or ''):find('n = 9', 1, true) end)
        local lines = T.lines()
        table.insert(lines, 1, '-- from elsewhere')
        vim.fn.writefile(lines, vim.fn.expand('%'))
        vim.cmd('edit!')
        T.open_gate()
        T.wait('the proof', function() return not T.has('sorry') end)
        T.wait('the end', function() return T.jobs()[1].over end)
        T.seen.state = T.jobs()[1].state
        T.seen.text = T.text()
        """,
        text=GATE,
    )
    assert seen["state"] == "proved"
    expected = "-- from elsewhere\n" + GATE.replace("sorry", "begin trivial end")
    assert seen["text"] + "\n" == expected


def test_a_buffer_closed_during_a_search(scripted: Neovim) -> None:
    """The proof is kept, and can be inserted when the file is open again."""
    seen = scripted.run(
        """
        local name = vim.fn.expand('%')
        vim.cmd('edit other.lean')
        T.client()
        vim.cmd('edit ' .. name)
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the search', function() return (T.marks()[1] or ''):find('n = 9', 1, true) end)
        vim.cmd('buffer other.lean')
        vim.cmd('bdelete ' .. name)
        T.open_gate()
        T.wait('the end', function() return T.jobs()[1].over end)
        T.seen.state = T.jobs()[1].state
        vim.cmd('edit ' .. name)
        T.client()
        T.seen.untouched = T.text()
        T.go('sorry')
        T.choose('Insert the proof')
        vim.lsp.buf.code_action()
        T.wait('the proof', function() return not T.has('sorry') end)
        T.seen.text = T.text()
        """,
        text=GATE,
    )
    assert seen["state"] == "withheld"
    assert seen["untouched"] + "\n" == GATE
    assert seen["text"] + "\n" == GATE.replace("sorry", "begin trivial end")


TWO = "theorem hang_1 : true := sorry\ntheorem hang_2 : true := sorry\n"


def test_stop(scripted: Neovim) -> None:
    seen = scripted.run(
        """
        T.client()
        local function states()
          return vim.tbl_map(function(job) return job.state end, T.jobs())
        end
        local function running()
          return #vim.tbl_filter(function(job) return not job.over end, T.jobs())
        end
        T.go('sorry')
        vim.cmd('DspStop')
        T.wait('a word', function() return #T.messages == 1 end)
        vim.cmd('DspProveAll')
        T.wait('both', function() return #T.marks() == 2 end)
        vim.api.nvim_win_set_cursor(0, { 1, 27 })
        vim.cmd('DspStop')
        T.wait('one to stop', function() return running() == 1 end)
        T.wait('its text to go', function() return #T.marks() == 1 end)
        T.seen.left = T.marks()
        vim.cmd('DspStop!')
        T.wait('the other to stop', function() return running() == 0 end)
        T.seen.states = states()
        T.seen.text = T.text()
        """,
        text=TWO,
    )
    assert seen["left"][0].startswith("2: ")
    assert seen["states"] == ["stopped", "stopped"]
    assert seen["text"] + "\n" == TWO
    told = [message["text"] for message in seen["messages"]]
    assert told[0] == "dsp-lsp: no search runs here. :DspStop! stops every search."
    assert told[1] == "dsp-lsp: 2 searches were started."


def test_a_suggestion_that_is_chosen_is_inserted(scripted: Neovim) -> None:
    seen = scripted.run(
        """
        T.client()
        T.choose('intro h')
        T.go('sorry')
        vim.cmd('DspSuggest')
        T.wait('the tactic', function() return T.has('intro h') end)
        T.seen.text = T.text()
        vim.cmd('undo')
        T.seen.undone = T.text()
        """,
        text="theorem foo (p : Prop) : p → p := sorry\n",
    )
    assert seen["asked"] == [
        {
            "prompt": "Next tactic for foo:",
            "titles": ["trivial (closes the goal)", "intro h (1 goal left)"],
        }
    ]
    assert "intro h,\n  sorry" in seen["text"]
    assert seen["undone"] == "theorem foo (p : Prop) : p → p := sorry"


ALL = """theorem a (p q : Prop) (h : p ∧ q) : q ∧ p :=

theorem b (p : Prop) (h : p) : p := begin end
theorem c (p : Prop) (h : p) : p ∨ false := by sorry
example (p : Prop) (h : p) : p := h
theorem d (p : Prop) (h : p) : p := sorry
"""


def test_everything_in_a_file_is_proved(neovim: Neovim) -> None:
    seen = neovim.run(
        """
        T.client()
        vim.cmd('DspProveAll 120')
        T.wait('four searches', function()
          local jobs = T.jobs()
          return #jobs == 4 and #vim.tbl_filter(function(job) return not job.over end, jobs) == 0
        end)
        T.seen.states = vim.tbl_map(function(job) return job.state end, T.jobs())
        T.seen.budgets = vim.tbl_map(function(job) return job.budget end, T.jobs())
        T.seen.text = T.text()
        """,
        text=ALL,
    )
    assert seen["states"] == ["proved"] * 4
    assert seen["budgets"] == [120] * 4
    assert "sorry" not in seen["text"]
    assert "begin end" not in seen["text"]
    for line in ALL.splitlines():
        if line:
            assert line.split(":=")[0] + ":=" in seen["text"]


@pytest.mark.lean3
@pytest.mark.skipif(shutil.which("lean") is None, reason="there is no `lean`")
def test_everything_in_a_file_is_proved_by_lean(neovim: Neovim) -> None:
    neovim.options = {"cmd": SERVER}
    seen = neovim.run(
        """
        T.client()
        vim.cmd('DspProveAll 120')
        T.wait('four searches', function()
          local jobs = T.jobs()
          return #jobs == 4 and #vim.tbl_filter(function(job) return not job.over end, jobs) == 0
        end)
        T.seen.messages_ = vim.tbl_map(function(job) return job.message end, T.jobs())
        T.seen.text = T.text()
        """,
        text=ALL,
    )
    assert all("is proved in" in message for message in seen["messages_"])
    assert "sorry" not in seen["text"]


def test_the_lines_of_a_range_are_proved(scripted: Neovim) -> None:
    seen = scripted.run(
        """
        T.client()
        vim.cmd('2,3DspProve')
        T.wait('two proofs', function() return select(2, T.text():gsub('trivial', '')) == 2 end)
        T.wait('the end', function() return T.jobs()[2].over end)
        T.seen.lines = T.lines()
        T.seen.count = #T.jobs()
        """,
        text="".join(f"theorem t_{i} : true := sorry\n" for i in range(4)),
    )
    assert seen["count"] == 2
    assert ["sorry" in line for line in seen["lines"]] == [True, False, False, True]


def test_the_tree_as_text_and_as_a_picture(neovim: Neovim) -> None:
    seen = neovim.run(
        """
        T.client()
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the end', function() return T.jobs()[1] and T.jobs()[1].over end)
        T.seen.state = T.jobs()[1].state
        vim.cmd('DspTree')
        T.wait('a window', function() return vim.bo.filetype == 'dsptree' end)
        T.seen.tree = T.text()
        T.seen.modifiable = vim.bo.modifiable
        vim.api.nvim_feedkeys('q', 'x', false)
        T.seen.windows = #vim.api.nvim_list_wins()
        local opened
        if vim.ui.open then
          vim.ui.open = function(path) opened = path end
        else
          vim.fn.executable = function() return 1 end
          vim.fn.jobstart = function(command) opened = command[2]; return 1 end
        end
        vim.cmd('DspTree!')
        T.wait('the picture', function() return opened end)
        T.seen.picture = table.concat(vim.fn.readfile(opened), '\\n')
        """,
        text="theorem unprovable (p q : Prop) (h : p) : p ∧ q := sorry\n",
    )
    assert seen["state"] == "not found"
    assert seen["tree"].startswith("#0 0.00")
    assert "⊢ q" in seen["tree"]
    assert not seen["modifiable"]
    assert seen["windows"] == 1
    assert "<svg" in seen["picture"]


def test_windows_line_ends_stay(neovim: Neovim) -> None:
    seen = neovim.run(
        """
        T.client()
        T.seen.format = vim.bo.fileformat
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the proof', function() return not T.has('sorry') end)
        T.seen.returns = T.has('\\r')
        T.wait('the end', function() return T.jobs()[1].over end)
        T.seen.state = T.jobs()[1].state
        vim.cmd('write')
        vim.cmd('undo')
        T.seen.undone = T.lines()
        """,
        text=("-- 𝕜\n" + SWAP + "-- end\n").replace("\n", "\r\n").encode(),
    )
    assert seen["format"] == "dos"
    assert not seen["returns"]
    assert seen["state"] == "proved"
    written = neovim.file.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") >= 3
    assert b"sorry" not in written
    assert seen["undone"] == ["-- 𝕜", SWAP.rstrip("\n"), "-- end"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_wide_letters_before_the_site(scripted: Neovim, encoding: str) -> None:
    """𝕜 is one code point, two UTF-16 units and four bytes."""
    if not scripted.has_lsp_config:
        pytest.skip("this Neovim has no vim.lsp.config")
    scripted.before = f"""
        vim.lsp.config('dsp_lsp', {{
          capabilities = {{ general = {{ positionEncodings = {{ '{encoding}' }} }} }},
        }})
    """
    line = "/- 𝕜𝕜𝓝 -/ theorem one (𝕜 : Type) : 𝕜 = 𝕜 := sorry /- 𝕜 -/ /- 𝓝 -/\n"
    seen = scripted.run(
        """
        T.seen.encoding = T.client().offset_encoding
        vim.api.nvim_buf_set_text(0, 0, 3, 0, 7, { '𝔸𝔸' })
        T.go('sorry')
        vim.cmd('DspProve')
        T.wait('the proof', function() return not T.has('sorry') end)
        T.wait('the end', function() return T.jobs()[1].over end)
        T.seen.state = T.jobs()[1].state
        T.seen.text = T.text()
        """,
        text=line,
    )
    assert seen["encoding"] == encoding
    assert seen["state"] == "proved"
    expected = line.replace("sorry", "begin trivial end").replace("𝕜𝕜", "𝔸𝔸𝕜", 1)
    assert seen["text"] + "\n" == expected
