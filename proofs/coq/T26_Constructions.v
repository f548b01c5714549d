(* T26 to T28 by explicit two-point constructions: pooling is blind, the reference decides, access decides. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity T02_Range T05_Accuracy T10_ManyOutputs.
Open Scope R_scope.

Definition sure (y : bool) (x : bool) : R := if Bool.eqb x y then 1 else 0.
Definition coin (x : bool) : R := 1 / 2.

Lemma sure_law y : law two (sure y).
Proof. split; [intros x; unfold sure; destruct (Bool.eqb x y); lra | destruct y; unfold sure; simpl; lra]. Qed.

Lemma coin_law : law two coin.
Proof. split; [intros x; unfold coin; lra | simpl; unfold coin; lra]. Qed.

(* T26. Two prompts, each equally likely; the model has memorised a different answer to each, the oracle tosses a coin.
   Pooled over prompts the answers agree exactly; prompt and answer together do not. *)
Definition memoriser (s : bool * bool) : R := coin (fst s) * sure (fst s) (snd s).
Definition oracle (s : bool * bool) : R := coin (fst s) * coin (snd s).
Definition pooled (r : bool * bool -> R) (y : bool) : R := Sum two (fun s => r (s, y)).

Theorem T26_pooling_is_blind :
  JS two (pooled memoriser) (pooled oracle) = 0 /\ TV (list_prod two two) memoriser oracle = 1 / 2.
Proof.
  split.
  - unfold JS; apply (T2_zero_when_equal two (1 / 2)) with (q := pooled oracle) (p := pooled memoriser).
    + split; [intros y; unfold pooled, oracle, coin; simpl; lra | unfold pooled, oracle, coin; simpl; lra].
    + intros [|]; unfold pooled, memoriser, oracle, coin, sure; simpl; lra.
  - unfold TV, memoriser, oracle, coin, sure; simpl.
    replace (1 / 2 * 1 - 1 / 2 * (1 / 2)) with (1 / 4) by lra.
    replace (1 / 2 * 0 - 1 / 2 * (1 / 2)) with (- (1 / 4)) by lra.
    rewrite Rabs_Ropp, Rabs_pos_eq by lra; lra.
Qed.

(* T27. The signal is "confident or not". Retain against forget: nothing to see on a model that memorised both, everything on the exact
   oracle. Never-seen against forget: nothing to see on the oracle. *)
Theorem T27_reference_decides :
  JS two (sure true) (sure true) = 0 /\ JS two (sure true) (sure false) = ln 2 /\ JS two (sure false) (sure false) = 0.
Proof.
  repeat split.
  - apply (T2_zero_when_equal two (1 / 2) (sure true) (sure true)); [apply sure_law | reflexivity].
  - rewrite <- h_half; apply (T2_entropy_when_disjoint two (1 / 2) (sure true) (sure false)); try apply sure_law; [lra|].
    intros [|]; unfold sure; simpl; auto.
  - apply (T2_zero_when_equal two (1 / 2) (sure false) (sure false)); [apply sure_law | reflexivity].
Qed.

Lemma phi_at_most_square t : 0 <= t < 1 -> phi t <= t * t.
Proof.
  intros Ht; rewrite phi_formula by lra.
  pose proof (ln_le_sub1 (1 + t) ltac:(lra)); pose proof (ln_le_sub1 (1 - t) ltac:(lra)); nra.
Qed.

(* T28. One sampled answer of two models with P(yes) = 1/2 + s and 1/2 - s carries at most 4 s^2 nats; whoever reads the probabilities
   sees two different numbers, that is two disjoint point masses. *)
Theorem T28_access s : 0 < s < 1 / 2 ->
  JS two (symmetric (2 * s)) (symmetric (- (2 * s))) <= 4 * (s * s) /\ symmetric (2 * s) true <> symmetric (- (2 * s)) true
    /\ JS two (sure true) (sure false) = ln 2.
Proof.
  intros Hs; repeat split.
  - rewrite (proj2 (T5_lower_attained (2 * s) ltac:(lra))).
    pose proof (phi_at_most_square (2 * s) ltac:(lra)); lra.
  - unfold symmetric; lra.
  - apply T27_reference_decides.
Qed.
