"""Proofs of the corpus, kept out of it: that its statements are true is checked, not believed."""

from __future__ import annotations

PROOFS: dict[str, dict[str, str]] = {
    "core": {
        "triple_backwards": "cc",
        "one_case_left": "by_contradiction h, cc",
        "backwards_chain": "cc",
        "implication_back": "intros h, by_contradiction h, cc",
        "never_refuted": "intros h, cc",
        "two_at_a_time": "split, cc, cc",
        "sharing_out": "cc",
        "everyone_both": "exact ⟨λ h, ⟨λ x, (h x).1, λ x, (h x).2⟩, λ h x, ⟨h.1 x, h.2 x⟩⟩",
        "someone_either": (
            "intro h, cases h with x hx, cases hx, exact or.inl ⟨x, hx⟩, exact or.inr ⟨x, hx⟩"
        ),
        "one_for_all": "cases h with x hx, exact λ y, ⟨x, hx y⟩",
        "village_barber": "intros h, have := h b, cc",
        "in_the_pub": (
            "cases classical.em (∃ y, ¬ drinks y) with h h, { cases h with y hy, exact ⟨y, λ "
            "hd, absurd hd hy⟩ }, { exact ⟨a, λ _ y, classical.by_contradiction (λ hy, h ⟨y, "
            "hy⟩)⟩ }"
        ),
        "somewhere_related": "cases h with b hb, exact trans a b a hb (sym a b hb)",
        "long_way_round": "cc",
        "there_and_back": "rw ← h, rw back",
        "three_and_five": "cc",
        "inner_swap": "simp only [nat.add_assoc, nat.add_left_comm b c d]",
        "same_rest": "rw ← nat.add_assoc at h, exact nat.add_left_cancel h",
        "smaller_part": "exact nat.le_trans (nat.le_add_right a b) h",
        "no_room_between": "exact nat.le_antisymm (nat.le_of_lt_succ h₂) h₁",
        "not_its_own_next": "induction n with n ih, trivial, simp *",
        "right_triangle": "exact ⟨3, 4, dec_trivial⟩",
        "sum_to_closed": (
            "induction n with n ih, { refl }, { rw [sum_to, nat.left_distrib, ih], simp only "
            "[nat.succ_eq_add_one, nat.left_distrib, nat.right_distrib, bit0, nat.mul_one, "
            "nat.one_mul, nat.add_comm, nat.add_left_comm, nat.add_assoc] }"
        ),
        "odds_closed": (
            "induction n with n ih, { refl }, { simp only [odds, ih, nat.succ_eq_add_one, "
            "nat.left_distrib, nat.right_distrib, bit0, nat.mul_one, nat.one_mul, "
            "nat.add_comm, nat.add_left_comm, nat.add_assoc] }"
        ),
        "doubling_grows": (
            "induction n with n ih, { exact dec_trivial }, { exact nat.lt_of_le_of_lt ih "
            "(nat.lt_add_of_pos_right (nat.lt_of_le_of_lt (nat.zero_le n) ih)) }"
        ),
        "either_order_length": "simp [nat.add_comm]",
        "one_pass": "simp",
        "turned_joined": "induction xs; simp [turned, *]",
        "turned_twice": (
            "have joined : ∀ (ys : list α) (z : α), turned (ys ++ [z]) = z :: turned ys, { "
            "intros ys z, induction ys with y ys ih, { refl }, { show turned (ys ++ [z]) ++ "
            "[y] = _, rw ih, refl } }, induction xs with x xs ih, { refl }, { show turned "
            "(turned xs ++ [x]) = _, rw [joined, ih] }"
        ),
        "in_two_steps": "induction o with o ih, constructor, refl",
        "nothing_from_nothing": (
            "cases o, { exact ⟨λ _, rfl, λ _, rfl⟩ }, { exact ⟨λ h, by cases h, λ h, by cases h⟩ }"
        ),
        "tree.mirrored_twice": "induction t; simp [tree.mirror, *]",
        "tree.mirrored_size": (
            "induction t; simp [tree.mirror, tree.size, *], simp [nat.add_comm, nat.add_left_comm]"
        ),
        "pairs_up_together": (
            "induction hn with n hn ih, { exact hm }, { exact pairs_up.more (m + n) ih }"
        ),
        "one_is_left": "intros h, cases h",
        "full_circle": "cases l, constructor, constructor, refl",
        "separates_after": "exact λ x y h, hf x y (hg _ _ h)",
        "separates_undone": "intros x y e, rw [← h x, ← h y, e]",
        "either_bit": "cases c, simp, simp",
        "same_either_way": "by_cases hp : p; simp [hp, h]",
    },
    "with_tactic": {
        "not_for_all": "simp at *, assumption",
        "someone_for_each": "exact classical.skolem.mp h",
        "first_of_two": "exact injective.of_comp h",
        "second_of_two": "exact surjective.of_comp h",
        "undoes_itself": "exact involutive.bijective h",
        "hits_every_set": "exact cantor_surjective f",
        "what_is_left": "intros x hx, exact ⟨(h hx.1).resolve_left hx.2, hx.1⟩",
        "no_difference": (
            "ext x, by_contradiction hx, have : x ∈ (s \\ t) ∪ (t \\ s), { simp only "
            "[set.mem_union, set.mem_diff], tauto! }, rw h at this, exact this"
        ),
        "back_inside": "rintros x ⟨y, hy, hyx⟩, rwa ← hf hyx",
        "through_both": (
            "ext y, split, { rintros ⟨⟨x, hx, rfl⟩, hy⟩, exact ⟨x, ⟨hx, hy⟩, rfl⟩ }, { "
            "rintros ⟨x, ⟨hx, hy⟩, rfl⟩, exact ⟨⟨x, hx, rfl⟩, hy⟩ }"
        ),
        "common_lower": "simp",
        "counted_apart": (
            "rw [← finset.card_disjoint_union finset.disjoint_sdiff, "
            "finset.union_sdiff_self_eq_union]"
        ),
        "removed_one": "simp *",
        "meets_below_joins": "finish",
        "larger_of_swapped": "simp *",
        "climbing": "exact le_trans h (le_trans (hf h) (hf (hf h)))",
        "strictly_apart": "exact hf.injective h",
        "conjugate_trivial": "have h' : a * b = a := mul_inv_eq_one.mp h, simpa using h'",
        "own_inverses": (
            "have inv : ∀ x : G, x⁻¹ = x := λ x, inv_eq_of_mul_eq_one_left (h x), calc a * b "
            "= (a * b)⁻¹ : (inv _).symm ... = b⁻¹ * a⁻¹ : mul_inv_rev a b ... = b * a : by rw "
            "[inv, inv]"
        ),
        "idempotent_rest": "linear_combination h",
        "cubes": "ring",
        "nilpotent_unit": "have e : (1 + a) * (1 - a) = 1 - a ^ 2 := by ring, rw [e, h, sub_zero]",
        "divided_twice": "field_simp, ring",
        "three_squares": "nlinarith [sq_nonneg (a - b), sq_nonneg (b - c), sq_nonneg (c - a)]",
        "weighted_bound": "linarith",
        "with_inverse": (
            "have h' : a + 1 / a - 2 = (a - 1) ^ 2 / a, { field_simp [h.ne'], ring }, have : "
            "0 ≤ (a - 1) ^ 2 / a := div_nonneg (sq_nonneg _) h.le, linarith"
        ),
        "quarter": (
            "have e : x * (1 - x) = 1 / 4 - (x - 1 / 2) ^ 2 := by ring, linarith [sq_nonneg "
            "(x - 1 / 2)]"
        ),
        "close_to_both": "rw abs_lt at *, split; linarith",
        "power_beats_line": "exact nat.lt_two_pow n",
        "combination": "exact dvd_sub (dvd_mul_of_dvd_left h d) (dvd_mul_of_dvd_right h' 3)",
        "next_product_even": (
            "induction n with n ih, { simp }, { have e : n.succ * (n.succ + 1) = n * (n + 1) "
            "+ 2 * (n + 1) := by { rw nat.succ_eq_add_one, ring }, rw e, exact dvd_add ih "
            "(dvd_mul_right _ _) }"
        ),
        "three_in_a_row": (
            "obtain ⟨q, m, e, h₀, h₁⟩ : ∃ q m : ℤ, n = 3 * q + m ∧ 0 ≤ m ∧ m < 3 := ⟨n / 3, n "
            "% 3, (int.div_add_mod n 3).symm, int.mod_nonneg n (by norm_num), "
            "int.mod_lt_of_pos n (by norm_num)⟩, subst e, interval_cases m, { exact ⟨9 * q ^ "
            "3 - q, by ring⟩ }, { exact ⟨9 * q ^ 3 + 9 * q ^ 2 + 2 * q, by ring⟩ }, { exact "
            "⟨9 * q ^ 3 + 18 * q ^ 2 + 11 * q + 2, by ring⟩ }"
        ),
        "seven_rule": (
            "have e : a - 2 * b = 7 * (3 * a) - 2 * (10 * a + b) := by ring, rw e, exact "
            "dvd_sub (dvd_mul_right _ _) (dvd_mul_of_dvd_right h 2)"
        ),
        "square_remainders": (
            "rw nat.pow_mod, have h : n % 4 < 4 := nat.mod_lt n (by norm_num), generalize_hyp "
            ": n % 4 = m at h ⊢, interval_cases m; norm_num"
        ),
        "across_the_cast": "linarith",
        "cast_of_square": "simp *, linarith",
        "sum_and_difference": "split, linarith, linarith",
        "two_roots": (
            "have : (x - 2) * (x - 3) = 0 := by linarith [h], rcases mul_eq_zero.mp this with "
            "h | h, { left, linarith }, { right, linarith }"
        ),
        "coins": "exact ⟨2, 3, by norm_num⟩",
        "last_digit": "norm_num",
        "squares_from_sums": (
            "have e : a ^ 2 + b ^ 2 = (a + b) ^ 2 - 2 * (a * b) := by ring, rw [e, h₁, h₂], "
            "norm_num"
        ),
        "affine_at_itself": "refl",
        "affine_injective": "intros x y h, unfold affine at h, linarith",
        "additive_on_naturals": (
            "have zero : f 0 = 0, { have := h 0 0, simpa using this }, induction n with n ih, "
            "{ simp [zero] }, { rw [nat.succ_eq_add_one, h, ih], ring }"
        ),
    },
    "with_reals": {
        "midpoint_between": "split; linarith",
        "no_largest": (
            "intro hx, rcases h a ha with ⟨y, hy, hay⟩, exact absurd (hx y hy) (not_le.mpr hay)"
        ),
        "small_is_zero": (
            "apply le_antisymm _ h₀, apply le_of_forall_pos_le_add, intros ε hε, linarith [h ε hε]"
        ),
        "product_of_two_sums": "nlinarith [sq_nonneg (a * d - b * c)]",
        "sum_of_squares_zero": "split; nlinarith [sq_nonneg x, sq_nonneg y]",
        "squares_compare": "nlinarith",
        "line_through": "exact ⟨(y + 3) / 2, by { rw hf, ring }⟩",
        "unit_square": "nlinarith",
    },
}
