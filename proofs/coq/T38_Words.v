(* T38: one word, or any other event. With p and q its probabilities in the two arms, (p - q)^2 <= 2 J (p + q)(2 - p - q), hence at most 4 J (p + q), and 2 J. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity T02_Range T03_DataProcessing T05_Accuracy T06_Roc.
Open Scope R_scope.

(* One symbol's share is at least its chi-square term. *)
Lemma share_at_least_square a b : 0 <= a -> 0 <= b -> 0 < a + b -> (a - b) * (a - b) / (4 * (a + b)) <= G a b.
Proof.
  intros Ha Hb Hs.
  assert (W : forall u v, 0 <= v <= u -> 0 < u + v -> (u - v) * (u - v) / (4 * (u + v)) <= G u v).
  { intros u v Hv Huv; set (t := (u - v) / (u + v)).
    assert (Ht : 0 <= t <= 1).
    { split; unfold t; [apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]|].
      apply (Rmult_le_reg_r (u + v)); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra. }
    pose proof (T5_phi_at_least_half_square t Ht) as F.
    assert (E : G u v = (u + v) / 2 * phi t).
    { unfold phi, G; rewrite <- g_hom by lra; f_equal; unfold t; field; lra. }
    rewrite E; apply Rle_trans with ((u + v) / 2 * (t * t / 2)); [right; unfold t; field; lra|].
    apply Rmult_le_compat_l; lra. }
  destruct (Rle_dec b a).
  - apply W; lra.
  - rewrite G_swap; replace ((a - b) * (a - b) / (4 * (a + b))) with ((b - a) * (b - a) / (4 * (b + a))) by (f_equal; [ring | f_equal; ring]).
    apply W; lra.
Qed.

(* The word is an event: its probabilities are the rates of the detector that says whether it came. *)
Lemma two_point a b : 0 <= a <= 1 -> 0 <= b <= 1 -> (a - b) * (a - b) <= 2 * JS two (bern a) (bern b) * ((a + b) * (2 - a - b)).
Proof.
  intros Ha Hb.
  assert (E : JS two (bern a) (bern b) = G a b + G (1 - a) (1 - b)) by (unfold JS, JSD, two, bern, G; simpl; ring).
  rewrite E.
  assert (N0 : 0 <= G a b) by (apply g_nonneg; lra).
  assert (N1 : 0 <= G (1 - a) (1 - b)) by (apply g_nonneg; lra).
  destruct (Req_dec (a + b) 0) as [Z|Z]; [assert (a = 0) by lra; assert (b = 0) by lra; subst; lra|].
  destruct (Req_dec (a + b) 2) as [Y|Y]; [assert (a = 1) by lra; assert (b = 1) by lra; subst; lra|].
  pose proof (share_at_least_square a b ltac:(lra) ltac:(lra) ltac:(lra)) as S0.
  pose proof (share_at_least_square (1 - a) (1 - b) ltac:(lra) ltac:(lra) ltac:(lra)) as S1.
  set (s := a + b) in *.
  assert (Ps : 0 < s) by (unfold s in *; lra); assert (Pr : 0 < 2 - a - b) by (unfold s in *; lra).
  replace ((1 - a - (1 - b)) * (1 - a - (1 - b)) / (4 * (1 - a + (1 - b)))) with ((a - b) * (a - b) / (4 * (2 - a - b))) in S1 by (field; lra).
  assert (T : (a - b) * (a - b) / (4 * s) + (a - b) * (a - b) / (4 * (2 - a - b)) <= G a b + G (1 - a) (1 - b)) by lra.
  apply (Rmult_le_compat_r (2 * (s * (2 - a - b)))) in T; [|apply Rmult_le_pos; [lra | apply Rmult_le_pos; lra]].
  replace (((a - b) * (a - b) / (4 * s) + (a - b) * (a - b) / (4 * (2 - a - b))) * (2 * (s * (2 - a - b)))) with ((a - b) * (a - b)) in T
    by (unfold s in *; field; lra).
  lra.
Qed.

Section T38.
Context {A : Type} (l : list A) (p q : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Variable W : A -> R.
Hypothesis HW : forall x, 0 <= W x <= 1.
Let a := rate l p W.
Let b := rate l q W.

Lemma rate_range r : law l r -> 0 <= rate l r W <= 1.
Proof.
  intros Hr; split.
  - apply Sum_nonneg; intros x; apply Rmult_le_pos; [apply Hr | apply HW].
  - rewrite <- (proj2 Hr); apply Sum_le; intros x; pose proof (proj1 Hr x); pose proof (HW x); nra.
Qed.

Theorem T38_word : (a - b) * (a - b) <= 2 * JS l p q * ((a + b) * (2 - a - b)).
Proof.
  pose proof (rate_range p Hp) as Ra; pose proof (rate_range q Hq) as Rb; fold a in Ra; fold b in Rb.
  pose proof (two_point a b Ra Rb) as T.
  assert (D : JS two (bern a) (bern b) <= JS l p q) by (apply T6_roc; auto; apply half_in).
  apply Rle_trans with (1 := T); apply Rmult_le_compat_r; [apply Rmult_le_pos; lra | lra].
Qed.

Corollary T38_small_words : (a - b) * (a - b) <= 4 * JS l p q * (a + b).
Proof.
  pose proof (rate_range p Hp) as Ra; pose proof (rate_range q Hq) as Rb; fold a in Ra; fold b in Rb.
  assert (J : 0 <= JS l p q) by (apply T2_nonneg; auto; apply half_in).
  apply Rle_trans with (1 := T38_word).
  assert ((a + b) * (2 - a - b) <= 2 * (a + b)) by nra.
  assert (2 * JS l p q * ((a + b) * (2 - a - b)) <= 2 * JS l p q * (2 * (a + b))) by (apply Rmult_le_compat_l; lra); lra.
Qed.

Corollary T38_every_word : (a - b) * (a - b) <= 2 * JS l p q.
Proof.
  assert (J : 0 <= JS l p q) by (apply T2_nonneg; auto; apply half_in).
  apply Rle_trans with (1 := T38_word).
  assert ((a + b) * (2 - a - b) <= 1) by (pose proof (Rle_0_sqr (a + b - 1)) as S; unfold Rsqr in S; lra).
  assert (2 * JS l p q * ((a + b) * (2 - a - b)) <= 2 * JS l p q * 1) by (apply Rmult_le_compat_l; lra); lra.
Qed.
End T38.
