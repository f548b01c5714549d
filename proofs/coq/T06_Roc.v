(* T6: a detector's false and true positive rates (a, b) satisfy JSD(Bern a, Bern b) <= JSD(P, Q), by T3; so a budget caps b at every a.
   T8 and T9 follow from total variation and the budget. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T02_Range T03_DataProcessing T05_Accuracy.
Open Scope R_scope.

Definition bern (a : R) (z : bool) : R := if z then a else 1 - a.
Definition decide {A} (D : A -> R) (x : A) : bool -> R := bern (D x).
Definition rate {A} (l : list A) (p D : A -> R) : R := Sum l (fun x => p x * D x).

Section T6.
Context {A : Type} (l : list A) (p q D : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Hypothesis HD : forall x, 0 <= D x <= 1.

Lemma decide_stochastic : stochastic two (decide D).
Proof.
  intros x; specialize (HD x); split; [intros [|]; unfold decide, bern; lra|].
  simpl; unfold decide, bern; lra.
Qed.

Lemma push_decide (r : A -> R) : law l r -> forall z, push l (decide D) r z = bern (rate l r D) z.
Proof.
  intros [_ S] [|]; unfold push, decide, bern, rate; [reflexivity|].
  rewrite (Sum_ext l _ (fun x => r x - r x * D x)) by (intros; ring); rewrite Sum_minus, S; reflexivity.
Qed.

Theorem T6_roc w : 0 < w < 1 -> JSD w two (bern (rate l p D)) (bern (rate l q D)) <= JSD w l p q.
Proof.
  intros Hw.
  apply Rle_trans with (JSD w two (push l (decide D) p) (push l (decide D) q)).
  - unfold JSD; right; apply Sum_ext; intros z; rewrite !push_decide by assumption; reflexivity.
  - apply T3_data_processing; [exact Hw | apply decide_stochastic | apply Hp | apply Hq].
Qed.

Theorem T6_advantage : Rabs (rate l q D - rate l p D) <= TV l p q.
Proof.
  assert (TB : forall s, (s = 1 \/ s = -1) -> s * (rate l q D - rate l p D) <= TV l p q).
  { intros s Hs.
    assert (E1 : s * (rate l q D - rate l p D) = Sum l (fun x => s * (q x * D x - p x * D x)))
      by (rewrite Sum_scal, Sum_minus; reflexivity).
    assert (E2 : TV l p q = Sum l (fun x => / 2 * Rabs (p x - q x) + s * / 2 * (q x - p x))).
    { rewrite Sum_plus, !Sum_scal, (Sum_minus l q p), (proj2 Hp), (proj2 Hq); unfold TV; ring. }
    rewrite E1, E2; apply Sum_le; intros x; specialize (HD x).
    unfold Rabs; destruct (Rcase_abs (p x - q x)), Hs; subst; nra. }
  unfold Rabs; destruct (Rcase_abs (rate l q D - rate l p D)).
  - pose proof (TB (-1) (or_intror eq_refl)); lra.
  - pose proof (TB 1 (or_introl eq_refl)); lra.
Qed.

(* T8 at e = exp(epsilon) >= 1: b - e a <= TV, since a >= 0. *)
Theorem T8_delta e : 1 <= e -> rate l q D - e * rate l p D <= TV l p q.
Proof.
  intros He; pose proof T6_advantage as T.
  assert (0 <= rate l p D) by (apply Sum_nonneg; intros x; apply Rmult_le_pos; [apply Hp | apply HD]).
  pose proof (Rle_abs (rate l q D - rate l p D)); nra.
Qed.
End T6.

Section T9.
Context {A : Type} (l : list A) (p q f : A -> R) (low high : R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Hypothesis Hf : forall x, low <= f x <= high.

Theorem T9_functionals : Rabs (rate l p f - rate l q f) <= (high - low) * TV l p q.
Proof.
  assert (E : rate l p f - rate l q f = Sum l (fun x => (p x - q x) * (f x - (low + high) / 2))).
  { unfold rate; rewrite (Sum_ext l (fun x => (p x - q x) * (f x - (low + high) / 2))
      (fun x => (p x * f x - q x * f x) - ((low + high) / 2 * p x - (low + high) / 2 * q x))) by (intros; ring).
    rewrite !Sum_minus, !Sum_scal, (proj2 Hp), (proj2 Hq); ring. }
  rewrite E; eapply Rle_trans; [apply Sum_abs|].
  unfold TV; replace ((high - low) * (/ 2 * Sum l (fun x => Rabs (p x - q x))))
    with (Sum l (fun x => (high - low) / 2 * Rabs (p x - q x))) by (rewrite Sum_scal; lra).
  apply Sum_le; intros x; rewrite Rabs_mult, Rmult_comm; apply Rmult_le_compat_r; [apply Rabs_pos|].
  specialize (Hf x); apply Rabs_le; lra.
Qed.

Corollary T9_from_budget : Rabs (rate l p f - rate l q f) <= (high - low) * sqrt (2 * JS l p q).
Proof.
  eapply Rle_trans; [apply T9_functionals|].
  destruct l as [|x0 t]; [exfalso; destruct Hp as [_ S]; simpl in S; lra|].
  apply Rmult_le_compat_l; [specialize (Hf x0); lra | apply T5_total_variation_bound; assumption].
Qed.
End T9.
