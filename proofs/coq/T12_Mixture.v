(* T12: mixing a share rho of F into P contracts the divergence by rho at least and the total variation by rho exactly, so the bound on
   the forget set itself is the bound on the mixture blown up by 1/rho. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T03_DataProcessing T05_Accuracy.
Import ListNotations.
Open Scope R_scope.

Section T12.
Context {A : Type} (l : list A) (p f : A -> R) (rho : R).
Hypothesis Hp : law l p.
Hypothesis Hf : law l f.
Hypothesis Hr : 0 <= rho <= 1.
Definition mixed (x : A) : R := (1 - rho) * p x + rho * f x.

Theorem T12_contraction w : 0 < w < 1 -> JSD w l p mixed <= rho * JSD w l p f.
Proof.
  intros Hw; unfold JSD; rewrite <- Sum_scal; apply Sum_le; intros x.
  pose proof (proj1 Hp x); pose proof (proj1 Hf x).
  pose proof (g_subadditive2 w Hw ((1 - rho) * p x) ((1 - rho) * p x) (rho * p x) (rho * f x)) as S.
  assert (0 <= (1 - rho) * p x) by (apply Rmult_le_pos; lra).
  assert (0 <= rho * p x) by (apply Rmult_le_pos; lra).
  assert (0 <= rho * f x) by (apply Rmult_le_pos; lra).
  specialize (S H1 H1 H2 H3); rewrite g_same, g_hom in S by (assumption || lra).
  replace ((1 - rho) * p x + rho * p x) with (p x) in S by ring; unfold mixed; lra.
Qed.

Theorem T12_total_variation : TV l p mixed = rho * TV l p f.
Proof.
  unfold TV; rewrite (Sum_ext l _ (fun x => rho * Rabs (p x - f x))).
  - rewrite Sum_scal; ring.
  - intros x; unfold mixed; replace (p x - ((1 - rho) * p x + rho * f x)) with (rho * (p x - f x)) by ring.
    rewrite Rabs_mult, (Rabs_pos_eq rho) by lra; reflexivity.
Qed.

Corollary T12_inverse : 0 < rho -> TV l p f = TV l p mixed / rho.
Proof. intros H; rewrite T12_total_variation; field; lra. Qed.

(* What the mixture's budget says about the forget set: its best detector gains at most sqrt(2 JSD)/rho. *)
Corollary T12_forget_bound : 0 < rho -> law l mixed -> TV l p f <= sqrt (2 * JS l p mixed) / rho.
Proof.
  intros H Hm; rewrite (T12_inverse H); apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact H|].
  apply T5_total_variation_bound; assumption.
Qed.
End T12.
