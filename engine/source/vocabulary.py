"""Lean's and mathlib's words, sorted by what they mean to the reader of a text."""

from __future__ import annotations

from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


MODIFIERS: Final = words("private protected noncomputable meta mutual local reserve")
"""Commands' keywords that may stand before another one."""

PROVABLE: Final = words("theorem lemma def definition example instance abbreviation")
"""Declarations that have a value; one that ends in ``:=`` is a site."""

WITH_FIELDS: Final = words("structure class")
DECLARING: Final = PROVABLE | WITH_FIELDS | words("inductive coinductive axiom constant")
"""The commands that are declarations here."""

NOTATIONS: Final = words("notation notation3 infixl infixr infix postfix prefix precedence reserve")
"""Commands that declare tokens, between backquotes."""

CONTEXT: Final = words(
    """
    open open_locale variable variables parameter parameters universe universes include omit
    set_option
    """
)
"""Commands that bear on later statements until their scope ends."""

LASTING: Final = NOTATIONS | words("localized export")
"""Commands that bear on later statements to the end of the text, unless ``local``."""

KEYWORDS: Final = (
    MODIFIERS
    | DECLARING
    | CONTEXT
    | LASTING
    | words(
        """
        axioms constants hide namespace section end prelude import attribute init_quotient
        declare_trace add_key_equivalence run_cmd
        restate_axiom reassoc_axiom def_replacer initialize_simps_projections
        mk_iff_of_inductive_prop add_hint_tactic alias copy_doc_string library_note add_tactic_doc
        add_decl_doc import_private setup_tactic_parser run_parser mk_simp_attribute
        assert_not_exists assert_no_instance assert_instance assert_exists
        #check #reduce #eval #print #help #exit #compile #unify
        #simp #lint #lint_mathlib #lint_all #lint_my_project #list_linters #norm_num #push_neg
        #print_sorry_in #sample #where #find #explode #explode_widget #list_unused_decls
        """
    )
)
"""The words that begin a command, core's and mathlib's."""

CONV_TACTICS: Final = words("conv conv_lhs conv_rhs old_conv slice_lhs slice_rhs")
"""Tactics whose block is read in another monad."""

BLOCK_TACTICS: Final = CONV_TACTICS | words(
    """
    abstract admit all_goals any_goals async case continue fail_if_success find focus for
    guard_target hide_meta_vars iterate propagate_tags recover repeat repeat1 show_term solve1
    sorry squeeze_scope success_if_fail success_if_fail_with_msg try try_for under_binders
    unfreezingI with_cases work_on_goal
    """
)
"""Tactics whose ``{ … }`` is a block of tactics."""

TERM_TACTICS: Final = words(
    """
    ac_change ac_refl apply apply_fun apply_mod_cast apply_rules assume assumption_mod_cast by_cases
    calc cases cases' change choose clarify clear congr' constructor contradiction convert
    convert_to destruct dsimp dsimp' eapply erw exact exact_mod_cast exactI exacts exfalso existsi
    ext fapply field_simp filter_upwards finish from fsplit generalize guard_hyp h_generalize have
    haveI induction injection interval_cases intro intros let letI library_search lift linarith
    linear_combination mapply mono monotonicity nlinarith norm_cast norm_num nth_rewrite obtain
    omega polyrith positivity push_cast push_neg rcases rcongr refine refine' refineI refine_struct
    replace resetI revert rewrite ring ring_exp rintro rintros rotate rw rwa safe set show simp
    simp_intros simp_rw simpa solve_by_elim specialize split_ifs squeeze_simp squeeze_simpa subst
    suffices swap symmetry tauto tautology tidy trans transitivity unfold unfold_projs use wlog
    """
)
"""Tactics whose ``{ … }`` is a term: a structure instance, a set, a configuration."""

PATTERN_TACTICS: Final = words("cases cases' obtain rcases rintro rintros")
"""Tactics in whose patterns ``|`` separates cases."""
