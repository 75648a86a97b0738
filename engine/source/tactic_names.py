"""The interactive tactics of core Lean 3 and mathlib that a generated proof may use.

Not among them: what leaves goals unproved (`sorry`, `admit`), what runs programs (`polyrith`, which
asks a server), what only prints, and the helpers in the same name space.
"""

from __future__ import annotations

from typing import Final

from engine.source.vocabulary import words

TACTICS: Final = words(
    """
    abel abel1 abstract ac_change ac_mono ac_refl ac_reflexivity all_goals any_goals apply apply'
    apply_assumption apply_congr apply_field apply_fun apply_instance apply_mod_cast apply_normed
    apply_rules apply_with apply_with' assoc_rewrite assoc_rw assume assumption assumption'
    assumption_mod_cast bitwise_identities borelize by_cases by_contra by_contra' by_contradiction
    calc cancel_denoms case cases casesI cases' cases_matching cases_type casesm cc change change'
    choose clarify classical clear clear' clear_ clear_aux_decl clear_dependent clear_except
    clear_value compare compute_degree compute_degree_le congr congr' congrm constructor
    constructor_matching continue continuity continuity' contradiction contrapose conv conv_lhs
    conv_rhs convert convert_to dec_trivial decide delta delta_instance destruct done dsimp
    dsimp_result dunfold eapply eapply' econstructor elementwise elide equiv_rw equiv_rw_type
    erewrite erw exact exactI exact_mod_cast exacts exfalso existsi expr_fail ext ext1 extract_goal
    fail_if_success fapply fapply' fconstructor field_simp filter_upwards fin_cases find finish
    focus for from fsplit funext generalize generalize' generalize_hyp generalize_proofs
    generalizes ghost_calc ghost_simp group guard_hyp guard_target h_generalize have haveI
    hide_meta_vars' hint id induction inhabit injection injections injections_and_clear interval
    interval_cases intro introI intros introsI introv isolate_lhs itauto iterate left let letI
    library_search lift linarith linear_combination linear_combination' linear_forms
    mapply mapply' match_target measurability measurability' mfld_set_tac min_tac mono
    monotonicity move_add move_mul move_oper move_op nlinarith noncomm_ring nontriviality norm_cast
    norm_fin norm_num norm_num1 norm_swap nth_rewrite nth_rewrite_lhs nth_rewrite_rhs obtain
    observe observe' obviously omega pi_instance pi_instance_derive_field positivity propagate_tags
    push_cast push_neg pure_coherence coherence rcases rcongr recover refine refineI refine_struct
    refl refl' reflexivity reflexivity' rename rename' rename_var repeat repeat1 repeat_all replace
    resetI revert revertI revert_after revert_all revert_deps revert_target_deps rewrite right
    ring ring1 ring_exp ring_exp_eq ring_nf rintro rintros rotate rsimp rsuffices rsufficesI rw
    rw_mod_cast rwa safe scc scc' set show show_term simp simp_intros simp_result simp_rw simpa
    skip slice slice_lhs slice_rhs smul_tac solve1 solve_by_elim specialize split split_ifs
    squeeze_dsimp squeeze_scope squeeze_simp squeeze_simpa subst subst' substI subst_vars substs
    subtype_instance success_if_fail success_if_fail_with_msg suffices suggest swap swap_var
    symmetry symmetry' tauto tautology tfae_finish tfae_have tidy transitivity transitivity'
    transport triv trivial trivial' trunc_cases try try_for type_check unfold unfold1 unfold_aux
    unfold_cases unfold_coes unfold_projs unfold_wf under_binders unelide unfreezingI
    unify_equations unit_interval use with_cases wlog work_on_goal zify
    """
)
"""By their names as they are written, without `!` or `?` behind."""

CONV: Final = words(
    """
    apply_congr assoc_rewrite assoc_rw change congr conv done dsimp erw find for funext
    guard_lhs guard_target norm_cast norm_num norm_num1 nth_rewrite push_cast push_neg
    rewrite ring ring_exp ring_nf rw simp skip slice to_lhs to_rhs
    whnf intro intros cc apply_instance field_simp abel
    """
)
"""Tactics inside `conv`."""

OUTSIDE: Final = words(
    """
    tactic interactive io lean environment interaction_monad smt_tactic vm native
    user_attribute dsp_lsp reflected pexpr expr system polya slim_check
    """
)
"""Name spaces of the meta language, which a proof does not use."""

FORBIDDEN: Final = words(
    """
    sorry admit undefined undefined_core unsafe unsafe_run_io run_io run_cmd run_parser eval_expr
    eval_pexpr set_env set_env_core unchecked_cast mk_sorry sorry_ax trust_me polyrith dsp_lsp_hole
    dsp_lsp_audit mk_simple_name mk_str_name of_string from_string
    """
)
"""Parts of names that are refused wherever they stand."""
